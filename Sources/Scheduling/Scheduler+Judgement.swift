import Timetable

/// The order of judgement of waiting runs: parents → overlap → start window → pool; the first "no" is the reason that the row tells.
extension Scheduler {
    /// Goes through the waiting runs of `name` in the order of their turns.
    mutating func judge(_ name: JobName) {
        guard let job = graph[name] else { return withdrawWaiting(of: name, reason: "removed") }
        if job.disabled { return withdrawWaiting(of: name, reason: "disabled") }
        coalesce(job)
        var isTaken = !(turns[name]?.active.isEmpty ?? true)
        for key in turns[name]?.waiting ?? [] {
            guard let run = runs[key] else { continue }
            if let verdict = verdict(on: run, of: job, isTurnTaken: isTaken) {
                apply(verdict, to: run)
            } else {
                isTaken = isTaken || job.overlap != .allow
                offer(withParentsConsumed(run, of: job), of: job)
            }
        }
    }

    private enum Verdict {
        case missed(reason: String)
        /// Not now; look again at that instant, or when something happens.
        case notYet(reason: String, until: Instant?)
    }

    /// nil when the run only needs a place.
    private func verdict(on run: Run, of job: Job, isTurnTaken: Bool) -> Verdict? {
        let windowEnd = run.mayMissWindow ? job.startWithin.map { run.readyAt + $0 } : nil
        if let notBefore = run.notBefore, notBefore > step.now { return .notYet(reason: "retry", until: notBefore) }
        if run.trigger == .schedule, run.key.attempt == 1, !job.after.isEmpty, run.consumed.isEmpty {
            let late = unmetParents(of: job)
            if !late.isEmpty {
                if let windowEnd, step.now > windowEnd { return .missed(reason: "startWithin") }
                return .notYet(reason: "parents: " + late.map(\.text).joined(separator: ", "), until: windowEnd.map { $0 + Instant.resolution })
            }
        }
        if let windowEnd, step.now > windowEnd { return .missed(reason: "startWithin") }
        if isTurnTaken, job.overlap != .allow { return .notYet(reason: "overlap", until: windowEnd.map { $0 + Instant.resolution }) }
        return nil
    }

    private mutating func apply(_ verdict: Verdict, to run: Run) {
        switch verdict {
        case .missed(let reason):
            end(run, .missed, reason: reason)
        case .notYet(let reason, let until):
            // Its ticket, if it has one, is void: it would not launch it any more.
            turns[run.key.job]?.offered.remove(run.key)
            hold(run, reason: reason)
            if let until { alarms.insert(Alarm(at: until, job: run.key.job, kind: .waitingRun)) }
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
        guard job.overlap != .allow, let turn = turns[job.name], !turn.active.isEmpty else { return }
        var candidates = turn.waiting.compactMap { runs[$0] }.filter(\.isSubjectToOverlap)
        guard !candidates.isEmpty else { return }
        if job.overlap == .skip { return candidates.forEach { end($0, .skipped, reason: "overlap") } }
        var kept = candidates.removeLast()
        let inherited = candidates.map(\.waitingSince).min() ?? kept.waitingSince
        if inherited < kept.waitingSince {
            kept.waitingSince = inherited
            store(kept)
        }
        for displaced in candidates { end(displaced, .skipped, reason: "overlap") }
        if job.overlap == .replace {
            for key in turn.active where runs[key]?.isSubjectToOverlap == true { requestKill(of: key, reason: "replaced") }
        }
    }

    /// A kill is committed before it is sent, and asked for once.
    private mutating func requestKill(of key: RunKey, reason: String) {
        guard var run = runs[key], run.killWanted == nil else { return }
        run.killWanted = reason
        store(run)
        step.then(.kill(key, executor: run.executor ?? "", reason: reason))
    }

    private mutating func withdrawWaiting(of name: JobName, reason: String) {
        for key in turns[name]?.waiting ?? [] {
            if let run = runs[key] { end(run, .skipped, reason: reason) }
        }
    }

    // MARK: places

    func poolNames(of name: JobName) -> [String] {
        guard let job = graph[name] else { return [] }
        return job.pool.map { [job.runOn, $0] } ?? [job.runOn]
    }

    private mutating func offer(_ run: Run, of job: Job) {
        guard turns[job.name]?.offered.insert(run.key).inserted == true else { return }
        step.offer(run.key)
        pools.enqueue(Pools.Ticket(priority: job.priority, key: run.key), in: poolNames(of: job.name))
        if run.mayMissWindow, let window = job.startWithin {
            alarms.insert(Alarm(at: run.readyAt + window + Instant.resolution, job: job.name, kind: .waitingRun))
        }
    }

    /// Hands out free places, the first in turn first; whoever finds none is told which pool is full.
    mutating func fillPools() {
        for name in pools.takeStirred() {
            while let ticket = pools.next(in: name) {
                guard let run = runs[ticket.key], run.state == .waiting, let job = graph[run.key.job] else { continue }
                guard turns[job.name]?.offered.contains(run.key) == true else { continue }
                if let full = pools.firstFull(of: poolNames(of: job.name)) {
                    pools.park(ticket, in: full)
                    hold(run, reason: "pool: \(full)")
                } else {
                    launch(run, of: job)
                }
            }
        }
        for key in step.takeOffered() {
            guard let run = runs[key], run.state == .waiting, let full = pools.firstFull(of: poolNames(of: key.job)) else { continue }
            hold(run, reason: "pool: \(full)")
        }
    }

    private mutating func launch(_ waiting: Run, of job: Job) {
        var run = waiting
        run.state = .launching
        run.reason = nil
        run.executor = job.runOn
        run.version = job.version
        pools.take(run.key, in: poolNames(of: job.name))
        turns[job.name]?.remove(run.key)
        turns[job.name]?.active.append(run.key)
        store(run)
        step.then(.launch(run, job))
        step.touch(job.name)
    }
}

extension Run {
    /// Manual runs, backfills and retries have no start window.
    var mayMissWindow: Bool {
        switch trigger {
        case .schedule, .upstream, .latest: true
        case .manual, .backfill, .retry, .mark: false
        }
    }
}
