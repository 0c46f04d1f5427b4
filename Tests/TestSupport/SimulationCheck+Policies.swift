import Scheduling
import Timetable

/// Slots that are not run by a policy: catch-up and overlap.
extension SimulationCheck {
    /// Under `none` no overdue slot is run, but for one that somebody held; an edit of the policy is given its step.
    mutating func checkCatchUp(_ run: Run, in simulation: Simulation) {
        guard run.trigger == .schedule, run.state != .skipped, !run.isByHand else { return }
        guard let job = simulation.graph[run.key.job], !job.isChronos else { return }
        let isOverdue = simulation.now - run.key.due > .seconds(60)
        if isOverdue, job.catchUp == .none, catchUps[job.name] == CatchUp.none { fault("\(run.key.words) is caught up under none") }
    }

    /// Of several slots the newest is kept, and none is given up unless a run of its job is in its way.
    mutating func checkOverlap(_ run: Run, in simulation: Simulation) {
        guard run.state == .skipped, run.reason == "overlap", let job = simulation.graph[run.key.job] else { return }
        let rows = simulation.ledger.rows(of: job.name)
        if run.isCaughtUp || !run.isBoundToWindow { fault("\(run.key.words) is skipped for an overlap, though it waits its turn") }
        switch job.overlap {
        case .allow, .allowUpTo: fault("\(run.key.words) is skipped for an overlap under allow")
        case .skip: if !rows.contains(where: \.state.isActive) { fault("\(run.key.words) is skipped, and no other run is under way") }
        case .queue, .replace:
            // Which may be too late itself, once it was kept.
            let isNewerKept = rows.contains { $0.key.due > run.key.due && ($0.state.isOpen || $0.reason != "overlap") }
            if !isNewerKept { fault("\(run.key.words) is skipped, and no newer one is kept") }
        }
    }
}
