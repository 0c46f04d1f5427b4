import Scheduling
import Timetable

// What a clock that is set back changes of what must hold.

extension SimulationCheck {
    func wasDecided(_ gap: Gap, in era: Era) -> Bool {
        // In the step of an edit both schedules may decide some; those of the new one begin with it.
        guard let step = gapSteps[FlowKey(head: gap.job, due: gap.firstDue)], gap.firstDue >= era.from else { return false }
        return step >= era.firstStep && step <= era.lastStep ?? .max
    }

    func isLeftWhole(_ gap: Gap) -> Bool { leftWhole.contains(FlowKey(head: gap.job, due: gap.firstDue)) }

    /// What began and ended beyond now did so now; rows beyond now keep their place.
    mutating func setClockBack(in simulation: Simulation) {
        let now = simulation.now
        rests = rests.map { (scope: $0.scope, since: min($0.since, now), until: $0.until.map { min($0, now) }) }
        for name in eras.keys {
            eras[name] = eras[name]?.map { era in
                var era = era
                era.from = min(era.from, now)
                era.through = era.through.map { min($0, now) }
                return era
            }
        }
        for run in simulation.ledger.runs.values where run.key.due > now {
            hadBefore[run.key.job, default: []].insert(run.key.due)
        }
        for gap in simulation.ledger.gaps where gap.lastDue > now {
            if gap.firstDue > now, simulation.ledger.controls[gap.job]?.accountedUntil ?? now <= now {
                fault("the gap of \(gap.job) at \(gap.firstDue.rfc3339) has not come")
            }
            leftWhole.insert(FlowKey(head: gap.job, due: gap.firstDue))
        }
        starts = [:]
        // Slots that were missed beyond now may be missed again.
        toldBreaches = toldBreaches.filter { $0.run != nil || $0.detail?.hasPrefix("not begun") == true }
    }

    /// Whether the scheduler is up to see it or not: what was told of a run stays told, though it may yet come in time.
    mutating func clockMoved(to now: Instant) {
        clockSetAt = now
        toldByAnotherClock.formUnion(toldBreaches)
    }
}
