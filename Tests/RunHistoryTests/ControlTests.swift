import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// What people ask of the ledger: pauses, kills, retries, and the audit of it.
struct ControlTests {
    private let scopes: [PauseScope] = [
        .job(LedgerFixture.job), .label(key: "team", value: "data"), .label(key: "team", value: ""), .label(key: "team", value: nil),
        .everything,
    ]

    private func pause(_ scope: PauseScope) -> Pause { Pause(scope: scope, by: "ada", since: Instant(seconds: 7)) }

    @Test func pausesAreRestoredAndRead() throws {
        let fixture = try LedgerFixture()
        try fixture.commit(scopes.map { .pause(pause($0)) })
        #expect(try Set(fixture.ledger.restore().state.pauses) == Set(scopes.map(pause)))
        #expect(try Set(LedgerReader.open(at: fixture.path).pauses()) == Set(scopes.map(pause)))
        #expect(try LedgerReader.open(at: fixture.path).pauses().first?.scope == .job(LedgerFixture.job), "the narrowest first")
    }

    @Test func eachScopeIsResumedByItself() throws {
        for scope in scopes {
            let fixture = try LedgerFixture()
            try fixture.commit(scopes.map { .pause(pause($0)) })
            try fixture.commit([.resume(scope)])
            #expect(try Set(fixture.ledger.restore().state.pauses) == Set(scopes.filter { $0 != scope }.map(pause)))
        }
    }

    @Test func theSameScopeIsNotPausedTwice() throws {
        for scope in scopes {
            let fixture = try LedgerFixture()
            try fixture.commit([.pause(pause(scope))])
            #expect(throws: LedgerError.self) { try fixture.commit([.pause(Pause(scope: scope, by: "bob", since: fixture.now))]) }
        }
    }

    @Test func aJobTellsWhatPausesIt() throws {
        let fixture = try LedgerFixture()
        let control = JobControl(
            job: LedgerFixture.job, version: "v1", schedule: nil, registeredAt: fixture.now, accountedUntil: fixture.now)
        try fixture.commit([.control(control), .pause(pause(.label(key: "team", value: "data")))])
        let stored = try #require(try LedgerReader.open(at: fixture.path).job(LedgerFixture.job))
        var definition = Job(name: LedgerFixture.job, command: .shell("true"))
        definition.schedule = "R/2026-03-01T00:00:00Z/PT1H"
        #expect(stored.pause(of: definition) == nil && stored.nextDue(of: definition) != nil)
        definition.labels = ["team": "data"]
        #expect(stored.pause(of: definition)?.by == "ada")
        #expect(stored.nextDue(of: definition) == nil, "nothing is due by itself")
        let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(JobDocument(stored, job: definition))) as? [String: Any]
        let paused = object?["paused"] as? [String: Any]
        #expect(paused?["by"] as? String == "ada" && paused?["since"] as? String == "1970-01-01T00:00:07Z")
        #expect(paused?["scope"] as? String == "label" && paused?["label"] as? String == "team" && paused?["value"] as? String == "data")
    }

    @Test func aChangeTellsWhoAskedWhatOfWhichRun() throws {
        let fixture = try LedgerFixture()
        let run = fixture.run(due: 10, state: .running)
        try fixture.commit([.insert(fixture.run(due: 5)), .insert(run)])
        try fixture.commit([.change(Change(kind: "request.kill", job: run.key.job, run: run.key, who: "ada", detail: "for a test"))])
        let row = try DatabaseQueue(path: fixture.path).read { db in
            try Row.fetchOne(db, sql: "SELECT kind, job, run, who, detail FROM change ORDER BY seq DESC LIMIT 1")
        }
        #expect(row == ["kind": "request.kill", "job": "a", "run": 2, "who": "ada", "detail": "for a test"])
    }

    @Test func anAttemptThatIsBroughtForwardIsRestoredSo() throws {
        let fixture = try LedgerFixture()
        var run = fixture.run(due: 10)
        run.notBefore = Instant(seconds: 100)
        run.retry = 2
        try fixture.commit([.insert(run)])
        run.notBefore = Instant(seconds: 50)
        run.readyAt = Instant(seconds: 50)
        run.retry = 0
        run.isByHand = true
        try fixture.commit([.update(run)])
        #expect(try fixture.ledger.restore().state.openRuns == [run])
    }

    // MARK: retries

    @Test func aRetryFindsTheNewestAttemptAndItsClosedFlow() throws {
        let fixture = try LedgerFixture()
        let plan = FlowPlan(
            head: LedgerFixture.job, members: [FlowPlan.Member(job: JobName("b"), after: [Edge(parent: LedgerFixture.job, on: .success)])])
        let first = fixture.run(due: 10, state: .failed)
        let second = fixture.run(due: 10, attempt: 2, state: .failed)
        var child = Run(
            key: RunKey(job: JobName("b"), due: first.key.due, attempt: 1), flow: first.flow, trigger: .upstream, readyAt: fixture.now,
            waitingSince: fixture.now)
        child.state = .skipped
        child.endedAt = fixture.now
        try fixture.commit([.insert(first), .openFlow(first.flow, plan), .insert(second), .insert(child), .closeFlow(first.flow)])
        try fixture.commit([.insert(fixture.run(due: 20, state: .failed))])
        let precedent = try fixture.ledger.precedent(of: first.key)
        #expect(precedent?.newest == second)
        #expect(precedent?.flow == LedgerState.Flow(key: first.flow, plan: plan, runs: [first, second, child]))
        #expect(try fixture.ledger.precedent(of: fixture.run(due: 20).key)?.flow == nil)
        #expect(try fixture.ledger.precedent(of: fixture.run(due: 30).key) == nil)
    }

    @Test func aRetryFindsWhoHasARunOfTheDueInAnotherFlow() throws {
        let fixture = try LedgerFixture()
        let members = [JobName("b"), JobName("c")].map { FlowPlan.Member(job: $0, after: [Edge(parent: LedgerFixture.job, on: .success)]) }
        let run = fixture.run(due: 10, state: .missed)
        var other = Run(
            key: RunKey(job: JobName("b"), due: run.key.due, attempt: 1), flow: FlowKey(head: JobName("k"), due: run.key.due),
            trigger: .upstream, readyAt: fixture.now, waitingSince: fixture.now)
        other.state = .skipped
        other.endedAt = fixture.now
        let plan = FlowPlan(head: LedgerFixture.job, members: members)
        try fixture.commit([.insert(run), .openFlow(run.flow, plan), .closeFlow(run.flow), .insert(other)])
        #expect(try fixture.ledger.precedent(of: run.key)?.flow?.elsewhere == [JobName("b")])
    }

    @Test func aFlowThatIsReopenedIsReadByAStart() throws {
        let fixture = try LedgerFixture()
        let plan = FlowPlan(head: LedgerFixture.job, members: [FlowPlan.Member(job: JobName("b"), after: [])])
        let run = fixture.run(due: 10, state: .failed)
        try fixture.commit([.insert(run), .openFlow(run.flow, plan), .closeFlow(run.flow)])
        #expect(try fixture.ledger.restore().state.openFlows.isEmpty)
        try fixture.commit([.reopenFlow(run.flow)])
        #expect(try fixture.ledger.restore().state.openFlows.map(\.plan) == [plan])
    }

    // MARK: an older ledger

    /// A ledger as the schema before had it, with an open run that somebody asked for and one that nobody did.
    private func older() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let sql = try String(contentsOfFile: Self.migration, encoding: .utf8)
        let queue = try DatabaseQueue(path: folder.path + "/rota.db")
        try queue.write { db in
            try db.execute(sql: sql)
            try db.execute(sql: "INSERT INTO ledger VALUES (1, 'abcdef', 'm1', 5)")
            for (due, trigger) in [(10, "manual"), (20, "schedule")] {
                try db.execute(
                    sql: """
                        INSERT INTO run (job, due, attempt, retry, trigger, state, flow_head, flow_due, ready_at, waiting_since, caught_up)
                        VALUES ('a', ?, 1, 0, ?, 'waiting', 'a', ?, ?, ?, 0)
                        """, arguments: [due, trigger, due, due, due])
            }
            try db.execute(sql: "PRAGMA user_version = 1")
        }
        try queue.close()
        return folder
    }

    private static let migration =
        URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path(percentEncoded: false) + "/migrations/001_initial.sql"

    @Test func anOlderLedgerIsBroughtUpToDate() throws {
        let folder = try older()
        let ledger = try Ledger.open(at: folder.path + "/rota.db", machine: "m1", now: Instant(seconds: 9))
        let restored = try ledger.restore()
        #expect(ledger.id == "abcdef")
        #expect(restored.state.openRuns.sorted { $0.key.due < $1.key.due }.map(\.isByHand) == [true, false])
        #expect(restored.state.pauses.isEmpty)
        _ = try ledger.commit([.pause(pause(.everything))], boot: "boot-1", at: Instant(seconds: 9))
        #expect(try LedgerReader.open(at: folder.path + "/rota.db").pauses().count == 1)
    }

    @Test func aMigrationThatFailsLeavesTheOldSchema() throws {
        let folder = try older()
        let path = folder.path + "/rota.db"
        try DatabaseQueue(path: path).writeWithoutTransaction { db in try db.execute(sql: "ALTER TABLE run ADD COLUMN by_hand INTEGER") }
        #expect(throws: LedgerError.self) { try Ledger.open(at: path, machine: "m1", now: Instant(seconds: 9)) }
        let count = "SELECT count(*) FROM pragma_table_list('pause')"
        let found = try DatabaseQueue(path: path).read { db in
            (version: try Int.fetchOne(db, sql: "PRAGMA user_version"), tables: try Int.fetchOne(db, sql: count))
        }
        #expect(found.version == 1 && found.tables == 0)
    }
}
