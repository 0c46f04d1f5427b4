import Scheduling
import TestSupport
import Testing
import Timetable

/// Join `latest`: by order in the ledger, not by clocks.
struct JoinLatestTests {
    private let jobs = [
        job("a"), job("b"), job("child", after: ["a", "b"]),
    ]

    private func begun(_ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.start(jobs)
        return simulation
    }

    /// `job` runs by hand and comes to that end.
    private func once(_ job: JobName, _ state: RunState = .succeeded, in simulation: inout Simulation) {
        simulation.run(job)
        simulation.pass(.seconds(1))
        simulation.end(job, state)
        simulation.pass(.seconds(1))
    }

    @Test func aChildRunsWhenEachParentHasComeToANewEnd() {
        var simulation = begun(jobs)
        once("a", in: &simulation)
        once("a", in: &simulation)
        #expect(simulation.history("child") == [])
        once("b", in: &simulation)
        #expect(simulation.ledger.rows(of: "child").map(\.state) == [.running])
        #expect(simulation.newest("child")?.trigger == .latest)
        #expect(simulation.newest("child")?.consumed == ["a": 2, "b": 3], "the numbers of the endings that it used up")
    }

    @Test func whatIsConsumedCountsNoSecondTime() {
        var simulation = begun(jobs)
        once("a", in: &simulation)
        once("b", in: &simulation)
        simulation.end("child")
        once("a", in: &simulation)
        #expect(simulation.ledger.rows(of: "child").count == 1)
        once("b", in: &simulation)
        #expect(simulation.ledger.rows(of: "child").count == 2)
    }

    /// Parents are judged before overlap, so that is what those behind it are told; found in a random life
    /// (`scripts/simulate --seed 2775 --property edits`).
    @Test func whoeverIsLeftBehindIsToldThatHeWaitsForParents() {
        var simulation = Simulation(at: "00:00:00", capacities: ["x": 1])
        let child = job("child", "R/2026-03-01T00:00:00Z/PT1H", after: ["a"]) { job in
            (job.pool, job.startWithin) = ("x", .seconds(3 * 3_600))
        }
        simulation.start([job("a"), job("z") { $0.pool = "x" }, child])
        simulation.run("z")
        simulation.pass(until: "02:30:00")
        once("a", in: &simulation)
        once("a", in: &simulation)
        #expect(simulation.ledger.rows(of: "child").map(\.reason) == ["pool: x", "overlap", "overlap"])
        simulation.pass(until: "03:00:01")
        #expect(simulation.ledger.rows(of: "child").map(\.reason) == ["startWithin", "pool: x", "parents: a", "parents: a"])
        #expect(simulation.faults.isEmpty)
    }

    @Test func onlyAnEndingOfTheAskedKindCounts() {
        var simulation = begun([job("a"), job("b"), job("child", after: ["a:failure", "b:done"])])
        once("a", in: &simulation)
        once("b", .killed, in: &simulation)
        #expect(simulation.history("child") == [])
        once("a", .failed, in: &simulation)
        #expect(simulation.ledger.rows(of: "child").map(\.state) == [.running])
    }

    @Test func nothingIsOwedAtRegistrationForEndingsBeforeIt() {
        var simulation = begun([job("a"), job("b")])
        once("a", in: &simulation)
        once("b", in: &simulation)
        simulation.define(jobs)
        once("a", in: &simulation)
        #expect(simulation.history("child") == [])
        once("b", in: &simulation)
        #expect(simulation.ledger.rows(of: "child").count == 1)
    }

    @Test(arguments: [true, false]) func anEndingCountsFromWhenTheParentBecameOne(isBack: Bool) {
        var simulation = begun(jobs)
        once("b", in: &simulation)
        simulation.define(isBack ? [jobs[0], jobs[1]] : [jobs[0], jobs[1], job("child", after: ["b"])])
        once("a", in: &simulation)
        simulation.define(jobs)
        once("b", in: &simulation)
        #expect(
            simulation.ledger.rows(of: "child").filter { $0.consumed["a"] != nil }.isEmpty, "a came to no end since it is a parent again")
    }

    /// catalogue 71; Chronos #811 forgot both.
    @Test func aRestartBetweenTwoParentsSuccessesLosesNeither() {
        var simulation = begun(jobs)
        once("a", in: &simulation)
        simulation.die()
        simulation.stayDown(until: "05:00:00")
        simulation.start()
        once("b", in: &simulation)
        #expect(simulation.ledger.rows(of: "child").map(\.state) == [.running])
    }

    @Test func endsImportedAfterDowntimeAreTakenOneByOneInTheirOrder() {
        var simulation = begun([
            job("a") { $0.overlap = .allow },
            job("child", after: ["a"]) {
                $0.join = .latest; $0.overlap = .allow
            },
        ])
        for _ in 0..<2 { simulation.run("a") }
        simulation.pass(.seconds(1))
        simulation.die()
        let dues = simulation.ledger.rows(of: "a").map(\.key.due)
        simulation.executor.finish("a", dues[1], at: "01:00:00")
        simulation.executor.finish("a", dues[0], at: "02:00:00")
        simulation.stayDown(until: "03:00:00")
        simulation.start()
        let rows = simulation.ledger.rows(of: "child")
        #expect(rows.map(\.key.due) == ["01:00:00", "02:00:00"], "the due is the newest parent end")
        #expect(rows.map(\.consumed) == [["a": 1], ["a": 2]])
        #expect(rows.map(\.readyAt) == ["01:00:00", "02:00:00"])
    }

    /// Parents with different heads: the child belongs to none of their flows and heads its own.
    @Test func aChildOfSeveralHeadsBeginsAFlowOfItsOwn() {
        var simulation = begun(jobs + [job("below", after: ["child"])])
        once("a", in: &simulation)
        once("b", in: &simulation)
        let due = simulation.newest("child")?.key.due ?? .epoch
        simulation.end("child")
        simulation.pass(.seconds(1))
        #expect(simulation.row("below", due)?.state == .running)
        #expect(simulation.row("below", due)?.flow.head == "child")
    }

    @Test func aDisabledChildConsumesAndRunsNothing() {
        var simulation = begun([
            job("a"),
            job("child", after: ["a"]) {
                $0.join = .latest; $0.disabled = true
            },
        ])
        once("a", in: &simulation)
        #expect(simulation.ledger.rows(of: "child").map(\.reason) == ["disabled"])
        simulation.define([job("a"), job("child", after: ["a"]) { $0.join = .latest }])
        simulation.pass(.seconds(60))
        #expect(simulation.ledger.rows(of: "child").count == 1)
    }

    @Test func aHeldLostRunIsNoEnding() {
        var simulation = begun([job("a"), job("child", after: ["a:done"]) { $0.join = .latest }])
        once("a", .lost, in: &simulation)
        #expect(simulation.history("child") == [])
        #expect(simulation.newest("a")?.ending == nil)
    }

    // MARK: schedule and parents

    private let both = [job("a"), job("child", "R/2026-03-01T00:10:00Z/PT10M", after: ["a"])]

    @Test func aSlotWaitsForItsParentsAndSaysSo() {
        var simulation = begun(both)
        simulation.pass(until: "00:10:30")
        #expect(simulation.history("child") == ["00:10:00 waiting: parents: a"])
        once("a", in: &simulation)
        #expect(simulation.history("child") == ["00:10:00 running"])
        #expect(simulation.row("child", "00:10:00")?.flow.head == "child")
    }

    @Test func anEndingBeforeTheSlotCountsForOneSlot() {
        var simulation = begun(both)
        once("a", in: &simulation)
        #expect(simulation.history("child") == [], "an end alone makes it not due")
        simulation.pass(until: "00:10:30")
        #expect(simulation.history("child") == ["00:10:00 running"])
        simulation.end("child")
        simulation.pass(until: "00:20:30")
        #expect(simulation.history("child") == ["00:10:00 succeeded", "00:20:00 waiting: parents: a"])
    }

    @Test func twoSlotsThatWaitNeedTwoEndings() {
        var simulation = begun(both)
        simulation.pass(until: "00:20:30")
        once("a", in: &simulation)
        #expect(simulation.history("child") == ["00:10:00 running", "00:20:00 waiting: parents: a"])
    }

    @Test func aSlotThatWaitsKeepsItsClaimWhenTheScheduleIsTakenAway() {
        var simulation = begun(both)
        simulation.pass(until: "00:10:30")
        simulation.define([job("a"), job("child", after: ["a"]) { $0.join = .latest }])
        once("a", in: &simulation)
        #expect(simulation.history("child") == ["00:10:00 running"])
    }

    @Test func aSlotThatWaitsGoesAheadWhenTheJobJoinsAFlowFromNowOn() {
        var simulation = begun([job("a"), job("b"), job("child", "R/2026-03-01T00:10:00Z/PT10M", after: ["a"])])
        once("b", in: &simulation)
        simulation.pass(until: "00:20:30")
        simulation.define([job("a"), job("b"), job("child", after: ["b"]) { $0.overlap = .allow }])
        simulation.pass(.seconds(1))
        #expect(simulation.history("child") == ["00:10:00 running", "00:20:00 running"], "whatever endings b had before")
    }

    @Test func anEditFurtherUpThatMakesAMemberOfItFreesTheSlotThatWaits() {
        let child = { (schedule: Schedule?) in job("child", schedule, after: ["a", "b"]) }
        var simulation = begun([job("top"), job("a"), job("b", after: ["top"]), child("R1/2026-03-01T00:10:00Z/PT10M")])
        simulation.pass(until: "00:10:30")
        simulation.define([job("top"), job("a"), job("b", after: ["top"]), child(nil)])
        #expect(simulation.history("child") == ["00:10:00 waiting: parents: a, b"])
        simulation.define([job("top"), job("a", after: ["top"]), job("b", after: ["top"]), child(nil)])
        simulation.pass(.seconds(1))
        #expect(simulation.history("child") == ["00:10:00 running"])
    }

    @Test func aSlotThatWaitsForParentsHasItsWindow() {
        var simulation = begun([both[0], job("child", "R1/2026-03-01T00:10:00Z/PT10M", after: ["a"]) { $0.startWithin = .seconds(60) }])
        simulation.pass(until: "00:20:00")
        #expect(simulation.history("child") == ["00:10:00 missed: startWithin"])
    }
}
