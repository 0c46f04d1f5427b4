import Foundation
import GRDB
package import Scheduling
import Synchronization
package import Timetable

/// The ledger for the one who writes it: the scheduler. Everybody else reads through `LedgerReader`.
///
/// One connection, used from one thread at a time. Every commit is durable when it returns (WAL, `synchronous=FULL`, read back at
/// opening). A commit that throws is unknown: it may or may not have happened, and the ledger is to be opened anew.
package final class Ledger: Sendable {
    package let path: String
    /// Six random base-32 characters, drawn when the database was made; the first part of every run id.
    package let id: String
    let queue: DatabaseQueue
    private let file: FileIdentity?
    let checkpoints: Checkpoints
    private let doubt = Mutex(false)

    /// Opens the ledger at `path`, makes it when there is none, and brings it up to this version's schema.
    ///
    /// - Parameters:
    ///   - machine: The identity of this machine; a ledger of another one is refused unless `takeOver`. Empty when the machine has none.
    ///   - mayCreate: Whether a ledger that is not there is made; else it is an error, for a ledger that vanished must not begin anew.
    ///   - isExamined: Whether somebody has just looked for damage, so that it need not be done again.
    ///   - onFoldingFault: Called, from any thread, when the write-ahead log could not be folded in.
    package static func open(
        at path: String, machine: String, takeOver: Bool = false, mayCreate: Bool = true, isExamined: Bool = false, now: Instant,
        onFoldingFault: @escaping @Sendable (LedgerError) -> Void = { _ in }
    ) throws(LedgerError) -> Ledger {
        guard mayCreate || FileIdentity(of: path) != nil else { throw .vanished(path: path) }
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration())
            try queue.writeWithoutTransaction { db in
                try refuseNewer(db, path: path)
                try Migrations.apply(to: db)
                try makeDurable(db)
                if !isExamined { try refuseDamaged(db, path: path) }
            }
            let id = try queue.write { db in try identity(db, path: path, machine: machine, takeOver: takeOver, now: now) }
            return Ledger(path: path, id: id, queue: queue, checkpoints: Checkpoints(path: path, tell: onFoldingFault))
        } catch let error as LedgerError {
            throw error
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    private init(path: String, id: String, queue: DatabaseQueue, checkpoints: Checkpoints) {
        self.path = path
        self.id = id
        self.queue = queue
        file = FileIdentity(of: path)
        self.checkpoints = checkpoints
    }

    /// Closes the connection; the write-ahead log is folded into the database if nobody reads it.
    package func close() {
        checkpoints.close()
        try? queue.close()
    }

    /// The id of the run whose row has this number.
    package func runID(_ number: Int64) -> String { "\(id)-\(number)" }

    /// Commits the records of one step together with `note`, which may write more into the same transaction.
    ///
    /// - Returns: For each inserted run the id that it got.
    package func commit(
        _ records: [LedgerRecord], boot: String, at now: Instant, note: (LedgerNotes) throws -> Void = { _ in }
    ) throws(LedgerError) -> [RunKey: String] {
        try refuseReplaced()
        defer { checkpoints.noteCommit(of: records.count) }
        do {
            return try queue.write { db in
                var ids: [RunKey: String] = [:]
                try note(LedgerNotes(db: db, now: now))
                for record in records {
                    if let (key, number) = try write(record, boot: boot, at: now, to: db) { ids[key] = runID(number) }
                }
                return ids
            }
        } catch {
            throw failure(error)
        }
    }

    /// Whether the file that was opened still has its place; also asked of a ledger that is closed.
    package var isInPlace: Bool { FileIdentity(of: path) == file }

    /// What is committed to a file that nobody finds any more is lost.
    func refuseReplaced() throws(LedgerError) {
        guard isInPlace else {
            throw .vanished(path: path)
        }
    }

    /// Why the write-ahead log could not be folded in at the last try; nil when it could, or readers were in the way.
    package var foldingFault: LedgerError? { checkpoints.fault }

    /// Damage that was found while folding in is damage of the ledger, though commits may still go to the log.
    package func refuseDamage() throws(LedgerError) {
        if let fault = foldingFault, case .corrupt = fault { throw fault }
    }

    /// Whether a commit failed so that the end of the write-ahead log may not be on the disk: the next connection is to `settle` before it
    /// commits. Where there was no room, or SQLite refused the commit, nothing was left to be synchronized, and what it wrote is written over.
    package var isInDoubt: Bool { doubt.withLock { $0 } }

    /// What a commit that failed comes to.
    func failure(_ error: any Error) -> LedgerError {
        if (error as? DatabaseError)?.resultCode == .SQLITE_IOERR { doubt.withLock { $0 = true } }
        return LedgerError.of(error, path: path)
    }

    /// Moves everything that was committed out of the write-ahead log into the database, durably, and begins the log anew.
    ///
    /// After a sync that failed, the kernel may hold for written what never reached the disk, and no later sync would write it; whatever was
    /// appended behind it in the log would be lost with it. So nothing is appended there any more.
    ///
    /// While somebody reads the ledger in one transaction that cannot be done; it is waited for a second.
    package func settle() throws(LedgerError) {
        do {
            let isBusy = try queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA busy_timeout = 1000")
                defer { try? db.execute(sql: "PRAGMA busy_timeout = \(Self.busyTimeout * 1_000)") }
                return try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)").map { $0[0] as Int != 0 } ?? false
            }
            guard !isBusy else { throw LedgerError.unsettled(path: path, readers: WriteAheadLog.readerWords(of: path)) }
        } catch let error as LedgerError {
            throw error
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    /// What a start of the scheduler reads: control rows, open runs and open flows, never the history.
    package func restore() throws(LedgerError) -> RestoredLedger {
        do {
            return try queue.read { db in try RestoredLedger(reading: db, ledger: id) }
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    /// What a retry of the due of `key` has to know; nil when the ledger has no run at it.
    package func precedent(of key: RunKey) throws(LedgerError) -> Precedent? {
        do {
            return try queue.read { db in
                let sql = "SELECT * FROM run WHERE job = ? AND due = ? ORDER BY attempt DESC LIMIT 1"
                guard let row = try Row.fetchOne(db, sql: sql, arguments: [key.job.text, key.due.microseconds]) else { return nil }
                let newest = try RunRow.run(from: row)
                return Precedent(newest: newest, flow: try FlowRow.flow(newest.flow, db))
            }
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    /// The number of the newest change that was committed; it only grows, whatever retention removes.
    package func newestChange() throws(LedgerError) -> Int64 {
        do {
            return try queue.read { db in try Self.newestNumber(of: "change", db) }
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    static func newestNumber(of table: String, _ db: Database) throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT max(seq) FROM sqlite_sequence WHERE name = ?", arguments: [table]) ?? 0
    }

    /// How durable a commit of this connection is, as SQLite numbers it; 2 is FULL.
    package func synchronous() throws -> Int? {
        try queue.read { db in try Int.fetchOne(db, sql: "PRAGMA synchronous") }
    }

    /// A trial whether the database file is still the one that was opened, and can be written.
    package func heartbeat(at now: Instant) throws(LedgerError) {
        try refuseReplaced()
        try refuseDamage()
        checkpoints.lookAgain()
        do {
            try queue.write { db in try db.execute(sql: "UPDATE scheduler SET heartbeat_at = ?", arguments: [now.microseconds]) }
        } catch {
            throw failure(error)
        }
    }
}

// MARK: opening

extension Ledger {
    /// Seconds.
    private static let busyTimeout = 10

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "ledger"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(TimeInterval(busyTimeout))
        // New files are for this user alone; SQLite gives -wal and -shm the mode of the database.
        configuration.prepareDatabase { db in try db.execute(sql: "PRAGMA journal_mode = WAL") }
        return configuration
    }

    private static func refuseNewer(_ db: Database, path: String) throws {
        let found = try Migrations.version(of: db)
        if found == 0, try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0 > 0 {
            throw LedgerError.corrupt(path: path, detail: "it is a database of something else")
        }
        if found > Migrations.current { throw LedgerError.newerSchema(path: path, found: found, known: Migrations.current) }
    }

    /// Set after opening and read back, because opening may set it to something weaker. Checkpoints come from elsewhere, see `Checkpoints`.
    private static func makeDurable(_ db: Database) throws {
        try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
        try db.execute(sql: "PRAGMA journal_size_limit = \(Checkpoints.bytesKept)")
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous")
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode")
        guard synchronous == 2, journal == "wal" else {
            throw DatabaseError(
                message:
                    "the file system does not support a write-ahead log (journal_mode \(journal ?? "?"), synchronous \(synchronous ?? -1))")
        }
    }

    /// A small database is checked whole; a large one where it is read.
    private static func refuseDamaged(_ db: Database, path: String) throws {
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        guard pages < 16_384, let finding = try String.fetchOne(db, sql: "PRAGMA quick_check(1)"), finding != "ok" else { return }
        throw LedgerError.corrupt(path: path, detail: finding)
    }

    /// A name for a ledger, drawn at random.
    package static func newID() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        return String((0..<6).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
    }

    private static func identity(_ db: Database, path: String, machine: String, takeOver: Bool, now: Instant) throws -> String {
        guard let row = try Row.fetchOne(db, sql: "SELECT id, machine FROM ledger") else {
            let id = newID()
            try db.execute(sql: "INSERT INTO ledger VALUES (1, ?, ?, ?)", arguments: [id, machine, now.microseconds])
            return id
        }
        let owner: String = row["machine"]
        if owner != machine, !owner.isEmpty, !machine.isEmpty {
            guard takeOver else { throw LedgerError.foreignMachine(path: path) }
            try db.execute(sql: "UPDATE ledger SET machine = ?", arguments: [machine])
        }
        return row["id"]
    }
}

// MARK: writing

extension Ledger {
    /// - Returns: Key and number of an inserted run.
    private func write(_ record: LedgerRecord, boot: String, at now: Instant, to db: Database) throws -> (RunKey, Int64)? {
        switch record {
        case .insert(let run):
            try db.cachedStatement(sql: RunRow.insert).execute(arguments: RunRow.arguments(of: run, boot: boot))
            let number = db.lastInsertedRowID
            try noteChange(of: run, number: number, at: now, db)
            return (run.key, number)
        case .update(let run):
            let number = try Int64.fetchOne(
                try db.cachedStatement(sql: RunRow.update), arguments: RunRow.updateArguments(of: run, boot: boot))
            guard let number else { throw DatabaseError(message: "there is no row of \(run.key)") }
            try noteChange(of: run, number: number, at: now, db)
        case .gap(let gap):
            try db.cachedStatement(sql: "INSERT INTO gap VALUES (?, ?, ?, ?, ?, ?, ?)").execute(arguments: [
                gap.job.text, gap.firstDue.microseconds, gap.lastDue.microseconds, gap.slots, gap.state.rawValue, gap.reason,
                gap.decidedAt.microseconds,
            ])
            let slots = gap.slots == 1 ? "1 slot" : "\(gap.slots) slots"
            try LedgerNotes(db: db, now: now).change("gap.\(gap.state.rawValue)", job: gap.job, detail: "\(slots): \(gap.reason)")
        case .cutGap(let gap, let left):
            try cut(gap, to: left, db)
        case .clockSetBack(let farthest):
            try LedgerNotes(db: db, now: now).change("clock.setBack", detail: "from \(farthest.rfc3339)")
        case .control(let control):
            try db.cachedStatement(sql: ControlRow.upsert).execute(arguments: ControlRow.arguments(of: control))
        case .openFlow(let key, let plan):
            try keep(plan, db)
            try db.cachedStatement(sql: "INSERT INTO flow (head, due, plan, is_open) SELECT ?, ?, id, 1 FROM plan WHERE text = ?")
                .execute(arguments: [key.head.text, key.due.microseconds, plan.text])
        case .closeFlow(let key):
            try setOpen(false, key, db)
        case .reopenFlow(let key):
            try setOpen(true, key, db)
        case .promises(let key, let promises):
            try db.cachedStatement(sql: "UPDATE flow SET promises = ? WHERE head = ? AND due = ?")
                .execute(arguments: [PromiseText.of(promises), key.head.text, key.due.microseconds])
        case .pause(let pause):
            try db.cachedStatement(sql: PauseRow.insert).execute(arguments: PauseRow.arguments(of: pause))
        case .resume(let scope):
            try db.cachedStatement(sql: PauseRow.delete).execute(arguments: PauseRow.key(of: scope))
        case .order(let order): try write(order, to: db)
        case .orderIsOver(let job, let due): try removeOrder(job, due, db)
        case .markStale(let key, let stale): try markStale(stale, key, db)
        case .replanFlow(let key, let plan): try replan(key, plan, db)
        case .backfill(let backfill): try write(backfill, to: db)
        case .change(let change):
            try noteChange(change, at: now, db)
        }
        return nil
    }

    private func setOpen(_ isOpen: Bool, _ key: FlowKey, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE flow SET is_open = ?, stale = NULL WHERE head = ? AND due = ?")
            .execute(arguments: [isOpen, key.head.text, key.due.microseconds])
    }

    private func noteChange(_ change: Change, at now: Instant, _ db: Database) throws {
        let number = try change.run.flatMap { key in
            try Int64.fetchOne(
                try db.cachedStatement(sql: "SELECT id FROM run WHERE job = ? AND due = ? AND attempt = ?"),
                arguments: [key.job.text, key.due.microseconds, key.attempt])
        }
        try db.cachedStatement(sql: LedgerNotes.insertChange)
            .execute(arguments: [now.microseconds, change.kind, change.job?.text, number, change.who, change.detail])
    }

    private func noteChange(of run: Run, number: Int64, at now: Instant, _ db: Database) throws {
        try db.cachedStatement(sql: LedgerNotes.insertChange)
            .execute(arguments: [now.microseconds, "run.\(run.state.rawValue)", run.key.job.text, number, nil, run.reason])
    }
}

/// What is written beside the records of a step, in the same transaction.
package struct LedgerNotes {
    let db: Database
    let now: Instant

    fileprivate static let insertChange = "INSERT INTO change (at, kind, job, run, who, detail) VALUES (?, ?, ?, ?, ?, ?)"

    package func change(_ kind: String, job: JobName? = nil, who: String? = nil, detail: String? = nil) throws {
        try db.cachedStatement(sql: Self.insertChange).execute(arguments: [now.microseconds, kind, job?.text, nil, who, detail])
    }

    /// Keeps the text of a definition; of a version that is known already, where it stands now.
    package func keep(version: String, job: JobName, canonical: String, source: String, file: String, line: Int) throws {
        let upsert = """
            INSERT INTO definition VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (version) DO UPDATE SET canonical = excluded.canonical, source = excluded.source, file = excluded.file, line = excluded.line
            """
        try db.cachedStatement(sql: upsert)
            .execute(arguments: [version, job.text, canonical, source, file, line, now.microseconds])
    }

    /// Replaces the list of what is wrong with the job files.
    package func replaceProblems(by problems: [LedgerProblem]) throws {
        try db.execute(sql: "DELETE FROM problem")
        for problem in problems {
            try db.cachedStatement(sql: "INSERT INTO problem VALUES (?, ?, ?, ?, ?)")
                .execute(arguments: [problem.file, problem.line, problem.column, problem.severity, problem.message])
        }
    }

    /// Tells who runs on this ledger from now on.
    package func replaceScheduler(by scheduler: SchedulerRow) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO scheduler VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            arguments: [
                scheduler.pid, scheduler.boot, scheduler.version, scheduler.jobsFolder, scheduler.address, scheduler.settings,
                scheduler.startedAt.microseconds, scheduler.heartbeatAt.microseconds,
            ])
    }

    package func noteStop() throws {
        try db.execute(sql: "UPDATE scheduler SET stopped_at = ?", arguments: [now.microseconds])
        // Nobody looks any more.
        try db.execute(sql: "DELETE FROM executor_trouble")
    }
}
