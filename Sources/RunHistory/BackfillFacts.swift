import GRDB
import Scheduling
import Timetable

/// What a backfill has to know of the ledger: of all slots which of them may be chosen, and of those that it comes to what was there before.
enum BackfillFacts {
    // MARK: which slots

    /// - Parameter withHistory: Whether it is asked what ran before, which takes a look at each row; what is on its way is known in any case.
    static func survey(
        of order: BackfillOrder, _ scope: BackfillScope, withHistory: Bool, _ db: Database
    ) throws -> BackfillSurvey {
        var survey = BackfillSurvey(busy: try busy(within: order, scope, db))
        let family = Set(scope.above + [scope.job])
        survey.pending = try BackfillRow.beginning(db).filter { family.contains($0.job) }.map(\.pending)
        if !withHistory { return survey }
        (survey.known, survey.ran) = try slotsWithRows(of: order, db)
        survey.known.formUnion(try flowsWithPlace(within: order, scope, db))
        survey.accounted = try accounted(scope, db)
        survey.passedOver = try passedOver(of: order, scope, db)
        survey.backfilled = try backfilled(within: order, family, db)
        return survey
    }

    /// Whatever is on its way has an open run or an open flow at its due.
    private static func busy(within order: BackfillOrder, _ scope: BackfillScope, _ db: Database) throws -> Set<Instant> {
        let bounds: StatementArguments = [order.first.microseconds, order.last.microseconds]
        let sql = """
            SELECT due FROM run INDEXED BY run_open
            WHERE job = ? AND due BETWEEN ? AND ? AND state IN ('waiting', 'launching', 'running')
            """
        let open = try Int64.fetchAll(db, sql: sql, arguments: [order.job.text] + bounds).map(Instant.init(microseconds:))
        let flows = try openFlows(from: order.first, through: order.last, db)
        let openAt = Dictionary(grouping: flows, by: \.due)
        return try Set(open).union(openAt.keys).filter { due in
            try known(due, scope, openAt[due] ?? [], db)?.isBusy(below: scope.job) == true
        }
    }

    private static func slotsWithRows(of order: BackfillOrder, _ db: Database) throws -> (known: Set<Instant>, ran: Set<Instant>) {
        let sql = "SELECT due, max(state NOT IN ('skipped', 'missed')) AS ran FROM run WHERE job = ? AND due BETWEEN ? AND ? GROUP BY due"
        let rows = try Row.fetchCursor(db, sql: sql, arguments: [order.job.text, order.first.microseconds, order.last.microseconds])
        var (known, ran): (Set<Instant>, Set<Instant>) = ([], [])
        while let row = try rows.next() {
            let due = Instant(microseconds: row["due"])
            known.insert(due)
            if row["ran"] as Bool { ran.insert(due) }
        }
        return (known, ran)
    }

    /// The dues of flows in which the job has a place; a plan is read once, however many have it.
    private static func flowsWithPlace(within order: BackfillOrder, _ scope: BackfillScope, _ db: Database) throws -> Set<Instant> {
        var dues: Set<Instant> = []
        var hasPlace: [Int64: Bool] = [:]
        for head in scope.above {
            let sql = "SELECT due, plan FROM flow WHERE head = ? AND due BETWEEN ? AND ?"
            let rows = try Row.fetchCursor(db, sql: sql, arguments: [head.text, order.first.microseconds, order.last.microseconds])
            while let row = try rows.next() {
                let plan: Int64 = row["plan"]
                let has = try hasPlace[plan] ?? FlowRow.plan(plan, db).members.contains { $0.job == scope.job }
                hasPlace[plan] = has
                if has { dues.insert(Instant(microseconds: row["due"])) }
            }
        }
        return dues
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

    /// Also by backfills that retention has removed; not what one that was cancelled had not come to.
    private static func backfilled(
        within order: BackfillOrder, _ family: Set<JobName>, _ db: Database
    ) throws -> [ClosedRange<Instant>] {
        let jobs = family.map(\.text)
        let isMeant = "last >= ? AND first <= ? AND job IN (\(databaseQuestionMarks(count: jobs.count)))"
        let arguments: StatementArguments = [order.first.microseconds, order.last.microseconds] + StatementArguments(jobs)
        let kept = try Row.fetchAll(db, sql: "SELECT * FROM backfill WHERE \(isMeant)", arguments: arguments).map(BackfillRow.backfill)
        let removed = try Row.fetchAll(db, sql: "SELECT first, last FROM backfilled WHERE \(isMeant)", arguments: arguments)
        return kept.compactMap(\.reached) + ranges(removed)
    }

    private static func ranges(_ rows: [Row]) -> [ClosedRange<Instant>] {
        rows.map { Instant(microseconds: $0["first"])...Instant(microseconds: $0["last"]) }
    }

    // MARK: what was there

    /// The cost is in proportion to the slots that are asked for, to those below, and to the flows that are open between them.
    static func precedents(of wanted: BackfillSlots, _ db: Database) throws -> BackfillPrecedents {
        guard let first = wanted.slots.first, let last = wanted.slots.last else { return BackfillPrecedents() }
        let open = try Dictionary(grouping: openFlows(from: first, through: last, db), by: \.due)
        var precedents = BackfillPrecedents()
        for due in wanted.slots {
            let flows = open[due] ?? []
            precedents.slots[due] = try known(due, wanted.scope, flows, db)
            let owing = try flows.compactMap { try FlowRow.flow($0, db) }.flatMap(\.owing)
            for job in wanted.scope.below where try owing.contains(job) || hasRow(job, due, db) {
                precedents.taken[job, default: []].insert(due)
            }
        }
        return precedents
    }

    private static func hasRow(_ job: JobName, _ due: Instant, _ db: Database) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM run WHERE job = ? AND due = ? LIMIT 1")
        return try Row.fetchOne(statement, arguments: [job.text, due.microseconds]) != nil
    }

    /// - Parameter open: The flows of that due that are open.
    private static func known(
        _ due: Instant, _ scope: BackfillScope, _ open: [FlowKey], _ db: Database
    ) throws -> BackfillPrecedents.Known? {
        let statement = try db.cachedStatement(sql: "SELECT * FROM run WHERE job = ? AND due = ? ORDER BY attempt")
        let attempts = try Row.fetchAll(statement, arguments: [scope.job.text, due.microseconds]).map(RunRow.run)
        guard let newest = attempts.last else { return try knownByFlow(due, scope, open, db) }
        let found = try FlowRow.flowWithState(newest.flow, db)
        return BackfillPrecedents.Known(
            newest: newest, hasRun: attempts.contains { $0.state != .skipped && $0.state != .missed }, flow: found?.flow,
            isFlowOpen: found?.isOpen ?? false)
    }

    /// Flows in which the job has a place and no row: they have not come to it, or never began.
    private static func knownByFlow(
        _ due: Instant, _ scope: BackfillScope, _ open: [FlowKey], _ db: Database
    ) throws -> BackfillPrecedents.Known? {
        let keys = scope.above.map { FlowKey(head: $0, due: due) }
        for key in keys + open where key.head != scope.job {
            guard let found = try FlowRow.flowWithState(key, db), found.flow.plan.members.contains(where: { $0.job == scope.job }) else {
                continue
            }
            return BackfillPrecedents.Known(newest: nil, hasRun: false, flow: found.flow, isFlowOpen: found.isOpen)
        }
        return nil
    }

    private static func openFlows(from first: Instant, through last: Instant, _ db: Database) throws -> [FlowKey] {
        let sql = "SELECT head, due FROM flow INDEXED BY flow_open WHERE is_open = 1 AND due BETWEEN ? AND ?"
        return try Row.fetchAll(db, sql: sql, arguments: [first.microseconds, last.microseconds]).compactMap { row in
            JobName(row["head"]).map { FlowKey(head: $0, due: Instant(microseconds: row["due"])) }
        }
    }
}

extension LedgerState.Flow {
    /// Members without a row in it.
    fileprivate var owing: [JobName] {
        let had = Set(runs.map(\.key.job))
        return plan.members.map(\.job).filter { !had.contains($0) }
    }
}
