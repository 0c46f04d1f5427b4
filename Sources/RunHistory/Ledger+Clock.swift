import GRDB
package import Scheduling
package import Timetable

/// What a clock that was set back finds in the ledger: rows of a time that has not come.
extension Ledger {
    /// The rows of dues after `now`.
    package func rowsAhead(of now: Instant) throws(LedgerError) -> RowsAhead {
        do {
            return try queue.read { db in
                let gaps = try Row.fetchAll(db, sql: "SELECT * FROM gap WHERE last_due > ?", arguments: [now.microseconds])
                return RowsAhead(dues: try RowsAhead.duesAfter(now, db), gaps: try gaps.map(GapRow.gap))
            }
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    /// Takes slots out of a gap that lie beyond the clock.
    func cut(_ gap: Gap, to left: Gap?, _ db: Database) throws {
        let place: StatementArguments = [gap.job.text, gap.firstDue.microseconds]
        if let left {
            try db.cachedStatement(sql: "UPDATE gap SET last_due = ?, slots = ? WHERE job = ? AND first_due = ?")
                .execute(arguments: [left.lastDue.microseconds, left.slots] + place)
        } else {
            try db.cachedStatement(sql: "DELETE FROM gap WHERE job = ? AND first_due = ?").execute(arguments: place)
        }
    }
}

extension RowsAhead {
    /// The newest time that was written to the ledger; nil before the first.
    ///
    /// The newest change counts, and not the latest: the clock may have been set back since.
    static func seenAt(_ db: Database) throws -> Instant? {
        let change = try Int64.fetchOne(db, sql: "SELECT at FROM change ORDER BY seq DESC LIMIT 1")
        let scheduler = try Row.fetchOne(db, sql: "SELECT heartbeat_at, stopped_at FROM scheduler")
        let times = [change, scheduler?["heartbeat_at"], scheduler?["stopped_at"]]
        return times.compactMap(\.self).max().map(Instant.init(microseconds:))
    }

    /// Dues with rows that lie beyond `seenAt`, or beyond the progress of their job if it has a schedule: normally next to none.
    static func dues(beyond seenAt: Instant, _ db: Database) throws -> [JobName: Set<Instant>] {
        let unaccounted = """
            SELECT run.job, run.due FROM job CROSS JOIN run ON run.job = job.name AND run.due > job.accounted_until
            WHERE job.schedule IS NOT NULL AND job.removed_at IS NULL
            """
        return try duesAfter(seenAt, db).merging(dues(in: Row.fetchAll(db, sql: unaccounted))) { $0.union($1) }
    }

    fileprivate static func duesAfter(_ instant: Instant, _ db: Database) throws -> [JobName: Set<Instant>] {
        try dues(in: Row.fetchAll(db, sql: "SELECT job, due FROM run WHERE due > ?", arguments: [instant.microseconds]))
    }

    private static func dues(in rows: [Row]) -> [JobName: Set<Instant>] {
        var dues: [JobName: Set<Instant>] = [:]
        for row in rows {
            if let job = JobName(row[0]) { dues[job, default: []].insert(Instant(microseconds: row[1])) }
        }
        return dues
    }
}

/// The shape of a gap in SQL.
enum GapRow {
    /// - Throws: `DatabaseError` when the row holds what no version of the schema allows.
    static func gap(from row: Row) throws -> Gap {
        guard let job = JobName(row["job"]), let state = RunState(rawValue: row["state"]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a gap cannot be read")
        }
        return Gap(
            job: job, firstDue: Instant(microseconds: row["first_due"]), lastDue: Instant(microseconds: row["last_due"]),
            slots: row["slots"], state: state, reason: row["reason"], decidedAt: Instant(microseconds: row["decided_at"]))
    }
}
