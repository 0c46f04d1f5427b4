package import Timetable

/// The identity of a run. Deciding twice that it is due is harmless, since the ledger holds a key once.
package struct RunKey: Hashable, Sendable {
    package let job: JobName
    /// The slot that the run is *for*, as opposed to when it started.
    package let due: Instant
    /// 1 for the first attempt at this due, each retry one more.
    package let attempt: Int

    package init(job: JobName, due: Instant, attempt: Int) {
        self.job = job
        self.due = due
        self.attempt = attempt
    }

    /// The next attempt at the same due.
    var next: RunKey { RunKey(job: job, due: due, attempt: attempt + 1) }

    /// One number in place of three: keys are looked up all the time.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(job.mixed(with: due) &+ UInt64(truncatingIfNeeded: attempt) &* 0xD6E8_FEB8_6659_FD93)
    }
}

/// The identity of a flow: the run of a head and all runs of descendants that inherit its due.
package struct FlowKey: Hashable, Sendable {
    package let head: JobName
    package let due: Instant

    package init(head: JobName, due: Instant) {
        self.head = head
        self.due = due
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(head.mixed(with: due)) }
}

/// Where a run stands. The ledger refuses every step that `mayBecome` refuses.
package enum RunState: String, Hashable, Sendable, CaseIterable {
    /// Ours: due, but held back for a reason that the row tells.
    case waiting
    /// Handed over: the intent is durable, the command may or may not have started.
    case launching
    case running
    case succeeded, failed, timedOut, couldNotStart, killed, lost
    case skipped, missed

    /// Whether the run has not come to an end yet.
    package var isOpen: Bool {
        switch self {
        case .waiting, .launching, .running: true
        case .succeeded, .failed, .timedOut, .couldNotStart, .killed, .lost, .skipped, .missed: false
        }
    }

    /// Whether the run occupies its pools and its job's turn.
    package var isActive: Bool { self == .launching || self == .running }

    /// Whether a row in this state may be changed into `next`: there is no way back, and `lost` alone may be corrected by late proof.
    package func mayBecome(_ next: RunState) -> Bool {
        switch self {
        case .waiting: [.waiting, .launching, .skipped, .missed, .killed, .succeeded].contains(next)
        case .launching:
            [.launching, .running, .succeeded, .failed, .timedOut, .couldNotStart, .missed, .killed, .lost].contains(next)
        case .running: [.running, .succeeded, .failed, .timedOut, .killed, .lost].contains(next)
        case .lost: [.succeeded, .failed, .timedOut, .couldNotStart, .killed].contains(next)
        case .succeeded, .failed, .timedOut, .couldNotStart, .killed, .skipped, .missed: false
        }
    }
}

/// What made a run due.
package enum RunTrigger: String, Hashable, Sendable, CaseIterable {
    case schedule, upstream, latest, manual, backfill, retry, mark
}

/// One launch: identity and state. A retry is the next attempt of the same due.
package struct Run: Hashable, Sendable {
    package let key: RunKey
    package var flow: FlowKey
    package var trigger: RunTrigger
    /// Automatic retries since the last attempt that was not one.
    package var retry = 0
    package var state = RunState.waiting
    /// Why the run waits, or came to this end; a fixed word first, then details.
    package var reason: String?
    /// The slot for scheduled runs, the freeing end for children, the request for manual ones, the not-before for retries.
    package var readyAt: Instant
    /// When the run took its place in the queue; inherited from a run that it displaced there.
    package var waitingSince: Instant
    package var notBefore: Instant?
    package var startedAt: Instant?
    package var endedAt: Instant?
    package var exitCode: Int?
    package var signal: Int?
    package var executor: String?
    package var node: String?
    /// The version of the definition that the run was handed over with.
    package var version: String?
    /// As whom it was handed over: a user, empty for that of the scheduler; nil before that.
    package var ranAs: String?
    /// A slot that the policy `catchUp: all` brought back: it is never coalesced, skipped or replaced.
    package var isCaughtUp = false
    /// Somebody asked for this attempt, or for one that it retries: no pause holds it back.
    package var isByHand = false
    /// The values that the run was made with, beside the environment of its job: its job's own, what the flow gave it, what was asked for.
    package var parameters: [String: String] = [:]
    /// What the command left for those that come after it in the flow.
    package var handedOn: [String: String] = [:]
    package var promises = Promises()
    /// What of the promises is broken or likely to be, as it was told.
    package var breaches: Set<Breach> = []
    /// For a join `latest`: for each parent the number of the ending that this run consumed.
    package var consumed: [JobName: Int64] = [:]
    /// The number of this ending in the ledger's sequence; nil as long as the slot is not settled by it.
    package var ending: Int64?
    /// A kill was asked for, with this reason; it is committed before it is sent.
    package var killWanted: String?
    /// The backfill that made the run, or the run before it in its flow.
    package var backfill: Int64?

    package init(key: RunKey, flow: FlowKey, trigger: RunTrigger, readyAt: Instant, waitingSince: Instant) {
        self.key = key
        self.flow = flow
        self.trigger = trigger
        self.readyAt = readyAt
        self.waitingSince = waitingSince
    }

    /// How late the command started, counted from `readyAt`; nil before it did.
    package var lateness: Duration? { startedAt.map { $0 - readyAt } }

    /// Made by a slot or by parents, and neither brought back by `catchUp: all` or a backfill nor held by somebody: what the overlap policy
    /// judges.
    var isSubjectToOverlap: Bool {
        switch trigger {
        case .schedule, .upstream, .latest: !isCaughtUp && !isByHand && backfill == nil
        case .manual, .backfill, .retry, .mark: false
        }
    }
}

extension Run {
    /// How often a due whose runs are lost one after the other is run again by itself.
    package static let mostReruns = 10

    static let noMoreReruns = "not run again: \(mostReruns) runs of this due were lost one after the other before it"

    /// Why a run was killed: as it was asked for, where it was, with what the executor tells beside of what else befell it.
    package static func reasonOfKill(wanted: String?, told: String?) -> String? {
        guard let wanted else { return told }
        return told.flatMap { $0.hasPrefix("\(wanted); ") ? $0 : nil } ?? wanted
    }

    /// Whether this is a lost run whose flow waits for somebody.
    ///
    /// - Parameter policy: The job's; nil for a job that is gone, whose runs nobody waits for.
    package func isHeld(under policy: OnUnknown?) -> Bool {
        switch policy {
        case .hold: state == .lost
        // Nothing but a kill and the bound keeps it from being run again, and then it is not the newest attempt.
        case .rerun: state == .lost && killWanted == nil
        case .skip, nil: false
        }
    }

    /// Whether this end meets an edge with that condition.
    ///
    /// - Parameters:
    ///   - softError: The job's policy that a failure counts as a success for its children.
    ///   - onUnknown: The job's policy for a run that became `lost`; only `skip` makes it an end at all.
    package func meets(_ condition: EdgeCondition, softError: Bool, onUnknown: OnUnknown) -> Bool {
        let succeeded = state == .succeeded || (state == .failed && softError)
        let failed = [.failed, .timedOut, .couldNotStart].contains(state) || (state == .lost && onUnknown == .skip)
        return switch condition {
        case .success: succeeded
        case .failure: failed
        case .done: succeeded || failed || state == .killed
        }
    }
}
