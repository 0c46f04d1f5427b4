package import Timetable

/// The policy of automatic retries: `limit` attempts more, the first after `delay`, each further wait `backoff` times longer.
///
/// No wait is longer than `maxDelay`. Retried are the ends that `on` names, and of commands that failed those with one of `exitCodes`.
package struct Retries: Hashable, Sendable {

    package var limit = 0
    package var delay: Duration = .seconds(60)
    package var backoff = 1.0
    package var maxDelay: Duration?
    /// The part of a wait, from 0 to 1, by which it is shortened or lengthened at most.
    package var jitter = 0.0
    package var on = Occasion.usual
    /// nil for any, and for an end by a signal, which has none.
    package var exitCodes: [ClosedRange<Int>]?

    package init(
        limit: Int = 0, delay: Duration = .seconds(60), backoff: Double = 1, maxDelay: Duration? = nil,
        on: Set<Occasion> = Occasion.usual, exitCodes: [ClosedRange<Int>]? = nil
    ) {
        self.limit = limit
        self.delay = delay
        self.backoff = backoff
        self.maxDelay = maxDelay
        self.on = on
        self.exitCodes = exitCodes
    }

    /// How long to wait before retry number `retry` (1 for the first).
    ///
    /// With a delay of 1 min, a backoff of 2 and a maxDelay of 5 min: 1, 2, 4, 5, 5 … min.
    package func wait(before retry: Int) -> Duration {
        let limit = maxDelay ?? .seconds(365 * 86_400)
        guard backoff > 1, delay > .zero, delay < limit else { return min(delay, limit) }
        var wait = delay
        for _ in 1..<max(retry, 1) {
            let longer = Double(wait.wholeMicroseconds) * backoff
            guard longer < Double(limit.wholeMicroseconds) else { return limit }
            wait = .microseconds(Int64(longer))
        }
        return wait
    }

    /// The same with its jitter, which is drawn from the attempt: the same ledger gives the same instant, and jobs that fail together are not
    /// tried again together.
    ///
    /// - Parameter attempt: The attempt that waits.
    package func wait(before retry: Int, of attempt: RunKey) -> Duration {
        let wait = wait(before: retry)
        guard jitter > 0 else { return wait }
        let drawn = stableHash(of: "\(attempt.job) \(attempt.due.microseconds) \(attempt.attempt)", salt: 1)
        // From -1 up to below 1, in steps that a Double can tell apart.
        let part = Double(drawn >> 11) / Double(1 << 52) - 1
        let jittered = Duration.microseconds(Int64(Double(wait.wholeMicroseconds) * (1 + min(jitter, 1) * part)))
        return maxDelay.map { min($0, jittered) } ?? jittered
    }

    /// Why a run that came to its end is not retried by itself.
    package enum Refusal: Hashable, Sendable {
        /// It is no end that anybody retries.
        case noFailure
        /// All retries are used up, or there are none.
        case limit
        /// `on` does not name this end.
        case on
        /// `exitCodes` does not hold the exit code, or there is none, since a signal ended the command.
        case exitCodes

        /// For the row of a run that would have been retried but for a rule; nil when there is none to tell of.
        package var reason: String? {
            switch self {
            case .noFailure, .limit: nil
            case .on: "not retried: retries.on"
            case .exitCodes: "not retried: retries.exitCodes"
            }
        }
    }

    /// nil when a retry is owed after this end.
    package func refusal(of run: Run) -> Refusal? {
        guard let occasion = Occasion(of: run) else { return .noFailure }
        // Somebody ended it, on the cluster: as final as a kill here, unless the job says otherwise.
        if occasion == .cancelled, !on.contains(.cancelled) { return .noFailure }
        if run.retry >= limit { return .limit }
        if !on.contains(occasion) { return .on }
        guard occasion == .failed, let exitCodes else { return nil }
        return exitCodes.contains { range in run.exitCode.map(range.contains) == true } ? nil : .exitCodes
    }
}
