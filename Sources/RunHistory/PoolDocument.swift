import GRDB
package import Scheduling

/// The wire shape of a pool and of what is taken of it, for `rota status --json` and the REST API alike: keys are added, never changed.
///
/// Processors are numbers, memory is in bytes; the capacity of what has no limit is null.
package struct PoolDocument: Encodable, Sendable {
    private struct Share: Encodable {
        let used: Double
        let capacity: Double?

        init(_ use: PoolUse, _ resource: PoolResource) {
            let unit = resource == .cpus ? 1000.0 : 1
            used = Double(use.used[resource]) / unit
            capacity = use.capacity[resource].map { Double($0) / unit }
        }

        private enum Key: String, CodingKey {
            case used, capacity
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(used, forKey: .used)
            try container.encode(capacity, forKey: .capacity)
        }
    }

    /// A number, or null for no limit.
    private struct Limit: Encodable {
        let value: Int64?

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(value)
        }
    }

    private let name: String
    private let runs: Share
    private let cpus: Share
    private let memory: Share
    private let maxStartsPerSecond: Limit

    package init(_ use: PoolUse) {
        name = use.name
        runs = Share(use, .runs)
        cpus = Share(use, .cpus)
        memory = Share(use, .memory)
        maxStartsPerSecond = Limit(value: use.capacity.maxStartsPerSecond)
    }
}

extension LedgerReader {
    /// The pools that the scheduler runs with, or ran with last, and what active runs take of them.
    ///
    /// - Parameter parse: Makes a job of the text of its definition.
    package func pools(parse: (StoredDefinition) -> Job?) throws(LedgerError) -> [PoolUse] {
        guard let capacities = try scheduler().flatMap({ SettingsDocument(text: $0.settings) })?.capacities else { return [] }
        var jobs: [String: Job?] = [:]
        var taken: [(run: Run, job: Job?)] = []
        for run in try activeRuns() {
            let version = run.version ?? ""
            if jobs[version] == nil { jobs[version] = .some(try definition(version: version).flatMap(parse)) }
            taken.append((run, jobs[version] ?? nil))
        }
        return PoolUse.all(of: capacities, taken: taken)
    }

    private func activeRuns() throws(LedgerError) -> [Run] {
        try read { db in
            // In the words of the index, of which the rest is thrown away.
            let open = "state IN ('waiting', 'launching', 'running')"
            return try Row.fetchAll(db, sql: "SELECT * FROM run INDEXED BY run_open WHERE \(open) AND state <> 'waiting'").map(RunRow.run)
        }
    }
}
