import Scheduling
import Timetable

/// What must hold of every life that a seed draws. `SimulationTests` play some hundreds of seeds, `scripts/simulate` as many as there is time for.
package enum SimulationProperty: String, Sendable, CaseIterable {
    /// Nobody dies; executors refuse some runs at first.
    case rules
    /// The scheduler dies in every twelfth step, at once or after the commit, and is gone for up to twenty periods.
    case downtime
    /// It dies in every sixth step and starts again at once: the ledger is that of the life without.
    case crashes
    /// Parents, joins, names and schedules are edited while flows are under way, and jobs removed and brought back.
    case edits
    /// The same, and the scheduler dies as in `downtime`.
    case editsWithDowntime
    /// The wall clock is set, forward and back.
    case clocks
    /// The same, also while the scheduler is down, and it dies as in `downtime`.
    case clocksWithDowntime
    /// Flows end as a second implementation of their rules says.
    case reference
    /// The same, with deaths.
    case referenceWithCrashes

    /// What does not hold; empty when all is well.
    ///
    /// - Parameter jobs: How many jobs flows are made of; without it as many as the seed draws.
    package func faults(of seed: UInt64, jobs: Int? = nil, trace: Bool = false) -> [String] {
        switch self {
        case .rules: return SimulationScript(seed: seed).play(trace: trace, refusing: true).faults
        case .downtime: return faultsWithDowntime(SimulationScript(seed: seed), trace)
        case .crashes: return differencesMadeByCrashes(SimulationScript(seed: seed), trace)
        case .edits: return SimulationScript(editingFlowsOf: seed).play(trace: trace, refusing: true).faults
        case .editsWithDowntime: return faultsWithDowntime(SimulationScript(editingFlowsOf: seed), trace)
        case .clocks: return SimulationScript(seed: seed).play(trace: trace, refusing: true, settingClocks: true).faults
        case .clocksWithDowntime: return faultsWithDowntime(SimulationScript(seed: seed), trace, settingClocks: true)
        case .reference: return ReferenceScript(seed: seed, jobs: jobs).differences()
        case .referenceWithCrashes:
            let script = ReferenceScript(seed: seed, jobs: jobs)
            return script.differences { script.crash(at: $0) }
        }
    }

    private func faultsWithDowntime(_ script: SimulationScript, _ trace: Bool, settingClocks: Bool = false) -> [String] {
        let unit = script.unit.wholeMicroseconds
        return script.play(trace: trace, refusing: true, settingClocks: settingClocks) { step in
            var draw = SeededGenerator(seed: script.seed &* 1_000_003 &+ UInt64(step))
            guard draw.once(in: 12) else { return nil }
            let crash: Simulation.Crash = draw.once(in: 2) ? .beforeCommit : .afterCommit(deeds: draw.pick([0, 1, 2]))
            return (crash, .microseconds(Int64.random(in: 0...unit * draw.pick([1, 1, 20]), using: &draw)))
        }.faults
    }

    private func differencesMadeByCrashes(_ script: SimulationScript, _ trace: Bool) -> [String] {
        let calm = script.play()
        let crashed = script.play(trace: trace) { step in
            var draw = SeededGenerator(seed: script.seed &* 7_919 &+ UInt64(step))
            guard draw.once(in: 6) else { return nil }
            return (draw.once(in: 2) ? .beforeCommit : .afterCommit(deeds: draw.pick([0, 1])), .zero)
        }
        return crashed.faults + differences(calm, crashed)
    }

    private func differences(_ calm: Simulation, _ crashed: Simulation) -> [String] {
        let keys = Set(calm.ledger.runs.keys).union(crashed.ledger.runs.keys)
        let rows = keys.sorted { ($0.due, $0.job, $0.attempt) < ($1.due, $1.job, $1.attempt) }.compactMap { key -> String? in
            let (left, right) = (calm.ledger.runs[key], crashed.ledger.runs[key])
            return left == right ? nil : "calm:    \(words(left, key))\n  crashed: \(words(right, key))"
        }
        // What stands beside the rows is the same as well.
        var others: [String] = []
        let flows = Set(calm.ledger.flows.keys).union(crashed.ledger.flows.keys)
        for key in flows.sorted(by: { ($0.due, $0.head) < ($1.due, $1.head) }) {
            let (left, right) = (calm.ledger.flows[key], crashed.ledger.flows[key])
            guard left != right else { continue }
            let words = [left, right].map { flow in flow.map { "\($0)" } ?? "none" }
            others.append("the flow of \(key.head) due \(key.due.rfc3339)\n  calm:    \(words[0])\n  crashed: \(words[1])")
        }
        if calm.comparableControls != crashed.comparableControls { others.append("the control rows are others than without crashes") }
        if calm.comparableGaps != crashed.comparableGaps { others.append("the gaps are others than without crashes") }
        if calm.ledger.pauses != crashed.ledger.pauses { others.append("the pauses are others than without crashes") }
        return rows + others
    }

    private func words(_ run: Run?, _ key: RunKey) -> String {
        guard let run else { return "no run \(key.words)" }
        let times = [run.readyAt, run.waitingSince, run.startedAt, run.endedAt].map { $0?.rfc3339 ?? "-" }.joined(separator: " ")
        return "\(key.words) \(run.trigger) \(run.state) \(run.reason ?? "") \(times) \(run.ending ?? 0) \(run.consumed)"
    }
}

extension Simulation {
    /// Slots of jobs at rest are accounted for a minute at a time, counted from the last look: where that is now is no matter.
    fileprivate var comparableControls: [JobName: JobControl] {
        ledger.controls.mapValues { control in
            var control = control
            if graph[control.job].map({ $0.disabled || isPaused($0) }) ?? true { control.accountedUntil = .distantPast }
            return control
        }
    }

    fileprivate var comparableGaps: [String] {
        ledger.gaps.filter { !["paused", "disabled"].contains($0.reason) }
            .map { "\($0.job) \($0.firstDue) \($0.lastDue) \($0.slots) \($0.state) \($0.reason)" }
    }
}
