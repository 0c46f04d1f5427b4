package import Timetable

/// The order of judgement of waiting runs: paused or disabled → parents → overlap → start window → pool; the first "no" is the reason that the row tells.
extension Scheduler {
    /// Goes through the waiting runs of `name` in the order of their turns, up to the one whose turn it is; whoever came since the last
    /// time is told why not, and all of them are when the judgement is a whole one.
    ///
    /// So a step costs what it changes, not what waits: a job may have a hundred thousand runs waiting one for another.
    mutating func judge(_ name: JobName, wholly: Bool) {
        guard turns[name] != nil else { return }
        guard let shared = graph.jobs[name] else { return withdrawWaiting(of: name, reason: Run.removed) }
        judge(shared, wholly: wholly)
    }

    private mutating func judge(_ shared: SharedJob, wholly: Bool) {
        let name = shared.job.name
        if isPaused(shared) { withdrawAutomatic(of: name, wholly: wholly) }
        if shared.job.disabled { return withdrawWaiting(of: name, reason: Run.disabled) }
        if wholly { turns[name]?.wakeAll() }
        coalesce(shared)
        guard let active = turns[name]?.active.count else { return }
        let isBounded = shared.job.overlap != .allow
        var turnsLeft = shared.job.overlap.mostAtOnce - (isBounded ? active : 0)
        var last: Turn.Place?
        while wholly || isBounded && turnsLeft > 0, let place = turns[name]?.next(after: last) {
            if judge(place.key, of: shared, isTurnTaken: turnsLeft <= 0), isBounded { turnsLeft -= 1 }
            last = place
        }
        for key in turns[name]?.takeNewcomers(withOffered: isBounded, after: last) ?? [] {
            _ = judge(key, of: shared, isTurnTaken: turnsLeft <= 0)
        }
    }

    /// - Returns: Whether the run needs only a place.
    private mutating func judge(_ key: RunKey, of shared: SharedJob, isTurnTaken: Bool) -> Bool {
        guard let run = runs[key], run.state == .waiting else { return false }
        judgements += 1
        if let verdict = verdict(on: run, of: shared, isTurnTaken: isTurnTaken) {
            apply(verdict, to: run)
            return false
        }
        offer(withParentsConsumed(run, of: shared), of: shared)
        return true
    }

    private enum Verdict {
        case missed(reason: String)
        /// Not before that instant, or before something happens to this run; whose turn it is does not matter.
        case resting(reason: String, until: Instant?)
        /// Not now; look again at that instant, or when something happens.
        case notYet(reason: String, until: Instant?)
    }

    /// nil when the run only needs a place.
    private func verdict(on run: Run, of shared: SharedJob, isTurnTaken: Bool) -> Verdict? {
        if let order = orders[run.key.job, run.key.due] { return .resting(reason: order.reason, until: nil) }
        if let notBefore = run.notBefore, notBefore > step.now { return .resting(reason: "retry", until: notBefore) }
        let end = windowEnd(of: run, shared)
        if let end, end <= step.now { return .missed(reason: "startWithin") }
        if !shared.job.after.isEmpty, run.waitsForParents, graph.joins[shared.job.name] == .latest {
            let late = unmetParents(of: shared)
            if !late.isEmpty { return .notYet(reason: "parents: " + late.map(\.text).joined(separator: ", "), until: end) }
        }
        return isTurnTaken ? .notYet(reason: "overlap", until: end) : nil
    }

    /// The first instant at which the run is too late.
    func windowEnd(of run: Run, _ shared: SharedJob) -> Instant? {
        run.windowEnd(startWithin: shared.job.startWithin)
    }

    private mutating func apply(_ verdict: Verdict, to run: Run) {
        switch verdict {
        case .missed(let reason):
            end(run, .missed, reason: reason)
        case .resting(let reason, let until):
            turns[run.key.job]?.rest(run)
            hold(run, reason: reason)
            look(at: run.key, again: until)
        case .notYet(let reason, let until):
            // Its ticket, if it has one, is void: it would not launch it any more.
            turns[run.key.job]?.offered[run.key] = nil
            hold(run, reason: reason)
            look(at: run.key, again: until)
        }
    }

    /// The row tells why the run waits; written only when that changes.
    private mutating func hold(_ run: Run, reason: String) {
        guard run.reason != reason else { return }
        var held = run
        held.reason = reason
        store(held)
    }

    /// The overlap policy, judged while a run of the job is launching or running, between first attempts made by slots or parents.
    private mutating func coalesce(_ shared: SharedJob) {
        let (name, overlap) = (shared.job.name, shared.job.overlap)
        guard overlap.keepsOne, turns[name]?.mayCoalesce == true else { return }
        // Parents are judged before overlap: a slot that waits for them neither displaces nor is displaced yet.
        let awaitsParents = graph.joins[name] == .latest && !unmetParents(of: shared).isEmpty
        var candidates = (turns[name]?.displaceable.all ?? []).compactMap { runs[$0] }.filter { !($0.waitsForParents && awaitsParents) }
        guard !candidates.isEmpty else { return }
        if overlap == .skip { return candidates.forEach { end($0, .skipped, reason: "overlap") } }
        var kept = candidates.removeLast()
        let inherited = candidates.map(\.waitingSince).min() ?? kept.waitingSince
        if inherited < kept.waitingSince {
            kept.waitingSince = inherited
            store(kept)
            // It has another place in the queue from now on.
            turns[name]?.offered[kept.key] = nil
        }
        for displaced in candidates { end(displaced, .skipped, reason: "overlap") }
        if overlap == .replace {
            for key in turns[name]?.active ?? [] where runs[key]?.isSubjectToOverlap == true {
                requestKill(of: key, reason: Run.replaced)
            }
        }
    }

    /// A kill is committed before it is sent, and asked for once.
    mutating func requestKill(of key: RunKey, reason: String) {
        guard var run = runs[key], run.killWanted == nil else { return }
        run.killWanted = reason
        // Nobody has it who could end it.
        if isWithUs(key) { return giveUp(run, .killed, reason: reason) }
        store(run)
        step.then(.kill(key, executor: run.executor ?? "", reason: reason))
    }

    private mutating func withdrawWaiting(of name: JobName, reason: String) {
        while let key = turns[name]?.firstInTurn, let run = runs[key] { end(run, .skipped, reason: reason) }
    }

    /// A pause skips what waits by itself, a retry as well; what somebody asked for waits on.
    private mutating func withdrawAutomatic(of name: JobName, wholly: Bool) {
        for key in (wholly ? turns[name]?.all : turns[name]?.newcomers) ?? [] {
            if let run = runs[key], run.state == .waiting, !run.isByHand { end(run, .skipped, reason: Run.paused) }
        }
    }

    // MARK: places

    private mutating func holding(of run: Run, as shared: SharedJob) -> Pools.Holding {
        pools.holding(shared.job.demand, executor: shared.job.runOn, pool: shared.job.pool, backfill: run.backfill)
    }

    /// What an active run holds, as far as the ledger and the definitions can tell.
    mutating func holding(of run: Run, handedOverAs job: Job?) -> Pools.Holding {
        if let job { return holding(of: run, as: SharedJob(job)) }
        let inForce = graph[run.key.job]
        let pool = inForce.flatMap { $0.pool == $0.runOn ? nil : $0.pool }
        return pools.holding(inForce?.demand ?? PoolAmounts(runs: 1), executor: run.executor, pool: pool, backfill: run.backfill)
    }

    private mutating func offer(_ run: Run, of shared: SharedJob) {
        guard let place = turns.index(forKey: shared.job.name), turns.values[place].offered[run.key] == nil else { return }
        let holding = holding(of: run, as: shared)
        turns.values[place].offered[run.key] = pools.enqueue(run.key, rank: run.rank(priority: shared.job.priority), holding)
        step.offer(run.key)
    }

    /// Hands out what is free, the first in turn first; whoever gets nothing is told what it waits for.
    mutating func fillPools() {
        while !pools.isIdle, let ticket = nextInTurn() {
            if refused[ticket.key] != nil {
                handOverAgain(ticket.key)
            } else if let run = runs[ticket.key], let shared = graph.jobs[ticket.key.job] {
                launch(run, of: shared, taking: ticket.holding)
            }
        }
        let offered = step.takeOffered()
        for key in pools.isIdle ? [] : offered {
            guard turns[key.job]?.offered[key] != nil, let run = runs[key], let shared = graph.jobs[key.job] else { continue }
            look(at: key, again: windowEnd(of: run, shared))
            let holding = holding(of: run, as: shared)
            hold(run, reason: "pool: " + pools.words(holding))
        }
        startsAt = pools.nextStart(after: step.now)
    }

    /// A ticket counts as long as its run waits with just this one: an edit of its job gives it another.
    private mutating func nextInTurn() -> Pools.Ticket? {
        let (refused, turns) = (refused, turns)
        return pools.next(at: step.now) { ticket in
            if let refusal = refused[ticket.key] { return refusal.stage == .queuing && refusal.ticket == ticket.number }
            return turns[ticket.key.job]?.offered[ticket.key] == ticket.number
        }
    }

    private mutating func launch(_ waiting: Run, of shared: SharedJob, taking holding: Pools.Holding) {
        var run = waiting
        run.state = .launching
        run.reason = nil
        run.executor = shared.job.runOn
        run.version = shared.job.version
        run.ranAs = shared.job.user ?? ""
        pools.take(run.key, holding)
        pools.noteStart(holding, at: step.now)
        look(at: run.key, again: nil)
        if turns[shared.job.name]?.begin(run) == true { step.touch(shared.job.name) }
        store(run)
        step.then(.launch(run, shared))
    }
}

extension Run {
    static let replaced = "replaced"

    /// The first instant at which it is too late to hand it over; nil when it never is.
    package func windowEnd(startWithin: Duration?) -> Instant? {
        guard let startWithin, mayMissWindow else { return nil }
        return readyAt + startWithin + Instant.resolution
    }

    /// Manual runs, backfills with their flows, and retries have no start window.
    var mayMissWindow: Bool {
        switch trigger {
        case .schedule, .upstream, .latest: backfill == nil
        case .manual, .backfill, .retry, .mark: false
        }
    }
}
