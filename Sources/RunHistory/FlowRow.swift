import Foundation
import GRDB
import Scheduling
import Timetable

/// A flow with its plan and its rows, as the core reads it.
enum FlowRow {
    static func open(_ db: Database) throws -> [LedgerState.Flow] {
        let sql = "SELECT flow.*, text FROM flow JOIN plan ON plan.id = flow.plan WHERE is_open = 1"
        return try Row.fetchAll(db, sql: sql).map { try flow($0, db) }
    }

    /// The flow of that key, open or closed; nil when it has nobody but its head.
    static func flow(_ key: FlowKey, _ db: Database) throws -> LedgerState.Flow? {
        try flowWithState(key, db)?.flow
    }

    static func flowWithState(_ key: FlowKey, _ db: Database) throws -> (flow: LedgerState.Flow, isOpen: Bool)? {
        let sql = "SELECT flow.*, text FROM flow JOIN plan ON plan.id = flow.plan WHERE head = ? AND due = ?"
        let row = try Row.fetchOne(try db.cachedStatement(sql: sql), arguments: [key.head.text, key.due.microseconds])
        return try row.map { row in
            var found = try flow(row, db)
            let isOpen: Bool = row["is_open"]
            if !isOpen { found.elsewhere = try membersElsewhere(found, db) }
            return (found, isOpen)
        }
    }

    /// Members of a closed flow without a row in it that have one of its due all the same.
    private static func membersElsewhere(_ flow: LedgerState.Flow, _ db: Database) throws -> Set<JobName> {
        let owed = Set(flow.plan.members.map(\.job)).subtracting(flow.runs.map(\.key.job))
        if owed.isEmpty { return [] }
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM run WHERE job = ? AND due = ? LIMIT 1")
        return try owed.filter { try Row.fetchOne(statement, arguments: [$0.text, flow.key.due.microseconds]) != nil }
    }

    /// nil for nobody.
    static func text(ofStale stale: StaleMarks) -> String? {
        JSONText.of(
            Dictionary(
                uniqueKeysWithValues: stale.map { member, makers in
                    (member.text, Dictionary(uniqueKeysWithValues: makers.map { ($0.text, $1) }))
                }))
    }

    static func stale(_ text: String?) throws -> StaleMarks {
        guard let text else { return [:] }
        let members = try? JSONDecoder().decode([String: [String: Int]].self, from: Data(text.utf8))
        guard let members else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "who is out of date in a flow cannot be read") }
        return members.reduce(into: [:]) { marks, member in
            for (maker, attempt) in member.value {
                if let job = JobName(member.key), let maker = JobName(maker) { marks[job, default: [:]][maker] = attempt }
            }
        }
    }

    static func plan(_ id: Int64, _ db: Database) throws -> FlowPlan {
        try plan(try String.fetchOne(try db.cachedStatement(sql: "SELECT text FROM plan WHERE id = ?"), arguments: [id]) ?? "")
    }

    private static func plan(_ text: String) throws -> FlowPlan {
        guard let plan = FlowPlan(text: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a flow's plan cannot be read")
        }
        return plan
    }

    private static func flow(_ row: Row, _ db: Database) throws -> LedgerState.Flow {
        let plan = try plan(row["text"] as String)
        let key = FlowKey(head: plan.head, due: Instant(microseconds: row["due"]))
        let (head, due) = (key.head.text, key.due.microseconds)
        let sql = """
            SELECT * FROM run WHERE job = ? AND due = ?
            UNION ALL SELECT * FROM run WHERE flow_head <> job AND flow_head = ? AND flow_due = ?
            """
        let rows = try Row.fetchAll(try db.cachedStatement(sql: sql), arguments: [head, due, head, due])
        return LedgerState.Flow(
            key: key, plan: plan, runs: try rows.map(RunRow.run), stale: try stale(row["stale"]),
            promises: try PromiseText.members(row["promises"]))
    }
}
