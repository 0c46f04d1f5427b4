import Scheduling
import TestSupport
import Testing
import Timetable

/// A backfill comes to its slots as their turns come; what it was asked for stands in its row.
struct LargeBackfillTests {
    private let hourly = "R/2026-02-01T00:00:00Z/PT1H" as Schedule
    private let from: Instant = "2026-02-28T01:00:00Z"

    /// Of the 24 slots of a day.
    private func simulation(
        _ others: [Job] = [], lasts: Duration? = .seconds(1), _ change: @escaping (inout Job) -> Void = { _ in }
    ) -> Simulation {
        var simulation = Simulation(at: "00:00:01", slotsAhead: 4)
        simulation.executor.course = { _, _ in .init(lasts: lasts) }
        simulation.start([job("a", hourly, change)] + others)
        return simulation
    }

    private func backfill(_ job: JobName = "a", maxRunning: Int = 1) -> Request {
        .backfill(BackfillOrder(job: job, first: from, last: "00:00:00", maxRunning: maxRunning), by: "ada")
    }

    private func states(_ simulation: Simulation, _ job: JobName = "a") -> [RunState: Int] {
        Dictionary(grouping: simulation.ledger.rows(of: job).filter { $0.backfill != nil }, by: \.state).mapValues(\.count)
    }

    private func pending(_ simulation: Simulation, _ id: Int64 = 1) -> Int { simulation.ledger.backfills[id]?.pending.count ?? -1 }

    @Test(arguments: [false, true]) func fewSlotsStandInLineAndAllGetTheirRuns(restarts: Bool) {
        var simulation = simulation([job("b", after: ["a"])])
        #expect(simulation.ask(backfill()) == .backfilling(1, slots: 24, leftAlone: 0))
        var most = (rows: 0, flows: 0)
        while simulation.now < "00:02:00" {
            simulation.pass(.milliseconds(500))
            most.rows = max(most.rows, states(simulation)[.waiting] ?? 0)
            most.flows = max(most.flows, simulation.ledger.flows.values.count(where: \.isOpen))
            if restarts {
                simulation.die()
                simulation.start()
            }
        }
        #expect(most.rows <= 8 && most.flows <= 9, "\(most)")
        #expect(states(simulation) == [.succeeded: 24] && states(simulation, "b") == [.succeeded: 24])
        #expect(simulation.ledger.rows(of: "a").allSatisfy { $0.waitingSince == "00:00:01" && $0.readyAt == "00:00:01" })
        simulation.checkWhole()
        #expect(simulation.faults.isEmpty)
    }

    /// A job that had its run of that due in a flow of its own owes nothing in the backfill's, so whoever came after it has nobody left to wait
    /// for; found in a random life, for a start told it otherwise (`scripts/simulate --seed 5988 --property crashes`).
    @Test(arguments: [false, true]) func whoHasNobodyLeftToWaitForIsDueWithTheFirst(restarts: Bool) {
        var simulation = Simulation(at: "00:00:01", slotsAhead: 4)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([job("a", hourly), job("b", hourly)])
        simulation.pass(.seconds(3_600))
        simulation.define([job("a", hourly), job("b", after: ["a"]), job("c", after: ["b"])])
        simulation.ask(.backfill(BackfillOrder(job: "a", first: "01:00:00", last: "01:00:00", maxRunning: 1), by: "ada"))
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(.seconds(60))

        #expect(simulation.ledger.rows(of: "b").map(\.key.attempt) == [1])
        #expect(simulation.ledger.rows(of: "c").map(\.state) == [.succeeded])
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen })
    }

    @Test func whoRestsKeepsNobodyFromHisTurn() {
        var simulation = simulation { $0.retries = Retries(limit: 1, delay: .seconds(86_400)) }
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
        simulation.ask(backfill())
        simulation.pass(.seconds(60))
        #expect(states(simulation) == [.failed: 24, .waiting: 24] && pending(simulation) == 0)
    }

    @Test func asManyRunAtATimeAsMay() {
        var simulation = simulation(lasts: nil) { $0.overlap = .allow }
        simulation.ask(backfill(maxRunning: 10))
        simulation.pass(.seconds(1))
        #expect(states(simulation) == [.running: 10, .waiting: 6])
        #expect(simulation.faults.isEmpty)
    }

    /// They were slots when somebody asked.
    @Test func anEditOfTheScheduleChangesNothingAboutItsSlots() {
        var simulation = simulation()
        simulation.ask(backfill())
        simulation.define([job("a", "R/2026-02-01T00:30:00Z/P1D")])
        simulation.pass(.seconds(60))
        let rows = simulation.ledger.rows(of: "a").filter { $0.backfill == 1 }
        #expect(rows.map(\.key.due) == (0..<24).map { from + .seconds(3_600) * $0 } && rows.allSatisfy { $0.state == .succeeded })
    }

    /// It would run before it is due; found in random lives (`scripts/simulate --seed 635 --property clocks`). Its instant wakes the scheduler
    /// though the schedule has no slot there any more.
    @Test func aSlotThatIsAheadOfAClockThatWasSetBackIsWaitedFor() {
        var simulation = simulation()
        simulation.ask(backfill())
        simulation.setClock(to: "2026-02-28T12:00:30Z")
        simulation.define([job("a", "R/2026-02-01T00:30:00Z/P1D")])
        simulation.pass(.seconds(60))
        #expect(states(simulation) == [.succeeded: 12] && pending(simulation) == 12)
        #expect(simulation.nextWake == "2026-02-28T13:00:00Z")
        simulation.pass(until: "2026-02-28T13:00:05Z")
        #expect(simulation.row("a", "2026-02-28T13:00:00Z")?.startedAt == "2026-02-28T13:00:00Z")
        #expect(states(simulation) == [.succeeded: 13] && simulation.faults.isEmpty)
    }

    /// Each slot has its row, which says what became of it.
    @Test(arguments: [false, true]) func aJobThatGoesTakesAllOfItsSlotsAlong(isDisabled: Bool) {
        var simulation = simulation(lasts: nil)
        simulation.ask(backfill())
        simulation.define(isDisabled ? [job("a", hourly) { $0.disabled = true }] : [])
        #expect(states(simulation)[.skipped] == 23 && pending(simulation) == 0)
        #expect(simulation.row("a", "00:00:00")?.reason == (isDisabled ? "disabled" : "removed"))
        simulation.checkWhole()
        #expect(simulation.faults.isEmpty)
    }

    @Test func aCancelLeavesWhatItHasNotComeToAsItWas() {
        var simulation = simulation(lasts: nil)
        simulation.ask(backfill())
        simulation.ask(.hold("a", due: "00:00:00", by: "ada"))
        let rows = simulation.ledger.rows(of: "a").count
        #expect(simulation.ask(.cancelBackfill(1, kill: false, by: "bob")) == .cancelled(1, withdrawn: 23, active: 1))
        #expect(simulation.ledger.rows(of: "a").count == rows && pending(simulation) == 24 - rows)
        #expect(simulation.ledger.orders.isEmpty, "nothing comes of it")
        simulation.end("a")
        simulation.pass(.seconds(60))
        #expect(simulation.ledger.rows(of: "a").count == rows)
        guard case .already = simulation.ask(.cancelBackfill(1, kill: false, by: "bob")) else {
            Issue.record("it is cancelled again"); return
        }
    }

    @Test func whatAnotherBackfillHasNotComeToIsOnItsWay() {
        var simulation = simulation([job("b", after: ["a"])], lasts: nil)
        simulation.ask(backfill())
        guard case .already = simulation.ask(backfill()), case .already = simulation.ask(backfill("b")) else {
            Issue.record("slots are run twice"); return
        }
        simulation.ask(.cancelBackfill(1, kill: true, by: "ada"))
        simulation.pass(.seconds(1))
        #expect(simulation.ask(backfill()) == .backfilling(2, slots: 24, leftAlone: 0))
    }

    @Test(arguments: [false, true]) func whatIsOrderedAboutASlotThatItHasNotComeToHolds(restarts: Bool) {
        var simulation = simulation()
        simulation.ask(backfill())
        #expect(simulation.ask(.skip("a", due: "2026-02-28T22:00:00Z", by: "bob")) == .ordered("a", "2026-02-28T22:00:00Z"))
        #expect(simulation.ask(.hold("a", due: "2026-02-28T23:00:00Z", by: "bob")) == .ordered("a", "2026-02-28T23:00:00Z"))
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(.seconds(60))
        #expect(simulation.row("a", "2026-02-28T22:00:00Z")?.reason == "by bob")
        #expect(simulation.row("a", "2026-02-28T23:00:00Z")?.reason == "held by bob")
        #expect(simulation.row("a", "00:00:00")?.state == .succeeded)
        simulation.ask(.release("a", due: nil, by: "bob"))
        simulation.pass(.seconds(5))
        #expect(states(simulation) == [.succeeded: 23, .skipped: 1])
        #expect(simulation.faults.isEmpty)
    }

    /// Else a retry of what was skipped would run without what its flow gives it; found in a random life
    /// (`scripts/simulate --seed 4028 --property rules`).
    @Test func aSlotThatIsSkippedInTheMiddleOfAFlowHasWhatTheFlowGives() {
        var simulation = simulation([job("b", after: ["a"])]) { $0.parameters = ["P": "own"] }
        simulation.pass(until: "12:30:00")
        simulation.executor.course = { _, _ in .init(lasts: nil) }
        let order = BackfillOrder(job: "b", first: "00:00:00", last: "12:00:00", maxRunning: 1)
        #expect(simulation.ask(.backfill(order, by: "ada")) == .backfilling(1, slots: 13, leftAlone: 0))
        simulation.ask(.skip("b", due: "12:00:00", by: "bob"))
        #expect(simulation.row("b", "12:00:00")?.key.attempt == 1 && pending(simulation) > 0)
        while pending(simulation) > 0, simulation.faults.isEmpty { simulation.end("b") }
        let skipped = simulation.row("b", "12:00:00")
        #expect(skipped?.reason == "by bob" && skipped?.key.attempt == 2 && skipped?.parameters == ["P": "own"])
    }

    /// Whoever asked for the slot by itself meanwhile has it.
    @Test func whatIsRetriedBeforeItComesToItIsLeftAlone() {
        var simulation = simulation()
        simulation.ask(backfill())
        simulation.pass(.seconds(60))
        simulation.ask(backfill())
        let last = RunKey(job: "a", due: "00:00:00", attempt: 1)
        #expect(simulation.ask(.retry(last, by: "bob")) == .accepted(RunKey(job: "a", due: "00:00:00", attempt: 2)))
        simulation.pass(.seconds(60))
        #expect(simulation.ledger.rows(of: "a").filter { $0.key.due == last.due }.map(\.trigger) == [.backfill, .retry])
        #expect(simulation.ledger.backfills[2]?.passedOver == 1 && states(simulation) == [.succeeded: 48])
        simulation.checkWhole()
        #expect(simulation.faults.isEmpty)
    }

    @Test func slotsThatNobodyAskedForChangeNothing() {
        var simulation = simulation(lasts: nil) { $0.overlap = .allow }
        simulation.ask(backfill())
        let wanted = BackfillSlots(backfill: 1, scope: BackfillScope(of: "a", in: simulation.graph), slots: ["2026-02-28T10:00:00Z"])
        let (rows, pending) = (simulation.ledger.rows(of: "a").count, pending(simulation))
        simulation.take(.slots(wanted, BackfillPrecedents()))
        #expect(simulation.ledger.rows(of: "a").count == rows && self.pending(simulation) == pending, "nobody asked for just these")
    }

    @Test func aRehearsalComesToAllOfItsSlots() {
        var simulation = simulation(lasts: nil)
        simulation.ask(backfill())
        var rehearsal = Rehearsal(
            at: simulation.now, restoring: simulation.ledger.state, graph: simulation.graph, settings: .init(),
            assumptions: .init(usual: .seconds(1)))
        var ended: Set<RunKey> = []
        func tell(_ happening: Rehearsal.Happening) { if case .ended(let run) = happening { ended.insert(run.key) } }
        rehearsal.start(with: simulation.graph, tell: tell)
        rehearsal.pass(until: simulation.now + .seconds(600), tell: tell)
        #expect(ended.count == 24)
    }
}
