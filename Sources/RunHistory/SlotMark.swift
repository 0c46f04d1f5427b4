package import Scheduling
package import Timetable

/// What is known of a slot that is not accounted for yet.
package enum SlotMark: Hashable, Sendable {
    /// Somebody ordered that it is passed over.
    case skippedByOrder(SlotOrder)
    /// Somebody ordered that its run waits.
    case held(SlotOrder)
    /// It has its row already, and was set before its job's progress with the clock; the state of its newest attempt.
    case ran(RunState)

    /// For programs; never changed.
    package var word: String {
        switch self {
        case .skippedByOrder: "skipped by order"
        case .held: "held"
        case .ran: "ran"
        }
    }

    /// For people.
    package var note: String {
        switch self {
        case .skippedByOrder(let order): "skipped by order of \(order.by)"
        case .held(let order): "held by \(order.by)"
        case .ran(let state): "ran before the clock was set back: \(state.rawValue)"
        }
    }

    /// Whether nothing is run for the slot when it comes.
    package var isPassedOver: Bool {
        switch self {
        case .skippedByOrder, .ran: true
        case .held: false
        }
    }
}

extension StoredJob {
    /// nil for a slot like any other.
    package func mark(of due: Instant) -> SlotMark? {
        if let state = ahead[due] { return .ran(state) }
        return orders.first { $0.due == due }.map { $0.kind == .skip ? .skippedByOrder($0) : .held($0) }
    }

    /// How many marks there are, of slots or of other dues.
    package var marks: Int { ahead.count + orders.count }

    /// The next slot that is not accounted for and that something is run for, be it later; nil when none comes, or the job is not in force,
    /// paused or disabled.
    package func nextDue(of job: Job) -> Instant? {
        guard isInForce, !job.disabled, pause(of: job) == nil, let schedule = schedule(of: job) else { return nil }
        var next = schedule.next(after: control.accountedUntil)?.due
        while let due = next, mark(of: due)?.isPassedOver == true { next = schedule.next(after: due)?.due }
        return next
    }
}
