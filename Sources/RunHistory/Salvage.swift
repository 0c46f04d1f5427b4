import Foundation
import GRDB

/// Copies what can still be read of a damaged ledger into a new one: table by table, row by row, from both ends of each table.
///
/// Nothing of the damaged files is changed. The new schema judges every row: what it refuses counts as lost.
struct Salvage {
    /// Tables of which not every row could be read, or not every one that was read is a row.
    private(set) var incomplete: Set<String> = []
    private let path: String
    /// What is not worth keeping, or is made anew by whoever starts.
    private static let passedOver: Set<String> = ["problem"]

    /// - Parameters:
    ///   - path: The damaged ledger; there need be no file.
    ///   - draft: A new ledger with no row but those of its own schema, whose foreign keys are not enforced.
    /// - Throws: Also what proves no damage of the old one: what a disk does not give now, it may give to another start.
    init(_ path: String, into draft: Database) throws {
        self.path = path
        let tables = try Self.tables(of: draft)
        guard FileIdentity(of: path) != nil, let source = try Self.open(path) else {
            incomplete = Set(tables)
            return
        }
        for table in tables {
            try source.inDatabase { damaged in try copy(table, from: damaged, to: draft) }
        }
        _ = try Self.unlessDamaged(path) { try source.inDatabase { damaged in try copySequences(from: damaged, to: draft) } }
        try? source.close()
    }

    /// nil where what fails is damage.
    private static func unlessDamaged<Value>(_ path: String, _ body: () throws -> Value) throws -> Value? {
        do {
            return try body()
        } catch {
            guard Ledger.damage(in: error) != nil else { throw LedgerError.of(error, path: path) }
            return nil
        }
    }

    private static func tables(of draft: Database) throws -> [String] {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        return try String.fetchAll(draft, sql: sql).filter { !passedOver.contains($0) }
    }

    /// For reading alone, with its write-ahead log; without it where that cannot be used.
    private static func open(_ path: String) throws -> DatabaseQueue? {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(1)
        // Reads on where a file is shorter than its header says.
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA writable_schema = ON") }
        let escaped = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
        for name in [path, "file:\(escaped)?immutable=1"] {
            let opened = try unlessDamaged(path) {
                let queue = try DatabaseQueue(path: name, configuration: configuration)
                _ = try queue.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
                return queue
            }
            if let opened { return opened }
        }
        return nil
    }

    private mutating func copy(_ table: String, from damaged: Database, to draft: Database) throws {
        guard let found = try Self.unlessDamaged(path, { try columns(of: table, damaged) }), !found.isEmpty else {
            incomplete.insert(table)
            return
        }
        let wanted = try columns(of: table, draft)
        let common = wanted.map(\.name).filter { name in found.contains { $0.name == name } }
        let keys = wanted.filter { $0.key > 0 }.sorted { $0.key < $1.key }.map(\.name)
        let list = common.map { "\"\($0)\"" }.joined(separator: ", ")
        let insertion = try draft.makeStatement(
            sql: "INSERT OR IGNORE INTO \"\(table)\" (\(list)) VALUES (\(common.map { _ in "?" }.joined(separator: ", ")))")
        for direction in ["ASC", "DESC"] {
            let order = (keys.isEmpty ? ["rowid"] : keys).map { "\"\($0)\" \(direction)" }.joined(separator: ", ")
            let query = "SELECT \(list) FROM \"\(table)\" NOT INDEXED ORDER BY \(order)"
            if try copyRows(of: table, query, from: damaged, by: insertion) { break }
            incomplete.insert(table)
        }
        if table == "run", !common.contains("by_hand") { try draft.execute(sql: Self.markByHand) }
    }

    /// What migration 002 does to rows that it finds; it found none here.
    private static let markByHand = """
        UPDATE run SET by_hand = 1 WHERE state IN ('waiting', 'launching', 'running') AND EXISTS (
            SELECT 1 FROM run AS first WHERE first.job = run.job AND first.due = run.due AND first.attempt = 1 AND first.trigger = 'manual')
        """

    /// - Returns: Whether there was an end to the rows, and not a page that cannot be read.
    private mutating func copyRows(of table: String, _ query: String, from damaged: Database, by insertion: Statement) throws -> Bool {
        do {
            let cursor = try Row.fetchCursor(damaged, sql: query)
            while let row = try cursor.next() {
                if try !insert(row, by: insertion) { incomplete.insert(table) }
            }
            return true
        } catch let error as DraftError {
            throw error.cause
        } catch {
            guard Ledger.damage(in: error) != nil else { throw LedgerError.of(error, path: path) }
            return false
        }
    }

    /// A failure of the new ledger's file, which must not be taken for one of the old.
    private struct DraftError: Error {
        let cause: any Error
    }

    /// - Returns: Whether the row is one, or was there already.
    private func insert(_ row: Row, by insertion: Statement) throws -> Bool {
        do {
            try insertion.execute(arguments: StatementArguments(row.databaseValues))
            return true
        } catch let error as DatabaseError where [.SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG].contains(error.resultCode) {
            return false
        } catch {
            throw DraftError(cause: error)
        }
    }

    private func columns(of table: String, _ db: Database) throws -> [(name: String, key: Int)] {
        try Row.fetchAll(db, sql: "SELECT name, pk FROM pragma_table_info(?)", arguments: [table]).compactMap { row in
            guard let name = String.fromDatabaseValue(row["name"] as DatabaseValue) else { return nil }
            return (name, Int.fromDatabaseValue(row["pk"] as DatabaseValue) ?? 0)
        }
    }

    /// Numbers that were given out once are not given out again.
    private func copySequences(from damaged: Database, to draft: Database) throws {
        for row in try Row.fetchAll(damaged, sql: "SELECT name, seq FROM sqlite_sequence") {
            guard let name = String.fromDatabaseValue(row["name"] as DatabaseValue),
                let number = Int64.fromDatabaseValue(row["seq"] as DatabaseValue), number > 0, number < 1 << 53
            else { continue }
            try Self.raiseSequence(of: name, to: number, draft)
        }
    }

    static func raiseSequence(of table: String, to number: Int64, _ db: Database) throws {
        guard try number > Ledger.newestNumber(of: table, db) else { return }
        try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = ?", arguments: [table])
        try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", arguments: [table, number])
    }
}
