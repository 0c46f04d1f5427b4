import GRDB
package import Scheduling
package import Timetable

/// A member of an open flow that was to end by now and has no row yet, as it was told.
package struct LateMember: Hashable, Sendable {
    package let job: JobName
    package let flow: FlowKey
    package let endBy: Instant
}

extension LedgerReader {
    /// In the order of their flows' dues. Reads as many rows as there are open flows with promises.
    package func lateMembers() throws(LedgerError) -> [LateMember] {
        try read { db in
            let sql = "SELECT head, due, promises FROM flow WHERE is_open = 1 AND promises IS NOT NULL ORDER BY due, head"
            return try Row.fetchAll(db, sql: sql).flatMap { row -> [LateMember] in
                guard let head = JobName(row["head"]) else { return [] }
                let flow = FlowKey(head: head, due: Instant(microseconds: row["due"]))
                return try PromiseText.members(row["promises"]).sorted { $0.key < $1.key }
                    .filter { try $1.isBroken && !hasRow($0, at: flow.due, db) }
                    .map { LateMember(job: $0, flow: flow, endBy: $1.endBy) }
            }
        }
    }

    private func hasRow(_ job: JobName, at due: Instant, _ db: Database) throws -> Bool {
        try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT 1 FROM run WHERE job = ? AND due = ?"), arguments: [job.text, due.microseconds]) != nil
    }

    /// The change that tells of a breach was written with the gap; it names the first of the slots.
    func withBreaches(_ gap: Gap, _ db: Database) throws -> StoredGap {
        guard gap.state == .missed else { return StoredGap(gap) }
        let sql = """
            SELECT 1 FROM change
            WHERE seq BETWEEN ? AND ? AND at = ? AND kind = ? AND job = ? AND run IS NULL AND detail LIKE ? LIMIT 1
            """
        let arguments: StatementArguments = [
            try firstChange(at: gap.decidedAt, db), try firstChange(at: gap.decidedAt + Instant.resolution, db),
            gap.decidedAt.microseconds, Breach.endBy.changeKind, gap.job.text, "% \(gap.firstDue.rfc3339) %missed: %",
        ]
        let isBroken = try Row.fetchOne(try db.cachedStatement(sql: sql), arguments: arguments) != nil
        return StoredGap(gap, breaches: isBroken ? [.endBy] : [])
    }
}
