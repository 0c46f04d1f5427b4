import GRDB

/// Values in the rows of a ledger that was damaged: a text may be one, and not the value that the scheduler reads there.
enum UnreadableValues {
    private struct Column: Sendable {
        let table, name: String
        /// What stands for no value, in SQL.
        let none: String
        let isReadable: @Sendable (String) -> Bool

        init<Value>(_ table: String, _ name: String, none: String = "NULL", _ read: @escaping @Sendable (String) throws -> Value) {
            (self.table, self.name, self.none) = (table, name, none)
            isReadable = { (try? read($0)) != nil }
        }
    }

    private static let columns = [
        Column("run", "parameters") { try JSONText.dictionary($0) }, Column("run", "handed_on") { try JSONText.dictionary($0) },
        Column("run", "consumed") { try ControlRow.numbers($0) }, Column("run", "promises") { try PromiseText.promises($0) },
        Column("run", "breaches") { try PromiseText.breaches($0) }, Column("job", "consumed", none: "'{}'") { try ControlRow.numbers($0) },
        Column("job", "durations") { try JSONText.value($0, as: [Int64].self) }, Column("flow", "stale") { try FlowRow.stale($0) },
        Column("flow", "promises") { try PromiseText.members($0) },
        Column("backfill", "pending", none: "''") { try BackfillRow.pending($0) },
    ]

    /// A run that has not ended goes with its values: with others it would do something else, and what was handed over has them in its
    /// folder. Of all others the row stays, without the value.
    ///
    /// - Returns: The tables that lost any.
    static func remove(from db: Database) throws -> Set<String> {
        var tables: Set<String> = []
        for column in columns {
            let texts = try String.fetchAll(
                db, sql: "SELECT DISTINCT \(column.name) FROM \(column.table) WHERE \(column.name) IS NOT NULL")
            for text in texts where !column.isReadable(text) {
                tables.insert(column.table)
                if column.table == "run" {
                    try db.execute(
                        sql: "DELETE FROM run WHERE \(column.name) = ? AND state IN ('waiting', 'launching', 'running')", arguments: [text])
                }
                try db.execute(
                    sql: "UPDATE \(column.table) SET \(column.name) = \(column.none) WHERE \(column.name) = ?", arguments: [text])
            }
        }
        return tables
    }
}
