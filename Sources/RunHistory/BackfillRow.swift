import GRDB
import Scheduling
import Timetable

/// The shape of a backfill in SQL, and the way from and to the domain's.
enum BackfillRow {
    static let upsert = """
        INSERT INTO backfill (id, job, first, last, slots, only_missed, max_running, who, at, cancelled_at, cancelled_by)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET cancelled_at = excluded.cancelled_at, cancelled_by = excluded.cancelled_by
        """

    static func arguments(of backfill: Backfill) -> StatementArguments {
        [
            backfill.id, backfill.job.text, backfill.first.microseconds, backfill.last.microseconds, backfill.slots, backfill.onlyMissed,
            backfill.maxRunning, backfill.by, backfill.at.microseconds, backfill.cancelledAt?.microseconds, backfill.cancelledBy,
        ]
    }

    static func backfill(from row: Row) throws -> Backfill {
        guard let job = JobName(row["job"]) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a backfill has no job") }
        var backfill = Backfill(
            id: row["id"], job: job, first: Instant(microseconds: row["first"]), last: Instant(microseconds: row["last"]),
            slots: row["slots"], onlyMissed: row["only_missed"], maxRunning: row["max_running"], by: row["who"],
            at: Instant(microseconds: row["at"]))
        backfill.cancelledAt = row.instant("cancelled_at")
        backfill.cancelledBy = row["cancelled_by"]
        return backfill
    }

    static func all(_ db: Database) throws -> [Backfill] {
        try Row.fetchAll(db, sql: "SELECT * FROM backfill ORDER BY id").map(backfill)
    }

    static func backfill(_ id: Int64, _ db: Database) throws -> Backfill? {
        try Row.fetchOne(db, sql: "SELECT * FROM backfill WHERE id = ?", arguments: [id]).map(backfill)
    }

    // MARK: what a backfill has to know

    static func precedents(of order: BackfillOrder, _ scope: BackfillScope, _ db: Database) throws -> BackfillPrecedents {
        var slots = try slotsWithRows(of: order, db)
        try addFlowsWithoutRow(of: order, scope, to: &slots, db)
        var taken: [JobName: Set<Instant>] = [:]
        for job in scope.below {
            let dues = try Int64.fetchAll(
                try db.cachedStatement(sql: "SELECT DISTINCT due FROM run WHERE job = ? AND due BETWEEN ? AND ?"),
                arguments: [job.text, order.first.microseconds, order.last.microseconds])
            taken[job] = Set(dues.map(Instant.init(microseconds:)))
        }
        for flow in try openFlows(within: order, db) {
            let owing = flow.plan.members.map(\.job).filter { job in !flow.runs.contains { $0.key.job == job } }
            for job in owing where taken[job] != nil { taken[job]?.insert(flow.key.due) }
            if owing.contains(scope.job), slots[flow.key.due] == nil {
                slots[flow.key.due] = .init(newest: nil, hasRun: false, flow: flow, isFlowOpen: true)
            }
        }
        return BackfillPrecedents(
            slots: slots, taken: taken, accounted: try accounted(scope, db), passedOver: try passedOver(of: order, scope, db),
            backfilled: try backfilled(within: order, scope, db))
    }

    private static func accounted(_ scope: BackfillScope, _ db: Database) throws -> ClosedRange<Instant>? {
        let sql = """
            SELECT max(registered_at) AS first, (SELECT accounted_until FROM job WHERE name = :head) AS last
            FROM job WHERE name IN (:job, :head)
            """
        let row = try Row.fetchOne(db, sql: sql, arguments: ["job": scope.job.text, "head": scope.head.text])
        guard let first = row?.instant("first"), let last = row?.instant("last"), first <= last else { return nil }
        return first...last
    }

    /// A head whose slot was passed over begins no flow: nobody below it owed anything there.
    private static func passedOver(
        of order: BackfillOrder, _ scope: BackfillScope, _ db: Database
    ) throws -> [ClosedRange<Instant>] {
        let sql = """
            SELECT first_due AS first, last_due AS last FROM gap WHERE job = :head AND last_due >= :first AND first_due <= :last
            UNION ALL SELECT due, due FROM run WHERE job = :head AND due BETWEEN :first AND :last
                GROUP BY due HAVING max(state NOT IN ('skipped', 'missed')) = 0
            ORDER BY first
            """
        let (first, last) = (order.first.microseconds, order.last.microseconds)
        return try ranges(Row.fetchAll(db, sql: sql, arguments: ["head": scope.head.text, "first": first, "last": last]))
    }

    private static func backfilled(
        within order: BackfillOrder, _ scope: BackfillScope, _ db: Database
    ) throws -> [ClosedRange<Instant>] {
        let jobs = Set(scope.above + [scope.job]).map(\.text)
        let sql = """
            SELECT first, last FROM backfill WHERE last >= ? AND first <= ? AND job IN (\(databaseQuestionMarks(count: jobs.count)))
            """
        let bounds: StatementArguments = [order.first.microseconds, order.last.microseconds]
        return try ranges(Row.fetchAll(db, sql: sql, arguments: bounds + StatementArguments(jobs)))
    }

    private static func ranges(_ rows: [Row]) -> [ClosedRange<Instant>] {
        rows.map { Instant(microseconds: $0["first"])...Instant(microseconds: $0["last"]) }
    }

    private static func openFlows(within order: BackfillOrder, _ db: Database) throws -> [LedgerState.Flow] {
        let sql = "SELECT head, due FROM flow INDEXED BY flow_open WHERE is_open = 1 AND due BETWEEN ? AND ?"
        let rows = try Row.fetchAll(db, sql: sql, arguments: [order.first.microseconds, order.last.microseconds])
        return try rows.compactMap { row in
            try JobName(row["head"]).flatMap { try FlowRow.flow(FlowKey(head: $0, due: Instant(microseconds: row["due"])), db) }
        }
    }

    private static func slotsWithRows(of order: BackfillOrder, _ db: Database) throws -> [Instant: BackfillPrecedents.Known] {
        let sql = "SELECT * FROM run WHERE job = ? AND due BETWEEN ? AND ? ORDER BY due, attempt"
        let rows = try Row.fetchCursor(db, sql: sql, arguments: [order.job.text, order.first.microseconds, order.last.microseconds])
        var slots: [Instant: BackfillPrecedents.Known] = [:]
        while let row = try rows.next() {
            let run = try RunRow.run(from: row)
            let hasRun = slots[run.key.due]?.hasRun == true || run.state != .skipped && run.state != .missed
            slots[run.key.due] = .init(newest: run, hasRun: hasRun, flow: nil, isFlowOpen: false)
        }
        for (due, known) in slots {
            guard let key = known.newest?.flow, let found = try FlowRow.flowWithState(key, db) else { continue }
            slots[due]?.flow = found.flow
            slots[due]?.isFlowOpen = found.isOpen
        }
        return slots
    }

    /// Flows in which the job has a place and no row: they have not come to it, or never began.
    private static func addFlowsWithoutRow(
        of order: BackfillOrder, _ scope: BackfillScope, to slots: inout [Instant: BackfillPrecedents.Known], _ db: Database
    ) throws {
        for head in scope.above {
            let dues = try Int64.fetchAll(
                db, sql: "SELECT due FROM flow WHERE head = ? AND due BETWEEN ? AND ?",
                arguments: [head.text, order.first.microseconds, order.last.microseconds])
            for due in dues.map(Instant.init(microseconds:)) where slots[due] == nil {
                guard let found = try FlowRow.flowWithState(FlowKey(head: head, due: due), db),
                    found.flow.plan.members.contains(where: { $0.job == scope.job })
                else { continue }
                slots[due] = .init(newest: nil, hasRun: false, flow: found.flow, isFlowOpen: found.isOpen)
            }
        }
    }
}
