internal import Timetable

/// A run that was handed over to a cluster and of which no end was told.
struct SlurmTask: Sendable {
    enum Stage: Hashable, Sendable {
        /// What its folder says was not read yet.
        case unread
        /// It waits for its turn to be submitted.
        case queued
        case submitting
        /// It was submitted, or may have been: the cluster is asked for it.
        case open
        /// Its claim is being taken, so that nobody can begin it.
        case closing
    }

    var launch: Launch?
    var stage = Stage.unread
    /// Whether a scheduler before this one may have asked for it, which a mark that did not outlast a reset of the machine does not tell.
    var isFromBefore = true
    /// Whether the cluster lost it, and it is submitted once more.
    var isAgain = false
    /// Whether nobody knows if it was accepted.
    var isDoubtful = false
    /// Whether it was surely never submitted, as far as anybody here can tell.
    var isUntold: Bool { !isFromBefore && !isAgain && !isDoubtful }
    var killWanted: String?
    /// The steady time since which the keeper can know of the kill; nil before.
    var killWrittenAt: Int64?
    /// Whether its folder took no word so far.
    var isWordMissing = false
    var rungAt: Int64 = 0
    var isStartTold = false
    /// Whether a keeper had claimed it when it was last looked at.
    var hasKeeper = false
    /// Whether the cluster showed it as waiting when it last answered.
    var isQueued = false
    var lastNodes = ""
    /// The steady time since which a cluster that answers shows nothing of it that goes on.
    var silentSince: Int64?
    var reasonTold: String?
    var reasonToldAt: Int64 = 0

    /// How long after its end in Slurm an outcome, or the truth in Slurm's books, may come.
    static let settling: Int64 = 6000

    enum Verdict: Hashable, Sendable {
        /// It goes on; why it does not run yet, if that is known.
        case waits(String?)
        case runs
        case ended(Ending)
        /// Nothing was started, which holds once its claim is ours.
        case refuse(Ending)
        /// There is none in the cluster and nobody has claimed it.
        case submitAgain
    }

    /// What follows from what was seen, by a cluster that answered, at a steady time.
    func verdict(_ sight: SlurmSight, at time: Int64, now: Instant, doubt: Int64) -> Verdict {
        if let fault = sight.fault { return .waits(fault) }
        let trace = sight.trace ?? TaskTrace()
        if let ending = trace.ending, !ending.isOfStoppedKeeper || killWanted != nil { return .ended(ending) }
        if let claim = trace.claim, let reason = claim.cancelled {
            return .ended(Ending(kind: claim.cancelledAs, reason: reason, endedAt: now))
        }
        if sight.rows.isEmpty, let folder = trace.elsewhere {
            // It may have begun there, or begin yet.
            return .waits(Self.elsewhere(folder))
        }
        if let row = sight.activeRow { return trace.ending == nil && row.state != .completing ? .runs : .waits(nil) }
        let silence = silentSince.map { time - $0 } ?? 0
        // Of what somebody removed nobody can tell any more whether it had begun; a submission that is in doubt may not have come to a folder.
        let isRemoved = sight.trace?.isKnown == false && (trace.isRemoved || !isDoubtful)
        if trace.claim != nil || trace.ending != nil || isStartTold || isRemoved && sight.waitingRow == nil {
            return ofBegun(trace, sight, silence: silence, now: now, doubt: doubt)
        }
        if let row = sight.waitingRow { return ofWaiting(row, now: now) }
        return ofUnclaimed(sight, silence: silence, now: now, doubt: doubt)
    }

    static func elsewhere(_ folder: String) -> String {
        "elsewhere: its task was begun in \(folder), which the executor's settings do not name any more; put that back until it has ended"
    }

    private func ofWaiting(_ row: SlurmRow, now: Instant) -> Verdict {
        let reason = SlurmReason(text: row.reason)
        guard row.state.phase == .held || reason.isForEver else { return .waits(reason.words) }
        let text =
            reason.isOfLaunch
            ? "launch-failed: no node could begin the task, and Slurm holds it back: \(row.reason)"
            : "never: Slurm will not begin it as it is asked for: \(row.reason)"
        return .refuse(asAskedFor(Ending(kind: .couldNotStart, reason: text, endedAt: now)))
    }

    /// Its keeper had it, and nothing of it goes on; a row that waits is a second incarnation, which will not begin it again.
    private func ofBegun(_ trace: TaskTrace, _ sight: SlurmSight, silence: Int64, now: Instant, doubt: Int64) -> Verdict {
        let startedAt = trace.claim?.startedAt
        if let end = sight.end(isSettled: silence >= Self.settling) {
            let cause = SlurmCause(end: end, lastWord: sight.lastWord)
            if let outcome = trace.ending { return .ended(cause.explaining(outcome)) }
            if silence >= Self.settling { return .ended(asAskedFor(cause.withoutOutcome(startedAt: startedAt, now: now))) }
            return .waits(nil)
        }
        if silence >= 2 * Self.settling, sight.waitingRow != nil, !sight.isKeeperAlive {
            // No books tell why it is there again. A keeper that could say that it was stopped was on a node that lives.
            let end = SlurmEnd(id: "", state: trace.ending == nil ? .pending : .requeued, nodes: lastNodes)
            let cause = SlurmCause(end: end, lastWord: sight.lastWord)
            if let outcome = trace.ending { return .ended(cause.explaining(outcome)) }
            return .ended(asAskedFor(cause.withoutOutcome(startedAt: startedAt, now: now)))
        }
        if let outcome = trace.ending { return silence >= 2 * Self.settling ? .ended(outcome) : .waits(nil) }
        guard sight.rows.isEmpty, silence >= doubt, !sight.isKeeperAlive, sight.accountFault == nil else {
            return .waits(sight.accountFault)
        }
        let reason =
            trace.isKnown
            ? "task-vanished: the cluster knows nothing of the task any more, and it left no outcome"
            : "folder-removed: the run's folder was removed, and with it all that was known of its end"
        let ending = Ending(kind: .lost, reason: reason, startedAt: startedAt, endedAt: now, node: lastNodes.isEmpty ? nil : lastNodes)
        return .ended(asAskedFor(ending))
    }

    /// Of an end that the keeper did not tell: once a kill was asked for, that is what the run ended of, whatever came first. What is known of
    /// that is told beside.
    private func asAskedFor(_ ending: Ending) -> Ending {
        guard let killWanted, ending.kind != .killed || ending.reason != killWanted else { return ending }
        var asked = ending
        asked.kind = .killed
        // Who cancelled it was most likely we.
        asked.reason = ending.kind == .killed ? killWanted : "\(killWanted); Slurm: \(ending.reason ?? "")"
        return asked
    }

    private func ofUnclaimed(_ sight: SlurmSight, silence: Int64, now: Instant, doubt: Int64) -> Verdict {
        if let end = sight.end(isSettled: silence >= Self.settling) {
            let cause = SlurmCause(end: end, lastWord: sight.lastWord, nodeFault: sight.nodeFault)
            return .refuse(asAskedFor(cause.withoutStart(now: now)))
        }
        guard sight.rows.allSatisfy(\.isRefusal) else { return .waits(nil) }
        guard silence >= doubt, sight.accountFault == nil else {
            let unclear = "unclear: the cluster shows no task of it; it is submitted once more when none appears for the executor's `doubt`"
            return .waits(sight.accountFault ?? (silence >= Self.settling / 2 ? unclear : nil))
        }
        return .submitAgain
    }
}

/// What was seen of one run when the cluster was asked.
struct SlurmSight: Hashable, Sendable {
    /// All tasks of its name that the controller shows.
    var rows: [SlurmRow] = []
    /// Ends of its tasks, or of their earlier incarnations; asked for when none goes on.
    var ends: [SlurmEnd] = []
    /// nil when its files were not looked at.
    var trace: TaskTrace?
    var lastWord: String?
    /// Why a node that was to begin it takes no more.
    var nodeFault: String?
    /// Whether a keeper is known to live, by its lock.
    var isKeeperAlive = false
    /// Why its files could not be read.
    var fault: String?
    /// Why the books could not be asked.
    var accountFault: String?

    var activeRow: SlurmRow? { rows.first { $0.state.phase == .active } }
    var waitingRow: SlurmRow? { rows.first { $0.state.phase == .waiting || $0.state.phase == .held } }
    var nodes: String { (activeRow ?? rows.last)?.nodes ?? "" }
    /// Of the last incarnation that came to one. What the books still show as waiting, or running, is out of date: the controller would know.
    ///
    /// - Parameter isSettled: Whether what the books do not tell by now they never will: what the controller shows has to do then.
    func end(isSettled: Bool) -> SlurmEnd? {
        let told = ends.last { !$0.isRefusal && ($0.state.phase == .over || $0.state == .requeued) }
        if let told, isSettled || !told.isVague { return told }
        guard isSettled, let row = rows.last(where: { $0.state.phase == .over && !$0.isRefusal }) else { return nil }
        return SlurmEnd(id: row.id, state: row.state, nodes: row.nodes, reason: row.reason)
    }
}

extension Ending {
    /// Whether the keeper was told to stop by somebody who left no word: Slurm knows why, and whether that is what the command ended of.
    var isOfStoppedKeeper: Bool { wasToldToStop || kind == .killed && reason?.hasPrefix("keeper-stopped:") == true }
}
