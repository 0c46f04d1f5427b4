import Timetable

/// The clock was set back: the one thing that moves a job's progress back.
///
/// What has a row keeps it, so that nothing runs twice. Everything else beyond the new now is open again, as if nobody had looked at it yet.
extension Scheduler {
    /// - Parameter farthest: How far the clock had come.
    mutating func setClockBack(from farthest: Instant, _ rows: RowsAhead) {
        guard farthest > step.now else { return }
        step.write(.clockSetBack(from: farthest))
        for (job, dues) in rows.dues { ahead.insert(dues, of: job) }
        let reopened = Set(controls.keys.sorted().filter { moveBack($0, from: farthest) })
        for gap in rows.gaps where reopened.contains(gap.job) { cut(gap) }
        for run in runs.values where run.state != .running { bringBack(run) }
        rearm()
        pools.forgetStarts()
        endRests(at: step.now)
    }

    /// By then every slot up to the last of `ahead` is accounted for, also of jobs at rest: nobody asks for them any more.
    mutating func forgetDuesAhead() {
        guard let until = ahead.until, until + .seconds(120) < step.now, alarms.first.map({ $0.at > step.now }) ?? true else { return }
        ahead = DuesAhead()
    }

    /// - Returns: Whether slots of the job are open again.
    private mutating func moveBack(_ name: JobName, from farthest: Instant) -> Bool {
        guard var control = controls[name] else { return false }
        let isRegisteredAhead = control.registeredAt > step.now
        control.registeredAt = min(control.registeredAt, step.now)
        control.lastFreeDue = control.lastFreeDue.map { min($0, step.now) }
        // Farther than the clock had ever come: the rules of a zone moved it there, for a slot that has had its turn.
        let isReopened = control.accountedUntil > step.now && control.accountedUntil <= farthest + settings.catchUpAfter
        if isReopened {
            control.accountedUntil = step.now - (isRegisteredAhead ? Instant.resolution : .zero)
            if let anchor = control.anchor, anchor > step.now { moveAnchor(of: &control, from: anchor) }
        }
        guard control != controls[name] else { return isReopened }
        controls[name] = control
        step.writeControl(of: name)
        return isReopened
    }

    /// A schedule without a start of its own began at an instant that has not come: it begins now, and of its repetitions those that were
    /// accounted for stay consumed, the newest of them now.
    private func moveAnchor(of control: inout JobControl, from anchor: Instant) {
        let accounted = (controls[control.job]?.accountedUntil ?? anchor) + Instant.resolution
        if let newest = schedules[control.job]?.previous(before: accounted)?.due, newest > step.now {
            control.anchor = anchor - (newest - step.now)
            control.accountedUntil = step.now
        } else {
            control.anchor = step.now
            control.accountedUntil = step.now - Instant.resolution
        }
    }

    /// Takes the slots beyond now out of a gap. One that began before now and tells of an earlier schedule stays whole: how many of its
    /// slots lie where, nobody knows any more.
    private mutating func cut(_ gap: Gap) {
        guard gap.firstDue <= step.now else { return step.write(.cutGap(gap, to: nil)) }
        let start = gap.firstDue - Instant.resolution
        guard let schedule = schedules[gap.job], schedule.contains(gap.firstDue), schedule.contains(gap.lastDue),
            schedule.count(after: start, through: gap.lastDue) == gap.slots,
            let last = schedule.previous(before: step.now + Instant.resolution)?.due
        else { return }
        var left = gap
        left.lastDue = last
        left.slots = schedule.count(after: start, through: step.now)
        step.write(.cutGap(gap, to: left))
    }

    /// Nobody waits longer because the clock was wrong: what was ready is ready now, and a retry waits as long as its policy says.
    private mutating func bringBack(_ run: Run) {
        var back = run
        if let notBefore = run.notBefore, notBefore > step.now {
            back.notBefore = min(notBefore, step.now + (run.state == .waiting ? waitBefore(run) : .zero))
        }
        back.readyAt = min(run.readyAt, max(step.now, back.notBefore ?? step.now))
        back.promises.startBy = run.promises.startBy.map { $0 - (run.readyAt - back.readyAt) }
        back.waitingSince = min(run.waitingSince, step.now)
        if back != run { store(back) }
    }

    /// How long the policy lets this attempt wait; a run after a lost one, and one that somebody asked for, waits for nothing.
    private func waitBefore(_ run: Run) -> Duration {
        guard run.retry > 0, reruns[run.key] == nil, let job = graph[run.key.job] else { return .zero }
        return job.retries.wait(before: run.retry, of: run.key)
    }

    /// All alarms and places in queues were worked out from another now.
    private mutating func rearm() {
        for name in graph.order where graph[name]?.schedule != nil {
            let before = nextDue[name]
            pinSchedule(of: name)
            if nextDue[name] != before { armSlotAlarm(of: name) }
        }
        restorePromiseAlarms()
        forgetWaitAlarms()
        for name in turns.keys {
            turns[name]?.offered = [:]
            step.touch(name, wholly: true)
        }
    }
}
