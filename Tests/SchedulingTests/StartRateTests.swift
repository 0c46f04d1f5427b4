import Scheduling
import TestSupport
import Testing
import Timetable

/// `maxStartsPerSecond` of a pool. catalogue 59
struct StartRateTests {
    private func started(_ capacities: [String: PoolCapacity], _ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: "00:00:00", capacities: capacities)
        simulation.executor.course = { _, _ in .init(lasts: .milliseconds(1)) }
        simulation.start(jobs)
        return simulation
    }

    private func herd(_ count: Int) -> [Job] { (0..<count).map { job(JobName("j\(10 + $0)") ?? "j", "R1/2026-03-01T00:00:00Z/PT1H") } }

    private func starts(_ simulation: Simulation) -> [Instant] { simulation.ledger.runs.values.compactMap(\.startedAt).sorted() }

    @Test func noMoreAreStartedInAnySecond() {
        var simulation = started(["local": PoolCapacity(runs: 64, maxStartsPerSecond: 3)], herd(10))
        simulation.pass(.milliseconds(500))
        #expect(simulation.executor.launched.map(\.job.text) == ["j10", "j11", "j12"])
        #expect(simulation.history("j13") == ["00:00:00 waiting: pool: local (starts)"])
        #expect(simulation.nextWake == "00:00:01")
        simulation.pass(.seconds(10))
        let expected = ["00:00:00", "00:00:00", "00:00:00", "00:00:01", "00:00:01", "00:00:01"] as [Instant]
        #expect(Array(starts(simulation).prefix(6)) == expected && starts(simulation).last == "00:00:03")
        #expect(simulation.faults == [])
    }

    /// The second goes with the starts: two halves of two seconds make one.
    @Test func aSecondMayBeginAtAnyTime() {
        var jobs = herd(2)
        jobs += (0..<3).map { job(JobName("k\($0)") ?? "k", "R1/2026-03-01T00:00:00.600000Z/PT1H") }
        var simulation = started(["local": PoolCapacity(maxStartsPerSecond: 3)], jobs)
        simulation.pass(.seconds(5))
        #expect(starts(simulation) == ["00:00:00", "00:00:00", "00:00:00.600000", "00:00:01", "00:00:01"])
    }

    @Test func aPoolThatStartsSlowlyHoldsUpNobodyElse() {
        var simulation = started(
            ["local": 64, "p": PoolCapacity(maxStartsPerSecond: 1)],
            herd(4).map { job in TestSupport.job(job.name, job.schedule) { $0.pool = job.name < "j12" ? "p" : nil } })
        simulation.pass(.milliseconds(1))
        #expect(simulation.executor.launched.map(\.job.text) == ["j10", "j12", "j13"])
        #expect(simulation.history("j11") == ["00:00:00 waiting: pool: local, p (starts)"])
    }

    @Test func aRunThatIsHandedOverAgainIsCountedOnce() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": PoolCapacity(runs: 64, maxStartsPerSecond: 1)])
        simulation.executor.course = { run, _ in .init(lasts: .milliseconds(1), refusals: run.key.job == "j10" ? 1 : 0) }
        simulation.start(herd(2))
        simulation.pass(.seconds(5))
        #expect(starts(simulation) == ["00:00:01", "00:00:01"])
        #expect(simulation.faults == [])
    }

    /// What was started before a restart is not known after it, but no more than a second's worth follows at once.
    @Test func aRestartStartsASecondsWorthAtOnce() {
        var simulation = started(["local": PoolCapacity(maxStartsPerSecond: 3)], herd(10))
        simulation.pass(.milliseconds(500))
        simulation.die()
        simulation.start()
        simulation.pass(.milliseconds(400))
        #expect(starts(simulation).count == 6)
        #expect(simulation.faults == [])
    }

    @Test func aClockThatIsSetBackDelaysNoStart() {
        var simulation = started(["local": PoolCapacity(maxStartsPerSecond: 3)], herd(4))
        simulation.pass(.milliseconds(500))
        simulation.setClock(to: "2025-03-01T00:00:00Z")
        simulation.pass(.seconds(1))
        #expect(starts(simulation).count == 4)
    }

    /// Each executor has a pool of its own name.
    @Test func eachExecutorHasAPoolOfItsOwn() {
        let jobs = herd(4).map { job in TestSupport.job(job.name, job.schedule) { $0.runOn = job.name < "j12" ? "local" : "hpc" } }
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1, "hpc": 1])
        simulation.start(jobs)
        simulation.pass(.milliseconds(1))
        #expect(simulation.executor.launched.map(\.job.text) == ["j10", "j12"])
        #expect(simulation.history("j11") == ["00:00:00 waiting: pool: local"])
        #expect(simulation.history("j13") == ["00:00:00 waiting: pool: hpc"])
    }
}
