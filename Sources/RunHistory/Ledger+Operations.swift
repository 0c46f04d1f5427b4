import GRDB
package import Scheduling
import Timetable

/// Backfills, orders about slots, and what is run once more below a run.
extension Ledger {
    func write(_ order: SlotOrder, to db: Database) throws {
        try db.cachedStatement(sql: SlotOrderRow.upsert).execute(arguments: SlotOrderRow.arguments(of: order))
    }

    func removeOrder(_ job: JobName, _ due: Instant, _ db: Database) throws {
        try db.cachedStatement(sql: SlotOrderRow.delete).execute(arguments: [job.text, due.microseconds])
    }

    func write(_ backfill: Backfill, to db: Database) throws {
        try db.cachedStatement(sql: BackfillRow.upsert).execute(arguments: BackfillRow.arguments(of: backfill))
    }

    func markStale(_ stale: StaleMarks, _ key: FlowKey, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE flow SET stale = ? WHERE head = ? AND due = ?")
            .execute(arguments: [FlowRow.text(ofStale: stale), key.head.text, key.due.microseconds])
    }

    func replan(_ key: FlowKey, _ plan: FlowPlan, _ db: Database) throws {
        try keep(plan, db)
        let (head, due) = (key.head.text, key.due.microseconds)
        let former = try Int64.fetchOne(
            try db.cachedStatement(sql: "SELECT plan FROM flow WHERE head = ? AND due = ?"), arguments: [head, due])
        try db.cachedStatement(sql: "UPDATE flow SET plan = (SELECT id FROM plan WHERE text = ?) WHERE head = ? AND due = ?")
            .execute(arguments: [plan.text, head, due])
        if let former { try removeUnused(plan: former, db) }
    }

    /// A plan that no flow has any more.
    func removeUnused(plan: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM plan WHERE id = :plan AND NOT EXISTS (SELECT 1 FROM flow WHERE plan = :plan)")
            .execute(arguments: ["plan": plan])
    }

    func keep(_ plan: FlowPlan, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO plan (text) VALUES (?)").execute(arguments: [plan.text])
    }

    /// What somebody who asks for a backfill has to know of its slots: what ran before only where that decides.
    package func survey(of order: BackfillOrder, _ scope: BackfillScope) throws(LedgerError) -> BackfillSurvey {
        do {
            return try queue.read { db in try BackfillFacts.survey(of: order, scope, withHistory: order.onlyMissed, db) }
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    /// What a backfill has to know of the slots that it comes to.
    package func precedents(of wanted: BackfillSlots) throws(LedgerError) -> BackfillPrecedents {
        do {
            return try queue.read { db in try BackfillFacts.precedents(of: wanted, db) }
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }
}
