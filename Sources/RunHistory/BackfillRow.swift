import GRDB
import Scheduling
import Timetable

/// The shape of a backfill in SQL, and the way from and to the domain's.
enum BackfillRow {
    static let upsert = """
        INSERT INTO backfill (
            id, job, first, last, slots, pending, passed_over, only_missed, max_running, who, at, cancelled_at, cancelled_by)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET pending = excluded.pending, passed_over = excluded.passed_over,
            cancelled_at = excluded.cancelled_at, cancelled_by = excluded.cancelled_by
        """

    static func arguments(of backfill: Backfill) -> StatementArguments {
        [
            backfill.id, backfill.job.text, backfill.first.microseconds, backfill.last.microseconds, backfill.slots, backfill.pending.text,
            backfill.passedOver, backfill.onlyMissed, backfill.maxRunning, backfill.by, backfill.at.microseconds,
            backfill.cancelledAt?.microseconds, backfill.cancelledBy,
        ]
    }

    static func backfill(from row: Row) throws -> Backfill {
        guard let job = JobName(row["job"]) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a backfill has no job") }
        var backfill = Backfill(
            id: row["id"], job: job, first: Instant(microseconds: row["first"]), last: Instant(microseconds: row["last"]),
            slots: row["slots"], pending: try pending(row["pending"]), passedOver: row["passed_over"], onlyMissed: row["only_missed"],
            maxRunning: row["max_running"], by: row["who"], at: Instant(microseconds: row["at"]))
        backfill.cancelledAt = row.instant("cancelled_at")
        backfill.cancelledBy = row["cancelled_by"]
        return backfill
    }

    static func pending(_ text: String) throws -> SlotSequence {
        guard let slots = SlotSequence(text: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the slots that a backfill has not come to cannot be read")
        }
        return slots
    }

    /// Those that have not come to all of their slots.
    static func beginning(_ db: Database) throws -> [Backfill] {
        try Row.fetchAll(db, sql: "SELECT * FROM backfill WHERE pending <> '' AND cancelled_at IS NULL ORDER BY id").map(backfill)
    }

    /// Keeps of a backfill that goes what it came to: as one range with those before it that it touches.
    static func keepBounds(of backfill: Backfill, _ db: Database) throws {
        guard let reached = backfill.reached else { return }
        let touching = "job = :job AND first <= :last AND last >= :first"
        let bounds: StatementArguments = [
            "job": backfill.job.text, "first": reached.lowerBound.microseconds, "last": reached.upperBound.microseconds,
        ]
        let known = try Row.fetchOne(db, sql: "SELECT min(first), max(last) FROM backfilled WHERE \(touching)", arguments: bounds)
        try db.execute(sql: "DELETE FROM backfilled WHERE \(touching)", arguments: bounds)
        let first = min(reached.lowerBound, known.flatMap { $0[0] as Int64? }.map(Instant.init(microseconds:)) ?? reached.lowerBound)
        let last = max(reached.upperBound, known.flatMap { $0[1] as Int64? }.map(Instant.init(microseconds:)) ?? reached.upperBound)
        try db.execute(
            sql: "INSERT INTO backfilled VALUES (?, ?, ?)", arguments: [backfill.job.text, first.microseconds, last.microseconds])
    }

    static func all(_ db: Database) throws -> [Backfill] {
        try Row.fetchAll(db, sql: "SELECT * FROM backfill ORDER BY id").map(backfill)
    }

    static func backfill(_ id: Int64, _ db: Database) throws -> Backfill? {
        try Row.fetchOne(db, sql: "SELECT * FROM backfill WHERE id = ?", arguments: [id]).map(backfill)
    }
}
