package import Timetable

/// The promises of `expect`: what breaks one is told once, in the transaction of the row that says so, and nothing is stopped.
///
/// Each open run, and each member of an open flow without a row, has at most one alarm in force, so that a promise costs O(log n).
extension Scheduler {
    /// Of whom something is promised.
    enum Promised: Hashable, Sendable {
        case run(RunKey)
        /// A member of a flow that has no row in it yet.
        case member(JobName, FlowKey)

        fileprivate var key: RunKey {
            switch self {
            case .run(let key): key
            case .member(let job, let flow): RunKey(job: job, due: flow.due, attempt: 0)
            }
        }
    }

    struct PromiseAlarm: Comparable, Sendable {
        let at: Instant
        let subject: Promised

        static func < (left: PromiseAlarm, right: PromiseAlarm) -> Bool {
            if left.at != right.at { return left.at < right.at }
            let (one, other) = (left.subject.key, right.subject.key)
            return (one.due, one.job, one.attempt) < (other.due, other.job, other.attempt)
        }
    }

    // MARK: promising

    /// Gives a new row what `expect` promises of it. A retry has its own already.
    func withPromises(_ run: Run, of shared: SharedJob) -> Run {
        let expect = shared.job.expect
        guard run.trigger != .retry, run.trigger != .mark, !expect.isEmpty else { return run }
        var promised = run
        promised.promises.duration = expect.duration
        promised.promises.startBy = run.mayMissWindow ? expect.startWithin.map { run.readyAt + $0 } : nil
        if run.trigger == .upstream {
            let promise = flows[run.flow]?.promises[run.key.job]
            promised.promises.endBy = promise?.endBy
            let isTold = promise?.isBroken == true || flows[run.flow]?.newest[run.key.job]?.breaches.contains(.endBy) == true
            if isTold { promised.breaches.insert(.endBy) }
        } else {
            promised.promises.endBy = end(expect, after: run.key.due, isOwed: run.mayMissWindow)
        }
        return promised
    }

    /// - Parameter isOwed: It comes by itself. Of what is asked for when the time is over, nothing is promised.
    private func end(_ expect: Expectation, after due: Instant, isOwed: Bool) -> Instant? {
        expect.end(after: due).flatMap { isOwed || $0 > step.now ? $0 : nil }
    }

    /// Promises of members are made with their flow, for their rows may come late. Of a member that waits for a failure, and of those below
    /// it, nothing is promised: they are not needed when all goes well.
    mutating func promise(_ key: FlowKey, isOwed: Bool) {
        var promises: [JobName: FlowPromise] = [:]
        var needless: Set<JobName> = []
        for member in flows[key]?.outline.plan.members ?? [] {
            if member.after.contains(where: { $0.on == .failure || needless.contains($0.parent) }) {
                needless.insert(member.job)
            } else if let job = graph.jobs[member.job], !job.job.disabled, let endBy = end(job.job.expect, after: key.due, isOwed: isOwed) {
                promises[member.job] = FlowPromise(endBy: endBy)
            }
        }
        if promises.isEmpty { return }
        keep(promises, of: key)
        for job in promises.keys { setMemberAlarm(of: job, in: key) }
    }

    /// A flow that somebody begins again promises no end that was over before.
    mutating func promiseAgain(_ key: FlowKey) {
        guard let promises = flows[key]?.promises, !promises.isEmpty else { return }
        let left = promises.filter { $1.isBroken || $1.endBy > step.now || flows[key]?.newest[$0] != nil }
        if left.count < promises.count { keep(left, of: key) }
        for job in left.keys { setMemberAlarm(of: job, in: key) }
    }

    private mutating func keep(_ promises: [JobName: FlowPromise], of key: FlowKey) {
        flows[key]?.promises = promises
        step.write(.promises(key, promises))
    }

    // MARK: telling

    /// The row with all that is known to be broken now; what is new is told.
    mutating func withBreaches(_ run: Run, isNew: Bool, isSettled: Bool) -> Run {
        var told = run
        // Whoever changes a row may have read it before something was told.
        told.breaches.formUnion(runs[run.key]?.breaches ?? [])
        let softError = graph[run.key.job]?.softError ?? false
        for breach in Breach.allCases where !told.breaches.contains(breach) {
            let isOver = isNew && run.breaks(breach, byWaitingUntil: step.now)
            if isOver || run.breaks(breach, isSettled: isSettled, softError: softError) { tell(breach, of: &told) }
        }
        if let likely = likelyBreach(of: told, isNew: isNew) {
            told.breaches.insert(.likely)
            note(.likely, of: run.key.job, run: run.key, likely)
        }
        return told
    }

    private mutating func tell(_ breach: Breach, of run: inout Run) {
        run.breaches.insert(breach)
        note(breach, of: run.key.job, run: run.key, run.words(for: breach))
    }

    private mutating func note(_ breach: Breach, of job: JobName, run: RunKey? = nil, _ detail: String) {
        step.write(.change(Change(kind: breach.changeKind, job: job, run: run, detail: detail)))
    }

    /// What the last successful runs let foresee when the row is made, and when the command has begun; nil when nothing does.
    private func likelyBreach(of run: Run, isNew: Bool) -> String? {
        guard run.state.isOpen, !run.breaches.contains(.likely), let typical = controls[run.key.job]?.typicalDuration else { return nil }
        let hasBegun = run.startedAt != nil && runs[run.key]?.startedAt == nil
        guard isNew || hasBegun else { return nil }
        let before = "half of its last successful runs took \(typical.text)"
        if hasBegun, !run.breaches.contains(.duration), let limit = run.promises.duration, typical > limit {
            return "\(before), and it is to take \(limit.text) at most"
        }
        guard !run.breaches.contains(.endBy), let endBy = run.promises.endBy else { return nil }
        let start = run.startedAt ?? max(run.waitingSince, run.notBefore ?? run.waitingSince)
        return start + typical > endBy ? "\(before): it would end at \((start + typical).rfc3339), and is to by \(endBy.rfc3339)" : nil
    }

    /// Slots that are missed without a row break the promise of their ends then and there; the gap is written once, and so is this.
    mutating func tellBreaches(of gap: Gap) {
        guard gap.state == .missed, graph[gap.job]?.expect.endBy != nil else { return }
        let (first, last) = (gap.firstDue.rfc3339, gap.lastDue.rfc3339)
        let slots = gap.slots == 1 ? "the slot \(first) was" : "\(gap.slots) slots from \(first) to \(last) were"
        note(.endBy, of: gap.job, "\(slots) missed: \(gap.reason)")
    }

    // MARK: alarms

    /// From open runs and open flows alone.
    mutating func restorePromiseAlarms() {
        for run in runs.values where !run.promises.isEmpty { setPromiseAlarm(of: .run(run.key), at: run.nextBreach) }
        for (key, flow) in flows {
            for job in flow.promises.keys { setMemberAlarm(of: job, in: key) }
        }
    }

    private mutating func setMemberAlarm(of job: JobName, in key: FlowKey) {
        guard let flow = flows[key], flow.newest[job] == nil, let promise = flow.promises[job], !promise.isBroken else { return }
        setPromiseAlarm(of: .member(job, key), at: promise.endBy + Instant.resolution)
    }

    mutating func setPromiseAlarm(of subject: Promised, at instant: Instant?) {
        guard breaksAt[subject] != instant else { return }
        breaksAt[subject] = instant
        if let instant { promiseAlarms.insert(PromiseAlarm(at: instant, subject: subject)) }
        dropStalePromiseAlarms()
    }

    /// So that nobody wakes up for nothing, and none that would ring next year is kept of a run that ended long ago.
    private mutating func dropStalePromiseAlarms() {
        while let first = promiseAlarms.first, breaksAt[first.subject] != first.at { _ = promiseAlarms.popFirst() }
        if promiseAlarms.count > 2 * breaksAt.count + 1_000 {
            promiseAlarms = PriorityQueue(breaksAt.map { PromiseAlarm(at: $1, subject: $0) })
        }
    }

    mutating func ringPromises() {
        while let alarm = promiseAlarms.first, alarm.at <= step.now, step.slots < settings.slotsPerStep {
            _ = promiseAlarms.popFirst()
            guard breaksAt[alarm.subject] == alarm.at else { continue }
            step.slots += 1
            breaksAt[alarm.subject] = nil
            switch alarm.subject {
            case .run(let key): lookAtPromises(of: key, rungAt: alarm.at)
            case .member(let job, let flow): lookAtMember(job, of: flow)
            }
        }
    }

    /// We were stopped or asleep, and the run may have ended meanwhile: its executor gets a moment to say so first.
    private static let patience = Duration.seconds(1)

    private mutating func lookAtPromises(of key: RunKey, rungAt alarm: Instant) {
        guard var run = runs[key] else { return }
        if run.state.isActive, step.now - alarm > Self.patience {
            return setPromiseAlarm(of: .run(key), at: step.now + Self.patience)
        }
        for breach in Breach.allCases where !run.breaches.contains(breach) && run.breaks(breach, byWaitingUntil: step.now) {
            tell(breach, of: &run)
        }
        store(run)
    }

    private mutating func lookAtMember(_ job: JobName, of key: FlowKey) {
        guard var promises = flows[key]?.promises, let promise = promises[job], !promise.isBroken, flows[key]?.newest[job] == nil else {
            return
        }
        promises[job]?.isBroken = true
        keep(promises, of: key)
        let flow = "\(key.head) due \(key.due.rfc3339)"
        note(.endBy, of: job, "not begun by \(promise.endBy.rfc3339): what comes before it in the flow of \(flow) has not ended")
    }
}

extension Duration {
    /// `90 s`, `0.25 s`.
    fileprivate var text: String {
        let microseconds = wholeMicroseconds
        return (microseconds % 1_000_000 == 0 ? "\(microseconds / 1_000_000)" : "\(inSeconds)") + " s"
    }
}

extension Run {
    /// What broke a promise, in words.
    fileprivate func words(for breach: Breach) -> String {
        let open = "is \(state.rawValue)" + (reason.map { ": \($0)" } ?? "")
        let standing = endedAt.map { "\(state.rawValue) at \($0.rfc3339)" } ?? open
        switch breach {
        case .startWithin:
            let start = startedAt.map { "begun at \($0.rfc3339)" } ?? standing
            return "to begin by \(promises.startBy?.rfc3339 ?? ""), \(start)"
        case .endBy: return "to end by \(promises.endBy?.rfc3339 ?? ""), \(standing)"
        case .duration: return "to take \(promises.duration?.text ?? "") at most, \(standing)"
        case .likely: return ""
        }
    }
}
