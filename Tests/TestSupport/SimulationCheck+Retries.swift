import Scheduling

/// What comes by itself comes after an end that the job's policies name.
extension SimulationCheck {
    mutating func checkSequel(of before: Run, by job: Job) {
        let on = job.retries.on
        switch (before.state, before.cause) {
        case (.failed, nil):
            let isNamed = before.exitCode.map { code in job.retries.exitCodes?.contains { $0.contains(code) } ?? true }
            if !on.contains(.failed) || !(isNamed ?? (job.retries.exitCodes == nil)) {
                fault("\(before.key.words) ended with \(before.exitCode ?? -1) and is retried")
            }
        case (.timedOut, nil): if !on.contains(.timedOut) { fault("\(before.key.words) timed out and is retried") }
        case (.couldNotStart, nil): if !on.contains(.couldNotStart) { fault("\(before.key.words) could not start and is retried") }
        case (.failed, let cause?), (.timedOut, let cause?), (.couldNotStart, let cause?), (.killed, let cause?):
            if !on.contains(cause) { fault("\(before.key.words) ended by \(before.reason ?? "") and is retried") }
        case (.lost, _): if job.onUnknown != .rerun { fault("\(before.key.words) is lost and is run again") }
        default: fault("\(before.key.words) is \(before.state) and is run again")
        }
    }
}

extension Run {
    fileprivate var cause: Retries.Occasion? {
        switch reason?.split(whereSeparator: { ":;".contains($0) }).first {
        case "node-failed": .nodeFailed
        case "boot-failed": .bootFailed
        case "preempted", "requeued": .preempted
        case "out-of-memory": .outOfMemory
        case "deadline": .deadline
        case "cancelled": .cancelled
        default: nil
        }
    }

    /// By which word of `retries.on` the end goes; nil for one that nobody retries.
    var retryOccasion: Retries.Occasion? {
        switch state {
        case .failed: cause ?? .failed
        case .timedOut: cause ?? .timedOut
        case .couldNotStart: cause ?? .couldNotStart
        case .killed: cause == .cancelled ? .cancelled : nil
        default: nil
        }
    }

    /// A kill that nobody here asked for may be retried where the job says so.
    func isRetriedAfterCancel(by job: Job?) -> Bool {
        killWanted == nil && cause == .cancelled && job?.retries.on.contains(.cancelled) == true
    }
}
