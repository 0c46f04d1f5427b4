import GRDB
package import Scheduling
package import Timetable

/// A job that is or was in force: its control row, its text and its newest run.
package struct StoredJob: Sendable {
    package let control: JobControl
    package let definition: StoredDefinition
    package let newest: StoredRun?
    /// All pauses in force, whomever they hold.
    package let pauses: Pauses
    /// What is ordered about slots of the job, by due.
    package let orders: [SlotOrder]
    /// Of the dues beyond the job's progress that have rows the states of their newest attempts: the clock was set back.
    package let ahead: [Instant: RunState]

    package var isInForce: Bool { control.removedAt == nil }
}

/// One text of a job.
package struct StoredDefinition: Hashable, Sendable {
    package let version: String
    package let job: String
    /// Canonical JSON.
    package let canonical: String
    package let source: String
    package let file: String
    package let line: Int
    package let seenAt: Instant

    init(_ row: Row) {
        version = row["version"]
        job = row["job"]
        canonical = row["canonical"]
        source = row["source"]
        file = row["file"]
        line = row["line"]
        seenAt = Instant(microseconds: row["seen_at"])
    }
}

/// Something wrong with a job file, as it was last read.
package struct LedgerProblem: Hashable, Sendable {
    package let file: String
    package let line: Int
    package let column: Int
    /// `error` or `warning`.
    package let severity: String
    package let message: String

    package init(file: String, line: Int, column: Int, severity: String, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.message = message
    }
}

/// The scheduler that runs on this ledger, or ran last.
package struct SchedulerRow: Hashable, Sendable {
    package let pid: Int
    package let boot: String
    package let version: String
    package let jobsFolder: String
    package let address: String?
    /// JSON.
    package let settings: String
    package let startedAt: Instant
    package let heartbeatAt: Instant
    package let stoppedAt: Instant?

    package init(
        pid: Int, boot: String, version: String, jobsFolder: String, address: String?, settings: String, startedAt: Instant,
        heartbeatAt: Instant,
        stoppedAt: Instant? = nil
    ) {
        self.pid = pid
        self.boot = boot
        self.version = version
        self.jobsFolder = jobsFolder
        self.address = address
        self.settings = settings
        self.startedAt = startedAt
        self.heartbeatAt = heartbeatAt
        self.stoppedAt = stoppedAt
    }
}

extension LedgerReader {
    /// All jobs in force, by name.
    package func jobs() throws(LedgerError) -> [StoredJob] {
        try readJobs(where: "removed_at IS NULL", [])
    }

    package func job(_ name: JobName) throws(LedgerError) -> StoredJob? {
        try readJobs(where: "name = ?", [name.text]).first
    }

    private func readJobs(where condition: String, _ arguments: StatementArguments) throws(LedgerError) -> [StoredJob] {
        try read { db in
            let pauses = Pauses(try PauseRow.all(db))
            let orders = Dictionary(grouping: try SlotOrderRow.all(db), by: \.job)
            return try Row.fetchAll(
                db, sql: "SELECT job.*, definition.* FROM job JOIN definition USING (version) WHERE \(condition) ORDER BY name",
                arguments: arguments
            ).map { row in
                let newest = "SELECT * FROM run WHERE job = ? ORDER BY due DESC, attempt DESC LIMIT 1"
                let control = try ControlRow.control(from: row)
                let run = try Row.fetchOne(try db.cachedStatement(sql: newest), arguments: [control.job.text]).map(stored)
                return StoredJob(
                    control: control, definition: StoredDefinition(row), newest: run, pauses: pauses, orders: orders[control.job] ?? [],
                    ahead: try run.map { $0.run.key.due > control.accountedUntil ? try statesAhead(of: control, db) : [:] } ?? [:])
            }
        }
    }

    private func statesAhead(of control: JobControl, _ db: Database) throws -> [Instant: RunState] {
        let sql = "SELECT * FROM run WHERE job = ? AND due > ? ORDER BY due, attempt"
        let rows = try Row.fetchAll(
            try db.cachedStatement(sql: sql), arguments: [control.job.text, control.accountedUntil.microseconds])
        return Dictionary(try rows.map(RunRow.run).map { ($0.key.due, $0.state) }) { $1 }
    }

    /// What is paused, the narrowest first.
    package func pauses() throws(LedgerError) -> [Pause] {
        try read { db in Pauses(try PauseRow.all(db)).all }
    }

    /// The text with that version, whichever job it is of.
    package func definition(version: String) throws(LedgerError) -> StoredDefinition? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM definition WHERE version = ?", arguments: [version]).map(StoredDefinition.init)
        }
    }

    /// What is wrong with the job files, by file and line.
    package func problems() throws(LedgerError) -> [LedgerProblem] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM problem ORDER BY file, line, \"column\"").map { row in
                LedgerProblem(
                    file: row["file"], line: row["line"], column: row["column"], severity: row["severity"], message: row["message"])
            }
        }
    }

    /// nil when no scheduler has run on this ledger yet.
    package func scheduler() throws(LedgerError) -> SchedulerRow? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM scheduler").map { row in
                SchedulerRow(
                    pid: row["pid"], boot: row["boot"], version: row["version"], jobsFolder: row["jobs_folder"], address: row["address"],
                    settings: row["settings"], startedAt: Instant(microseconds: row["started_at"]),
                    heartbeatAt: Instant(microseconds: row["heartbeat_at"]), stoppedAt: row.instant("stopped_at")
                )
            }
        }
    }
}
