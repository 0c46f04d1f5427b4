internal import Scheduling

/// In the run's folder, so that a task which is asked for once more is asked for as it was, also when nobody can read its definition any more.
extension TaskDemand {
    /// What a folder says; one that was made by a version that did not say it says nothing of its task.
    init(_ record: Record) {
        self.init(
            cpus: record["task-cpus"].flatMap { Double($0) },
            memory: record["task-memory"].flatMap { Int64($0) },
            disk: record["task-disk"].flatMap { Int64($0) },
            constraints: record.all("task-constraint").compactMap(Self.constraint),
            gres: record.all("task-gres"),
            options: Self.pairs(record.all("task-option")),
            pool: record["task-pool"],
            labels: Self.pairs(record.all("task-label")))
        if let priority = record["task-priority"].flatMap({ Int($0) }) { self.priority = priority }
    }

    func add(to record: inout Record) {
        record.add("task-cpus", cpus.map { "\($0)" })
        record.add("task-memory", memory)
        record.add("task-disk", disk)
        for one in constraints { record.add("task-constraint", "\(one.operation.rawValue) \(one.attribute)=\(one.value)") }
        for one in gres { record.add("task-gres", one) }
        for (name, value) in options.sorted(by: { $0.key < $1.key }) { record.add("task-option", "\(name)=\(value)") }
        record.add("task-priority", priority)
        record.add("task-pool", pool)
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) { record.add("task-label", "\(name)=\(value)") }
    }

    private static func constraint(_ text: String) -> Constraint? {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2, let operation = Constraint.Operator(rawValue: String(words[0])), let pair = pair(words[1]) else {
            return nil
        }
        return Constraint(attribute: pair.0, operation: operation, value: pair.1)
    }

    private static func pairs(_ lines: [String]) -> [String: String] {
        Dictionary(lines.compactMap { pair($0) }) { first, _ in first }
    }

    /// What an engine is asked for has no equals sign in its name.
    private static func pair(_ text: some StringProtocol) -> (String, String)? {
        text.firstIndex(of: "=").map { (String(text[..<$0]), String(text[text.index(after: $0)...])) }
    }
}
