import Timetable

/// Pauses: a control of what comes by itself. What somebody asks for by name is run all the same.
extension Scheduler {
    /// Why the job's slots and its runs in flows are skipped at the moment; nil when they are not.
    func restReason(of shared: SharedJob) -> String? {
        if isPaused(shared) { return Run.paused }
        return shared.job.disabled ? Run.disabled : nil
    }

    func isPaused(_ shared: SharedJob) -> Bool { !pauses.isEmpty && pauses.holding(shared.job) != nil }

    mutating func pause(_ scope: PauseScope, by who: String) -> Answer {
        if case .job(let name) = scope, graph[name] == nil { return .unknownJob(name) }
        if let earlier = pauses[scope] { return .already("\(scope.words) is paused already, \(earlier.origin)") }
        let pause = Pause(scope: scope, by: who, since: step.now)
        pauses.insert(pause)
        step.write(.pause(pause))
        note("request.pause", scope, by: who)
        for name in turns.keys where graph[name].map(scope.holds) == true { step.touch(name, wholly: true) }
        return .paused(jobs: jobs(in: scope).count)
    }

    /// What came due until now under the pause is accounted for before it ends: nothing of it is started.
    mutating func resume(_ scope: PauseScope, by who: String) -> Answer {
        if pauses[scope] == nil { return refusalToResume(scope) }
        let concerned = jobs(in: scope)
        for name in concerned where nextSlot(of: name).map({ $0 <= step.now }) == true { accountSlots(of: name) }
        pauses.remove(scope)
        step.write(.resume(scope))
        note("request.resume", scope, by: who)
        var stillPaused = 0
        for name in concerned {
            guard let job = graph.jobs[name] else { continue }
            if isPaused(job) { stillPaused += 1 }
            // Of a job at rest the alarm may be put off; of others it stands.
            if restReason(of: job) == nil, let schedule = schedules[name], nextDue[name] != nextSlot(of: name) {
                setSlotAlarm(of: name, schedule)
            }
        }
        return .resumed(jobs: concerned.count, stillPaused: stillPaused)
    }

    /// The first slot of the job that is not accounted for.
    func nextSlot(of name: JobName) -> Instant? {
        controls[name].flatMap { schedules[name]?.next(after: $0.accountedUntil)?.due }
    }

    /// There is no such pause: perhaps a wider one holds the job, or narrower ones are in force.
    private func refusalToResume(_ scope: PauseScope) -> Answer {
        if case .job(let name) = scope {
            guard let job = graph[name] else { return .unknownJob(name) }
            guard let wider = pauses.holding(job) else { return .already("\(scope.words) is not paused") }
            return .refused(
                "\(scope.words) is not paused by itself, but \(wider.words); `\(wider.scope.resumption)` ends that"
            )
        }
        let others = pauses.isEmpty ? "" : "; other pauses are in force, which `rota status` lists"
        return .already("\(scope.words) is not paused\(others)")
    }

    /// The jobs in force that a pause of this scope holds.
    private func jobs(in scope: PauseScope) -> [JobName] {
        if case .job(let name) = scope { return graph[name] == nil ? [] : [name] }
        return graph.order.filter { graph[$0].map(scope.holds) == true }
    }

    private mutating func note(_ kind: String, _ scope: PauseScope, by who: String) {
        if case .job(let name) = scope {
            step.write(.change(Change(kind: kind, job: name, who: who)))
        } else {
            step.write(.change(Change(kind: kind, who: who, detail: scope.words)))
        }
    }
}

extension PauseScope {
    /// The command that ends a pause of this scope.
    var resumption: String {
        switch self {
        case .job(let name): "rota resume \(name)"
        case .label(let key, let value): "rota resume --label " + key + (value.map { "=" + $0 } ?? "")
        case .everything: "rota resume --all"
        }
    }
}

extension Run {
    static let paused = "paused"
    static let disabled = "disabled"
}
