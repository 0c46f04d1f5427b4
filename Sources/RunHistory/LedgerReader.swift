import Foundation
import GRDB
package import Scheduling
package import Timetable

/// The ledger for those who only look: one read-only connection, no migration, no lock on the state folder.
///
/// Works while a scheduler writes and while none runs. Every query has a bound or reads as many rows as there are jobs or open runs.
package final class LedgerReader: Sendable {
    package let ledgerID: String
    private let path: String
    private let queue: DatabaseQueue

    package static func open(at path: String) throws(LedgerError) -> LedgerReader {
        guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
        guard FileManager.default.isReadableFile(atPath: path) else { throw .notReadable(path: path) }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let id = try queue.read { db in
                let found = try Migrations.version(of: db)
                if found > Migrations.current { throw LedgerError.newerSchema(path: path, found: found, known: Migrations.current) }
                guard found > 0 else { throw LedgerError.corrupt(path: path, detail: "it is no ledger") }
                if found < Migrations.current {
                    throw LedgerError.failed(
                        path: path, detail: "its schema is older than this rota; start `rota serve` once to bring it up to date")
                }
                return try String.fetchOne(db, sql: "SELECT id FROM ledger") ?? ""
            }
            return LedgerReader(ledgerID: id, path: path, queue: queue)
        } catch let error as LedgerError {
            throw error
        } catch {
            throw LedgerError.of(error, path: path)
        }
    }

    private init(ledgerID: String, path: String, queue: DatabaseQueue) {
        self.ledgerID = ledgerID
        self.path = path
        self.queue = queue
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do { return try queue.read(body) } catch { throw LedgerError.of(error, path: path) }
    }
}

// MARK: runs

/// A run with the id that the ledger gave it.
package struct StoredRun: Hashable, Sendable {
    package let id: String
    package let run: Run
    /// Since when retention has removed what the run wrote; nil while it is kept.
    package let outputRemovedAt: Instant?

    package init(id: String, run: Run, outputRemovedAt: Instant? = nil) {
        self.id = id
        self.run = run
        self.outputRemovedAt = outputRemovedAt
    }
}

/// A gap with what its job had promised of its slots.
package struct StoredGap: Hashable, Sendable {
    package let gap: Gap
    /// As it was told when the gap was decided.
    package let breaches: Set<Breach>

    package init(_ gap: Gap, breaches: Set<Breach> = []) {
        self.gap = gap
        self.breaches = breaches
    }
}

package enum HistoryEntry: Hashable, Sendable {
    case run(StoredRun)
    case gap(StoredGap)

    package var due: Instant {
        switch self {
        case .run(let stored): stored.run.key.due
        case .gap(let stored): stored.gap.lastDue
        }
    }
}

package struct HistoryFilter: Hashable, Sendable {
    package var job: JobName?
    /// Empty for all.
    package var states: Set<RunState> = []
    /// Only slots due at this instant or later.
    package var since: Instant?
    package var flow: FlowKey?
    package var limit = 50

    package init(job: JobName? = nil, states: Set<RunState> = [], since: Instant? = nil, flow: FlowKey? = nil, limit: Int = 50) {
        self.job = job
        self.states = states
        self.since = since
        self.flow = flow
        self.limit = limit
    }
}

extension LedgerReader {
    /// Runs and gaps, newest due first; at most `limit`.
    package func history(_ filter: HistoryFilter) throws(LedgerError) -> [HistoryEntry] {
        try read { db in
            var clause = Clause(filter)
            let rows = try Row.fetchAll(
                db, sql: "SELECT * FROM run \(clause.forRuns()) ORDER BY due DESC, id DESC LIMIT \(max(filter.limit, 0))",
                arguments: StatementArguments(clause.arguments))
            let runs = try Self.withTroubles(rows.map(stored), db).map { HistoryEntry.run($0) }
            guard filter.flow == nil, let sql = clause.forGaps() else { return runs }
            let gaps = try Row.fetchAll(
                db,
                sql: "SELECT * FROM gap \(sql) ORDER BY \(filter.job == nil ? "last_due" : "first_due") DESC LIMIT \(max(filter.limit, 0))",
                arguments: StatementArguments(clause.arguments)
            ).map { HistoryEntry.gap(try withBreaches(try GapRow.gap(from: $0), db)) }
            return gaps.isEmpty ? runs : Array(merged(runs, gaps).prefix(filter.limit))
        }
    }

    /// Both newest first already.
    private func merged(_ runs: [HistoryEntry], _ gaps: [HistoryEntry]) -> [HistoryEntry] {
        var merged: [HistoryEntry] = []
        var gaps = gaps[...]
        for run in runs {
            while let gap = gaps.first, gap.due > run.due { merged.append(gaps.removeFirst()) }
            merged.append(run)
        }
        return merged + gaps
    }

    /// The run with that id; nil when the ledger has none, or the id is another ledger's.
    package func run(id: String) throws(LedgerError) -> StoredRun? {
        guard let number = number(of: id) else { return nil }
        return try read { db in
            let row = try Row.fetchOne(db, sql: "SELECT * FROM run WHERE id = ?", arguments: [number])
            return try Self.withTroubles(row.map { [try stored($0)] } ?? [], db).first
        }
    }

    /// The newest run of a job that was handed over, so that it may have output; else its newest run at all.
    package func newestRun(of job: JobName) throws(LedgerError) -> StoredRun? {
        try read { db in
            let handedOver = "AND executor IS NOT NULL"
            for condition in [handedOver, ""] {
                let sql = "SELECT * FROM run WHERE job = ? \(condition) ORDER BY due DESC, attempt DESC LIMIT 1"
                if let row = try Row.fetchOne(db, sql: sql, arguments: [job.text]) {
                    return try Self.withTroubles([stored(row)], db).first
                }
            }
            return nil
        }
    }

    /// The newest attempt at one due of a job; nil when the ledger has none.
    package func newestAttempt(of job: JobName, due: Instant) throws(LedgerError) -> StoredRun? {
        try read { db in
            let sql = "SELECT * FROM run WHERE job = ? AND due = ? ORDER BY attempt DESC LIMIT 1"
            return try Row.fetchOne(db, sql: sql, arguments: [job.text, due.microseconds]).map(stored)
        }
    }

    /// All runs that have not ended, in the order of their dues.
    package func openRuns() throws(LedgerError) -> [StoredRun] {
        try read { db in
            // The few open runs are sorted here: an index in the order of dues would lead through the whole history.
            let sql = "SELECT * FROM run INDEXED BY run_open WHERE state IN ('waiting', 'launching', 'running')"
            let open = try Self.withTroubles(Row.fetchAll(db, sql: sql).map(stored), db)
            return open.sorted { ($0.run.key.due, $0.run.key.job) < ($1.run.key.due, $1.run.key.job) }
        }
    }

    func stored(_ row: Row) throws -> StoredRun {
        StoredRun(
            id: "\(ledgerID)-\(row["id"] as Int64)", run: try RunRow.run(from: row), outputRemovedAt: row.instant("output_removed_at"))
    }

    /// The row number in a run id of this ledger; nil for anything else.
    func number(of id: String) -> Int64? {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == ledgerID, let number = Int64(parts[1]), number > 0, parts[1] == "\(number)" else { return nil }
        return number
    }
}

/// `WHERE` of a history filter; the values are bound, never pasted.
private struct Clause {
    let filter: HistoryFilter
    private(set) var arguments: [(any DatabaseValueConvertible)?] = []

    init(_ filter: HistoryFilter) { self.filter = filter }

    mutating func forRuns() -> String {
        arguments = []
        var conditions = common(due: "due")
        if let flow = filter.flow {
            conditions.append("((job = ? AND due = ?) OR (flow_head <> job AND flow_head = ? AND flow_due = ?))")
            arguments += [flow.head.text, flow.due.microseconds, flow.head.text, flow.due.microseconds]
        }
        addStates(filter.states, to: &conditions)
        addIndexTerm(for: filter.states, to: &conditions)
        return sql(conditions)
    }

    /// A partial index is used only where its own condition stands in the query.
    private func addIndexTerm(for states: Set<RunState>, to conditions: inout [String]) {
        let open = RunState.allCases.filter(\.isOpen)
        let unwell: [RunState] = [.failed, .timedOut, .couldNotStart, .killed, .lost, .skipped, .missed]
        // The ends of one job by their state have an index of their own, in the order of dues.
        if filter.job != nil, states.count == 1, states.isDisjoint(with: open) { return conditions.append("ended_at IS NOT NULL") }
        for indexed in [open, unwell] where !states.isEmpty && states.isSubset(of: indexed) {
            conditions.append("state IN (\(indexed.map { "'\($0.rawValue)'" }.joined(separator: ", ")))")
        }
    }

    /// nil when no gap can have one of the states asked for.
    mutating func forGaps() -> String? {
        arguments = []
        let states = filter.states.intersection([.skipped, .missed])
        if !filter.states.isEmpty, states.isEmpty { return nil }
        var conditions = common(due: "last_due")
        addStates(states, to: &conditions)
        return sql(conditions)
    }

    private mutating func common(due: String) -> [String] {
        var conditions: [String] = []
        if let job = filter.job {
            conditions.append("job = ?")
            arguments.append(job.text)
        }
        if let since = filter.since {
            conditions.append("\(due) >= ?")
            arguments.append(since.microseconds)
        }
        return conditions
    }

    private mutating func addStates(_ states: Set<RunState>, to conditions: inout [String]) {
        guard !states.isEmpty else { return }
        conditions.append("state IN (\(states.map { _ in "?" }.joined(separator: ", ")))")
        arguments += states.map(\.rawValue).sorted()
    }

    private func sql(_ conditions: [String]) -> String {
        conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    }
}
