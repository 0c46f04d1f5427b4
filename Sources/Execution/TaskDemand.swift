package import Scheduling

/// What a cluster engine is told of a run beside its command: what the task needs, where it may be carried out, and under which names the
/// engine's own tools show it. A local run needs nothing of it.
package struct TaskDemand: Hashable, Sendable {
    /// Processors, whole or in part; nil leaves it to the engine, as everything here that is absent.
    package var cpus: Double?
    /// Bytes.
    package var memory: Int64?
    /// Bytes.
    package var disk: Int64?
    package var constraints: [Constraint]
    /// Generic resources in the engine's own words: `gpu:2`.
    package var gres: [String]
    /// Options of the engine by their names, which win over what the executor's settings say; an empty value is a flag.
    package var options: [String: String]
    /// From 0 (last) to 9 (first).
    package var priority: Int
    package var pool: String?
    package var labels: [String: String]
    /// In what the command is to run; nil for no container.
    package var container: Container?

    package init(
        cpus: Double? = nil,
        memory: Int64? = nil,
        disk: Int64? = nil,
        constraints: [Constraint] = [],
        gres: [String] = [],
        options: [String: String] = [:],
        priority: Int = 5,
        pool: String? = nil,
        labels: [String: String] = [:],
        container: Container? = nil
    ) {
        self.cpus = cpus
        self.memory = memory
        self.disk = disk
        self.constraints = constraints
        self.gres = gres
        self.options = options
        self.priority = priority
        self.pool = pool
        self.labels = labels
        self.container = container
    }
}
