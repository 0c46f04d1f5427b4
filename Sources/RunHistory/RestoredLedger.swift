import GRDB
package import Scheduling
import Timetable

/// What a start of the scheduler reads of the ledger.
package struct RestoredLedger: Sendable {
    package struct OpenRun: Sendable {
        package let id: String
        package let run: Run
        /// The boot of the machine in which the intent was written.
        package let boot: String?
        /// The text that the run was handed over with; nil for one that waits.
        package let definition: StoredDefinition?
    }

    package let state: LedgerState
    /// Runs that were handed over and have no end yet.
    package let handedOver: [OpenRun]
    /// Ids of all open runs.
    package let ids: [RunKey: String]
    /// The definitions in force.
    package let definitions: [StoredDefinition]

    init(reading db: Database, ledger: String) throws {
        var state = LedgerState()
        var handedOver: [OpenRun] = []
        var ids: [RunKey: String] = [:]
        state.controls = try Row.fetchAll(db, sql: "SELECT * FROM job").map(ControlRow.control)
        state.lastEnding = try Int64.fetchOne(db, sql: "SELECT max(ending) FROM run") ?? 0
        let open = "state IN ('waiting', 'launching', 'running')"
        for row in try Row.fetchAll(db, sql: "SELECT * FROM run WHERE \(open)") {
            let run = try RunRow.run(from: row)
            let id = "\(ledger)-\(row["id"] as Int64)"
            state.openRuns.append(run)
            ids[run.key] = id
            guard run.state.isActive else { continue }
            let definition = try Row.fetchOne(db, sql: "SELECT * FROM definition WHERE version = ?", arguments: [run.version])
            handedOver.append(OpenRun(id: id, run: run, boot: row["boot"], definition: definition.map(StoredDefinition.init)))
        }
        state.reruns = try Self.reruns(db)
        state.openFlows = try FlowRow.open(db)
        state.pauses = try PauseRow.all(db)
        state.orders = try SlotOrderRow.all(db)
        state.backfills = try BackfillRow.all(db)
        state.seenAt = try RowsAhead.seenAt(db)
        state.duesAhead = try RowsAhead.dues(beyond: state.seenAt ?? .distantPast, db)
        self.state = state
        self.handedOver = handedOver
        self.ids = ids
        let inForce = "SELECT definition.* FROM definition JOIN job USING (version) WHERE removed_at IS NULL"
        definitions = try Row.fetchAll(db, sql: inForce).map(StoredDefinition.init)
    }

    /// Of each open run that was made because the one before it was lost: how many were, one after the other. An attempt that somebody asked
    /// for has no not-before, and begins the count anew.
    private static func reruns(_ db: Database) throws -> [RunKey: Int] {
        let sql = """
            SELECT open.* FROM run AS open JOIN run AS before
            ON before.job = open.job AND before.due = open.due AND before.attempt = open.attempt - 1 AND before.state = 'lost'
            WHERE open.state IN ('waiting', 'launching', 'running') AND open.trigger = 'retry' AND open.not_before IS NOT NULL
            """
        var reruns: [RunKey: Int] = [:]
        for run in try Row.fetchAll(db, sql: sql).map(RunRow.run) {
            let before = try Row.fetchAll(
                db, sql: "SELECT state, not_before FROM run WHERE job = ? AND due = ? AND attempt < ? ORDER BY attempt DESC LIMIT ?",
                arguments: [run.key.job.text, run.key.due.microseconds, run.key.attempt, Run.mostReruns + 1])
            var lost = 0
            for row in before {
                guard (row["state"] as String) == RunState.lost.rawValue else { break }
                lost += 1
                if row.instant("not_before") == nil { break }
            }
            reruns[run.key] = lost
        }
        return reruns
    }
}
