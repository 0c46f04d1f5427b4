import TestSupport
import Testing
import Timetable

@testable import Scheduling

/// Pools: waiting runs go by priority, then due, then name, and always show why they wait.
struct PoolTests {
    private func places(_ capacities: [String: PoolCapacity], _ jobs: [Job]) -> Simulation {
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

    /// Each step of priority is worth ten minutes of waiting.
    @Test(arguments: [(minutes: 39, first: "urgent"), (minutes: 41, first: "patient")]) func waitingMakesUpForPriority(
        minutes: Int, first: JobName
    ) {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1])
        let later = Instant("00:00:01") + .seconds(60 * minutes)
        simulation.start([
            job("busy", "R1/2026-03-01T00:00:00Z/PT1H"), job("patient", "R1/2026-03-01T00:00:01Z/PT1H"),
            job("urgent", Schedule("R1/\(later.rfc3339)/PT1H")) { $0.priority = 9 },
        ])
        simulation.pass(until: later + .seconds(1))
        simulation.die()
        simulation.start()
        simulation.pass(.zero)
        simulation.end("busy")
        #expect(simulation.executor.launched.map(\.job).last == first, "also after a restart: it goes by what the rows say")
    }

    /// Runs of priority 9 come as fast as the pool can run them, and yet nobody waits for ever.
    @Test func nobodyStarves() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1])
        simulation.executor.course = { _, _ in .init(lasts: .seconds(60)) }
        simulation.start([
            job("urgent", "R/2026-03-01T00:00:00Z/PT30S") { job in
                (job.priority, job.overlap) = (9, .allow)
            },
            job("last", "R1/2026-03-01T00:00:01Z/PT1H") { $0.priority = 0 },
        ])
        simulation.pass(.seconds(4 * 3600))
        let started = simulation.row("last", "00:00:01")?.startedAt
        #expect(started.map { $0 > "01:30:00" && $0 < "03:02:00" } == true, "\(started?.rfc3339 ?? "never")")
        #expect(simulation.faults == [])
    }

    /// A run that others were displaced for has waited as long as they have.
    @Test func theQueueAgeThatAKeptRunInheritsCounts() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 2, "p": 1])
        let inPool: (inout Job) -> Void = { $0.pool = "p" }
        simulation.start([
            job("busy", "R1/2026-03-01T00:00:00Z/PT1H", inPool),
            job("a", "R4/2026-02-28T23:59:50Z/PT10S") { _ in },
            job("b", "R1/2026-03-01T00:00:15Z/PT1H", inPool),
        ])
        simulation.pass(until: "00:00:25")
        var edited = simulation.files
        edited[1] = job("a", "R4/2026-02-28T23:59:50Z/PT10S", inPool)
        simulation.define(edited)
        simulation.end("a")
        simulation.pass(.zero)
        #expect(simulation.row("a", "00:00:20")?.waitingSince == "00:00:10")
        simulation.end("busy")
        #expect(simulation.executor.launched.map(\.job).last == "a")
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

/// Processors and memory: counted in pools beside places.
struct PoolResourceTests {
    private func asking(_ name: JobName, cpus: Double? = nil, memory: Int64? = nil, priority: Int = 5, pool: String? = nil) -> Job {
        job(name, "R1/2026-03-01T00:00:00Z/PT1H") { job in
            job.cpus = cpus
            job.memory = memory
            job.priority = priority
            job.pool = pool
        }
    }

    private func started(_ capacities: [String: PoolCapacity], _ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: "00:00:00", capacities: capacities)
        simulation.start(jobs)
        simulation.pass(.milliseconds(1))
        return simulation
    }

    private let fourCPUs = ["local": PoolCapacity(runs: 64, milliCPUs: 4_000)]

    @Test func noMoreProcessorsAndMemoryAreTakenThanAPoolHas() {
        let capacity = PoolCapacity(runs: 64, milliCPUs: 4_000, memory: 1_000)
        var simulation = started(
            ["local": capacity],
            [asking("a", cpus: 2.5), asking("b", cpus: 1.5, memory: 600), asking("c", cpus: 0.001), asking("d", memory: 401), asking("e")])
        #expect(simulation.executor.launched.map(\.job) == ["a", "b", "e"])
        #expect(simulation.history("c") == ["00:00:00 waiting: pool: local (cpus)"])
        #expect(simulation.history("d") == ["00:00:00 waiting: pool: local (memory)"])
        simulation.end("b")
        #expect(simulation.executor.launched.map(\.job) == ["a", "b", "e", "c", "d"])
    }

    /// It stands first, so that what gets free is kept for it; but only of what it needs.
    @Test func manyThatNeedLittleDoNotKeepOneThatNeedsMuchWaitingForEver() {
        let capacity = PoolCapacity(runs: 64, milliCPUs: 4_000, memory: 1_000)
        var simulation = started(
            ["local": capacity],
            [
                asking("a", cpus: 1), asking("big", cpus: 4, priority: 4), asking("little", cpus: 1, priority: 3),
                asking("mixed", cpus: 1, memory: 100, priority: 2), asking("place", priority: 1), asking("room", memory: 900, priority: 0),
            ])
        #expect(simulation.executor.launched.map(\.job) == ["a", "place", "room"])
        #expect(simulation.history("mixed") == ["00:00:00 waiting: pool: local (cpus, memory)"])
        simulation.end("a")
        #expect(simulation.executor.launched.last?.job == "big")
        simulation.end("big")
        simulation.end("room")
        #expect(simulation.executor.launched.map(\.job) == ["a", "place", "room", "big", "little", "mixed"])
    }

    /// What is kept for the first is the amount that it needs; others may have the rest.
    @Test func whoeverIsFirstKeepsNoMoreThanItNeeds() {
        let capacity = PoolCapacity(runs: 64, milliCPUs: 4_000, memory: 1_000)
        let simulation = started(
            ["local": capacity],
            [asking("a", cpus: 2), asking("first", cpus: 3, memory: 400, priority: 4), asking("b", memory: 600, priority: 3)])
        #expect(simulation.executor.launched.map(\.job) == ["a", "b"])
    }

    /// Nobody knows when a place of another pool gets free: meanwhile it keeps nothing.
    @Test func whoeverWaitsForAPlaceElsewhereKeepsNoProcessors() {
        let simulation = started(
            ["local": PoolCapacity(runs: 64, milliCPUs: 4_000), "p": 0],
            [asking("first", cpus: 4, priority: 9, pool: "p"), asking("b", cpus: 4)])
        #expect(simulation.executor.launched.map(\.job) == ["b"])
    }

    @Test func aRunThatAsksForMoreThanThereIsRunsAlone() {
        let jobs = [asking("a", cpus: 1), asking("giant", cpus: 64, priority: 4), asking("c", cpus: 1, priority: 3)]
        var simulation = started(fourCPUs, jobs)
        #expect(simulation.executor.launched.map(\.job) == ["a"])
        simulation.end("a")
        #expect(simulation.executor.launched.map(\.job) == ["a", "giant"], "and nobody else beside it")
        simulation.end("giant")
        #expect(simulation.executor.launched.map(\.job) == ["a", "giant", "c"])
    }

    @Test func aRunThatWaitedFirstAndIsKilledKeepsNothing() {
        var simulation = started(fourCPUs, [asking("a", cpus: 1), asking("big", cpus: 4, priority: 9), asking("b", cpus: 2, priority: 1)])
        simulation.define([asking("a", cpus: 1), asking("big", cpus: 4, priority: 9), asking("b", cpus: 2, priority: 1)])
        #expect(simulation.executor.launched.map(\.job) == ["big"])
        var other = started(fourCPUs, [asking("a", cpus: 1, priority: 9), asking("big", cpus: 4), asking("b", cpus: 2, priority: 1)])
        #expect(other.history("b") == ["00:00:00 waiting: pool: local (cpus)"])
        other.ask(.kill(RunKey(job: "big", due: "00:00:00", attempt: 1), by: "ada"))
        other.pass(.milliseconds(1))
        #expect(other.row("b", "00:00:00")?.state == .running)
    }

    @Test func anEditOfWhatAWaitingRunNeedsHoldsAtOnce() {
        var simulation = started(fourCPUs, [asking("a", cpus: 3, priority: 9), asking("b", cpus: 2)])
        #expect(simulation.history("b") == ["00:00:00 waiting: pool: local (cpus)"])
        simulation.define([asking("a", cpus: 3, priority: 9), asking("b", cpus: 1)])
        simulation.pass(.milliseconds(1))
        #expect(simulation.row("b", "00:00:00")?.state == .running)
    }

    /// Active runs hold what they were handed over with, whatever their jobs say now.
    @Test func whatRunsTookIsHeldThroughEditAndRestart() {
        var simulation = started(fourCPUs, [asking("a", cpus: 3)])
        simulation.die()
        simulation.start([asking("a", cpus: 1), asking("b", cpus: 2)])
        simulation.run("b")
        #expect(simulation.history("b") == ["00:00:00.001 waiting: pool: local (cpus)"])
        simulation.end("a")
        simulation.pass(.milliseconds(1))
        #expect(simulation.newest("b")?.state == .running)
    }

    @Test func aJobsOwnPoolMayCountToo() {
        let simulation = started(
            ["local": 64, "p": PoolCapacity(memory: 100)],
            [asking("a", memory: 100, pool: "p"), asking("b", memory: 1, pool: "p"), asking("c", pool: "p"), asking("d", memory: 100)])
        #expect(simulation.executor.launched.map(\.job) == ["a", "c", "d"])
        #expect(simulation.history("b") == ["00:00:00 waiting: pool: local, p (memory)"])
    }

    @Test func theUseOfPoolsIsTheSumOfWhatWasTaken() {
        let one = asking("a", cpus: 1.5, memory: 70, pool: "p")
        var run = Run(
            key: RunKey(job: "a", due: "00:00:00", attempt: 1), flow: FlowKey(head: "a", due: "00:00:00"), trigger: .schedule,
            readyAt: "00:00:00", waitingSince: "00:00:00")
        run.executor = "local"
        let uses = PoolUse.all(of: ["local": PoolCapacity(runs: 2, milliCPUs: 1_000), "p": 1], taken: [(run, one), (run, nil)])
        #expect(uses.map(\.name) == ["local", "p"])
        #expect(uses.first?.used == PoolAmounts(runs: 2, milliCPUs: 1_000, memory: 70), "never more than there is by one run")
        #expect(uses.last?.used == PoolAmounts(runs: 1, milliCPUs: 1_500, memory: 70))
    }

    @Test(
        arguments: [
            (PoolResource.runs, 3, "3 runs"), (.cpus, 2_500, "2.5 cpus"), (.cpus, 8_000, "8 cpus"), (.cpus, 1, "0.001 cpus"),
            (.runs, 1, "1 run"), (.cpus, 1_000, "1 cpu"), (.starts, 1, "1 start a second"), (.starts, 20, "20 starts a second"),
            (.memory, 512, "512 bytes"), (.memory, 1 << 30, "1 GiB"), (.memory, 3 << 29, "1.5 GiB"), (.memory, 16_000_000_000, "14.9 GiB"),
            (.memory, (1 << 30) - 1, "1024 MiB"),
        ] as [(PoolResource, Int64, String)])
    func amountsAreToldInWords(resource: PoolResource, amount: Int64, words: String) {
        #expect(resource.words(amount) == words)
    }

    @Test func whatIsTakenIsToldOfTheWhole() {
        #expect(PoolResource.runs.words(1, of: 1) == "1 of 1 runs" && PoolResource.memory.words(0, of: 1 << 30) == "0 bytes of 1 GiB")
    }
}
