import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// Ledgers as each schema version wrote them, in `Ledgers/`, are opened and brought up to date. catalogue 37
struct ReleasedLedgerTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Ledgers")
    private static let dumps = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()) ?? []
    private static let migrations =
        (try? FileManager.default.contentsOfDirectory(
            atPath: folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("migrations").path
        ).sorted()) ?? []

    /// What a row is known by, and every value of it under the name of its column.
    private typealias Table = [[String: DatabaseValue]]

    private static func tables(_ db: Database) throws -> [String: Table] {
        let names = try String.fetchAll(
            db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
        var tables: [String: Table] = [:]
        for name in names {
            tables[name] = try Row.fetchAll(db, sql: "SELECT * FROM \(name)").map { row in
                Dictionary(uniqueKeysWithValues: zip(row.columnNames, row.databaseValues))
            }
        }
        return tables
    }

    private func restore(_ dump: String, in folder: TemporaryFolder) throws -> (path: String, tables: [String: Table]) {
        let path = folder.path + "/rota.db"
        let sql = try String(contentsOf: Self.folder.appendingPathComponent(dump), encoding: .utf8)
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
        return (path, try queue.read(Self.tables))
    }

    /// A migration without a ledger from before it is not tested.
    @Test func everySchemaHasItsLedger() {
        #expect(!Self.dumps.isEmpty)
        #expect(Self.dumps == Self.migrations.map { $0.prefix(3) + ".sql" })
    }

    @Test(arguments: ReleasedLedgerTests.dumps) func everyRowSurvives(_ dump: String) throws {
        let folder = try TemporaryFolder()
        let (path, before) = try restore(dump, in: folder)
        let filled = ["ledger", "scheduler", "definition", "job", "run", "gap", "plan", "flow", "problem", "change"]
        #expect(filled.allSatisfy { before[$0]?.isEmpty == false })
        let ledger = try Ledger.open(at: path, machine: "", now: .epoch)
        let after = try DatabaseQueue(path: path).read(Self.tables)
        for (name, rows) in before {
            let kept = (after[name] ?? []).map { row in row.filter { rows.first?[$0.key] != nil } }
            #expect(Set(kept) == Set(rows), "\(name) of \(dump)")
        }
        #expect(try DatabaseQueue(path: path).read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check") }.isEmpty)
        ledger.close()
    }

    @Test(arguments: ReleasedLedgerTests.dumps) func itIsReadAndWrittenAsIfItWereNew(_ dump: String) throws {
        let folder = try TemporaryFolder()
        let path = try restore(dump, in: folder).path
        let ledger = try Ledger.open(at: path, machine: "", now: .epoch)
        let restored = try ledger.restore()
        #expect(restored.state.openRuns.contains { $0.key.job.text == "report" && $0.state == .running })
        #expect(restored.state.openFlows.isEmpty == false && restored.state.lastEnding > 0)
        var ended = try #require(restored.state.openRuns.first { $0.state == .running })
        ended.state = .succeeded
        ended.endedAt = ended.startedAt
        _ = try ledger.commit([.update(ended)], boot: "b", at: .epoch)
        let reader = try LedgerReader.open(at: path)
        #expect(try reader.history(HistoryFilter(limit: 1_000)).count > 50)
        #expect(try reader.jobs().count == 7 && reader.problems().count == 1)
        try ledger.removeEverythingOld(before: .distantFuture)
        #expect(try reader.history(HistoryFilter(limit: 1_000)).count < 30)
    }

    @Test(arguments: ReleasedLedgerTests.dumps.dropLast()) func aReaderTellsHowAnOldOneIsBroughtUpToDate(_ dump: String) throws {
        let folder = try TemporaryFolder()
        let path = try restore(dump, in: folder).path
        #expect {
            try LedgerReader.open(at: path)
        } throws: { error in
            "\(error)".contains("start `rota serve` once to bring it up to date")
        }
    }
}
