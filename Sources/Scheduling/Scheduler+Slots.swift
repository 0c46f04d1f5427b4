import Timetable

/// From slots to runs and gaps: registration progress and the first two judgements, paused and catch-up.
extension Scheduler {
    /// Accounts for the slots of `name` up to now, and sets its alarm to the next one.
    mutating func accountSlots(of name: JobName) {
        guard let shared = graph.jobs[name], let schedule = schedules[name], let before = controls[name]?.accountedUntil else { return }
        if let rest = restReason(of: shared) {
            writeGap(of: schedule, job: name, after: before, through: step.now, .skipped, reason: rest)
            return setSlotAlarm(of: name, schedule, isAtRest: true)
        }
        var next = schedule.next(after: before)?.due
        if let oldest = next, oldest < step.now - settings.catchUpAfter {
            catchUp(shared, schedule, after: before)
            next = nextSlot(of: name)
        }
        setSlotAlarm(of: name, to: admitYoungSlots(of: name, schedule, from: next))
    }

    /// Slots that nobody will run: gaps, and progress beyond. What somebody ordered about one of them goes before any rule but `disabled`.
    mutating func writeGap(of schedule: Schedule, job: JobName, after: Instant, through: Instant, _ state: RunState, reason: String) {
        var from = after
        if reason != Run.disabled, !orders.isEmpty, graph.jobs[job] != nil {
            for order in orders.of(job, after: after, through: through) where schedule.contains(order.due) {
                writeGapAroundRows(of: schedule, job, after: from, through: order.due - Instant.resolution, state, reason)
                admit(order.due, of: job)
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
    private mutating func catchUp(_ shared: SharedJob, _ schedule: Schedule, after progress: Instant) {
        let name = shared.job.name
        guard let newest = schedule.previous(before: step.now - settings.catchUpAfter)?.due, newest > progress else { return }
        switch shared.job.catchUp {
        case .none:
            writeGap(of: schedule, job: name, after: progress, through: newest, .missed, reason: "catch-up")
        case .latest:
            writeGap(of: schedule, job: name, after: progress, through: newest - Instant.resolution, .missed, reason: "catch-up")
            admit(newest, of: name)
        case .all:
            missOldest(of: shared, schedule, through: newest)
            var slot = controls[name]?.accountedUntil ?? progress
            while let next = schedule.next(after: slot)?.due, next <= newest, step.slots < settings.slotsPerStep {
                admit(next, of: name, isCaughtUp: true)
                slot = next
            }
        }
    }

    /// Of the overdue slots up to `newest` no more are run than `maxCatchUp`, the newest.
    private mutating func missOldest(of shared: SharedJob, _ schedule: Schedule, through newest: Instant) {
        let name = shared.job.name
        guard let most = shared.job.maxCatchUp, let from = controls[name]?.accountedUntil else { return }
        guard schedule.count(after: from, through: newest) > most else { return }
        var oldest = newest
        for _ in 1..<max(most, 1) { oldest = schedule.previous(before: oldest)?.due ?? oldest }
        writeGap(of: schedule, job: name, after: from, through: oldest - Instant.resolution, .missed, reason: "maxCatchUp")
    }

    /// - Returns: The first slot that is not accounted for.
    private mutating func admitYoungSlots(of name: JobName, _ schedule: Schedule, from first: Instant?) -> Instant? {
        var next = first
        while let slot = next, slot <= step.now, step.slots < settings.slotsPerStep {
            admit(slot, of: name)
            next = schedule.next(after: slot)?.due
        }
        return next
    }

    /// Makes the run of a slot, unless it had one before the clock was set back.
    mutating func admit(_ due: Instant, of name: JobName, isCaughtUp: Bool = false) {
        step.slots += 1
        if ahead.contains(due, of: name) { return account(name, until: due) }
        let key = RunKey(job: name, due: due, attempt: 1)
        var run = Run(key: key, flow: FlowKey(head: name, due: due), trigger: .schedule, readyAt: due, waitingSince: step.now)
        run.isCaughtUp = isCaughtUp
        if !takeOrder(of: &run) {
            openFlow(run.flow, isOwed: true)
            addFirst(run)
        }
        account(name, until: due)
    }

    /// Moves the progress of `job` on; only a clock that is set back moves it back.
    mutating func account(_ job: JobName, until instant: Instant) {
        guard let place = controls.index(forKey: job), controls.values[place].accountedUntil < instant else { return }
        let before = controls.values[place].accountedUntil
        controls.values[place].accountedUntil = instant
        step.writeControl(of: job)
        forgetOrders(headedBy: job, after: before, through: instant)
    }

    /// - Parameter isAtRest: The job's slots only become gaps, which may be written a minute at a time.
    mutating func setSlotAlarm(of name: JobName, _ schedule: Schedule, isAtRest: Bool = false) {
        var next = controls[name].flatMap { schedule.next(after: $0.accountedUntil)?.due }
        // What is ordered about a slot is carried out when it comes.
        if isAtRest, let slot = next {
            next = min(max(slot, step.now + .seconds(60)), orders.next(of: name, from: slot)?.due ?? .distantFuture)
        }
        setSlotAlarm(of: name, to: next)
    }

    private mutating func setSlotAlarm(of name: JobName, to instant: Instant?) {
        nextDue[name] = instant
        if let instant { alarms.insert(Alarm(at: instant, job: name)) }
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
