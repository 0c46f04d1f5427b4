import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// Orders about slots, backfills, and what is run once more below a run, as rows.
struct OperationTests {
    private let hour = Duration.seconds(3600)

    private func backfill(_ id: Int64, _ fixture: LedgerFixture, slots: Int = 3, pending: SlotSequence = SlotSequence()) -> Backfill {
        let order = BackfillOrder(job: LedgerFixture.job, first: Instant(seconds: 0), last: Instant(seconds: 100), maxRunning: 2)
        return Backfill(
            id: id, job: order.job, first: order.first, last: order.last, slots: slots, pending: pending, onlyMissed: false, maxRunning: 2,
            by: "ada", at: fixture.now)
    }

    private func run(_ fixture: LedgerFixture, due: Int64, attempt: Int = 1, state: RunState, of id: Int64?) -> Run {
        var run = fixture.run(due: due, attempt: attempt, state: state)
        run.backfill = id
        return run
    }

    @Test func anOrderReplacesTheOneBeforeAndIsRestored() throws {
        let fixture = try LedgerFixture()
        let due = Instant(seconds: 10)
        func order(_ kind: SlotOrder.Kind) -> SlotOrder { SlotOrder(job: "a", due: due, kind: kind, by: "ada", since: fixture.now) }
        try fixture.commit([.order(order(.skip))])
        try fixture.commit([.order(order(.hold))])
        #expect(try fixture.ledger.restore().state.orders == [order(.hold)])
        #expect(try LedgerReader.open(at: fixture.path).orders() == [order(.hold)])
        try fixture.commit([.orderIsOver("a", due)])
        #expect(try fixture.ledger.restore().state.orders.isEmpty)
    }

    /// The core writes runs before the rest of a step.
    @Test func aRunMayNameABackfillThatComesLaterInItsTransaction() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(run(fixture, due: 10, state: .waiting, of: 1)), .backfill(backfill(1, fixture))])
        let state = try fixture.ledger.restore().state
        #expect(state.openRuns.map(\.backfill) == [1] && state.backfills == [backfill(1, fixture)])
        #expect(throws: LedgerError.self) { try fixture.commit([.insert(run(fixture, due: 11, state: .waiting, of: 7))]) }
    }

    @Test func howFarABackfillIsStandsInItsNewestAttempts() throws {
        let fixture = try LedgerFixture()
        var rows = [
            run(fixture, due: 10, state: .failed, of: 1), run(fixture, due: 10, attempt: 2, state: .succeeded, of: 1),
            run(fixture, due: 11, state: .failed, of: 1), run(fixture, due: 12, state: .running, of: 1),
            run(fixture, due: 13, state: .failed, of: nil),
        ]
        try fixture.commit(rows.map(LedgerRecord.insert) + [.backfill(backfill(1, fixture))])
        let reader = try LedgerReader.open(at: fixture.path)
        var stored = try #require(try reader.backfill(1))
        #expect(stored.slots == [.succeeded: 1, .failed: 1, .running: 1])
        #expect(stored.ended == 2 && stored.failed == 1 && stored.progress == .running)
        #expect(try reader.openBackfills().map(\.backfill.id) == [1])
        rows[3].state = .succeeded
        rows[3].endedAt = fixture.now
        var cancelled = backfill(1, fixture)
        (cancelled.cancelledAt, cancelled.cancelledBy) = (fixture.now, "bob")
        try fixture.commit([.update(rows[3]), .backfill(cancelled)])
        stored = try #require(try reader.backfills().first)
        #expect(stored.ended == 3 && stored.progress == .cancelled && stored.backfill == cancelled)
        #expect(try reader.backfill(2) == nil && reader.openBackfills().isEmpty)
        try fixture.commit([.backfill(backfill(2, fixture))])
        #expect(try reader.backfills(limit: 1).map(\.backfill.id) == [2])
    }

    @Test func whoIsOutOfDateIsRestoredUntilTheFlowCloses() throws {
        let fixture = try LedgerFixture()
        let key = FlowKey(head: "a", due: Instant(seconds: 10))
        let plan = FlowPlan(head: "a", members: [.init(job: "b", after: ["a"]), .init(job: "c", after: ["b"])])
        try fixture.commit([.insert(fixture.run(due: 10)), .openFlow(key, plan), .markStale(key, ["b": ["a": 2]])])
        #expect(try fixture.ledger.restore().state.openFlows.map(\.stale) == [["b": ["a": 2]]])
        let narrow = plan.narrowed(to: "c")
        #expect(narrow.members == [.init(job: "c", after: [])])
        try fixture.commit([.replanFlow(key, narrow)])
        #expect(try fixture.ledger.restore().state.openFlows.map(\.plan) == [narrow])
        let plans = try DatabaseQueue(path: fixture.path).read { try String.fetchAll($0, sql: "SELECT text FROM plan") }
        #expect(plans == [narrow.text], "nobody would remove a plan that no flow has")
        try fixture.commit([.closeFlow(key)])
        try fixture.commit([.reopenFlow(key)])
        #expect(try fixture.ledger.restore().state.openFlows.map(\.stale) == [[:]])
    }

    /// What the simulations of the core read of their ledger is what the loop reads of the real one.
    @Test func precedentsTellWhatRanAndWhatIsOwed() throws {
        let fixture = try LedgerFixture()
        let plan = FlowPlan(head: "a", members: [.init(job: "b", after: ["a"])])
        let open = FlowKey(head: "a", due: Instant(seconds: 30))
        var member = fixture.run(due: 20, state: .skipped)
        member = Run(
            key: RunKey(job: "b", due: Instant(seconds: 20), attempt: 1), flow: FlowKey(head: "a", due: Instant(seconds: 20)),
            trigger: .upstream, readyAt: fixture.now, waitingSince: fixture.now)
        member.state = .skipped
        member.endedAt = fixture.now
        try fixture.commit([
            .insert(fixture.run(due: 10, state: .skipped)), .insert(fixture.run(due: 20, state: .failed)),
            .insert(fixture.run(due: 20, attempt: 2, state: .skipped)), .insert(member), .insert(fixture.run(due: 30)),
            .openFlow(member.flow, plan), .closeFlow(member.flow), .openFlow(open, plan),
        ])
        let graph = JobGraph.build([job("a", "R/2026-01-01T00:00:00Z/PT10S"), job("b", after: ["a"])]).graph
        let slots = [10, 20, 30, 40].map { Instant(seconds: $0) }
        func precedents(_ name: JobName) throws -> BackfillPrecedents {
            try fixture.ledger.precedents(of: BackfillSlots(backfill: 1, scope: BackfillScope(of: name, in: graph), slots: slots))
        }
        let head = try precedents("a")
        #expect(head.slots[Instant(seconds: 10)]?.hasRun == false && head.slots[Instant(seconds: 10)]?.flow == nil)
        #expect(head.slots[Instant(seconds: 20)]?.hasRun == true && head.slots[Instant(seconds: 20)]?.newest?.key.attempt == 2)
        #expect(head.slots[Instant(seconds: 20)]?.flow?.plan == plan && head.slots[Instant(seconds: 20)]?.isFlowOpen == false)
        #expect(head.taken["b"] == [Instant(seconds: 20), Instant(seconds: 30)], "the one that has a row, and the one that is owed")
        let below = try precedents("b")
        #expect(below.slots[Instant(seconds: 30)]?.isFlowOpen == true && below.slots[Instant(seconds: 30)]?.newest == nil)
        #expect(below.slots[Instant(seconds: 20)]?.newest?.state == .skipped && below.slots[Instant(seconds: 10)] == nil)
        func choice(_ name: JobName, onlyMissed: Bool) throws -> BackfillChoice {
            let order = BackfillOrder(job: name, first: slots[0], last: slots[3], onlyMissed: onlyMissed)
            return BackfillChoice(of: slots, knowing: try fixture.ledger.survey(of: order, BackfillScope(of: name, in: graph)), for: order)
        }
        let missed = try choice("a", onlyMissed: true)
        #expect(missed.chosen == [slots[0], slots[3]] && missed.ran == 1 && missed.busy == 1)
        #expect(try choice("a", onlyMissed: false).chosen == [slots[0], slots[1], slots[3]])
        #expect(try choice("b", onlyMissed: false).busy == 1, "it is owed in the flow that is open")
        // What another backfill of the job, or of one above, has not come to is on its way.
        try fixture.commit([.backfill(backfill(1, fixture, slots: 2, pending: SlotSequence([slots[1], slots[3]])))])
        #expect(try choice("a", onlyMissed: true).chosen == [slots[0]])
        #expect(try choice("b", onlyMissed: false).busy == 3)
        #expect(try fixture.ledger.restore().state.backfills.map(\.pending) == [SlotSequence([slots[1], slots[3]])])
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.openBackfills().map(\.progress) == [.running])
        var cancelled = backfill(1, fixture, slots: 2, pending: SlotSequence([slots[1], slots[3]]))
        (cancelled.cancelledAt, cancelled.cancelledBy) = (fixture.now, "bob")
        try fixture.commit([.backfill(cancelled)])
        #expect(try reader.backfill(1)?.slots == [.skipped: 2] && reader.openBackfills().isEmpty)
    }

    /// What has neither row nor gap had one until it became too old.
    @Test func whatRetentionTookAwayIsNoSlotThatNeverRan() throws {
        let fixture = try LedgerFixture()
        let (old, late) = (Instant(seconds: 1), Instant(seconds: 5_000))
        var (ran, failed, skipped) = (run(fixture, due: 20, state: .succeeded, of: nil), fixture.run(due: 50), fixture.run(due: 60))
        (failed.state, skipped.state) = (.failed, .skipped)
        (ran.endedAt, failed.endedAt, skipped.endedAt) = (old, late, late)
        var control = JobControl(
            job: "a", version: "v1", schedule: "R/PT10S", registeredAt: Instant(seconds: 10), accountedUntil: Instant(seconds: 70))
        control.successes = 1
        let gap = Gap(
            job: "a", firstDue: Instant(seconds: 30), lastDue: Instant(seconds: 40), slots: 2, state: .missed, reason: "catch-up",
            decidedAt: late)
        var newest = fixture.run(due: 70, state: .succeeded)
        newest.endedAt = late
        try fixture.commit([.control(control), .gap(gap)] + [ran, failed, skipped, newest].map { .insert($0) })
        let slots = stride(from: Int64(0), through: 70, by: 10).map { Instant(seconds: $0) }
        let graph = JobGraph.build([job("a", "R/1970-01-01T00:00:00Z/PT10S")]).graph
        func choice() throws -> BackfillChoice {
            let order = BackfillOrder(job: "a", first: slots[0], last: slots[7], onlyMissed: true)
            let survey = try fixture.ledger.survey(of: order, BackfillScope(of: "a", in: graph))
            return BackfillChoice(of: slots, knowing: survey, for: order)
        }
        #expect(try choice().ran == 3 && choice().unknown == 1)
        try fixture.ledger.removeEverythingOld(before: Instant(seconds: 1_000))
        #expect(try fixture.ledger.restore().state.controls.count == 1)
        let left = try choice()
        #expect(left.chosen == [0, 3, 4, 6].map { slots[$0] }, "before the registration, in the gap, skipped")
        #expect(left.ran == 2 && left.unknown == 2)
    }

    /// A start reads no row of what nobody knows anything of any more, and yet nothing that ran by request runs a second time for missed.
    @Test func endedBackfillsGoWithTheirRuns() throws {
        let fixture = try LedgerFixture()
        func old(_ id: Int64, _ first: Int64, _ last: Int64, pending: SlotSequence = SlotSequence(), at: Int64 = 1) -> Backfill {
            Backfill(
                id: id, job: "a", first: Instant(seconds: first), last: Instant(seconds: last), slots: 3, pending: pending,
                onlyMissed: false,
                maxRunning: 2, by: "ada", at: Instant(seconds: at))
        }
        var kept = run(fixture, due: 40, state: .succeeded, of: 3)
        kept.endedAt = Instant(seconds: 1)
        var cancelled = old(5, 200, 210, pending: SlotSequence([Instant(seconds: 205)]))
        (cancelled.cancelledAt, cancelled.cancelledBy) = (Instant(seconds: 1), "bob")
        let rows = [
            old(1, 10, 20), old(2, 15, 30), old(3, 40, 50), old(4, 60, 70, pending: SlotSequence([Instant(seconds: 60)])), cancelled,
            old(6, 80, 90, at: 2_000), old(7, 100, 110),
        ]
        try fixture.commit([.insert(kept)] + rows.map { .backfill($0) })
        try fixture.ledger.removeEverythingOld(before: Instant(seconds: 1_000))
        #expect(
            try fixture.ledger.restore().state.backfills.map(\.id) == [3, 4, 6, 7],
            "one with a run that retention keeps, one that goes on, a young one, and the newest for its number")
        let ranges = try DatabaseQueue(path: fixture.path).read { db in
            try Row.fetchAll(db, sql: "SELECT first, last FROM backfilled ORDER BY first").map { [$0[0] as Int64, $0[1] as Int64] }
        }
        #expect(
            ranges == [[10_000_000, 30_000_000], [200_000_000, 204_999_999]], "what touches is one; the last was cancelled on its way")
        let graph = JobGraph.build([job("a", "R/1970-01-01T00:00:00Z/PT5S")]).graph
        let order = BackfillOrder(job: "a", first: Instant(seconds: 5), last: Instant(seconds: 35), onlyMissed: true)
        let slots = stride(from: Int64(5), through: 35, by: 5).map { Instant(seconds: $0) }
        let choice = BackfillChoice(
            of: slots, knowing: try fixture.ledger.survey(of: order, BackfillScope(of: "a", in: graph)), for: order)
        #expect(choice.chosen == [slots[0], slots[6]] && choice.unknown == 5)
    }

    @Test func whatACancelledBackfillHadNotComeToMayBeBackfilledAsMissed() throws {
        let fixture = try LedgerFixture()
        let slots = stride(from: Int64(10), through: 60, by: 10).map { Instant(seconds: $0) }
        var cancelled = backfill(1, fixture, slots: 6, pending: SlotSequence(Array(slots[3...])))
        (cancelled.cancelledAt, cancelled.cancelledBy) = (fixture.now, "bob")
        var withoutAny = backfill(2, fixture, slots: 6, pending: SlotSequence([cancelled.first] + slots))
        (withoutAny.cancelledAt, withoutAny.cancelledBy) = (fixture.now, "bob")
        try fixture.commit([.backfill(cancelled), .backfill(withoutAny)])

        let graph = JobGraph.build([job("a", "R/1970-01-01T00:00:00Z/PT10S")]).graph
        let order = BackfillOrder(job: "a", first: slots[0], last: slots[5], onlyMissed: true)
        let survey = try fixture.ledger.survey(of: order, BackfillScope(of: "a", in: graph))
        let choice = BackfillChoice(of: slots, knowing: survey, for: order)
        #expect(choice.chosen == Array(slots[3...]) && choice.unknown == 3)
    }

    // MARK: rebuild

    /// The old row says that it waits, the folder how it ended; no folder tells what it went with.
    @Test func aRunThatItsFolderKnowsBetterStaysWithItsBackfill() throws {
        let fixture = try LedgerFixture()
        var waiting = run(fixture, due: 10, state: .waiting, of: 1)
        waiting.consumed = ["p": 7]
        try fixture.commit([.insert(waiting), .backfill(backfill(1, fixture))])
        fixture.ledger.close()
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        let ended = fixture.run(due: 10, state: .succeeded)
        let found = LedgerRebuild.FoundRun(number: 1, run: ended, boot: "boot-1", knowsFlow: true)
        #expect(try rebuild.take([found], numbers: [1]).correctedRuns == 1)
        try rebuild.complete(id: "aaaaaa", machine: "m1", detail: "test")
        try LedgerRebuild.putInPlace(fixture.path, aside: fixture.path + ".aside")
        let ledger = try Ledger.open(at: fixture.path, machine: "m1", now: fixture.now)
        let newest = try ledger.precedent(of: ended.key)?.newest
        #expect(newest?.state == .succeeded && newest?.backfill == 1 && newest?.consumed == ["p": 7])
        ledger.close()
    }

    @Test func aRebuiltLedgerKeepsOrdersAndBackfillsAndLetsGoOfWhatIsLost() throws {
        let fixture = try LedgerFixture()
        let order = SlotOrder(job: "a", due: Instant(seconds: 4_000_000_000), kind: .hold, by: "ada", since: fixture.now)
        try fixture.commit([
            .insert(run(fixture, due: 10, state: .succeeded, of: 1)), .insert(run(fixture, due: 11, state: .succeeded, of: 2)),
            .backfill(backfill(1, fixture)), .backfill(backfill(2, fixture)), .order(order),
        ])
        fixture.ledger.close()
        try DatabaseQueue(path: fixture.path).writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF; UPDATE backfill SET job = 'no name' WHERE id = 2")
        }
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        #expect(try rebuild.take([], numbers: []).incompleteTables.contains("backfill"))
        try rebuild.complete(id: "aaaaaa", machine: "m1", detail: "test")
        try LedgerRebuild.putInPlace(fixture.path, aside: fixture.path + ".aside")
        let ledger = try Ledger.open(at: fixture.path, machine: "m1", now: fixture.now)
        let state = try ledger.restore().state
        #expect(state.orders == [order] && state.backfills.map(\.id) == [1])
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.history(HistoryFilter()).count == 2)
        ledger.close()
    }
}
