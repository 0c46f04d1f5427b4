import Timetable

/// Definitions come, change and go: registration, see docs/job-files.md.
extension Scheduler {
    /// Recovery is over. An edit that is found now counts from now; slots of a schedule that is gone by now are not run any more.
    mutating func start(with graph: JobGraph) {
        let restored = Set(flows.values.map(\.outline.plan.head))
        removeUnreadable(before: graph)
        replaceDefinitions(by: graph, isStart: true)
        hasStarted = true
        forgetAllOrdersThatAreOver()
        for name in turns.keys { step.touch(name, wholly: true) }
        advanceFlows(touchedBy: restored)
    }

    /// A job that was in force, but whose stored text cannot be read any more, and that no file defines: it is gone like any other.
    private mutating func removeUnreadable(before new: JobGraph) {
        for (name, control) in controls where control.removedAt == nil && graph[name] == nil && new[name] == nil { remove(name) }
    }

    mutating func replaceDefinitions(by new: JobGraph, isStart: Bool = false) {
        let old = graph
        for name in old.order { settleOldSlots(of: name, before: new, isStart: isStart) }
        for head in Self.headsWithOtherMembers(old, new) where new[head]?.disabled == false { accountSlots(of: head) }
        graph = new
        plans = [:]
        var changed: Set<JobName> = []
        for name in old.order where new[name] == nil {
            remove(name)
            changed.insert(name)
        }
        for name in new.order {
            guard let job = new[name] else { continue }
            if controls[name] == nil { register(job) } else if renew(job, before: old) { changed.insert(name) }
            // An edit further up may make a flow's member of a job that joined the latest, and the other way round.
            if old.joins[name] != graph.joins[name] { step.touch(name, wholly: true) }
            noteParents(of: job)
        }
        advanceFlows(touchedBy: changed)
        if !isStart { forgetAllOrdersThatAreOver() }
    }

    /// The old definition holds up to now: while we ran, its slots become runs as ever; those found at a start are told as missed.
    /// The old rules of a zone hold up to now as well.
    private mutating func settleOldSlots(of name: JobName, before new: JobGraph, isStart: Bool) {
        guard let shared = graph.jobs[name], let schedule = schedules[name], let control = controls[name] else { return }
        let successor = new.jobs[name]
        let hasOtherRules = successor?.job.schedule != shared.job.schedule
        let isOver = !shared.job.schedule.saysTheSame(as: successor?.job.schedule)
        let rest = restReason(of: shared)
        let isEnabled = rest != nil && successor.map { restReason(of: $0) == nil } == true
        guard hasOtherRules || isOver || isEnabled else { return }
        if !isStart { accountSlots(of: name) }
        guard isOver || isEnabled && isStart else { return }
        let fate: (state: RunState, reason: String) =
            if let rest {
                (.skipped, rest)
            } else {
                (.missed, (successor == nil ? "removed" : "schedule changed") + (isStart ? " while the scheduler was down" : ""))
            }
        writeGap(
            of: schedule, job: name, after: controls[name]?.accountedUntil ?? control.accountedUntil, through: step.now, fate.state,
            reason: fate.reason)
    }

    /// Heads with a schedule, in force before and after, whose flows are to have other members or edges: a changed `after` holds for flows
    /// due after the change.
    private static func headsWithOtherMembers(_ old: JobGraph, _ new: JobGraph) -> [JobName] {
        var heads: Set<JobName> = []
        for (one, other) in [(old, new), (new, old)] {
            for name in one.order where one.joins[name] == .flow {
                guard one[name]?.after != other[name]?.after || one.heads[name] != other.heads[name], let head = one.heads[name] else {
                    continue
                }
                heads.insert(head)
            }
        }
        return heads.filter { old[$0]?.schedule != nil && old[$0]?.schedule == new[$0]?.schedule }.sorted()
    }

    private mutating func remove(_ name: JobName) {
        controls[name]?.removedAt = step.now
        schedules[name] = nil
        nextDue[name] = nil
        step.writeControl(of: name)
        step.touch(name)
    }

    private mutating func register(_ job: Job) {
        controls[job.name] = JobControl(registering: job, at: step.now)
        step.writeControl(of: job.name)
        pinSchedule(of: job.name)
        if job.isChronos, !job.disabled, let newest = schedules[job.name]?.previous(before: step.now)?.due { admit(newest, of: job.name) }
        armSlotAlarm(of: job.name)
    }

    /// A job that has a control row already: it may have been edited, or its file is back.
    ///
    /// - Returns: Whether anything about it is new.
    private mutating func renew(_ job: Job, before oldGraph: JobGraph) -> Bool {
        guard var control = controls[job.name] else { return false }
        let old = oldGraph[job.name]
        let wasRemoved = control.removedAt != nil
        // Most jobs of most readings: copies of what is in force, of which nothing needs to be worked out.
        if let old, !wasRemoved, control.version == job.version, old.version == job.version, old.schedule.isCopy(of: job.schedule) {
            return false
        }
        let keepsSchedule = control.schedule == job.schedule?.fingerprint && (old?.schedule.saysTheSame(as: job.schedule) ?? true)
        let isPinned = (schedules[job.name] != nil) == (job.schedule != nil) && (old.map { $0.schedule == job.schedule } ?? true)
        if keepsSchedule, isPinned, !wasRemoved, control.version == job.version { return false }
        if !keepsSchedule {
            let first = firstFreeDue(of: [job.name, oldGraph.head(of: job.name)], from: step.now)
            let keepsAnchor = haveOneAnchor(control.schedule ?? "", job.schedule?.fingerprint ?? "")
            if !keepsAnchor { control.anchor = job.schedule?.needsAnchor == true ? first : nil }
            control.schedule = job.schedule?.fingerprint
            control.accountedUntil = max(control.accountedUntil, first - Instant.resolution)
        }
        let late = keepsSchedule && !isPinned ? takeNewRules(of: job, &control) : []
        if wasRemoved { control.accountedUntil = max(control.accountedUntil, step.now - Instant.resolution) }
        if wasRemoved { control.consumed = [:] }
        control.removedAt = nil
        control.version = job.version
        controls[job.name] = control
        step.writeControl(of: job.name)
        // Whoever waits for a place waits from now on by the priority and in the pools of the new definition.
        turns[job.name]?.offered = [:]
        step.touch(job.name, wholly: true)
        pinSchedule(of: job.name)
        for due in late { admitLate(due, of: job, isNewest: due == late.last) }
        armSlotAlarm(of: job.name)
        return true
    }

    /// Moves the progress to where it stands by the new rules of the schedule's zone.
    ///
    /// - Returns: Slots up to there that are still owed.
    private func takeNewRules(of job: Job, _ control: inout JobControl) -> [Instant] {
        guard let before = schedules[job.name], let after = job.schedule else { return [] }
        let renewed = control.anchor.map { after.anchored(at: $0) } ?? after
        let (late, until) = before.handOver(to: renewed, accountedUntil: control.accountedUntil)
        control.accountedUntil = until
        return late
    }

    /// A slot that lies behind the progress, by rules that were not known then.
    private mutating func admitLate(_ due: Instant, of job: Job, isNewest: Bool) {
        let isOverdue = step.now - due > settings.catchUpAfter
        let fate: (state: RunState, reason: String)? =
            if let rest = graph.jobs[job.name].flatMap(restReason) {
                (.skipped, rest)
            } else if isOverdue, job.catchUp == .none || job.catchUp == .latest && !isNewest {
                (.missed, "catch-up")
            } else {
                nil
            }
        guard let fate, !ahead.contains(due, of: job.name) else {
            return admit(due, of: job.name, isCaughtUp: isOverdue && job.catchUp == .all)
        }
        let gap = Gap(
            job: job.name, firstDue: due, lastDue: due, slots: 1, state: fate.state, reason: fate.reason, decidedAt: step.now)
        step.write(.gap(gap))
        tellBreaches(of: gap)
    }

    mutating func armSlotAlarm(of name: JobName) {
        if let due = nextDue[name] { alarms.insert(Alarm(at: due, job: name)) }
    }

    /// For a join `latest`, endings of a parent count from when it became a parent.
    private mutating func noteParents(of job: Job) {
        guard var consumed = controls[job.name]?.consumed else { return }
        let parents = graph.joins[job.name] == .latest ? job.after : []
        consumed = consumed.filter { known in parents.contains { $0.parent == known.key } }
        for edge in parents where consumed[edge.parent] == nil {
            consumed[edge.parent] = controls[edge.parent]?.lastEnding(meeting: edge.on) ?? 0
        }
        guard consumed != controls[job.name]?.consumed else { return }
        controls[job.name]?.consumed = consumed
        step.writeControl(of: job.name)
    }
}
