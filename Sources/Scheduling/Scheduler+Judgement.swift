import Timetable

/// The order of judgement of waiting runs: paused or disabled → parents → overlap → start window → pool; the first "no" is the reason that the row tells.
extension Scheduler {
    /// Goes through the waiting runs of `name` in the order of their turns, up to the one whose turn it is; whoever came since the last
    /// time is told why not, and all of them are when the judgement is a whole one.
    ///
    /// So a step costs what it changes, not what waits: a job may have a hundred thousand runs waiting one for another.
    mutating func judge(_ name: JobName, wholly: Bool) {
        guard turns[name] != nil else { return }
        guard let job = graph[name] else { return withdrawWaiting(of: name, reason: Run.removed) }
        if pauses.holding(job) != nil { withdrawAutomatic(of: name, wholly: wholly) }
        if job.disabled { return withdrawWaiting(of: name, reason: Run.disabled) }
        if wholly { turns[name]?.wakeAll() }
        coalesce(job)
        let isBounded = job.overlap != .allow
        var turnsLeft = job.overlap.mostAtOnce - (isBounded ? turns[name]?.active.count ?? 0 : 0)
        var last: Turn.Place?
        while wholly || isBounded && turnsLeft > 0, let place = turns[name]?.next(after: last) {
            if judge(place.key, of: job, isTurnTaken: turnsLeft <= 0), isBounded { turnsLeft -= 1 }
            last = place
        }
        for key in turns[name]?.takeNewcomers(withOffered: isBounded, after: last) ?? [] {
            _ = judge(key, of: job, isTurnTaken: turnsLeft <= 0)
        }
    }

    /// - Returns: Whether the run needs only a place.
    private mutating func judge(_ key: RunKey, of job: Job, isTurnTaken: Bool) -> Bool {
        guard let run = runs[key], run.state == .waiting else { return false }
        judgements += 1
        if let verdict = verdict(on: run, of: job, isTurnTaken: isTurnTaken) {
            apply(verdict, to: run)
            return false
        }
        offer(withParentsConsumed(run, of: job), of: job)
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
    private func verdict(on run: Run, of job: Job, isTurnTaken: Bool) -> Verdict? {
        if let order = orders[run.key.job, run.key.due] { return .resting(reason: order.reason, until: nil) }
        if let notBefore = run.notBefore, notBefore > step.now { return .resting(reason: "retry", until: notBefore) }
        let end = windowEnd(of: run, job)
        if let end, end <= step.now { return .missed(reason: "startWithin") }
        if run.waitsForParents, graph.joins[job.name] == .latest {
            let late = unmetParents(of: job)
            if !late.isEmpty { return .notYet(reason: "parents: " + late.map(\.text).joined(separator: ", "), until: end) }
        }
        return isTurnTaken ? .notYet(reason: "overlap", until: end) : nil
    }

    /// The first instant at which the run is too late.
    func windowEnd(of run: Run, _ job: Job) -> Instant? {
        run.mayMissWindow ? job.startWithin.map { run.readyAt + $0 + Instant.resolution } : nil
    }

    private mutating func apply(_ verdict: Verdict, to run: Run) {
        switch verdict {
        case .missed(let reason):
            end(run, .missed, reason: reason)
        case .resting(let reason, let until):
            turns[run.key.job]?.rest(run.key)
            hold(run, reason: reason)
            look(at: run.key, again: until)
        case .notYet(let reason, let until):
            // Its ticket, if it has one, is void: it would not launch it any more.
            turns[run.key.job]?.offered.remove(run.key)
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
    private mutating func coalesce(_ job: Job) {
        guard job.overlap.keepsOne, turns[job.name]?.active.isEmpty == false else { return }
        // Parents are judged before overlap: a slot that waits for them neither displaces nor is displaced yet.
        let awaitsParents = graph.joins[job.name] == .latest && !unmetParents(of: job).isEmpty
        var candidates = (turns[job.name]?.displaceable.all ?? []).compactMap { runs[$0] }.filter { !($0.waitsForParents && awaitsParents) }
        guard !candidates.isEmpty else { return }
        if job.overlap == .skip { return candidates.forEach { end($0, .skipped, reason: "overlap") } }
        var kept = candidates.removeLast()
        let inherited = candidates.map(\.waitingSince).min() ?? kept.waitingSince
        if inherited < kept.waitingSince {
            kept.waitingSince = inherited
            store(kept)
            // It has another place in the queue from now on.
            turns[job.name]?.offered.remove(kept.key)
        }
        for displaced in candidates { end(displaced, .skipped, reason: "overlap") }
        if job.overlap == .replace {
            for key in turns[job.name]?.active ?? [] where runs[key]?.isSubjectToOverlap == true {
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
        while let key = turns[name]?.anybody, let run = runs[key] { end(run, .skipped, reason: reason) }
    }

    /// A pause skips what waits by itself, a retry as well; what somebody asked for waits on.
    private mutating func withdrawAutomatic(of name: JobName, wholly: Bool) {
        for key in (wholly ? turns[name]?.all : turns[name]?.newcomers) ?? [] {
            if let run = runs[key], run.state == .waiting, !run.isByHand { end(run, .skipped, reason: Run.paused) }
        }
    }

    // MARK: places

    private func holding(of run: Run, as job: Job) -> Pools.Holding { Pools.Holding(run, as: job, of: pools.capacities) }

    /// What an active run holds, as far as the ledger and the definitions can tell.
    func holding(of run: Run, handedOverAs job: Job?) -> Pools.Holding {
        if let job { return holding(of: run, as: job) }
        let inForce = graph[run.key.job]
        let names = (run.executor.map { [$0] } ?? []) + (inForce?.poolNames.dropFirst() ?? []) + run.ownPools
        return Pools.Holding(inForce?.demand ?? PoolAmounts(runs: 1), in: names, of: pools.capacities)
    }

    private mutating func offer(_ run: Run, of job: Job) {
        guard turns[job.name]?.offered.insert(run.key).inserted == true else { return }
        step.offer(run.key)
        pools.enqueue(run.key, rank: run.rank(priority: job.priority), holding(of: run, as: job))
    }

    /// Hands out what is free, the first in turn first; whoever gets nothing is told what it waits for.
    mutating func fillPools() {
        while !pools.isIdle, let key = nextInTurn() {
            if refused[key] != nil {
                handOverAgain(key)
            } else if let run = runs[key], let job = graph[key.job] {
                launch(run, of: job)
            }
        }
        for key in step.takeOffered() {
            guard let run = runs[key], let job = graph[key.job], turns[key.job]?.offered.contains(key) == true else { continue }
            look(at: key, again: windowEnd(of: run, job))
            hold(run, reason: "pool: " + holding(of: run, as: job).words)
        }
        startsAt = pools.nextStart(after: step.now)
    }

    private mutating func nextInTurn() -> RunKey? {
        let (refused, runs, turns, jobs, capacities) = (refused, runs, turns, graph.jobs, pools.capacities)
        return pools.next(at: step.now) { ticket, limits in
            let asked = Pools.Holding(limits: limits, demand: ticket.demand)
            if let refusal = refused[ticket.key] { return refusal.stage == .queuing && refusal.holding == asked }
            guard let job = jobs[ticket.key.job]?.job, let run = runs[ticket.key], turns[job.name]?.offered.contains(ticket.key) == true
            else { return false }
            // Otherwise a ticket from before an edit: the run has another one.
            return ticket.rank == run.rank(priority: job.priority) && Pools.Holding(run, as: job, of: capacities) == asked
        }?.key
    }

    private mutating func launch(_ waiting: Run, of job: Job) {
        var run = waiting
        run.state = .launching
        run.reason = nil
        run.executor = job.runOn
        run.version = job.version
        run.ranAs = job.user ?? ""
        let holding = holding(of: run, as: job)
        pools.take(run.key, holding)
        pools.noteStart(holding, at: step.now)
        look(at: run.key, again: nil)
        turns[job.name]?.remove(run.key)
        turns[job.name]?.active.append(run.key)
        store(run)
        step.then(.launch(run, job))
        step.touch(job.name)
    }
}

extension Run {
    static let replaced = "replaced"

    /// Manual runs, backfills with their flows, and retries have no start window.
    var mayMissWindow: Bool {
        switch trigger {
        case .schedule, .upstream, .latest: backfill == nil
        case .manual, .backfill, .retry, .mark: false
        }
    }
}
