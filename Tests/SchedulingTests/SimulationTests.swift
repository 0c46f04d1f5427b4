import Foundation
import Scheduling
import TestSupport
import Testing
import Timetable

/// Properties of whole simulated lives. `SIMULATION_SEED=n` plays that one alone, `SIMULATION_SEEDS=n` as many as that,
/// `SIMULATION_TRACE=1` prints every step.
struct SimulationTests {
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SIMULATION_SEED"].flatMap(UInt64.init) { return [seed] }
        if let count = environment["SIMULATION_SEEDS"].flatMap(UInt64.init) { return Array(1...count) }
        // Some that found a bug once come first.
        return [90, 102, 126, 577, 812, 6621, 8512] + Array(1...240)
    }()

    static let traces = ProcessInfo.processInfo.environment["SIMULATION_TRACE"] != nil

    /// Plays `body` for every seed, as long as the time allows, and reports the first faults of each seed that has some.
    private func play(within limit: Duration = .seconds(5), _ body: (SimulationScript) -> [String]) {
        let clock = ContinuousClock()
        let deadline = Self.seeds.count > 1_000 ? nil : clock.now + limit
        for (place, seed) in Self.seeds.enumerated() {
            // A slow machine plays fewer, but never so few that green means nothing.
            if let deadline, clock.now > deadline, place >= 30 { return }
            let faults = body(SimulationScript(seed: seed))
            if !faults.isEmpty {
                Issue.record("SIMULATION_SEED=\(seed): \(faults.count) faults\n\(faults.prefix(4).joined(separator: "\n"))")
            }
        }
    }

    /// catalogue 2, 53, 65, 67, 68, 71, 73, 76, 85
    @Test func everyRuleHoldsWithoutCrashes() {
        play { $0.play(trace: Self.traces, refusing: true).faults }
    }

    /// catalogue 1, 12, 42, 48, 71
    @Test func everyRuleHoldsThroughCrashesAndDowntime() {
        play { script in
            let unit = script.unit.wholeMicroseconds
            return script.play(trace: Self.traces, refusing: true) { step in
                var draw = SeededGenerator(seed: script.seed &* 1_000_003 &+ UInt64(step))
                guard draw.once(in: 12) else { return nil }
                let crash: Simulation.Crash = draw.once(in: 2) ? .beforeCommit : .afterCommit(deeds: draw.pick([0, 1, 2]))
                return (crash, .microseconds(Int64.random(in: 0...unit * draw.pick([1, 1, 20]), using: &draw)))
            }.faults
        }
    }

    /// catalogue 3, 12, 76: whoever starts again at once goes on as if nothing had happened.
    @Test func aLedgerAfterCrashesEqualsTheLedgerWithoutThem() {
        play { script in
            let calm = script.play()
            let crashed = script.play(trace: Self.traces) { step in
                var draw = SeededGenerator(seed: script.seed &* 7_919 &+ UInt64(step))
                guard draw.once(in: 6) else { return nil }
                return (draw.once(in: 2) ? .beforeCommit : .afterCommit(deeds: draw.pick([0, 1])), .zero)
            }
            return crashed.faults + differences(calm, crashed)
        }
    }

    private func words(_ run: Run?, _ key: RunKey) -> String {
        guard let run else { return "no run \(key.words)" }
        let times = [run.readyAt, run.waitingSince, run.startedAt, run.endedAt].map { $0?.rfc3339 ?? "-" }.joined(separator: " ")
        return "\(key.words) \(run.trigger) \(run.state) \(run.reason ?? "") \(times) \(run.ending ?? 0) \(run.consumed)"
    }

    private func differences(_ calm: Simulation, _ crashed: Simulation) -> [String] {
        Set(calm.ledger.runs.keys).union(crashed.ledger.runs.keys).sorted { ($0.due, $0.job, $0.attempt) < ($1.due, $1.job, $1.attempt) }
            .compactMap { key in
                let (left, right) = (calm.ledger.runs[key], crashed.ledger.runs[key])
                guard left != right else { return nil }
                return "calm:    \(words(left, key))\n  crashed: \(words(right, key))"
            }
    }
}
