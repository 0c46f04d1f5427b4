import Synchronization
import Timetable

@testable import Execution

/// Collects what an executor reports, and lets a test await it.
final class Reports: Sendable {
    private struct State {
        var all: [ExecutorReport] = []
        var waiting: [(matches: @Sendable (ExecutorReport) -> Bool, continuation: CheckedContinuation<ExecutorReport, Never>)] = []
    }

    private let state = Mutex(State())

    func add(_ report: ExecutorReport) {
        let served = state.withLock { state in
            state.all.append(report)
            let served = state.waiting.filter { $0.matches(report) }
            state.waiting.removeAll { $0.matches(report) }
            return served
        }
        for one in served { one.continuation.resume(returning: report) }
    }

    var all: [ExecutorReport] { state.withLock(\.all) }

    /// The first report, past or future, that matches.
    func first(_ matches: @escaping @Sendable (ExecutorReport) -> Bool) async -> ExecutorReport {
        await withCheckedContinuation { continuation in
            let past = state.withLock { state in
                let past = state.all.first(where: matches)
                if past == nil { state.waiting.append((matches, continuation)) }
                return past
            }
            if let past { continuation.resume(returning: past) }
        }
    }

    func ending(of run: String) async -> Ending {
        let report = await first { report in
            if case .ended(run, _) = report { true } else { false }
        }
        guard case .ended(_, let ending) = report else { fatalError("\(report) is no end") }
        return ending
    }

    func start(of run: String) async {
        _ = await first { report in
            if case .started(run, _, _) = report { true } else { false }
        }
    }

    func refusal(of launch: Launch) async -> String {
        let report = await first { report in
            if case .couldNotHandOver(launch, _) = report { true } else { false }
        }
        guard case .couldNotHandOver(_, let reason) = report else { fatalError("\(report) is no refusal") }
        return reason
    }

    func pending(of run: String, reason: String) async {
        _ = await first { $0 == .pending(run: run, reason: reason) }
    }

    /// The reasons told so far.
    func pendings(of run: String) -> [String] {
        all.compactMap { report in
            if case .pending(run, let reason) = report { reason } else { nil }
        }
    }
}
