import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

struct LedgerReaderTests {
    private func filled() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        let gap = Gap(
            job: LedgerFixture.job, firstDue: Instant(seconds: 20), lastDue: Instant(seconds: 29), slots: 10, state: .missed,
            reason: "catch-up",
            decidedAt: fixture.now)
        try fixture.commit([
            .insert(fixture.run(due: 10, state: .succeeded)), .gap(gap), .insert(fixture.run(due: 30, state: .failed)),
            .insert(fixture.run(due: 30, attempt: 2, state: .succeeded)), .insert(fixture.run(due: 40)),
        ])
        return fixture
    }

    @Test func historyIsNewestDueFirstWithGapsInTheirPlace() throws {
        let fixture = try filled()
        let entries = try LedgerReader.open(at: fixture.path).history(HistoryFilter())
        #expect(entries.map { $0.due.microseconds / 1_000_000 } == [40, 30, 30, 29, 10])
        guard case .run(let second) = entries[1] else { return #expect(Bool(false)) }
        #expect(second.run.key.attempt == 2)
    }

    @Test func historyCanBeNarrowedByStateAndTime() throws {
        let fixture = try filled()
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.history(HistoryFilter(states: [.failed])).count == 1)
        #expect(try reader.history(HistoryFilter(states: [.missed])).count == 1)
        #expect(try reader.history(HistoryFilter(since: Instant(seconds: 25))).count == 4)
        #expect(try reader.history(HistoryFilter(limit: 2)).count == 2)
        #expect(try reader.history(HistoryFilter(job: JobName("other"))).isEmpty)
    }

    @Test func onlyARunIdOfThisLedgerMeansARun() throws {
        let fixture = try filled()
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.run(id: fixture.ledger.runID(1))?.run.key.due == Instant(seconds: 10))
        for word in [
            "\(fixture.ledger.id)-99", "zzzzzz-1", "\(fixture.ledger.id)-01", "\(fixture.ledger.id)-", "a", "-1",
            "\(fixture.ledger.id)-1-1",
        ] {
            #expect(try reader.run(id: word) == nil, "\(word)")
        }
    }

    @Test func aReaderSeesCommitsOfALivingWriter() throws {
        let fixture = try filled()
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.openRuns().count == 1)
        try fixture.commit([.insert(fixture.run(due: 50))])
        #expect(try reader.openRuns().count == 2)
    }

    @Test func historyDocumentsHaveEveryKeyWithNullForAbsence() throws {
        let expected: Set<String> = [
            "id", "job", "due", "attempt", "trigger", "state", "reason", "waitingSince", "startedAt", "endedAt", "latenessSeconds",
            "exitCode",
            "signal", "executor", "node", "definition", "flow", "readyAt", "retry", "lastDue", "slots", "outputRemovedAt", "backfill",
            "parameters", "handedOn", "promises", "breaches",
        ]
        let fixture = try filled()
        let entries = try LedgerReader.open(at: fixture.path).history(HistoryFilter())
        for entry in entries {
            let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(HistoryDocument(entry))) as? [String: Any]
            #expect(object.map { Set($0.keys) } == expected)
        }
    }

    // catalogue 41: no query reads more rows than it shows.
    @Test(arguments: [
        "SELECT * FROM run ORDER BY due DESC, id DESC LIMIT 50",
        "SELECT * FROM run WHERE job = 'a' ORDER BY due DESC, id DESC LIMIT 50",
        "SELECT * FROM run WHERE state IN ('failed') ORDER BY due DESC, id DESC LIMIT 50",
        "SELECT * FROM run WHERE state IN ('waiting', 'launching', 'running')",
        "SELECT * FROM run WHERE job = 'a' ORDER BY due DESC, attempt DESC LIMIT 1",
        "SELECT * FROM run WHERE job = 'a' AND state IN ('failed') AND ended_at IS NOT NULL ORDER BY due DESC, id DESC LIMIT 50",
        "SELECT max(ending) FROM run",
        "SELECT * FROM gap ORDER BY last_due DESC LIMIT 50",
        "SELECT * FROM run WHERE flow_head <> job AND flow_head = 'a' AND flow_due = 1",
        "SELECT head, due, text FROM flow JOIN plan ON plan.id = flow.plan WHERE is_open = 1",
    ])
    func queriesUseAnIndex(_ sql: String) throws {
        let fixture = try filled()
        let steps = try DatabaseQueue(path: fixture.path).read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }
        }
        #expect(!steps.isEmpty)
        for step in steps { #expect(!step.hasPrefix("SCAN run") || step.contains("USING"), "\(step)") }
        for step in steps { #expect(!step.hasPrefix("SCAN gap") || step.contains("USING"), "\(step)") }
    }

    /// The partial indexes are used: what a few open or failed runs cost does not grow with the history.
    @Test(arguments: [
        ("SELECT * FROM run INDEXED BY run_open WHERE state IN ('waiting', 'launching', 'running')", "run_open"),
        (
            "SELECT * FROM run WHERE state IN ('failed') AND state IN ('failed', 'timedOut', 'couldNotStart', 'killed', 'lost', 'skipped', 'missed') "
                + "ORDER BY due DESC, id DESC LIMIT 50", "run_unwell"
        ),
        ("SELECT * FROM gap WHERE job = 'a' ORDER BY first_due DESC LIMIT 50", "PRIMARY KEY"),
    ])
    func rareRowsAreFoundByTheirIndex(_ sql: String, _ index: String) throws {
        let fixture = try filled()
        let steps = try DatabaseQueue(path: fixture.path).read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }
        }
        #expect(steps.first?.contains(index) == true, "\(steps)")
    }
}
