import Scheduling
import TestSupport
import Testing
import Timetable

/// Runs that their executor could not take: handed over again within their start window, and no failure of the job.
struct RefusalTests {
    private let trouble = SimulationExecutor.refusal

    /// `a` is refused so many times; every other run takes ten seconds.
    private func refusing(
        _ refusals: Int = .max, _ capacities: [String: PoolCapacity] = [:], others: [Job] = [],
        _ change: @escaping (inout Job) -> Void = { _ in }
    ) -> Simulation {
        var simulation = Simulation(at: "00:00:00", capacities: capacities)
        simulation.executor.course = { run, _ in .init(lasts: .seconds(10), refusals: run.key.job == "a" ? refusals : 0) }
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H", change)] + others)
        return simulation
    }

    private func tries(_ simulation: Simulation) -> Int { simulation.executor.launched.count { $0.job == "a" } }

    /// catalogue 55, 56, 57
    @Test func aRunThatCannotBeHandedOverTellsWhyAndIsTriedAgain() {
        var simulation = refusing(2)
        simulation.pass(.milliseconds(500))
        #expect(simulation.history("a") == ["00:00:00 launching: \(trouble)"])
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 succeeded"])
        #expect(simulation.row("a", "00:00:00")?.startedAt == "00:00:03", "after rests of one and two seconds")
        #expect(simulation.ledger.rows(of: "a").count == 1)
    }

    /// 1, 2, 4, 8, 16, then 30 seconds.
    @Test func withoutAWindowItIsTriedWithoutEndAndNotTooOften() {
        var simulation = refusing()
        simulation.pass(.seconds(31))
        #expect(tries(simulation) == 6)
        simulation.pass(.seconds(86_400))
        #expect(tries(simulation) == 6 + 2_880)
        #expect(simulation.history("a") == ["00:00:00 launching: \(trouble)"])
    }

    /// catalogue 56: it is missed, and nothing is charged to the job.
    @Test func whenItsWindowIsOverItIsMissed() {
        var simulation = refusing(others: [job("b", after: ["a:done"])]) { job in
            job.startWithin = .seconds(20)
            job.retries = Retries(limit: 3, delay: .zero)
        }
        simulation.pass(.seconds(20))
        #expect(simulation.history("a") == ["00:00:00 launching: \(trouble)"], "the end of the window is still within it")
        simulation.pass(.seconds(3_600))
        #expect(simulation.history("a") == ["00:00:00 missed: startWithin: \(trouble)"])
        #expect(simulation.row("a", "00:00:00")?.endedAt == "00:00:20.000001")
        #expect(simulation.ledger.controls["a"]?.failures == 0)
        #expect(simulation.history("b") == [], "a slot that was missed begins no flow")
        #expect(simulation.nextWake == nil, "and no alarm is left over")
    }

    @Test func itsWindowGoesOnThroughARestart() {
        var simulation = refusing { $0.startWithin = .seconds(60) }
        simulation.pass(.seconds(30))
        simulation.die()
        simulation.stayDown(until: "00:00:45")
        simulation.start()
        simulation.pass(until: "00:01:00")
        #expect(simulation.history("a") == ["00:00:00 launching: \(trouble)"])
        simulation.pass(.seconds(1))
        #expect(simulation.history("a") == ["00:00:00 missed: startWithin: \(trouble)"])
        #expect(simulation.row("a", "00:00:00")?.endedAt == "00:01:00.000001")
    }

    @Test func aWindowThatPassedWhileWeWereDownEndsWithTheNextRefusal() {
        var simulation = refusing { $0.startWithin = .seconds(60) }
        simulation.die()
        simulation.stayDown(until: "00:10:00")
        simulation.start()
        simulation.pass(.milliseconds(1))
        #expect(simulation.history("a") == ["00:00:00 missed: startWithin: \(trouble)"])
    }

    @Test func runsByHandHaveNoWindow() {
        var simulation = refusing { $0.startWithin = .seconds(5) }
        simulation.pass(.seconds(10))
        simulation.run("a")
        simulation.pass(.seconds(600))
        #expect(simulation.history("a").last == "00:00:10 launching: \(trouble)")
    }

    /// catalogue 84: nobody has it who would have to be asked.
    @Test func aKillEndsItAtOnce() {
        var simulation = refusing()
        simulation.pass(.seconds(10))
        let key = RunKey(job: "a", due: "00:00:00", attempt: 1)
        #expect(simulation.ask(.kill(key, by: "ada")) == .accepted(key))
        #expect(simulation.history("a") == ["00:00:00 killed: by ada"])
        let tried = tries(simulation)
        simulation.pass(.seconds(600))
        #expect(tries(simulation) == tried && simulation.executor.killed.isEmpty)
    }

    /// The kill comes when the executor has it once more, and has not said yet that it cannot take it.
    @Test func aKillDuringATryEndsItWithTheRefusal() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        let key = core.handle(.start(JobGraph.build([job("a", "R1/PT1H")]).graph), at: "00:00:00").launches[0]
        _ = core.handle(.notHandedOver(key, reason: trouble), at: "00:00:00")
        let again = core.handle(.tick, at: "00:00:01")
        #expect(again.contains { if case .handOverAgain(key, "local") = $0 { true } else { false } })
        let kill = core.handle(.request(token: 1, .kill(key, by: "ada")), at: "00:00:01")
        #expect(kill.contains { if case .kill(key, "local", "by ada") = $0 { true } else { false } })
        _ = core.handle(.notHandedOver(key, reason: trouble), at: "00:00:02")
        #expect(core.openRun(key) == nil)
        #expect(core.handle(.tick, at: "01:00:00").launches.isEmpty)
    }

    @Test func replaceEndsItAtOnce() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(refusals: run.key.due == "00:00:00" ? .max : 0) }
        simulation.start([job("a", "R/2026-03-01T00:00:00Z/PT1M") { $0.overlap = .replace }])
        simulation.pass(.seconds(61))
        #expect(simulation.history("a") == ["00:00:00 killed: replaced", "00:01:00 running"])
    }

    /// catalogue 60: it keeps its place for a second, as long as others can be handed over.
    @Test func onePoisonRunDelaysNobody() {
        let others = (0..<20).map { job(JobName("b\($0)") ?? "b", Schedule("R1/2026-03-01T00:00:0\($0 % 10)Z/PT1H")) }
        var simulation = refusing(.max, ["local": 2], others: others) { $0.priority = 9 }
        simulation.pass(.seconds(110))
        #expect(others.allSatisfy { simulation.newest($0.name)?.state == .succeeded })
        #expect(simulation.history("a") == ["00:00:00 launching: \(trouble)"])
    }

    /// catalogue 60: also where there is one place alone.
    @Test func theOnlyPlaceIsGivenBack() {
        var simulation = refusing(.max, ["local": 1], others: [job("b", "R1/2026-03-01T00:00:05Z/PT1H")])
        simulation.pass(until: "00:00:32")
        #expect(simulation.row("b", "00:00:05")?.state == .running)
        simulation.pass(.seconds(3_600))
        #expect(tries(simulation) > 100, "and it is tried on")
    }

    /// When nobody can be handed over, those that wait are not all tried at once.
    @Test func aMachineThatStartsNothingIsNotAskedByEveryoneInLine() {
        let count = 1_000
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 8])
        simulation.executor.course = { _, _ in .init(lasts: .milliseconds(1), refusals: .max) }
        simulation.start((0..<count).map { job(JobName("j\($0)") ?? "j", "R1/2026-03-01T00:00:00Z/PT1H") })
        simulation.pass(.seconds(120))
        #expect(Set(simulation.executor.launched).count <= 8 * 5)
        simulation.executor.course = { _, _ in .init(lasts: .milliseconds(1)) }
        simulation.pass(.seconds(62))
        #expect(simulation.ledger.runs.values.allSatisfy { $0.state == .succeeded }, "and all go when it can again")
    }

    /// catalogue 55: the same for its executor, told again or not.
    @Test func aRefusalThatIsHeardTwiceIsOne() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init(capacities: ["local": 1]))
        let key = core.handle(.start(JobGraph.build([job("a", "R1/PT1H")]).graph), at: "00:00:00").launches[0]
        _ = core.handle(.notHandedOver(key, reason: trouble), at: "00:00:00")
        #expect(core.handle(.notHandedOver(key, reason: trouble), at: "00:00:00").isEmpty)
        #expect(core.nextWake == "00:00:01")
        _ = core.handle(.tick, at: "00:00:01")
        _ = core.handle(.started(key, at: "00:00:01", node: nil), at: "00:00:01")
        #expect(core.handle(.notHandedOver(key, reason: trouble), at: "00:00:02").isEmpty, "it runs")
        #expect(core.handle(.notHandedOver(RunKey(job: "nobody", due: "00:00:00", attempt: 1), reason: trouble), at: "00:00:02").isEmpty)
    }

    @Test func whenTheClockWasSetItIsTriedAtOnce() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        let key = core.handle(.start(JobGraph.build([job("a", "R1/PT1H")]).graph), at: "01:00:00").launches[0]
        _ = core.handle(.notHandedOver(key, reason: trouble), at: "01:00:00")
        core.endRests(at: "00:00:00")
        #expect(core.nextWake == "00:00:00")
        #expect(core.handle(.tick, at: "00:00:00").contains { if case .handOverAgain(key, _) = $0 { true } else { false } })
    }

    @Test func whatItTakesIsThatOfItsHandOver() {
        var simulation = refusing(7, ["local": PoolCapacity(milliCPUs: 2_000)]) { $0.cpus = 2 }
        simulation.pass(.seconds(40))
        simulation.define([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.cpus = 1 }, job("b", "R1/PT1H") { $0.cpus = 1 }])
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 succeeded"] || simulation.row("a", "00:00:00")?.state == .running)
        #expect(simulation.faults.isEmpty)
    }
}
