import Foundation
package import Scheduling

/// The settings in force as the ledger keeps them, for those who only read it.
package struct SettingsDocument: Codable, Sendable {
    package struct Retention: Codable, Hashable, Sendable {
        /// A duration, or `never`.
        package let runs: String
        package let logs: String

        package init(runs: String, logs: String) {
            self.runs = runs
            self.logs = logs
        }
    }

    private struct Capacity: Codable {
        let runs: Int64?
        let milliCPUs: Int64?
        let memory: Int64?
        /// Absent in ledgers of schedulers that knew no such limit.
        let maxStartsPerSecond: Int64?

        init(_ capacity: PoolCapacity) {
            runs = capacity.runs
            milliCPUs = capacity.milliCPUs
            memory = capacity.memory
            maxStartsPerSecond = capacity.maxStartsPerSecond
        }

        var capacity: PoolCapacity {
            PoolCapacity(runs: runs, milliCPUs: milliCPUs, memory: memory, maxStartsPerSecond: maxStartsPerSecond)
        }
    }

    private let pools: [String: Capacity]
    /// nil in ledgers of schedulers that removed nothing.
    package let retention: Retention?
    /// By name; nil in ledgers of schedulers that knew local runs alone.
    package let executors: [ExecutorDocument]?

    package init(pools: [String: PoolCapacity], retention: Retention? = nil, executors: [ExecutorDocument]? = nil) {
        self.pools = pools.mapValues(Capacity.init)
        self.retention = retention
        self.executors = executors?.sorted { $0.name < $1.name }
    }

    /// What `text` says; nil when another version wrote it.
    package init?(text: String) {
        guard let read = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = read
    }

    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    package var capacities: [String: PoolCapacity] {
        pools.mapValues(\.capacity)
    }
}
