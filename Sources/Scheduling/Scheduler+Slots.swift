import Timetable

/// From slots to runs and gaps: registration progress and the first two judgements, paused and catch-up.
extension Scheduler {
    /// Accounts for the slots of `name` up to now, and sets its alarm to the next one.
    mutating func accountSlots(of name: JobName) {
        guard let job = graph[name], let schedule = schedules[name], let control = controls[name] else { return }
        let rest = restReason(of: job)
        if let rest {
            writeGap(of: schedule, job: name, after: control.accountedUntil, through: step.now, .skipped, reason: rest)
        } else {
            catchUp(job, schedule)
            admitYoungSlots(of: job, schedule)
        }
        setSlotAlarm(of: name, schedule, isAtRest: rest != nil)
    }

    /// Slots that nobody will run: gaps, and progress beyond. What somebody ordered about one of them goes before any rule but `disabled`.
    mutating func writeGap(of schedule: Schedule, job: JobName, after: Instant, through: Instant, _ state: RunState, reason: String) {
        var from = after
        if reason != Run.disabled, let definition = graph[job] {
            for order in orders.of(job, after: after, through: through) where schedule.contains(order.due) {
                writeGapAroundRows(of: schedule, job, after: from, through: order.due - Instant.resolution, state, reason)
                admit(order.due, of: definition)
                from = order.due
            }
        }
        writeGapAroundRows(of: schedule, job, after: from, through: through, state, reason)
        if let last = schedule.previous(before: through + Instant.resolution)?.due, last > after { account(job, until: last) }
    }

    /// One gap for all of them; those that have rows, from before the clock was set back, part it.
    private mutating func writeGapAroundRows(
        of schedule: Schedule, _ job: JobName, after: Instant, through: Instant, _ state: RunState, _ reason: String
    ) {
        var start = after
        for due in ahead.dues(of: job, after: after, through: through) where schedule.contains(due) {
            writeOneGap(of: schedule, job, after: start, through: due - Instant.resolution, state, reason)
            start = due
        }
        writeOneGap(of: schedule, job, after: start, through: through, state, reason)
    }

    /// None of these slots has a row.
    private mutating func writeOneGap(
        of schedule: Schedule, _ job: JobName, after: Instant, through: Instant, _ state: RunState, _ reason: String
    ) {
        let slots = after < through ? schedule.count(after: after, through: through) : 0
        guard slots > 0, let first = schedule.next(after: after)?.due,
            let last = schedule.previous(before: through + Instant.resolution)?.due
        else { return }
        let gap = Gap(job: job, firstDue: first, lastDue: last, slots: slots, state: state, reason: reason, decidedAt: step.now)
        step.write(.gap(gap))
        tellBreaches(of: gap)
    }

    /// Judges the slots that are first looked at too late to be called merely late.
    private mutating func catchUp(_ job: Job, _ schedule: Schedule) {
        let cutoff = step.now - settings.catchUpAfter
        guard let from = controls[job.name]?.accountedUntil, let newest = schedule.previous(before: cutoff)?.due, newest > from else {
            return
        }
        switch job.catchUp {
        case .none:
            writeGap(of: schedule, job: job.name, after: from, through: newest, .missed, reason: "catch-up")
        case .latest:
            writeGap(of: schedule, job: job.name, after: from, through: newest - Instant.resolution, .missed, reason: "catch-up")
            admit(newest, of: job)
        case .all:
            missOldest(of: job, schedule, through: newest)
            var slot = controls[job.name]?.accountedUntil ?? from
            while let next = schedule.next(after: slot)?.due, next <= newest, step.slots < settings.slotsPerStep {
                admit(next, of: job, isCaughtUp: true)
                slot = next
            }
        }
    }

    /// Of the overdue slots up to `newest` no more are run than `maxCatchUp`, the newest.
    private mutating func missOldest(of job: Job, _ schedule: Schedule, through newest: Instant) {
        guard let most = job.maxCatchUp, let from = controls[job.name]?.accountedUntil else { return }
        guard schedule.count(after: from, through: newest) > most else { return }
        var oldest = newest
        for _ in 1..<max(most, 1) { oldest = schedule.previous(before: oldest)?.due ?? oldest }
        writeGap(of: schedule, job: job.name, after: from, through: oldest - Instant.resolution, .missed, reason: "maxCatchUp")
    }

    private mutating func admitYoungSlots(of job: Job, _ schedule: Schedule) {
        guard var slot = controls[job.name]?.accountedUntil else { return }
        while let next = schedule.next(after: slot)?.due, next <= step.now, step.slots < settings.slotsPerStep {
            admit(next, of: job)
            slot = next
        }
    }

    /// Makes the run of a slot, unless it had one before the clock was set back.
    mutating func admit(_ due: Instant, of job: Job, isCaughtUp: Bool = false) {
        step.slots += 1
        if ahead.contains(due, of: job.name) { return account(job.name, until: due) }
        let key = RunKey(job: job.name, due: due, attempt: 1)
        var run = Run(key: key, flow: FlowKey(head: job.name, due: due), trigger: .schedule, readyAt: due, waitingSince: step.now)
        run.isCaughtUp = isCaughtUp
        if !takeOrder(of: &run) {
            openFlow(run.flow, isOwed: true)
            addWaiting(run)
        }
        account(job.name, until: due)
    }

    /// Moves the progress of `job` on; only a clock that is set back moves it back.
    mutating func account(_ job: JobName, until instant: Instant) {
        guard let control = controls[job], control.accountedUntil < instant else { return }
        controls[job]?.accountedUntil = instant
        step.writeControl(of: job)
        forgetOrders(headedBy: job, after: control.accountedUntil, through: instant)
    }

    /// - Parameter isAtRest: The job's slots only become gaps, which may be written a minute at a time.
    mutating func setSlotAlarm(of name: JobName, _ schedule: Schedule, isAtRest: Bool = false) {
        guard let accountedUntil = controls[name]?.accountedUntil, var next = schedule.next(after: accountedUntil)?.due else {
            nextDue[name] = nil
            return
        }
        // What is ordered about a slot is carried out when it comes.
        if isAtRest { next = min(max(next, step.now + .seconds(60)), orders.next(of: name, from: next)?.due ?? .distantFuture) }
        nextDue[name] = next
        alarms.insert(Alarm(at: next, job: name))
    }

    /// Pins the anchor of the job's schedule and works out its next slot, without an alarm.
    mutating func pinSchedule(of name: JobName) {
        guard let schedule = graph[name]?.schedule, let control = controls[name] else {
            schedules[name] = nil
            nextDue[name] = nil
            return
        }
        let pinned = control.anchor.map { schedule.anchored(at: $0) } ?? schedule
        schedules[name] = pinned
        nextDue[name] = pinned.next(after: control.accountedUntil)?.due
    }
}
