import Timetable

/// What people ask for.
extension Scheduler {
    mutating func answer(_ request: Request, token: UInt64) {
        let answer: Answer =
            switch request {
            case .run(let name, let parameters): runByHand(name, parameters: parameters)
            case .kill(let key, let who): kill(key, by: who)
            case .retry(let key, let precedent, let downstream, let who): retry(key, precedent, downstream: downstream, by: who)
            case .markSuccess(let key, let precedent, let who): markSuccess(key, precedent, by: who)
            case .skip(let job, let due, let precedent, let who): skip(job, due, precedent, by: who)
            case .hold(let job, let due, let precedent, let who): hold(job, due, precedent, by: who)
            case .release(let job, let due, let precedent, let who): release(job, due, precedent, by: who)
            case .backfill(let order, let survey, let who): backfill(order, survey ?? BackfillSurvey(), by: who)
            case .cancelBackfill(let id, let kill, let who): cancelBackfill(id, kill: kill, by: who)
            case .pause(let scope, let who): pause(scope, by: who)
            case .resume(let scope, let who): resume(scope, by: who)
            }
        step.then(.answer(token: token, answer))
    }

    /// A run by hand begins a flow of its own, consumes no repetition and has no start window.
    private mutating func runByHand(_ name: JobName, parameters: [String: String]) -> Answer {
        guard let job = graph[name] else { return .unknownJob(name) }
        if job.disabled { return refusal(of: job) }
        if let refusal = refusal(of: parameters, for: job) { return refusal }
        let due = freeDue(for: job, at: step.now)
        let key = RunKey(job: name, due: due, attempt: 1)
        var run = Run(key: key, flow: FlowKey(head: name, due: due), trigger: .manual, readyAt: step.now, waitingSince: step.now)
        run.parameters = parameters
        run.isByHand = true
        openFlow(run.flow)
        addFirst(run)
        return .accepted(key)
    }

    func refusal(of job: Job) -> Answer {
        .refused("the job `\(job.name)` is disabled; take `disabled: true` out of its file to run it")
    }

    // MARK: kill

    /// A waiting run is killed at once; one that was handed over when its executor tells so, and if it came to its end before the kill
    /// reached it, that end stands.
    private mutating func kill(_ key: RunKey, by who: String) -> Answer {
        guard let run = runs[key] else {
            guard controls[key.job] != nil else { return .unknownRun(key) }
            return .refused(
                "the run of `\(key.job)` due \(key.due.rfc3339) has ended; `rota kill \(key.job)` ends whatever of the job has not")
        }
        if let reason = run.killWanted { return .already("the run is being killed already, \(reason)") }
        let reason = "by \(who)"
        if run.state == .waiting { end(run, .killed, reason: reason) } else { requestKill(of: key, reason: reason) }
        step.write(.change(Change(kind: "request.kill", job: key.job, run: key, who: who)))
        step.touch(key.job)
        return .accepted(key)
    }

    // MARK: retry

    private mutating func retry(_ key: RunKey, _ precedent: Precedent?, downstream: Bool, by who: String) -> Answer {
        guard let precedent, precedent.newest.key.job == key.job, precedent.newest.key.due == key.due else { return .unknownRun(key) }
        guard let job = graph[key.job] else {
            return .refused("no file defines the job `\(key.job)` any more; bring its file back to retry it")
        }
        if job.disabled { return refusal(of: job) }
        let newest = precedent.newest
        if let refusal = refusalOfStale(newest) { return refusal }
        if downstream, let busy = openDescendant(of: newest, precedent.flow) { return refusal(toRerun: busy) }
        if downstream, let waiting = runs[newest.key], waiting.state == .waiting {
            markStale(below: waiting)
            if case .already = bringForward(waiting, by: who) { noteRetry(waiting.key, by: who) }
            return .accepted(waiting.key)
        }
        if let open = runs[newest.key] { return open.state == .waiting ? bringForward(open, by: who) : refusal(ofActive: open) }
        if newest.state.isOpen { return .refused("the run has come to its end at this moment; ask again") }
        if newest.isSkippedUpstream {
            return .refused(
                "the run was skipped for what came before it in its flow; a retry of that frees it, or `rota run \(job.name)` runs it by itself"
            )
        }
        return .accepted(addAttempt(after: newest, flow: precedent.flow, downstream: downstream, by: who))
    }

    /// What is asked for waits until the run has ended.
    func refusal(ofActive active: Run) -> Answer {
        .refused(
            "the run of `\(active.key.job)` due \(active.key.due.rfc3339) is \(active.state.rawValue); wait for its end, or `rota kill` it first"
        )
    }

    /// The attempt is there and waits for its time: that is now. Its budget of automatic retries is a fresh one.
    private mutating func bringForward(_ waiting: Run, by who: String) -> Answer {
        guard let notBefore = waiting.notBefore, notBefore > step.now else {
            return .already("the run waits already" + (waiting.reason.map { ": " + $0 } ?? ""))
        }
        var run = waiting
        run.notBefore = step.now
        run.readyAt = step.now
        run.retry = 0
        run.isByHand = true
        run.reason = nil
        store(run)
        noteRetry(run.key, by: who)
        wake(run.key)
        return .accepted(run.key)
    }

    private mutating func addAttempt(after newest: Run, flow: LedgerState.Flow?, downstream: Bool, by who: String) -> RunKey {
        var run = nextAttempt(after: newest, .retry, readyAt: step.now)
        run.takePromises(of: newest, askedAt: step.now)
        run.isByHand = true
        if let flow { reopen(flow) }
        if downstream { markStale(below: run) }
        addWaiting(run)
        noteRetry(run.key, by: who)
        addRemovedMembers(to: run.flow) { _ in true }
        advance(run.flow)
        return run.key
    }

    private mutating func noteRetry(_ key: RunKey, by who: String) {
        step.write(.change(Change(kind: "request.retry", job: key.job, run: key, who: who, detail: "attempt \(key.attempt)")))
    }
}
