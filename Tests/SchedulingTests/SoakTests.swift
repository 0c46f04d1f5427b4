import Scheduling
import TestSupport
import Testing
import Timetable

/// Seven days on the virtual clock.
struct SoakTests {
    private let jobs = [
        job("hourly", "R/2026-03-02T00:00:00Z/PT1H"), job("daily", "R/2026-03-02T03:00:00Z/P1D"),
        job("weekly", "R/2026-03-02T05:00:00Z/P1W"), job("dependent", after: ["hourly"]),
    ]

    /// From Monday to Monday; each run takes some minutes.
    private func week(crashes: @escaping @Sendable (Int) -> (Simulation.Crash, downtime: Duration)? = { _ in nil }) -> Simulation {
        var simulation = Simulation(at: "2026-03-02T00:00:00Z")
        simulation.executor.course = { run, _ in
            .init(startsAfter: .milliseconds(2), lasts: .seconds(run.key.job == "weekly" ? 7_000 : 200))
        }
        simulation.crash = crashes
        simulation.start(jobs)
        simulation.pass(until: "2026-03-08T23:59:59Z")
        return simulation
    }

    private func counts(_ simulation: Simulation) -> [Int] {
        jobs.map { job in simulation.history(job.name).filter { $0.hasSuffix("succeeded") }.count }
    }

    @Test func aWeekHasExactlyTheRunsThatItOwes() {
        let simulation = week()
        #expect(counts(simulation) == [168, 7, 1, 168])
        #expect(simulation.ledger.order.count == 344 && simulation.ledger.gaps.isEmpty)
        #expect(simulation.ledger.runs.values.allSatisfy { $0.lateness == .milliseconds(2) }, "and none was late")
    }

    /// catalogue 1, 12: it dies in every fifth step, at once or after the commit, and is back within half a minute.
    @Test(arguments: 1...4) func crashesChangeNothingAboutThem(seed: Int) {
        let simulation = week { step in
            var draw = SeededGenerator(seed: UInt64(seed) &* 65_537 &+ UInt64(step))
            guard draw.once(in: 5) else { return nil }
            return (
                draw.once(in: 2) ? .beforeCommit : .afterCommit(deeds: draw.pick([0, 1])),
                .milliseconds(Int.random(in: 0...30_000, using: &draw))
            )
        }
        #expect(simulation.steps > 1_200)
        #expect(counts(simulation) == [168, 7, 1, 168])
        #expect(simulation.ledger.order.count == 344 && simulation.ledger.gaps.isEmpty)
        #expect(simulation.executor.starts.values.allSatisfy { $0 == 1 })
    }
}
