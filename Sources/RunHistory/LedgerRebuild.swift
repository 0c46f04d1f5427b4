import Foundation
import GRDB
package import Scheduling
package import Timetable

/// A new ledger for the place of one that was damaged, removed, or knows less than the folders of its runs.
///
/// It is made beside the old one, begins with what can still be read there, and takes its place in steps that may be cut off anywhere: the
/// old files are only ever given other names. Nothing that it does starts a run.
package final class LedgerRebuild: Sendable {
    /// A run as its folder tells it.
    package struct FoundRun: Sendable {
        package let number: Int64
        package let run: Run
        package let boot: String?
        /// The folder tells which flow it belongs to; else that is looked for.
        package let knowsFlow: Bool

        package init(number: Int64, run: Run, boot: String?, knowsFlow: Bool) {
            self.number = number
            self.run = run
            self.boot = boot
            self.knowsFlow = knowsFlow
        }
    }

    /// A text of a job, read from its file.
    package struct Text: Sendable {
        package let version, job, canonical, source, file: String
        package let line: Int

        package init(version: String, job: JobName, canonical: String, source: String, file: String, line: Int) {
            self.version = version
            self.job = job.text
            self.canonical = canonical
            self.source = source
            self.file = file
            self.line = line
        }
    }

    /// What became of the old ledger and of the folders of its runs.
    package struct Account: Hashable, Sendable {
        /// Rows of runs that were read from the old ledger.
        package internal(set) var salvagedRuns = 0
        /// Rows of runs that were made from their folders.
        package internal(set) var rebuiltRuns = 0
        /// Of those that were read, how many a folder knew to have gone further.
        package internal(set) var correctedRuns = 0
        /// Of those that were read, how many were open and may have run since, so that they have ended.
        package internal(set) var doubtfulRuns = 0
        /// Folders whose run could get no row, because another run has its place.
        package internal(set) var conflicts = 0
        /// Tables of the old ledger of which something could not be read.
        package internal(set) var incompleteTables: Set<String> = []

        package init() {}
    }

    /// What a row says first that a rebuild made up.
    package static let reason = "ledger rebuilt"

    private let path: String
    private let draft: DatabaseQueue
    let now: Instant

    private var draftPath: String { path + ".rebuilding" }

    // MARK: beginning

    /// Makes the new ledger beside `path` and copies what can be read there.
    package init(at path: String, now: Instant) throws(LedgerError) {
        self.path = path
        self.now = now
        do {
            Self.discard(path)
            var configuration = Configuration()
            configuration.foreignKeysEnabled = false
            draft = try DatabaseQueue(path: path + ".rebuilding", configuration: configuration)
            try draft.writeWithoutTransaction { db in
                try Migrations.apply(to: db)
                try db.execute(sql: "PRAGMA synchronous = FULL")
            }
            (salvagedFrom, newest) = try draft.write { db in
                let salvage = try Salvage(path, into: db)
                let invalid = try Self.removeInvalidRows(db)
                let newest = (run: try Ledger.newestNumber(of: "run", db), change: try Ledger.newestNumber(of: "change", db))
                return (salvage.incomplete.union(invalid), newest)
            }
        } catch let error as LedgerError {
            throw error
        } catch {
            throw LedgerError.of(error, path: path + ".rebuilding")
        }
    }

    /// Tables of the old ledger of which something could not be read.
    let salvagedFrom: Set<String>
    /// The last numbers that the old ledger gave out, as far as it could be read.
    package let newest: (run: Int64, change: Int64)

    /// Rows that the schema lets pass, and the scheduler cannot read: texts and instants are as free as the damage was.
    ///
    /// - Returns: The tables that lost any.
    private static func removeInvalidRows(_ db: Database) throws -> Set<String> {
        var tables: Set<String> = []
        func remove(_ table: String, where condition: String, _ arguments: StatementArguments = []) throws {
            try db.execute(sql: "DELETE FROM \(table) WHERE \(condition)", arguments: arguments)
            if db.changesCount > 0 { tables.insert(table) }
        }
        let names = [
            "run": ["job", "flow_head"], "job": ["name"], "gap": ["job"], "flow": ["head"], "slot_order": ["job"], "backfill": ["job"],
        ]
        for (table, columns) in names {
            for column in columns {
                for name in try String.fetchAll(db, sql: "SELECT DISTINCT \(column) FROM \(table)") where JobName(name) == nil {
                    try remove(table, where: "\(column) = ?", [name])
                }
            }
        }
        let instants = [
            "run": ["due", "flow_due", "ready_at", "waiting_since", "not_before", "started_at", "ended_at"],
            "job": ["registered_at", "accounted_until", "anchor", "removed_at", "last_free_due"], "gap": ["first_due", "last_due"],
            "flow": ["due"], "pause": ["since"], "slot_order": ["due", "since"], "backfill": ["first", "last", "at", "cancelled_at"],
        ]
        for (table, columns) in instants {
            try remove(table, where: columns.map { "coalesce(\($0), 0) NOT \(Ledger.instants)" }.joined(separator: " OR "))
        }
        tables.formUnion(try UnreadableValues.remove(from: db))
        try remove("run", where: "id NOT BETWEEN 1 AND \(highestNumber)")
        try remove("change", where: "seq NOT BETWEEN 1 AND \(highestNumber)")
        for row in try Row.fetchAll(db, sql: "SELECT id, text FROM plan") where FlowPlan(text: row["text"]) == nil {
            try remove("plan", where: "id = ?", [row["id"] as Int64])
        }
        try remove("flow", where: "plan NOT IN (SELECT id FROM plan)")
        try remove("backfill", where: "id NOT BETWEEN 1 AND \(highestNumber)")
        // Runs whose backfill is lost run on their own account.
        try db.execute(sql: "UPDATE run SET backfill = NULL WHERE backfill NOT IN (SELECT id FROM backfill)")
        for row in try Row.fetchAll(db, sql: "SELECT name FROM pause WHERE scope = 'job'") where JobName(row["name"]) == nil {
            try remove("pause", where: "scope = 'job' AND name = ?", [row["name"] as String])
        }
        return tables
    }

    /// Beyond it there would soon be no number left.
    static let highestNumber: Int64 = 1 << 53

    // MARK: what was read

    /// The id and the machine of the old ledger; nil when its row could not be read.
    package func identity() throws(LedgerError) -> (id: String, machine: String)? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT id, machine FROM ledger WHERE id GLOB '[a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7]'")
                .map { ($0["id"], $0["machine"]) }
        }
    }

    /// The texts in force, as the old ledger had them.
    package func definitionsInForce() throws(LedgerError) -> [StoredDefinition] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT definition.* FROM definition JOIN job USING (version) WHERE removed_at IS NULL")
                .map(StoredDefinition.init)
        }
    }

    package func controls() throws(LedgerError) -> [JobControl] {
        try read { db in try Row.fetchAll(db, sql: "SELECT * FROM job").map(ControlRow.control) }
    }

    /// The last slot of any gap of the job; nil when it has none.
    package func lastGap(of job: JobName) throws(LedgerError) -> Instant? {
        try read { db in
            try Int64.fetchOne(db, sql: "SELECT max(last_due) FROM gap WHERE job = ?", arguments: [job.text])
                .map(Instant.init(microseconds:))
        }
    }

    /// Pauses that are known from elsewhere.
    package func keep(_ pauses: [Pause]) throws(LedgerError) {
        try write { db in
            for pause in pauses {
                try db.execute(sql: PauseRow.delete, arguments: PauseRow.key(of: pause.scope))
                try db.execute(sql: PauseRow.insert, arguments: PauseRow.arguments(of: pause))
            }
        }
    }

    /// Orders about slots that are known from elsewhere, without those that are over: of slots that the new ledger accounts for, and whose
    /// run has ended or is lost.
    package func keep(_ orders: [SlotOrder]) throws(LedgerError) {
        try write { db in
            for order in orders { try db.execute(sql: SlotOrderRow.upsert, arguments: SlotOrderRow.arguments(of: order)) }
            try db.execute(
                sql: """
                    DELETE FROM slot_order WHERE due <= ?
                        AND NOT EXISTS (SELECT 1 FROM flow WHERE flow.due = slot_order.due AND is_open = 1)
                        AND NOT EXISTS (SELECT 1 FROM run WHERE run.job = slot_order.job AND run.due = slot_order.due
                            AND state IN ('waiting', 'launching', 'running'))
                    """, arguments: [now.microseconds])
        }
    }

    package func orders() throws(LedgerError) -> [SlotOrder] {
        try read { db in try SlotOrderRow.all(db) }
    }

    package func pauses() throws(LedgerError) -> [Pause] {
        try read { db in try PauseRow.all(db) }
    }

    /// The dues of the job that have a row, behind `start`, in their order.
    package func dues(of job: JobName, after start: Instant) throws(LedgerError) -> [Instant] {
        try read { db in
            try Int64.fetchAll(
                db, sql: "SELECT DISTINCT due FROM run WHERE job = ? AND due > ? ORDER BY due",
                arguments: [job.text, start.microseconds]
            ).map(Instant.init(microseconds:))
        }
    }

    /// For each job of which there is a run its newest due, and the version that was handed over last.
    package func jobsOfRuns() throws(LedgerError) -> [JobName: (newestDue: Instant, version: String?)] {
        try read { db in
            let sql = """
                SELECT job, max(due) AS due,
                    (SELECT version FROM run AS r WHERE r.job = run.job AND version IS NOT NULL ORDER BY due DESC, attempt DESC LIMIT 1) AS v
                FROM run GROUP BY job
                """
            var jobs: [JobName: (newestDue: Instant, version: String?)] = [:]
            for row in try Row.fetchAll(db, sql: sql) {
                guard let name = JobName(row["job"]) else { continue }
                jobs[name] = (Instant(microseconds: row["due"]), row["v"])
            }
            return jobs
        }
    }

    /// The dues and heads of flows of which some run has not ended.
    package func flowsInProgress() throws(LedgerError) -> Set<FlowKey> {
        try read { db in
            let sql = "SELECT DISTINCT flow_head, flow_due FROM run WHERE state IN ('waiting', 'launching', 'running')"
            return Set(
                try Row.fetchAll(db, sql: sql).compactMap { row in
                    JobName(row["flow_head"]).map { FlowKey(head: $0, due: Instant(microseconds: row["flow_due"])) }
                })
        }
    }

    // MARK: writing

    /// Keeps texts of the job files as they are now, so that rows can name them.
    package func keep(_ texts: [Text]) throws(LedgerError) {
        try write { db in
            for text in texts {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO definition VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [text.version, text.job, text.canonical, text.source, text.file, text.line, now.microseconds])
            }
        }
    }

    /// Makes the flow open, with `plan` if its own is not known.
    package func keepOpen(_ key: FlowKey, plan: FlowPlan?) throws(LedgerError) {
        try write { db in
            let arguments: StatementArguments = [key.head.text, key.due.microseconds]
            try db.execute(sql: "UPDATE flow SET is_open = 1 WHERE head = ? AND due = ?", arguments: arguments)
            guard db.changesCount == 0, let plan, !plan.members.isEmpty else { return }
            try db.execute(sql: "INSERT OR IGNORE INTO plan (text) VALUES (?)", arguments: [plan.text])
            try db.execute(
                sql: "INSERT INTO flow (head, due, plan, is_open) SELECT ?, ?, id, 1 FROM plan WHERE text = ?",
                arguments: arguments + [plan.text])
        }
    }

    /// Writes how far each job's slots are accounted for, and what became of those that nobody can account for.
    package func account(controls: [JobControl], gaps: [Gap]) throws(LedgerError) {
        try write { db in
            for control in controls {
                try keepPlace(ofText: control.version, job: control.job, db)
                try db.execute(sql: ControlRow.upsert, arguments: ControlRow.arguments(of: control))
            }
            for gap in gaps {
                try db.execute(
                    sql: "INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?, ?, ?, ?)",
                    arguments: [
                        gap.job.text, gap.firstDue.microseconds, gap.lastDue.microseconds, gap.slots, gap.state.rawValue, gap.reason,
                        gap.decidedAt.microseconds,
                    ])
            }
        }
    }

    /// Closes the flows of which no run is open: nobody would ever come by them again.
    package func closeFlowsAtRest() throws(LedgerError) {
        try write { db in
            try db.execute(
                sql: """
                    UPDATE flow SET is_open = 0, stale = NULL WHERE is_open = 1 AND NOT EXISTS (
                        SELECT 1 FROM run WHERE flow_head = head AND flow_due = flow.due AND state IN ('waiting', 'launching', 'running'))
                    """)
        }
    }

    /// Changes get numbers above `number`, whatever the old ledger knew: else the new one would be taken for an old one.
    package func numberChanges(above number: Int64) throws(LedgerError) {
        guard number <= Self.highestNumber else { return }
        try write { db in try Salvage.raiseSequence(of: "change", to: number, db) }
    }

    /// A text that is lost keeps its place, so that what ran by it can be told; when a file has it again, it is filled in.
    func keepPlace(ofText version: String, job: JobName, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR IGNORE INTO definition VALUES (?, ?, '', ?, '', 0, ?)")
            .execute(arguments: [
                version, job.text, "# The text of this version was lost with a ledger that was damaged.\n", now.microseconds,
            ])
    }

    // MARK: taking the place

    /// Completes the new ledger: from now on a start finds it, whenever it is cut off.
    package func complete(id: String, machine: String, detail: String) throws(LedgerError) {
        try write { db in
            try db.execute(sql: "INSERT OR REPLACE INTO ledger VALUES (1, ?, ?, ?)", arguments: [id, machine, now.microseconds])
            for row in try Row.fetchAll(db, sql: "SELECT DISTINCT version, name AS job FROM job UNION SELECT version, job FROM run") {
                guard let version = row["version"] as String?, let job = JobName(row["job"]) else { continue }
                try keepPlace(ofText: version, job: job, db)
            }
            try db.execute(
                sql: "INSERT INTO change (at, kind, detail) VALUES (?, 'ledger.rebuilt', ?)", arguments: [now.microseconds, detail])
            if let broken = try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") {
                throw DatabaseError(message: "the new ledger does not hold together: \(broken)")
            }
        }
        do {
            try draft.close()
            try Self.rename(draftPath, Self.completed(path))
        } catch {
            throw LedgerError.of(error, path: draftPath)
        }
    }

    /// The name of a new ledger that is complete, and has not yet taken the place of the old one at `path`.
    package static func completed(_ path: String) -> String { path + ".rebuilt" }

    /// Whether a rebuild of the ledger at `path` was cut off when the new one was complete and the old one already gone.
    package static func isHalfInPlace(_ path: String) -> Bool {
        FileIdentity.isAbsent(path) && FileIdentity(of: completed(path)) != nil
    }

    /// Takes away what a rebuild left that was cut off while the old ledger was still in its place.
    package static func discard(_ path: String) {
        for ending in ["", "-journal", "-wal", "-shm"] { unlink(path + ".rebuilding" + ending) }
        if FileIdentity(of: path) != nil { unlink(completed(path)) }
    }

    /// Gives the old files, as many as there are, the name `aside`, and the new ledger the name of the old.
    ///
    /// The database goes first: as long as it is there, the next start begins anew; once it is gone, the next start goes on here.
    ///
    /// - Parameter afterEach: Called when one of the old files durably has its new name.
    package static func putInPlace(_ path: String, aside: String, afterEach: () -> Void = {}) throws(LedgerError) {
        do {
            for ending in ["", "-wal", "-shm", "-journal"] where !FileIdentity.isAbsent(path + ending) {
                try rename(path + ending, aside + ending)
                afterEach()
            }
            try rename(completed(path), path)
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    /// Durable when it returns.
    private static func rename(_ old: String, _ new: String) throws {
        func failure(_ what: String) -> DatabaseError {
            DatabaseError(resultCode: .SQLITE_IOERR, message: "\(what): \(String(cString: strerror(errno)))")
        }
        guard Foundation.rename(old, new) == 0 else { throw failure("rename \(old)") }
        let folder = open((new as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure("open the folder of \(new)") }
        defer { Foundation.close(folder) }
        guard fsync(folder) == 0 else { throw failure("fsync the folder of \(new)") }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do { return try draft.read(body) } catch { throw LedgerError.of(error, path: draftPath) }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do { return try draft.write(body) } catch { throw LedgerError.of(error, path: draftPath) }
    }
}
