import GRDB
import Scheduling
import Timetable

/// From folders to rows.
extension LedgerRebuild {
    /// Takes the runs in that folders tell of. A folder knows better than the old ledger how far its run went, but for ends that stand there.
    ///
    /// - Parameters:
    ///   - numbers: Of all folders, also of those that tell nothing: none is given out again.
    ///   - isStale: The old ledger is older than what happened: what is open there may have run since, and its folder may be removed.
    package func take(_ found: [FoundRun], numbers: [Int64], isStale: Bool = false) throws(LedgerError) -> Account {
        var account = Account()
        account.incompleteTables = salvagedFrom
        try write { db in
            account.salvagedRuns = try Int.fetchOne(db, sql: "SELECT count(*) FROM run") ?? 0
            let attempts = Dictionary(found.map { ($0.run.key.firstAttempt, $0.run.key.attempt) }, uniquingKeysWith: max)
            for one in found.sorted(by: { $0.number < $1.number }) {
                let key = one.run.key
                let isOld = try attempts[key.firstAttempt, default: 0] > key.attempt || hasLaterAttempt(than: key, db)
                // What is open is found out by recovery, which offers its end to whoever waits for it; here nobody is offered anything.
                try take(one, knowsEnd: !one.run.state.isOpen && (isStale || isOld), into: &account, db)
            }
            try endWhatHasNoFolder(but: Set(numbers), db)
            if isStale { account.doubtfulRuns = try endWhatMayHaveRun(but: Set(numbers), db) }
            if let highest = numbers.filter({ $0 <= Self.highestNumber }).max() {
                try Salvage.raiseSequence(of: "run", to: highest, db)
            }
        }
        return account
    }

    /// - Parameter knowsEnd: The end that the folder tells had its consequences already, so that it is written where the ledger has none.
    private func take(_ found: FoundRun, knowsEnd: Bool, into account: inout Account, _ db: Database) throws {
        var found = found
        if !found.knowsFlow { found = try withFlow(found, db) }
        let key = found.run.key
        if let row = try Row.fetchOne(try db.cachedStatement(sql: "SELECT * FROM run WHERE id = ?"), arguments: [found.number]) {
            let known = try RunRow.run(from: row)
            guard known.key == key else {
                account.conflicts += 1
                return
            }
            // An end in the ledger stands.
            guard known.state == .waiting || known.state.isOpen && knowsEnd else { return }
            if known.state != .waiting {
                found = FoundRun(number: found.number, run: known.ended(as: found.run), boot: row["boot"], knowsFlow: true)
            } else {
                found = FoundRun(number: found.number, run: found.run.completed(by: known), boot: found.boot, knowsFlow: true)
            }
            account.correctedRuns += 1
            try remove(found.number, db)
        } else if try hasRow(key, db) {
            account.conflicts += 1
            return
        } else {
            account.rebuiltRuns += 1
        }
        try endOlderAttempts(before: key, db)
        if found.run.state.isOpen, try hasLaterAttempt(than: key, db) { found = Self.lost(found, "a later attempt is known", at: now) }
        try insert(found, db)
    }

    private func insert(_ found: FoundRun, _ db: Database) throws {
        if let version = found.run.version { try keepPlace(ofText: version, job: found.run.key.job, db) }
        try db.cachedStatement(sql: RunRow.insertNumbered)
            .execute(arguments: [found.number] + RunRow.arguments(of: found.run, boot: found.boot))
    }

    private func remove(_ number: Int64, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [number])
    }

    private func hasRow(_ key: RunKey, _ db: Database) throws -> Bool {
        try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT 1 FROM run WHERE job = ? AND due = ? AND attempt = ?"),
            arguments: [key.job.text, key.due.microseconds, key.attempt]) != nil
    }

    private func hasLaterAttempt(than key: RunKey, _ db: Database) throws -> Bool {
        try Row.fetchOne(
            try db.cachedStatement(sql: "SELECT 1 FROM run WHERE job = ? AND due = ? AND attempt > ?"),
            arguments: [key.job.text, key.due.microseconds, key.attempt]) != nil
    }

    /// An attempt is only made once the one before has ended, however that end was lost.
    private func endOlderAttempts(before key: RunKey, _ db: Database) throws {
        let sql = "SELECT * FROM run WHERE job = ? AND due = ? AND attempt < ? AND state IN ('waiting', 'launching', 'running')"
        let arguments: StatementArguments = [key.job.text, key.due.microseconds, key.attempt]
        for row in try Row.fetchAll(try db.cachedStatement(sql: sql), arguments: arguments) {
            try lose(row, "a later attempt is known", db)
        }
    }

    /// The folder of a run that was seen to run is gone: nobody can know, and it must not begin again.
    private func endWhatHasNoFolder(but numbers: Set<Int64>, _ db: Database) throws {
        for row in try Row.fetchAll(db, sql: "SELECT * FROM run WHERE state = 'running'") where !numbers.contains(row["id"]) {
            try lose(row, "its folder is gone", db)
        }
    }

    /// What waits, or was handed over and has no folder, may have run since, and retention may have removed its folder.
    ///
    /// - Returns: How many there were.
    private func endWhatMayHaveRun(but numbers: Set<Int64>, _ db: Database) throws -> Int {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM run WHERE state IN ('waiting', 'launching')")
        let doubtful = rows.filter { $0["state"] == RunState.waiting.rawValue || !numbers.contains($0["id"]) }
        for row in doubtful {
            var run = try RunRow.run(from: row)
            run.reason = "\(Self.reason): it may have run since, for the ledger was older than what happened"
            run.state = run.state == .waiting ? .missed : .lost
            run.endedAt = now
            try remove(row["id"], db)
            try insert(FoundRun(number: row["id"], run: run, boot: row["boot"], knowsFlow: true), db)
        }
        // The same holds for the slots that a backfill had not come to.
        try db.execute(
            sql: """
                UPDATE backfill SET cancelled_at = ?, cancelled_by = 'the rebuild of the ledger'
                WHERE pending <> '' AND cancelled_at IS NULL
                """, arguments: [now.microseconds])
        return doubtful.count
    }

    private func lose(_ row: Row, _ why: String, _ db: Database) throws {
        let found = FoundRun(number: row["id"], run: try RunRow.run(from: row), boot: row["boot"], knowsFlow: true)
        try remove(found.number, db)
        try insert(Self.lost(found, why, at: now), db)
    }

    private static func lost(_ found: FoundRun, _ why: String, at now: Instant) -> FoundRun {
        var run = found.run
        run.state = .lost
        run.reason = "\(reason): its end is not known, and \(why)"
        run.endedAt = now
        return FoundRun(number: found.number, run: run, boot: found.boot, knowsFlow: true)
    }

    /// A folder that does not name its flow: that of its due which has a place for the job, else its own.
    private func withFlow(_ found: FoundRun, _ db: Database) throws -> FoundRun {
        var run = found.run
        let sql = "SELECT text FROM flow JOIN plan ON plan.id = flow.plan WHERE due = ?"
        for text in try String.fetchAll(db, sql: sql, arguments: [run.key.due.microseconds]) {
            guard let plan = FlowPlan(text: text), plan.members.contains(where: { $0.job == run.key.job }) else { continue }
            run.flow = FlowKey(head: plan.head, due: run.key.due)
            run.trigger = run.key.attempt == 1 ? .upstream : .retry
        }
        return FoundRun(number: found.number, run: run, boot: found.boot, knowsFlow: true)
    }
}

extension RunKey {
    /// What all attempts at one due have in common.
    fileprivate var firstAttempt: RunKey { RunKey(job: job, due: due, attempt: 1) }
}

extension Run {
    /// The same run with what no folder tells of, but its row did.
    fileprivate func completed(by other: Run) -> Run {
        var run = self
        run.backfill = other.backfill
        run.consumed = other.consumed
        run.promises = other.promises
        run.breaches = other.breaches
        return run
    }

    /// The same run with the end of `other`, which tells nothing else better.
    fileprivate func ended(as other: Run) -> Run {
        var run = self
        run.state = other.state
        run.reason = other.reason
        run.exitCode = other.exitCode
        run.signal = other.signal
        run.startedAt = other.startedAt ?? startedAt
        run.endedAt = other.endedAt
        run.node = other.node ?? node
        run.handedOn = other.handedOn
        return run
    }
}
