import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

struct LedgerTests {
    @Test func whatIsWrittenIsRestored() throws {
        let fixture = try LedgerFixture()
        var run = fixture.run(due: 100, state: .launching)
        run.parameters = ["DAY": "2026-03-01"]
        run.promises = Promises(startBy: Instant(seconds: 5), endBy: Instant(microseconds: 7), duration: .milliseconds(1_500))
        run.breaches = [.endBy, .likely]
        run.handedOn = ["ROWS": "three\n'or\" \u{1F680}"]
        run.consumed = [JobName("p"): 7]
        run.retry = 2
        run.ranAs = "etl"
        run.isCaughtUp = true
        run.killWanted = "replaced"
        var control = JobControl(
            job: LedgerFixture.job, version: "v1", schedule: "R/PT1H", registeredAt: fixture.now, accountedUntil: Instant(seconds: 100))
        control.anchor = fixture.now
        control.consumed = [JobName("p"): 7]
        control.lastFreeDue = Instant(microseconds: 5)
        control.lastSuccess = 9
        control.durations = [70, 1, 30_000]
        let plan = FlowPlan(
            head: LedgerFixture.job, members: [FlowPlan.Member(job: JobName("b"), after: [Edge(parent: LedgerFixture.job, on: .done)])])
        let promises = [JobName("b"): FlowPromise(endBy: Instant(seconds: 9), isBroken: true)]
        let ids = try fixture.commit([.insert(run), .openFlow(run.flow, plan), .promises(run.flow, promises), .control(control)])

        let restored = try fixture.ledger.restore()

        #expect(restored.state.openRuns == [run])
        #expect(restored.state.controls == [control])
        #expect(restored.state.openFlows.map(\.plan) == [plan] && restored.state.openFlows.map(\.promises) == [promises])
        #expect(restored.state.openFlows.first?.runs == [run])
        #expect(restored.handedOver.map(\.id) == Array(ids.values))
        #expect(restored.handedOver.first?.boot == "boot-1")
        #expect(restored.handedOver.first?.definition?.source == "name: a")
    }

    @Test func endedRunsAndClosedFlowsAreNotReadByAStart() throws {
        let fixture = try LedgerFixture()
        let plan = FlowPlan(head: LedgerFixture.job, members: [FlowPlan.Member(job: JobName("b"), after: [])])
        let ended = fixture.run(due: 1, state: .succeeded)
        try fixture.commit([.insert(ended), .openFlow(ended.flow, plan), .closeFlow(ended.flow)])
        let restored = try fixture.ledger.restore()
        #expect(restored.state.openRuns.isEmpty && restored.state.openFlows.isEmpty)
    }

    /// An attempt by hand, which has no not-before, and an end that is known, begin the count anew.
    @Test func aStartKnowsHowManyRunsWereLostOneAfterTheOther() throws {
        let fixture = try LedgerFixture()
        func attempt(_ number: Int, due: Int64, _ state: RunState, byHand: Bool = false) -> LedgerRecord {
            var run = fixture.run(due: due, attempt: number, state: state)
            if number > 1 { run.trigger = .retry }
            run.isByHand = byHand
            run.notBefore = number > 1 && !byHand ? fixture.now : nil
            return .insert(run)
        }
        try fixture.commit([
            attempt(1, due: 1, .lost), attempt(2, due: 1, .lost), attempt(3, due: 1, .running),
            attempt(1, due: 2, .lost), attempt(2, due: 2, .failed), attempt(3, due: 2, .lost), attempt(4, due: 2, .waiting),
            attempt(1, due: 3, .lost), attempt(2, due: 3, .lost, byHand: true), attempt(3, due: 3, .launching),
            attempt(1, due: 4, .lost), attempt(2, due: 4, .waiting, byHand: true),
            attempt(1, due: 5, .failed), attempt(2, due: 5, .waiting),
        ])
        let reruns = try fixture.ledger.restore().state.reruns
        #expect(Dictionary(uniqueKeysWithValues: reruns.map { ($0.due.microseconds / 1_000_000, $1) }) == [1: 2, 2: 1, 3: 1])
    }

    @Test func theBootOfTheHandOverStaysWithTheRun() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 1))])
        _ = try fixture.ledger.commit([.update(fixture.run(due: 1, state: .launching))], boot: "boot-2", at: fixture.now)
        _ = try fixture.ledger.commit([.update(fixture.run(due: 1, state: .running))], boot: "boot-3", at: fixture.now)
        #expect(try fixture.ledger.restore().handedOver.first?.boot == "boot-2")
    }

    @Test func theLedgerKeepsItsIdentity() throws {
        let fixture = try LedgerFixture()
        let id = fixture.ledger.id
        fixture.ledger.close()
        let again = try Ledger.open(at: fixture.path, machine: "m1", now: fixture.now)
        #expect(again.id == id && id.count == 6)
        #expect(again.runID(17) == "\(id)-17")
    }

    @Test func anotherMachinesLedgerIsRefusedUnlessTakenOver() throws {
        let fixture = try LedgerFixture()
        fixture.ledger.close()
        #expect(throws: LedgerError.foreignMachine(path: fixture.path)) {
            try Ledger.open(at: fixture.path, machine: "m2", now: fixture.now)
        }
        try Ledger.open(at: fixture.path, machine: "m2", takeOver: true, now: fixture.now).close()
        try Ledger.open(at: fixture.path, machine: "m2", now: fixture.now).close()
    }

    // catalogue 37
    @Test func aNewerSchemaIsRefusedByWriterAndReader() throws {
        let fixture = try LedgerFixture()
        fixture.ledger.close()
        try setSchemaVersion(99, of: fixture.path)
        func isRefused(_ error: any Error) -> Bool {
            if case LedgerError.newerSchema(fixture.path, found: 99, known: ..<99) = error { true } else { false }
        }
        #expect(performing: { try Ledger.open(at: fixture.path, machine: "m1", now: fixture.now) }, throws: isRefused)
        #expect(performing: { try LedgerReader.open(at: fixture.path) }, throws: isRefused)
    }

    private func setSchemaVersion(_ version: Int, of path: String) throws {
        try DatabaseQueue(path: path).writeWithoutTransaction { db in try db.execute(sql: "PRAGMA user_version = \(version)") }
    }

    // catalogue 34
    @Test(arguments: ["not a database at all, but long enough to be looked at as one: " + String(repeating: "x", count: 8_192)])
    func aDamagedFileIsRefusedAndLeftAlone(_ text: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "rota.db")
        #expect {
            try Ledger.open(at: folder.path + "/rota.db", machine: "m1", now: .epoch)
        } throws: { error in
            if case LedgerError.corrupt = error { true } else { false }
        }
        #expect(try folder.read("rota.db") == text)
    }

    // catalogue 32: nothing is appended behind what a failed sync may have left out.
    @Test func aSettledLedgerBeginsItsLogAnew() throws {
        let fixture = try LedgerFixture()
        let reader = try LedgerReader.open(at: fixture.path)
        try fixture.commit([.insert(fixture.run(due: 10, state: .launching))])
        func logSize() throws -> Int? { try FileManager.default.attributesOfItem(atPath: fixture.path + "-wal")[.size] as? Int }
        #expect(try logSize() ?? 0 > 0)
        try fixture.ledger.settle()
        #expect(try logSize() == 0)
        #expect(try fixture.ledger.restore().handedOver.count == 1 && reader.openRuns().count == 1)
    }

    @Test func aMissingLedgerIsToldToAReader() throws {
        let folder = try TemporaryFolder()
        #expect(throws: LedgerError.missing(path: folder.path + "/rota.db")) { try LedgerReader.open(at: folder.path + "/rota.db") }
    }
}
