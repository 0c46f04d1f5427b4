/// The state of a task, in Slurm's own words.
enum SlurmState: String, Hashable, Sendable {
    case pending = "PENDING"
    case configuring = "CONFIGURING"
    case requeued = "REQUEUED"
    case requeueFederated = "REQUEUE_FED"
    case requeueHold = "REQUEUE_HOLD"
    case reservationDeleted = "RESV_DEL_HOLD"
    case specialExit = "SPECIAL_EXIT"
    case running = "RUNNING"
    case completing = "COMPLETING"
    case suspended = "SUSPENDED"
    case completed = "COMPLETED"
    case failed = "FAILED"
    case cancelled = "CANCELLED"
    case timeout = "TIMEOUT"
    case deadline = "DEADLINE"
    case outOfMemory = "OUT_OF_MEMORY"
    case nodeFail = "NODE_FAIL"
    case bootFail = "BOOT_FAIL"
    case preempted = "PREEMPTED"
    case revoked = "REVOKED"
    /// STOPPED, SIGNALING, RESIZING, STAGE_OUT, and what later versions have: something that is not over.
    case other

    /// - Parameter text: May have more words, as `CANCELLED by 0`.
    init(_ text: some StringProtocol) {
        self = text.split(separator: " ").first.flatMap { SlurmState(rawValue: String($0)) } ?? .other
    }

    enum Phase {
        /// In the queue.
        case waiting
        /// In the queue, and nothing will take it out but somebody's hand.
        case held
        case active
        case over
    }

    var phase: Phase {
        switch self {
        case .pending, .configuring, .requeued, .requeueFederated: .waiting
        case .requeueHold, .reservationDeleted, .specialExit: .held
        case .running, .completing, .suspended, .other: .active
        case .completed, .failed, .cancelled, .timeout, .deadline, .outOfMemory, .nodeFail, .bootFail, .preempted, .revoked: .over
        }
    }
}
