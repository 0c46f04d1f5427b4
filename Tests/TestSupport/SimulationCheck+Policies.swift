import Scheduling
import Timetable

/// What becomes of slots and ends by the policies of their jobs: catch-up, overlap, retries.
extension SimulationCheck {
    // MARK: catch-up

    /// Under `none` no overdue slot is run, but for one that somebody held, and under `all` its row says that it was caught up; an edit of the
    /// policy is given its step.
    mutating func checkCatchUp(_ run: Run, in simulation: Simulation) {
        guard run.trigger == .schedule, run.state != .skipped, !run.isByHand else { return }
        guard let job = simulation.graph[run.key.job], !job.isChronos, simulation.now - run.key.due > .seconds(60) else { return }
        guard job.catchUp == inForceBefore[job.name]?.catchUp else { return }
        if job.catchUp == .none { fault("\(run.key.words) is caught up under none") }
        if job.catchUp == .all, !run.isCaughtUp { fault("\(run.key.words) is caught up, and its row does not say so") }
    }

    /// Under `latest` the newest overdue slot stands behind what is missed, and under `all` no more than `maxCatchUp` of them.
    mutating func checkCatchUp(_ gap: Gap, in simulation: Simulation) {
        guard let job = simulation.graph[gap.job], let before = inForceBefore[gap.job] else { return }
        guard before.catchUp == job.catchUp, before.maxCatchUp == job.maxCatchUp, let era = eras[gap.job]?.last, era.through == nil,
            era.firstStep < simulation.steps
        else { return }
        let next = era.schedule.next(after: gap.lastDue)?.due
        let row = next.flatMap { due in simulation.ledger.rows(of: gap.job).first { $0.key.due == due } }
        if gap.reason == "catch-up", job.catchUp == .latest, row == nil {
            fault("the slots of \(gap.job) up to \(gap.lastDue.rfc3339) are missed, and so is the newest")
        }
        if gap.reason == "maxCatchUp", row == nil { fault("more slots of \(gap.job) than `maxCatchUp` says are missed") }
        // What somebody ordered about parts the gap.
        if gap.reason == "maxCatchUp", let most = job.maxCatchUp, row?.isCaughtUp == true {
            let kept = era.schedule.count(after: gap.lastDue, through: simulation.now - .seconds(60) - Instant.resolution)
            if kept > most, hadBefore[gap.job] == nil { fault("\(kept) slots of \(gap.job) are caught up, and \(most) may be") }
        }
    }

    // MARK: overlap

    /// Of several slots the newest is kept, in the place of the first, and none is given up unless a run of its job is in its way.
    mutating func checkOverlap(_ run: Run, in simulation: Simulation) {
        guard run.state == .skipped, run.reason == "overlap", let job = simulation.graph[run.key.job] else { return }
        let rows = simulation.ledger.rows(of: job.name)
        if run.isCaughtUp || !run.isBoundToWindow { fault("\(run.key.words) is skipped for an overlap, though it waits its turn") }
        switch job.overlap {
        case .allow, .allowUpTo: fault("\(run.key.words) is skipped for an overlap under allow")
        case .skip: if !rows.contains(where: \.state.isActive) { fault("\(run.key.words) is skipped, and no other run is under way") }
        case .queue, .replace:
            // Which may be too late itself, once it was kept.
            let kept = rows.filter { $0.key.due > run.key.due && ($0.state.isOpen || $0.reason != "overlap") }
            if kept.isEmpty { fault("\(run.key.words) is skipped, and no newer one is kept") }
            if !kept.contains(where: { $0.waitingSince <= run.waitingSince }) { fault("nobody has the place of \(run.key.words)") }
        }
    }

    /// What should have become of a run that waits behind others of its job; nil when it waits as it should.
    func wrongOverlap(of run: Run, by job: Job, in simulation: Simulation) -> String? {
        guard run.isJudgedByOverlap else { return nil }
        let others = simulation.ledger.openRuns(of: job.name).filter { $0.key != run.key }
        let active = others.filter(\.state.isActive)
        if active.isEmpty { return nil }
        switch job.overlap {
        case .allow, .allowUpTo: return nil
        case .skip: return "it is to be skipped"
        case .replace where active.contains { $0.isJudgedByOverlap && $0.killWanted == nil }: return "it is to replace what is under way"
        case .queue, .replace:
            let rival = others.contains { $0.state == .waiting && $0.isJudgedByOverlap && $0.reason == "overlap" }
            return rival ? "another slot waits as well" : nil
        }
    }

    // MARK: ends

    /// An end that the policy names has its retry, as long as there is one left, and no other has.
    mutating func checkRetry(of key: RunKey, in simulation: Simulation) {
        guard let run = simulation.ledger.runs[key], let job = simulation.graph[key.job] else { return }
        guard let occasion = run.retryOccasion else { return }
        let isCancelled = run.backfill.map { simulation.ledger.backfills[$0]?.cancelledAt != nil } ?? false
        let ranges = occasion == .failed ? job.retries.exitCodes : nil
        let isNamed = ranges.map { ranges in run.exitCode.map { code in ranges.contains { $0.contains(code) } } ?? false } ?? true
        let isOwed = run.retry < job.retries.limit && job.retries.on.contains(occasion) && isNamed && run.killWanted == nil && !isCancelled
        let next = simulation.ledger.runs[RunKey(job: key.job, due: key.due, attempt: key.attempt + 1)]
        if isOwed != (next != nil) {
            fault("\(key.words) \(run.state), retry \(run.retry) of \(job.retries.limit), and is \(isOwed ? "not " : "")retried")
        }
        if let next, next.flow != run.flow { fault("\(next.key.words) is in another flow than what it retries") }
    }

    /// Nothing more of a backfill begins once it is cancelled.
    mutating func checkCancel(of run: Run, in simulation: Simulation) {
        guard run.trigger == .upstream, !run.isByHand, run.state != .skipped, let backfill = run.backfill else { return }
        if simulation.ledger.backfills[backfill]?.cancelledAt != nil { fault("\(run.key.words) begins though its backfill is cancelled") }
    }
}

extension Run {
    /// Made by a slot or a parent, and nobody asked for it.
    fileprivate var isJudgedByOverlap: Bool {
        [.schedule, .upstream, .latest].contains(trigger) && !isCaughtUp && !isByHand && backfill == nil
    }

    /// Whether this end meets an edge, read off the table of docs/flows.md.
    func meetsByTable(_ condition: EdgeCondition, softError: Bool, isLostAFailure: Bool) -> Bool {
        switch (state, condition) {
        case (.succeeded, .success), (.succeeded, .done), (.killed, .done): true
        case (.failed, .success): softError
        case (.failed, .failure), (.failed, .done), (.timedOut, .failure), (.timedOut, .done): true
        case (.couldNotStart, .failure), (.couldNotStart, .done): true
        case (.lost, .failure), (.lost, .done): isLostAFailure
        default: false
        }
    }
}
