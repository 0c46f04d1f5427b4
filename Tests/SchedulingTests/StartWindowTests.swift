import Scheduling
import TestSupport
import Testing
import Timetable

/// a run that cannot be handed over within `startWithin`, counted from when it was ready, is missed.
struct StartWindowTests {
    @Test func aRunThatFindsNoPlaceWithinItsWindowIsMissed() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1])
        simulation.start([job("busy", "R1/PT1H"), job("late", "R1/2026-03-01T00:00:10Z/PT1H") { $0.startWithin = .seconds(60) }])
        simulation.pass(until: "00:01:10")
        #expect(simulation.history("late") == ["00:00:10 waiting: pool: local"], "the end of the window is still within it")
        simulation.pass(.milliseconds(1))
        #expect(simulation.history("late") == ["00:00:10 missed: startWithin"])
    }

    @Test func aRunThatWaitsForItsTurnBeyondItsWindowIsMissed() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("a", "R2/PT1M") { $0.startWithin = .seconds(30) }])
        simulation.pass(until: "00:10:00")
        #expect(simulation.history("a") == ["00:00:00 running", "00:01:00 missed: startWithin"])
        #expect(simulation.row("a", "00:01:00")?.endedAt == "00:01:30.000001")
    }

    @Test func everyOneOfSeveralWaitingRunsHasItsOwnWindow() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([
            job("a", "R3/PT10S") { job in
                job.startWithin = .seconds(60)
                job.overlap = .allow
            }
        ])
        simulation.pass(until: "00:01:15")
        #expect(
            simulation.history("a") == ["00:00:00 missed: startWithin", "00:00:10 missed: startWithin", "00:00:20 waiting: pool: local"])
        simulation.pass(until: "00:02:00")
        #expect(simulation.nextWake == nil, "and no alarm is left over")
    }

    @Test func theWindowOfAChildBeginsWithTheFreeingEnd() {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 0])
        simulation.start([
            job("a", "R1/PT1H"),
            job("b", after: ["a"]) { job in
                job.startWithin = .seconds(60)
                job.pool = "p"
            },
        ])
        simulation.pass(until: "00:30:00")
        simulation.end("a")
        simulation.pass(until: "00:30:30")
        #expect(simulation.row("b", "00:00:00")?.readyAt == "00:30:00")
        #expect(simulation.history("b") == ["00:00:00 waiting: pool: p"])
        simulation.pass(until: "00:31:30")
        #expect(simulation.history("b") == ["00:00:00 missed: startWithin"])
    }

    @Test func runsByHandAndRetriesHaveNoWindow() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1])
        simulation.start([
            job("busy"),
            job("a", "R1/PT1H") { job in
                job.startWithin = .seconds(1)
                job.retries = Retries(limit: 1, delay: .seconds(5))
            },
        ])
        simulation.pass(.milliseconds(1))
        simulation.end("a", .failed)
        simulation.run("busy")
        simulation.run("a")
        simulation.pass(until: "01:00:00")
        #expect(simulation.ledger.rows(of: "a").map(\.state) == [.failed, .waiting, .waiting])
    }

    @Test func aWindowSurvivesARestart() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([job("a", "R1/PT1H") { $0.startWithin = .seconds(60) }])
        simulation.die()
        simulation.stayDown(until: "00:00:30")
        simulation.start()
        simulation.pass(until: "00:02:00")
        #expect(simulation.row("a", "00:00:00")?.endedAt == "00:01:00.000001")
    }
}
