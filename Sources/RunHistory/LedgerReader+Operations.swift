import GRDB
package import Scheduling
package import Timetable

/// A backfill and how far it is.
package struct StoredBackfill: Sendable {
    package let backfill: Backfill
    /// How many slots of its job are in each state: of each the newest attempt. What a cancelled one did not come to counts as skipped.
    package let slots: [RunState: Int]
    /// The same of the jobs below it that go with it.
    package let below: [RunState: Int]

    package enum Progress: String, Sendable {
        case running, done, cancelled
    }

    package var progress: Progress {
        if count(where: \.isOpen) > 0 || backfill.isBeginning { return .running }
        return backfill.cancelledAt == nil ? .done : .cancelled
    }

    /// Runs whose end is not what was wanted; what was passed over is no such end.
    package var failed: Int { count { [.failed, .timedOut, .couldNotStart, .killed, .lost, .missed].contains($0) } }

    /// Slots that came to their end, and those that were left to others.
    package var ended: Int { slots.reduce(backfill.passedOver) { $0 + ($1.key.isOpen ? 0 : $1.value) } }

    /// Runs of the job and of those below it in these states.
    package func count(where isMeant: (RunState) -> Bool) -> Int {
        [slots, below].reduce(0) { $0 + $1.reduce(0) { $0 + (isMeant($1.key) ? $1.value : 0) } }
    }
}

extension LedgerReader {
    /// What is ordered about slots, by job and due.
    package func orders() throws(LedgerError) -> [SlotOrder] {
        try read { db in try SlotOrderRow.all(db) }
    }

    /// The newest backfills, the newest first.
    package func backfills(limit: Int = .max) throws(LedgerError) -> [StoredBackfill] {
        try read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT * FROM backfill ORDER BY id DESC LIMIT ?", arguments: [limit])
            return try rows.map { try stored(BackfillRow.backfill(from: $0), db) }
        }
    }

    /// Those with a run that has not ended, or still to come, the newest first.
    package func openBackfills() throws(LedgerError) -> [StoredBackfill] {
        try read { db in
            let sql = """
                SELECT * FROM backfill WHERE pending <> '' AND cancelled_at IS NULL OR id IN (
                    SELECT backfill FROM run INDEXED BY run_open WHERE state IN ('waiting', 'launching', 'running'))
                ORDER BY id DESC
                """
            return try Row.fetchAll(db, sql: sql).map { try stored(BackfillRow.backfill(from: $0), db) }
        }
    }

    package func backfill(_ id: Int64) throws(LedgerError) -> StoredBackfill? {
        try read { db in try BackfillRow.backfill(id, db).map { try stored($0, db) } }
    }

    /// What a backfill that is asked for now would find.
    package func survey(of order: BackfillOrder, _ scope: BackfillScope) throws(LedgerError) -> BackfillSurvey {
        try read { db in try BackfillFacts.survey(of: order, scope, withHistory: true, db) }
    }

    private func stored(_ backfill: Backfill, _ db: Database) throws -> StoredBackfill {
        let sql = """
            SELECT job = ? AS own, state, count(*) AS number FROM run WHERE backfill = ? AND NOT EXISTS (
                SELECT 1 FROM run AS later INDEXED BY run_backfill
                WHERE later.backfill = run.backfill AND later.job = run.job AND later.due = run.due AND later.attempt > run.attempt)
            GROUP BY own, state
            """
        var counts: [Bool: [RunState: Int]] = [:]
        for row in try Row.fetchAll(db, sql: sql, arguments: [backfill.job.text, backfill.id]) {
            guard let state = RunState(rawValue: row["state"]) else { continue }
            counts[row["own"], default: [:]][state] = row["number"]
        }
        var slots = counts[true] ?? [:]
        if backfill.cancelledAt != nil, !backfill.pending.isEmpty { slots[.skipped, default: 0] += backfill.pending.count }
        return StoredBackfill(backfill: backfill, slots: slots, below: counts[false] ?? [:])
    }
}
