import Scheduling
import TestSupport
import Testing
import Timetable

/// The order of judgement, paused → catch-up → parents → overlap → startWithin → pool: where two would say no, the first does.
struct JudgementOrderTests {
    private let hourly = "R/2026-03-01T00:00:00Z/PT1H" as Schedule

    /// Down from 00:30 to 03:30, with these jobs before and after.
    private func backAfterThreeHours(_ jobs: [Job], before: (inout Simulation) -> Void = { _ in }) -> Simulation {
        var simulation = Simulation(at: "00:00:01")
        simulation.start(jobs)
        simulation.pass(until: "00:30:00")
        before(&simulation)
        simulation.die()
        simulation.stayDown(until: "03:30:00")
        simulation.start()
        simulation.pass(.seconds(1))
        return simulation
    }

    @Test func pausedComesBeforeCatchUp() {
        let simulation = backAfterThreeHours([job("a", hourly)]) { $0.ask(.pause(.job("a"), by: "ada")) }
        #expect(simulation.history("a") == ["01:00:00–03:00:00 ×3 skipped: paused"])
    }

    @Test func disabledComesBeforeCatchUp() {
        let simulation = backAfterThreeHours([job("a", hourly) { $0.disabled = true }])
        #expect(simulation.history("a") == ["01:00:00–03:00:00 ×3 skipped: disabled"])
    }

    @Test func catchUpComesBeforeParents() {
        let simulation = backAfterThreeHours([job("p"), job("a", hourly, after: ["p"])])
        #expect(simulation.history("a") == ["01:00:00–02:00:00 ×2 missed: catch-up", "03:00:00 waiting: parents: p"])
    }

    /// Its parents have not ended and another run of it is under way: it waits for the parents, and is not skipped for the overlap.
    @Test func parentsComeBeforeOverlap() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("p"), job("a", hourly, after: ["p"]) { $0.overlap = .skip }])
        simulation.run("p")
        simulation.pass(.seconds(1))
        simulation.end("p")
        simulation.pass(until: "01:00:01")
        #expect(simulation.history("a") == ["00:00:00 running", "01:00:00 waiting: parents: p"])
        simulation.run("p")
        simulation.pass(.seconds(1))
        simulation.end("p")
        #expect(simulation.history("a") == ["00:00:00 running", "01:00:00 skipped: overlap"])
    }

    /// First looked at 50 s late: it may not overlap, and its window is over as well.
    @Test func overlapComesBeforeTheStartWindow() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([
            job("a", hourly) { job in
                job.overlap = .skip
                job.startWithin = .seconds(10)
            }
        ])
        simulation.pass(until: "00:30:00")
        simulation.stayDown(until: "01:00:50")
        simulation.take(.tick)
        #expect(simulation.history("a") == ["00:00:00 running", "01:00:00 skipped: overlap"])
    }

    @Test func theStartWindowComesBeforeThePool() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([job("a", "R1/2026-03-01T01:00:00Z/PT1H") { $0.startWithin = .seconds(10) }])
        simulation.stayDown(until: "01:00:50")
        simulation.take(.tick)
        #expect(simulation.history("a") == ["01:00:00 missed: startWithin"])
    }

    /// The slot, the freeing end, the newest parent end, the request, the not-before.
    @Test func aRunIsReadyWhenWhatMadeItDueWasThere() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in
            .init(lasts: .seconds(60), state: run.key.job == "slot" && run.key.attempt == 1 ? .failed : .succeeded)
        }
        simulation.start([
            job("slot", "R1/2026-03-01T01:00:00Z/PT1H") { $0.retries = Retries(limit: 1, delay: .seconds(300)) },
            job("child", after: ["slot"]), job("latest", after: ["slot"]) { $0.join = .latest }, job("hand"),
        ])
        simulation.pass(until: "00:30:00")
        simulation.run("hand")
        simulation.stayDown(until: "01:00:20")
        simulation.pass(until: "02:00:00")
        #expect(simulation.ledger.rows(of: "slot").map(\.readyAt) == ["01:00:00", "01:06:20"], "the slot, then the failure and 5 minutes")
        #expect(simulation.ledger.rows(of: "slot").map(\.trigger) == [.schedule, .retry])
        #expect(simulation.ledger.rows(of: "child").map(\.readyAt) == ["01:07:20"])
        #expect(simulation.ledger.rows(of: "child").map(\.trigger) == [.upstream])
        #expect(simulation.ledger.rows(of: "latest").map(\.readyAt) == ["01:07:20"])
        #expect(simulation.ledger.rows(of: "latest").map(\.trigger) == [.latest])
        #expect(simulation.ledger.rows(of: "hand").map(\.readyAt) == ["00:30:00"])
        #expect(simulation.ledger.rows(of: "hand").map(\.trigger) == [.manual])
        #expect(simulation.row("slot", "01:00:00")?.lateness == .zero)
        #expect(simulation.ledger.rows(of: "slot").first?.lateness == .seconds(20), "counted from the slot")
    }
}
