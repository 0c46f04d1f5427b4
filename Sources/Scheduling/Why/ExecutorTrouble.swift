package import Timetable

/// What is wrong with an executor now, as it told it. Nothing is decided by it; it is what there is to say of open runs.
package struct ExecutorTrouble: Hashable, Sendable {
    package let executor: String
    package let since: Instant
    /// A stable word first.
    package let reason: String
    /// Whether nothing is learnt of any of its runs; else it is only that it takes no more.
    package let isOfAll: Bool

    package init(executor: String, since: Instant, reason: String, isOfAll: Bool) {
        self.executor = executor
        self.since = since
        self.reason = reason
        self.isOfAll = isOfAll
    }

    /// Whether it says more of the run than the run's own reason does.
    package func concerns(_ run: Run) -> Bool {
        guard run.executor == executor else { return false }
        return switch run.state {
        case .launching: isOfAll || run.reason == nil
        case .running: isOfAll
        default: false
        }
    }
}
