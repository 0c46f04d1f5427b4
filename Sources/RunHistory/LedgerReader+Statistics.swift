import GRDB
package import Scheduling
package import Timetable

/// What came of a job's slots and requests in a span of time.
package struct JobStatistics: Hashable, Sendable {
    package let job: JobName
    /// Attempts by their state, and slots of gaps by theirs.
    package fileprivate(set) var states: [RunState: Int] = [:]
    /// From the start of commands to their ends; nil when none has ended.
    package fileprivate(set) var duration: Quantiles?
    /// How late commands started, counted from when their runs were ready; nil when none has started.
    package fileprivate(set) var lateness: Quantiles?

    /// All attempts, and all slots of gaps.
    package var total: Int { states.values.reduce(0, +) }

    /// The share of successes among the attempts that came to an end; nil when none did.
    ///
    /// What was skipped or missed began nothing that could fail.
    package var successRate: Double? {
        let ends = states.filter { !$0.key.isOpen && $0.key != .skipped && $0.key != .missed }.values.reduce(0, +)
        return ends == 0 ? nil : Double(states[.succeeded] ?? 0) / Double(ends)
    }

    init(job: JobName) { self.job = job }
}

/// Where half, 95 and 99 of a hundred values lie: each is the least value that so many are not above (nearest rank), so it did occur.
package struct Quantiles: Hashable, Sendable {
    package let p50: Duration
    package let p95: Duration
    package let p99: Duration
    package let longest: Duration

    /// nil without values.
    package init?(microseconds values: [Int64]) {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        func rank(_ percent: Int) -> Duration { .microseconds(sorted[(sorted.count * percent + 99) / 100 - 1]) }
        (p50, p95, p99, longest) = (rank(50), rank(95), rank(99), .microseconds(last))
    }
}

extension LedgerReader {
    /// What came of the slots and requests due since `since`, job by job in the order of their names; jobs without any are left out.
    ///
    /// - Parameter limit: Only the newest so many attempts, and so many gaps, are read.
    /// - Returns: `isWhole` is false when there were more.
    package func statistics(
        of job: JobName? = nil, since: Instant, limit: Int = 1_000_000
    ) throws(LedgerError) -> (jobs: [JobStatistics], isWhole: Bool) {
        try read { db in
            var samples: [JobName: Samples] = [:]
            let runs = try each("run", "due", of: job, since: since, limit: limit, db) { row, name in
                try samples[name, default: Samples(job: name)].add(run: row)
            }
            let gaps = try each("gap", "last_due", of: job, since: since, limit: limit, db) { row, name in
                try samples[name, default: Samples(job: name)].add(gap: row)
            }
            return (samples.values.map(\.statistics).sorted { $0.job < $1.job }, max(runs, gaps) <= limit)
        }
    }

    /// - Returns: How many rows there are, up to one more than `limit`.
    private func each(
        _ table: String, _ due: String, of job: JobName?, since: Instant, limit: Int, _ db: Database, _ body: (Row, JobName) throws -> Void
    ) throws -> Int {
        let condition = job == nil ? "" : "job = ? AND "
        let order = job == nil || table == "run" ? due : "first_due"
        let rows = try Row.fetchCursor(
            db, sql: "SELECT * FROM \(table) WHERE \(condition)\(due) >= ? ORDER BY \(order) DESC LIMIT \(limit + 1)",
            arguments: StatementArguments((job.map { [$0.text] } ?? []) + [since.microseconds]))
        var count = 0
        while let row = try rows.next() {
            count += 1
            if count <= limit, let name = JobName(row["job"]) { try body(row, name) }
        }
        return count
    }
}

/// The values of one job as they are read.
private struct Samples {
    private var counted: JobStatistics
    private var durations: [Int64] = []
    private var latenesses: [Int64] = []

    init(job: JobName) { counted = JobStatistics(job: job) }

    mutating func add(run row: Row) throws {
        try count(row, 1)
        guard let start = row["started_at"] as Int64? else { return }
        latenesses.append(start - (row["ready_at"] as Int64))
        if let end = row["ended_at"] as Int64? { durations.append(end - start) }
    }

    mutating func add(gap row: Row) throws { try count(row, row["slots"]) }

    private mutating func count(_ row: Row, _ number: Int) throws {
        guard let state = RunState(rawValue: row["state"]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row has no state that is known")
        }
        counted.states[state, default: 0] += number
    }

    var statistics: JobStatistics {
        var whole = counted
        whole.duration = Quantiles(microseconds: durations)
        whole.lateness = Quantiles(microseconds: latenesses)
        return whole
    }
}
