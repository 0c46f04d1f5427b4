import Foundation
import GRDB
import Scheduling
package import Timetable

/// Retention: small steps, each over an index and of bounded length.
///
/// What may go: all attempts at one due together, ended before the limit and behind the job's progress. What stays, however old:
/// the newest due of a job and, for each state, the newest run that ended in it; whatever an open flow, an open attempt at the same due or a
/// join `latest` reads; counters and control rows.
///
/// Files go first, rows after them: a row is the only thing that knows of its files, so that a crash in between leaves neither for ever.
extension Ledger {
    /// Dues whose runs ended before `limit` and of which nothing is needed any more, in the order of their ends.
    ///
    /// - Parameter goesOn: Asked after each row; the walk ends when it says no.
    /// - Returns: What was found, and where to go on; nil when the walk has come to its end.
    package func condemnedDues(
        endedBefore limit: Instant, after place: EndPlace, count: Int, goesOn: () -> Bool = { true }
    ) throws(LedgerError) -> (dues: [CondemnedDue], next: EndPlace?) {
        try reading { db in
            let sql = """
                SELECT id, job, due, ended_at FROM run WHERE ended_at < ? AND (ended_at, id) > (?, ?) ORDER BY ended_at, id LIMIT ?
                """
            let rows = try Row.fetchAll(
                db, sql: sql, arguments: [limit.microseconds, place.at.microseconds, place.number, count])
            var dues: [CondemnedDue] = []
            var known: Set<CondemnedDue> = []
            for (index, row) in rows.enumerated() {
                let (job, due) = (row["job"] as String, Instant(microseconds: row["due"]))
                if try !isNeeded(job, due, endedBefore: limit, db) {
                    let condemned = CondemnedDue(job: job, due: due, runs: try handedOver(job, due, db))
                    if known.insert(condemned).inserted { dues.append(condemned) }
                }
                if index + 1 < rows.count, !goesOn() { return (dues, EndPlace(row)) }
            }
            return (dues, rows.count < count ? nil : rows.last.map(EndPlace.init))
        }
    }

    /// Removes the rows of these dues, whose files are gone; those that came to be needed meanwhile stay and tell that their output is gone.
    ///
    /// - Returns: How many runs were removed, and the dues that there was no time for.
    package func remove(
        _ dues: [CondemnedDue], endedBefore limit: Instant, round: Instant, at now: Instant, goesOn: () -> Bool = { true }
    ) throws(LedgerError) -> (runs: Int, left: [CondemnedDue]) {
        try writing { db in
            var runs = 0
            var left = dues[...]
            repeat {
                guard let condemned = left.popFirst() else { break }
                if try isNeeded(condemned.job, condemned.due, endedBefore: limit, db) {
                    for run in condemned.runs { try markOutputRemoved(run.id, at: now, db) }
                } else {
                    runs += try removeRows(of: condemned, db)
                }
            } while goesOn()
            try note(Removal(runs: runs), round: round, at: now, db)
            return (runs, Array(left))
        }
    }

    /// Runs that ended before `limit` and whose output was not removed yet, in the order of their ends.
    ///
    /// - Returns: What was found, and where to go on; nil when there is no more.
    package func outputs(
        endedBefore limit: Instant, after place: EndPlace, count: Int
    ) throws(LedgerError) -> (runs: [HandedOverRun], next: EndPlace?) {
        try reading { db in
            let sql = """
                SELECT id, executor, ended_at FROM run
                WHERE output_removed_at IS NULL AND executor IS NOT NULL AND ended_at < ? AND (ended_at, id) > (?, ?)
                ORDER BY ended_at, id LIMIT ?
                """
            let rows = try Row.fetchAll(
                db, sql: sql, arguments: [limit.microseconds, place.at.microseconds, place.number, count])
            let runs = rows.map { HandedOverRun(id: runID($0["id"]), executor: $0["executor"]) }
            return (runs, rows.count < count ? nil : rows.last.map(EndPlace.init))
        }
    }

    /// Notes that the output of these runs is gone.
    package func noteOutputsRemoved(_ runs: [String], round: Instant, at now: Instant) throws(LedgerError) {
        try writing { db in
            for run in runs { try markOutputRemoved(run, at: now, db) }
            try note(Removal(outputs: runs.count), round: round, at: now, db)
        }
    }

    /// Removes up to `count` gaps that were decided before `limit` and lie behind their job's progress.
    package func removeGaps(decidedBefore limit: Instant, count: Int, round: Instant, at now: Instant) throws(LedgerError) -> Int {
        try writing { db in
            let sql = """
                DELETE FROM gap WHERE (job, first_due) IN (
                    SELECT gap.job, gap.first_due FROM gap JOIN job ON job.name = gap.job
                    WHERE decided_at < ? AND last_due <= accounted_until ORDER BY decided_at LIMIT ?)
                """
            try db.cachedStatement(sql: sql).execute(arguments: [limit.microseconds, count])
            let gaps = db.changesCount
            try note(Removal(gaps: gaps), round: round, at: now, db)
            return gaps
        }
    }

    /// Removes up to `count` backfills that were asked for before `limit`, of which no run is left and none is to come. The newest stays: the
    /// next one has the number after it.
    ///
    /// What they asked for stays known, where no start reads it: nobody can say any more which of these slots ran.
    package func removeBackfills(askedBefore limit: Instant, count: Int) throws(LedgerError) -> Int {
        try writing { db in
            let sql = """
                SELECT * FROM backfill WHERE at < ? AND (pending = '' OR cancelled_at IS NOT NULL) AND id < (SELECT max(id) FROM backfill)
                    AND NOT EXISTS (SELECT 1 FROM run WHERE run.backfill = backfill.id) ORDER BY id LIMIT ?
                """
            let old = try Row.fetchAll(db, sql: sql, arguments: [limit.microseconds, count]).map(BackfillRow.backfill)
            for backfill in old {
                try BackfillRow.keepBounds(of: backfill, db)
                try db.cachedStatement(sql: "DELETE FROM backfill WHERE id = ?").execute(arguments: [backfill.id])
            }
            return old.count
        }
    }

    /// Removes changes from before `limit`, of the `count` oldest: whatever stands before one that is too old is older still, whatever a clock
    /// that was wrong then said.
    package func removeChanges(before limit: Instant, count: Int, round: Instant, at now: Instant) throws(LedgerError) -> Int {
        try writing { db in
            let sql = "SELECT max(seq) FROM (SELECT seq, at FROM change ORDER BY seq LIMIT ?) WHERE at < ?"
            let last = try Int64.fetchOne(try db.cachedStatement(sql: sql), arguments: [count, limit.microseconds])
            guard let last else { return 0 }
            try db.cachedStatement(sql: "DELETE FROM change WHERE seq <= ?").execute(arguments: [last])
            let changes = db.changesCount
            try note(Removal(changes: changes), round: round, at: now, db)
            return changes
        }
    }

    /// Looks at `count` texts that were first seen before `limit`, and removes those that no run and no job refers to.
    ///
    /// - Parameter place: The version that was looked at last, and when it was seen.
    /// - Returns: How many were removed, and where to go on; nil when all were looked at.
    package func removeDefinitions(
        seenBefore limit: Instant, after place: (seenAt: Instant, version: String), count: Int, round: Instant, at now: Instant
    ) throws(LedgerError) -> (definitions: Int, next: (seenAt: Instant, version: String)?) {
        try writing { db in
            let sql = """
                SELECT version, seen_at FROM definition INDEXED BY definition_seen
                WHERE seen_at < ? AND (seen_at, version) > (?, ?) ORDER BY seen_at, version LIMIT ?
                """
            let rows = try Row.fetchAll(
                db, sql: sql, arguments: [limit.microseconds, place.seenAt.microseconds, place.version, count])
            var definitions = 0
            for row in rows {
                let version: String = row["version"]
                guard try !isReferredTo(version, db) else { continue }
                try db.cachedStatement(sql: "DELETE FROM definition WHERE version = ?").execute(arguments: [version])
                definitions += 1
            }
            try note(Removal(definitions: definitions), round: round, at: now, db)
            guard rows.count == count, let last = rows.last else { return (definitions, nil) }
            return (definitions, (Instant(microseconds: last["seen_at"]), last["version"]))
        }
    }
}

// MARK: rules

extension Ledger {
    /// Whether any attempt at this due has to stay.
    private func isNeeded(_ job: String, _ due: Instant, endedBefore limit: Instant, _ db: Database) throws -> Bool {
        let sql = """
            SELECT :due >= (SELECT max(due) FROM run WHERE job = :job) OR EXISTS (
                SELECT 1 FROM run WHERE run.job = :job AND run.due = :due AND (
                    ended_at IS NULL
                    OR ended_at >= :limit
                    OR id = (SELECT newest.id FROM run AS newest
                             WHERE newest.job = run.job AND newest.state = run.state AND newest.ended_at IS NOT NULL
                             ORDER BY newest.due DESC, newest.id DESC LIMIT 1)
                    OR ending = (SELECT max(ending) FROM run)
                    OR EXISTS (SELECT 1 FROM job WHERE name = run.job AND run.ending IN (last_success, last_failure, last_done))
                    OR trigger IN ('schedule', 'backfill', 'mark')
                        AND run.due > (SELECT accounted_until FROM job WHERE name = run.job AND schedule IS NOT NULL)
                    OR EXISTS (SELECT 1 FROM flow WHERE head = run.flow_head AND flow.due = run.flow_due AND is_open = 1)))
            """
        let statement = try db.cachedStatement(sql: sql)
        let arguments: StatementArguments = ["job": job, "due": due.microseconds, "limit": limit.microseconds]
        return try Bool.fetchOne(statement, arguments: arguments) ?? true
    }

    private func isReferredTo(_ version: String, _ db: Database) throws -> Bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM job WHERE version = :v) OR EXISTS (SELECT 1 FROM run WHERE version = :v)"
        return try Bool.fetchOne(try db.cachedStatement(sql: sql), arguments: ["v": version]) ?? true
    }

    private func handedOver(_ job: String, _ due: Instant, _ db: Database) throws -> [HandedOverRun] {
        let sql = "SELECT id, executor FROM run WHERE job = ? AND due = ? AND executor IS NOT NULL"
        return try Row.fetchAll(try db.cachedStatement(sql: sql), arguments: [job, due.microseconds]).map {
            HandedOverRun(id: runID($0["id"]), executor: $0["executor"])
        }
    }
}

// MARK: rows

extension Ledger {
    /// A flow of which a row is gone is gone, too: a retry of what is left of it must not begin it again, for nobody knows any more who had
    /// his run in it.
    private func removeRows(of condemned: CondemnedDue, _ db: Database) throws -> Int {
        let arguments: StatementArguments = [condemned.job, condemned.due.microseconds]
        let flows = "SELECT DISTINCT flow_head, flow_due FROM run WHERE job = ? AND due = ?"
        for flow in try Row.fetchAll(try db.cachedStatement(sql: flows), arguments: arguments) {
            try removeFlow(head: flow["flow_head"], due: flow["flow_due"], db)
        }
        try db.cachedStatement(sql: "DELETE FROM run WHERE job = ? AND due = ?").execute(arguments: arguments)
        return db.changesCount
    }

    private func removeFlow(head: String, due: Int64, _ db: Database) throws {
        let flow = "DELETE FROM flow WHERE head = ? AND due = ? AND is_open = 0 RETURNING plan"
        guard let plan = try Int64.fetchOne(try db.cachedStatement(sql: flow), arguments: [head, due]) else { return }
        try removeUnused(plan: plan, db)
    }

    private func markOutputRemoved(_ run: String, at now: Instant, _ db: Database) throws {
        guard let number = run.split(separator: "-").last.flatMap({ Int64($0) }) else { return }
        try db.cachedStatement(sql: "UPDATE run SET output_removed_at = ? WHERE id = ? AND output_removed_at IS NULL")
            .execute(arguments: [now.microseconds, number])
    }

    private func note(_ removed: Removal, round: Instant, at now: Instant, _ db: Database) throws {
        guard !removed.isEmpty else { return }
        let names = ["outputs", "runs", "gaps", "changes", "definitions"]
        let sums = names.map { "\($0) = excluded.\($0) + CASE WHEN began_at = excluded.began_at THEN \($0) ELSE 0 END" }
        let sql = """
            INSERT INTO removal (one, began_at, at, \(names.joined(separator: ", "))) VALUES (1, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (one) DO UPDATE SET \(sums.joined(separator: ", ")), began_at = excluded.began_at, at = excluded.at
            """
        try db.cachedStatement(sql: sql).execute(arguments: [
            round.microseconds, now.microseconds, removed.outputs, removed.runs, removed.gaps, removed.changes, removed.definitions,
        ])
    }

    private func reading<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do { return try queue.read(body) } catch { throw LedgerError.of(error, path: path) }
    }

    private func writing<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        try refuseReplaced()
        // Rows that lie all over the database: a hundred of them are as many pages as the largest of commits.
        defer { checkpoints.noteCommit(of: 100) }
        do { return try queue.write(body) } catch { throw failure(error) }
    }
}

extension EndPlace {
    fileprivate init(_ row: Row) {
        self.init(at: Instant(microseconds: row["ended_at"]), number: row["id"])
    }
}
