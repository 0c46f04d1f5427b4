extension Retries {
    /// An end that may be retried.
    package enum Occasion: String, Hashable, Sendable, CaseIterable {
        /// The words of `RunState`: whatever came to that by itself.
        case failed, timedOut, couldNotStart
        /// What befell the task, whichever state its run came to by it. An end with such a cause is named by this word alone.
        case nodeFailed, bootFailed, preempted, outOfMemory, deadline, cancelled

        /// Without a word about it all of them but what somebody cancelled, which is over as a kill is.
        package static let usual = Set(allCases).subtracting([.cancelled])

        /// The first word of a reason that tells of a cause.
        private static let causes: [Substring: Occasion] = [
            "node-failed": .nodeFailed, "boot-failed": .bootFailed, "preempted": .preempted, "out-of-memory": .outOfMemory,
            "deadline": .deadline, "cancelled": .cancelled,
            // Like a preemption, it was taken from its node so that it be run again.
            "requeued": .preempted,
        ]

        /// Read off the row, so that it is the same after a restart; nil for an end that nobody retries.
        init?(of run: Run) {
            let cause = run.reason.flatMap { reason in Self.causes[reason.prefix { $0 != ":" && $0 != ";" && $0 != " " }] }
            switch run.state {
            case .failed, .timedOut, .couldNotStart:
                guard let occasion = cause ?? Occasion(rawValue: run.state.rawValue) else { return nil }
                self = occasion
            case .killed:
                guard cause == .cancelled else { return nil }
                self = .cancelled
            case .waiting, .launching, .running, .succeeded, .lost, .skipped, .missed: return nil
            }
        }
    }
}
