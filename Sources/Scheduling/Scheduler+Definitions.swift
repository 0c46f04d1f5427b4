import Timetable

/// Definitions come, change and go: registration, see docs/job-files.md.
extension Scheduler {
    /// Recovery is over. An edit that is found now counts from now; slots of a schedule that is gone by now are not run any more.
    mutating func start(with graph: JobGraph) {
        replaceDefinitions(by: graph, isStart: true)
        hasStarted = true
        for name in turns.keys { step.touch(name) }
        for key in flows.keys { advance(key) }
    }

    mutating func replaceDefinitions(by new: JobGraph, isStart: Bool = false) {
        let old = graph
        for name in old.order where !isSameSchedule(old[name], new[name]) { settleOldSlots(of: name, isStart: isStart, isRemoved: new[name] == nil) }
        graph = new
        plans = [:]
        for name in old.order where new[name] == nil { remove(name) }
        for name in new.order {
            guard let job = new[name] else { continue }
            if controls[name] == nil { register(job) } else { renew(job) }
            noteParents(of: job)
        }
    }

    private func isSameSchedule(_ old: Job?, _ new: Job?) -> Bool { old?.schedule == new?.schedule }

    /// The old schedule holds up to now: while we ran, its slots become runs as ever; those found at a start are told as missed.
    private mutating func settleOldSlots(of name: JobName, isStart: Bool, isRemoved: Bool) {
        guard let schedule = schedules[name], let control = controls[name] else { return }
        if isStart {
            let reason = isRemoved ? "removed while the scheduler was down" : "schedule changed while the scheduler was down"
            writeGap(of: schedule, job: name, after: control.accountedUntil, through: step.now, .missed, reason: reason)
        } else {
            accountSlots(of: name)
        }
    }

    private mutating func remove(_ name: JobName) {
        controls[name]?.removedAt = step.now
        schedules[name] = nil
        nextDue[name] = nil
        step.writeControl(of: name)
        step.touch(name)
        for (key, flow) in flows where flow.plan.members.contains(where: { $0.job == name }) { advance(key) }
    }

    private mutating func register(_ job: Job) {
        var control = JobControl(
            job: job.name, version: job.version, schedule: job.schedule?.fingerprint, registeredAt: step.now,
            accountedUntil: step.now - Instant.resolution
        )
        if job.schedule?.needsAnchor == true { control.anchor = step.now }
        controls[job.name] = control
        step.writeControl(of: job.name)
        pinSchedule(of: job.name)
        if job.isChronos, !job.disabled, let newest = schedules[job.name]?.previous(before: step.now)?.due { admit(newest, of: job) }
        armSlotAlarm(of: job.name)
    }

    /// A job that has a control row already: it may have been edited, or its file is back.
    private mutating func renew(_ job: Job) {
        guard var control = controls[job.name] else { return }
        let wasRemoved = control.removedAt != nil
        let keepsSchedule = control.schedule == job.schedule?.fingerprint
        let isPinned = (schedules[job.name] != nil) == (job.schedule != nil)
        if keepsSchedule, isPinned, !wasRemoved, control.version == job.version { return }
        if !keepsSchedule {
            control.anchor = job.schedule?.needsAnchor == true ? step.now : nil
            control.schedule = job.schedule?.fingerprint
        }
        if !keepsSchedule || wasRemoved { control.accountedUntil = max(control.accountedUntil, step.now - Instant.resolution) }
        control.removedAt = nil
        control.version = job.version
        controls[job.name] = control
        step.writeControl(of: job.name)
        step.touch(job.name)
        pinSchedule(of: job.name)
        armSlotAlarm(of: job.name)
    }

    private mutating func armSlotAlarm(of name: JobName) {
        if let due = nextDue[name] { alarms.insert(Alarm(at: due, job: name, kind: .slot)) }
    }

    /// For a join `latest`, endings of a parent count from when it became a parent.
    private mutating func noteParents(of job: Job) {
        guard graph.joins[job.name] == .latest else { return }
        for edge in job.after where controls[job.name]?.consumed[edge.parent] == nil {
            let newest = controls[edge.parent]?.lastEnding(meeting: edge.on) ?? 0
            controls[job.name]?.consumed[edge.parent] = newest
            step.writeControl(of: job.name)
        }
    }
}
