import GRDB
package import Scheduling
import Timetable

/// What is wrong with executors, and what that means for their open runs.
extension LedgerReader {
    /// By the names of the executors; empty when all is well.
    package func executorTroubles() throws(LedgerError) -> [ExecutorTrouble] {
        try read { db in try Self.troubles(db) }
    }

    static func troubles(_ db: Database) throws -> [ExecutorTrouble] {
        try Row.fetchAll(db, sql: "SELECT * FROM executor_trouble ORDER BY executor").map { row in
            ExecutorTrouble(
                executor: row["executor"], since: Instant(microseconds: row["since"]), reason: row["reason"], isOfAll: row["is_of_all"])
        }
    }

    /// Runs of an executor that is in trouble have that as their reason. It is written once, and joined here, for there may be thousands of
    /// them.
    static func withTroubles(_ runs: [StoredRun], _ db: Database) throws -> [StoredRun] {
        guard runs.contains(where: { $0.run.state.isActive }) else { return runs }
        let troubles = try troubles(db)
        guard !troubles.isEmpty else { return runs }
        return runs.map { stored in
            guard let trouble = troubles.first(where: { $0.concerns(stored.run) }) else { return stored }
            var run = stored.run
            run.reason = trouble.reason
            return StoredRun(id: stored.id, run: run, outputRemovedAt: stored.outputRemovedAt)
        }
    }
}

extension LedgerNotes {
    /// What is wrong with an executor from now on; since when, stays from what was wrong before.
    package func trouble(of executor: String, reason: String, isOfAll: Bool) throws {
        let upsert = """
            INSERT INTO executor_trouble VALUES (?, ?, ?, ?)
            ON CONFLICT (executor) DO UPDATE SET reason = excluded.reason, is_of_all = excluded.is_of_all
            """
        try db.cachedStatement(sql: upsert).execute(arguments: [executor, now.microseconds, reason, isOfAll])
        try change("executor.trouble", detail: "\(executor): \(reason)")
    }

    /// Nothing is wrong with it; answers whether anything was.
    package func endTrouble(of executor: String) throws -> Bool {
        try db.cachedStatement(sql: "DELETE FROM executor_trouble WHERE executor = ?").execute(arguments: [executor])
        guard db.changesCount > 0 else { return false }
        try change("executor.well", detail: executor)
        return true
    }

    /// Forgets what was wrong with any others; of those that still have runs under way, nobody is there to tell how these are.
    package func keepTroubles(of executors: [String]) throws {
        let marks = executors.map { _ in "?" }.joined(separator: ", ")
        try db.execute(
            sql: "DELETE FROM executor_trouble WHERE executor NOT IN (\(marks))", arguments: StatementArguments(executors))
        let open = "state IN ('waiting', 'launching', 'running') AND state <> 'waiting'"
        let abandoned = try String.fetchAll(
            db, sql: "SELECT DISTINCT executor FROM run INDEXED BY run_open WHERE \(open) AND executor NOT IN (\(marks))",
            arguments: StatementArguments(executors))
        for name in abandoned {
            let reason = "no-executor: the settings name no executor `\(name)` any more; put it back to learn what became of its runs"
            try trouble(of: name, reason: reason, isOfAll: true)
        }
    }
}
