import GRDB
package import Scheduling
package import Timetable

/// What the ledger holds about one due of a job, for `rota why`.
extension LedgerReader {
    /// The due that somebody means who names none: of the oldest run that has not ended, else the one that an open flow owes, else the newest
    /// of which anything is known, else the next slot of the job or of the head of its flows; `now` when there is none of these.
    package func dueInQuestion(of stored: StoredJob, now: Instant, parse: (StoredDefinition) -> Job?) throws(LedgerError) -> Instant {
        let job = stored.control.job
        let above = try ancestors(of: stored, parse: parse)
        let head = above.graph.head(of: job)
        let known = try read { db -> Instant? in
            let open = "SELECT min(due) FROM run INDEXED BY run_open WHERE job = ? AND state IN ('waiting', 'launching', 'running')"
            if let due = try Int64.fetchOne(db, sql: open, arguments: [job.text]) { return Instant(microseconds: due) }
            if head != job, let due = try Self.dueOwed(to: job, by: head, db) { return due }
            let ends = """
                SELECT max(due) FROM (SELECT max(due) AS due FROM run WHERE job = ?1 UNION ALL SELECT max(last_due) FROM gap WHERE job = ?1)
                """
            return try Int64.fetchOne(db, sql: ends, arguments: [job.text]).map { Instant(microseconds: $0) }
        }
        if let known { return known }
        // A job at rest, or whose file is gone, has slots all the same: what is told then is why they come to nothing.
        let control = head == job ? stored.control : above.controls[head]
        let schedule = head == job ? parse(stored.definition)?.schedule : above.graph[head]?.schedule
        let pinned = control?.anchor.map { schedule?.anchored(at: $0) } ?? schedule
        let second = Instant(seconds: now.microseconds / 1_000_000)
        return pinned?.next(after: max(second, control?.accountedUntil ?? second))?.due ?? second
    }

    private static func dueOwed(to job: JobName, by head: JobName, _ db: Database) throws -> Instant? {
        let sql = """
            SELECT min(due) FROM flow WHERE is_open = 1 AND head = ?
            AND NOT EXISTS (SELECT 1 FROM run WHERE job = ? AND run.due = flow.due)
            """
        return try Int64.fetchOne(db, sql: sql, arguments: [head.text, job.text]).map { Instant(microseconds: $0) }
    }

    /// - Parameter parse: Makes a job of the text of its definition.
    package func whyFacts(
        of stored: StoredJob, due: Instant, now: Instant, parse: (StoredDefinition) -> Job?
    ) throws(LedgerError) -> WhyFacts {
        let definition = parse(stored.definition)
        let above = try ancestors(of: stored, parse: parse)
        var facts = WhyFacts(
            due: due, now: now, control: stored.control, definition: definition, schedule: definition.flatMap { stored.schedule(of: $0) })
        facts.pauses = stored.pauses
        facts.graph = above.graph
        facts.parents = above.controls
        facts = try read { db in try filled(facts, db) }
        if facts.attempts.last?.run.reason?.hasPrefix("pool:") == true { facts.pools = try pools(parse: parse) }
        facts.lastHeard = try scheduler().map { $0.stoppedAt ?? $0.heartbeatAt }
        return facts
    }

    /// The job and all above it, as they are defined now.
    private func ancestors(
        of stored: StoredJob, parse: (StoredDefinition) -> Job?
    ) throws(LedgerError) -> (graph: JobGraph, controls: [JobName: JobControl]) {
        var jobs: [Job] = []
        var controls: [JobName: JobControl] = [:]
        var open = [stored]
        while let next = open.popLast() {
            guard controls.updateValue(next.control, forKey: next.control.job) == nil, let job = parse(next.definition) else { continue }
            jobs.append(job)
            for edge in job.after where controls[edge.parent] == nil {
                if let parent = try self.job(edge.parent) { open.append(parent) }
            }
        }
        controls[stored.control.job] = nil
        return (JobGraph.build(jobs).graph, controls)
    }

    private func filled(_ facts: WhyFacts, _ db: Database) throws -> WhyFacts {
        var facts = facts
        let (job, due) = (facts.control.job, facts.due)
        facts.attempts = try rows(
            db, "SELECT * FROM run WHERE job = ? AND due = ? ORDER BY attempt", [job.text, due.microseconds])
        facts.trouble = try facts.attempts.last.flatMap { newest in try Self.troubles(db).first { $0.concerns(newest.run) } }
        let gapSQL = "SELECT * FROM gap WHERE job = ? AND first_due <= ? ORDER BY first_due DESC LIMIT 1"
        let gap = try Row.fetchOne(db, sql: gapSQL, arguments: [job.text, due.microseconds]).map(GapRow.gap(from:))
        facts.gap = gap.flatMap { $0.lastDue >= due ? $0 : nil }
        facts.order = try SlotOrderRow.order(about: job, due: due, db)
        facts.backfill = try facts.attempts.compactMap(\.run.backfill).last.flatMap { try BackfillRow.backfill($0, db) }
        facts.comingBackfill = try BackfillRow.beginning(db).first { $0.job == job && $0.pending.contains(due) }
        facts.others = try others(of: facts, db)
        let head = facts.graph.head(of: job)
        let key = facts.attempts.last?.run.flow ?? FlowKey(head: head, due: due)
        facts.flow = try FlowRow.flow(key, db)
        for run in facts.flow?.runs ?? [] {
            let sql = "SELECT id FROM run WHERE job = ? AND due = ? AND attempt = ?"
            let number = try Int64.fetchOne(db, sql: sql, arguments: [run.key.job.text, run.key.due.microseconds, run.key.attempt])
            facts.flowIDs[run.key] = number.map { "\(ledgerID)-\($0)" }
        }
        if let first = facts.attempts.first, first.run.trigger == .manual { facts.request = try request(for: first.run, db) }
        if let newest = facts.attempts.last { facts.trail = try trail(of: newest, until: newest.run.endedAt ?? facts.now, db) }
        let pausedAt =
            facts.attempts.last.map { $0.run.reason == "paused" ? $0.run.endedAt : nil }
            ?? facts.gap.map { $0.reason == "paused" ? $0.decidedAt : nil }
        if let pausedAt, let pausedAt { facts.pauseThen = try pause(of: job, before: min(due, pausedAt), db) }
        return facts
    }

    private func rows(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> [WhyFacts.Row] {
        try GRDB.Row.fetchAll(db, sql: sql, arguments: arguments).map(stored).map { WhyFacts.Row(id: $0.id, run: $0.run) }
    }

    /// The open runs of the job, or those that were under way when it was decided that this due is not run.
    private func others(of facts: WhyFacts, _ db: Database) throws -> [WhyFacts.Row] {
        let (job, due) = (facts.control.job.text, facts.due.microseconds)
        guard let decidedAt = facts.attempts.last?.run.endedAt ?? facts.gap?.decidedAt else {
            let sql =
                "SELECT * FROM run INDEXED BY run_open WHERE job = ? AND due <> ? AND state IN ('waiting', 'launching', 'running') LIMIT 50"
            return try rows(db, sql, [job, due])
        }
        // Whatever was under way then was due before that.
        let sql = "SELECT * FROM run WHERE job = ? AND due <> ? AND due <= ? ORDER BY due DESC LIMIT 50"
        return try rows(db, sql, [job, due, decidedAt.microseconds]).filter { row in
            guard row.run.executor != nil, let began = row.run.startedAt ?? row.run.endedAt else { return row.run.state.isActive }
            return began <= decidedAt && row.run.endedAt.map { $0 >= decidedAt } ?? true
        }
    }

    // MARK: the audit

    /// At most so many changes are looked at: a run may have waited while a million others went by.
    private static let mostChanges = 500_000

    /// What was noted of a run, the oldest first.
    private func trail(of row: WhyFacts.Row, until end: Instant, _ db: Database) throws -> [WhyFacts.Note] {
        guard let number = number(of: row.id) else { return [] }
        let first = try firstChange(at: row.run.waitingSince, db)
        let last = try firstChange(at: end + .seconds(60), db)
        let sql = """
            SELECT at, kind, who, detail FROM (SELECT * FROM change WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT \(Self.mostChanges))
            WHERE run = ? LIMIT 1000
            """
        return try GRDB.Row.fetchAll(db, sql: sql, arguments: [first, last, number]).map(note)
    }

    /// When the run was handed over to its executor; nil when it was not, or when that is not in the ledger any more.
    package func handOver(of stored: StoredRun, now: Instant) throws(LedgerError) -> Instant? {
        try read { db in
            let row = WhyFacts.Row(id: stored.id, run: stored.run)
            return try trail(of: row, until: stored.run.endedAt ?? now, db).first { $0.kind == "run.launching" }?.at
        }
    }

    /// Who asked for a run by hand; that stands beside its row.
    private func request(for run: Run, _ db: Database) throws -> WhyFacts.Note? {
        let sql = """
            SELECT at, kind, who, detail FROM (SELECT * FROM change WHERE seq >= ? ORDER BY seq LIMIT 10000)
            WHERE kind = 'request.run' AND job = ? AND detail = ? LIMIT 1
            """
        let arguments: StatementArguments = [try firstChange(at: run.waitingSince, db), run.key.job.text, "due \(run.key.due.rfc3339)"]
        return try GRDB.Row.fetchOne(db, sql: sql, arguments: arguments).map(note)
    }

    /// The newest pause before `instant` that may have held the job.
    private func pause(of job: JobName, before instant: Instant, _ db: Database) throws -> WhyFacts.Note? {
        let last = try firstChange(at: instant + Instant.resolution, db)
        let sql = """
            SELECT at, kind, who, detail FROM (SELECT * FROM change WHERE seq <= ? ORDER BY seq DESC LIMIT \(Self.mostChanges))
            WHERE kind = 'request.pause' AND (job = ? OR job IS NULL) LIMIT 1
            """
        return try GRDB.Row.fetchOne(db, sql: sql, arguments: [last, job.text]).map(note)
    }

    private func note(_ row: GRDB.Row) -> WhyFacts.Note {
        WhyFacts.Note(at: Instant(microseconds: row["at"]), kind: row["kind"], who: row["who"], detail: row["detail"])
    }

    /// The number of the first change at `instant` or later; of the newest where all are earlier. Changes stand in the order of their times but
    /// where the clock was set, so that this is found by halving, without an index that every launch would have to pay for.
    func firstChange(at instant: Instant, _ db: Database) throws -> Int64 {
        var low = try Int64.fetchOne(db, sql: "SELECT min(seq) FROM change") ?? 0
        var high = try Int64.fetchOne(db, sql: "SELECT max(seq) FROM change") ?? 0
        let statement = try db.cachedStatement(sql: "SELECT seq, at FROM change WHERE seq >= ? ORDER BY seq LIMIT 1")
        while low < high {
            let middle = low + (high - low) / 2
            guard let row = try GRDB.Row.fetchOne(statement, arguments: [middle]) else { break }
            if (row["at"] as Int64) < instant.microseconds { low = (row["seq"] as Int64) + 1 } else { high = middle }
        }
        return low
    }
}
