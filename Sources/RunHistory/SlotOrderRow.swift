import GRDB
import Scheduling
import Timetable

/// The shape of an order about a slot in SQL, and the way from and to the domain's.
enum SlotOrderRow {
    static let upsert = "INSERT OR REPLACE INTO slot_order (job, due, kind, who, since) VALUES (?, ?, ?, ?, ?)"
    static let delete = "DELETE FROM slot_order WHERE job = ? AND due = ?"

    static func arguments(of order: SlotOrder) -> StatementArguments {
        [order.job.text, order.due.microseconds, order.kind.rawValue, order.by, order.since.microseconds]
    }

    /// By job, then due.
    static func all(_ db: Database) throws -> [SlotOrder] {
        try Row.fetchAll(db, sql: "SELECT * FROM slot_order ORDER BY job, due").map(order)
    }

    static func order(about job: JobName, due: Instant, _ db: Database) throws -> SlotOrder? {
        try Row.fetchOne(db, sql: "SELECT * FROM slot_order WHERE job = ? AND due = ?", arguments: [job.text, due.microseconds]).map(order)
    }

    private static func order(from row: Row) throws -> SlotOrder {
        guard let job = JobName(row["job"]), let kind = SlotOrder.Kind(rawValue: row["kind"]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an order about a slot cannot be read")
        }
        return SlotOrder(
            job: job, due: Instant(microseconds: row["due"]), kind: kind, by: row["who"], since: Instant(microseconds: row["since"]))
    }
}
