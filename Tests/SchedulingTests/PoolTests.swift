import TestSupport
import Testing
import Timetable

@testable import Scheduling

/// Pools: waiting runs go by priority, then due, then name, and always show why they wait.
struct PoolTests {
    private func places(_ capacities: [String: Int], _ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: "00:00:00", capacities: capacities)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(10)) }
        simulation.start(jobs)
        return simulation
    }

    @Test func noMoreRunsThanAPoolHasPlaces() {
        var simulation = places(["local": 2], (0..<5).map { job(JobName("j\($0)") ?? "j", "R1/PT1H") })
        simulation.pass(.seconds(5))
        #expect(simulation.executor.launched.map(\.job) == ["j0", "j1"])
        simulation.pass(.seconds(60))
        #expect(simulation.executor.launched.map(\.job) == ["j0", "j1", "j2", "j3", "j4"])
    }

    @Test func priorityGoesFirstThenDueThenName() {
        let busy = job("busy", "R1/2026-03-01T00:00:00Z/PT1H")
        var simulation = places(
            ["local": 1],
            [
                busy, job("c", "R1/2026-03-01T00:00:01Z/PT1H"), job("b", "R1/2026-03-01T00:00:02Z/PT1H"),
                job("a", "R1/2026-03-01T00:00:02Z/PT1H"),
                job("d", "R1/2026-03-01T00:00:03Z/PT1H") { $0.priority = 9 }, job("e", "R1/2026-03-01T00:00:01Z/PT1H") { $0.priority = 0 },
            ])
        simulation.pass(.seconds(120))
        #expect(simulation.executor.launched.map(\.job) == ["busy", "d", "c", "a", "b", "e"])
    }

    @Test func aPoolOfItsOwnComesOnTopOfTheExecutors() {
        var simulation = places(
            ["local": 3, "p": 1],
            [job("a", "R1/PT1H") { $0.pool = "p" }, job("b", "R1/PT1H") { $0.pool = "p" }, job("c", "R1/PT1H"), job("d", "R1/PT1H")])
        simulation.pass(.seconds(5))
        #expect(simulation.executor.launched.map(\.job) == ["a", "c", "d"])
        #expect(simulation.history("b") == ["00:00:00 waiting: pool: local, p"])
    }

    /// Whoever needs two pools and waits longest goes before a newcomer that needs the same two.
    @Test func nobodyIsPassedByANewcomerOfTheSameRank() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 2, "p": 1])
        let inPool: (inout Job) -> Void = { $0.pool = "p" }
        simulation.start([
            job("a", "R2/2026-03-01T00:00:00Z/PT1M", inPool), job("z", "R1/2026-03-01T00:00:30Z/PT1H", inPool), job("local", "R1/PT10H"),
        ])
        simulation.pass(until: "00:01:10")
        simulation.end("a")
        #expect(simulation.row("z", "00:00:30")?.state.isActive == true)
        #expect(simulation.history("a") == ["00:00:00 succeeded", "00:01:00 waiting: pool: local, p"])
    }

    @Test func aFullPoolHoldsUpNobodyElse() {
        var simulation = places(
            ["p": 0],
            [
                job("a", "R1/PT1H") {
                    $0.priority = 9; $0.pool = "p"
                }, job("b", "R1/PT1H"),
            ])
        simulation.pass(.seconds(1))
        #expect(simulation.executor.launched.map(\.job) == ["b"])
    }

    @Test func aPoolThatIsNotConfiguredHasNoLimit() {
        var simulation = places([:], (0..<50).map { number in job(JobName("j\(number)") ?? "j", "R1/PT1H") { $0.pool = "nowhere" } })
        simulation.pass(.seconds(1))
        #expect(simulation.executor.launched.count == 50)
    }

    @Test func placesAreHeldThroughARestart() {
        var simulation = places(["local": 1], [job("a", "R1/PT1H"), job("b", "R1/PT1H")])
        simulation.pass(.seconds(1))
        simulation.die()
        simulation.start()
        simulation.pass(.seconds(1))
        #expect(simulation.history("b") == ["00:00:00 waiting: pool: local"])
    }

    @Test(arguments: [true, false]) func aRunHoldsThePlacesItTookThroughEditAndRemoval(isRemoved: Bool) {
        var simulation = places(["p": 1, "q": 1], [job("a", "R1/PT1H") { $0.pool = "p" }])
        simulation.pass(.seconds(1))
        let others = [job("b", "R1/PT1H") { $0.pool = "p" }, job("c", "R1/PT1H") { $0.pool = "q" }]
        let edited = isRemoved ? [] : [job("a", "R1/PT1H") { $0.pool = "q" }]
        simulation.die()
        simulation.start(edited + others)
        simulation.die()
        simulation.start(edited + others)
        simulation.pass(.seconds(1))
        #expect(simulation.row("b", "00:00:01")?.state == .waiting)
        #expect(simulation.row("c", "00:00:01")?.state == .running)
    }
}
