package import Scheduling

/// What `rota.yaml` says.
///
/// Everything is optional; what is absent has its default where it is used.
package struct Settings: Hashable, Sendable {
    /// How long what has ended is kept.
    package enum Keeping: Hashable, Sendable {
        case forever
        case atLeast(Duration)
    }

    package struct Retention: Hashable, Sendable {
        package var runs: Keeping?
        package var logs: Keeping?
    }

    package var state: String?
    package var jobs: String?
    /// `host:port`.
    package var listen: String?
    /// Capacities by the name of the pool.
    package var pools: [String: PoolCapacity] = [:]
    package var executors: [String: Executor] = [:]
    package var retention = Retention()

    package init() {}

    /// Reads the file at `path`; what is wrong is told and counts as absent.
    ///
    /// - Parameter optionRefusal: Why an executor may not have that option of `sbatch`; nil for one that it may have.
    package static func read(
        path: String, optionRefusal: @escaping (String) -> String? = { _ in nil }
    ) -> (settings: Settings, problems: [Problem]) {
        switch FileText(path: path, mindsWriters: false) {
        case .text(let text, _): read(text: text, file: path, optionRefusal: optionRefusal)
        case .unusable(let message, _): (Settings(), [Problem(file: path, message: message)])
        case .beingWritten: (Settings(), [Problem(file: path, message: "this file is being written; try again")])
        }
    }

    package static func read(
        text: String, file: String, optionRefusal: @escaping (String) -> String? = { _ in nil }
    ) -> (settings: Settings, problems: [Problem]) {
        let findings = Findings(file: file, text: text)
        var settings = Settings()
        let documents = file.hasSuffix(".json") ? JSONText.documents(in: text, findings) : YAMLText.documents(in: text, findings)
        if let second = documents.dropFirst().first { findings.error(second.root.place, "the settings are one document") }
        if let root = documents.first?.root {
            if case .map(let members) = root.content {
                var reader = SettingsReader(fields: Fields(members, at: root.place, findings), optionRefusal: optionRefusal)
                settings = reader.read()
            } else {
                findings.error(root.place, "the settings must be a map of keys such as `jobs: /etc/rota/jobs`, not \(root.kind)")
            }
        }
        return (settings, findings.problems.sorted())
    }
}

private struct SettingsReader {
    var fields: Fields
    let optionRefusal: (String) -> String?

    mutating func read() -> Settings {
        fields.refuseKeys(besides: ["state", "jobs", "listen", "pools", "executors", "retention"], of: "this file")
        var settings = Settings()
        settings.state = fields.nonEmptyText("state")
        settings.jobs = fields.nonEmptyText("jobs")
        settings.listen = listen()
        settings.pools = pools()
        settings.executors = executors()
        settings.retention = retention()
        return settings
    }

    private mutating func listen() -> String? {
        guard let text = fields.nonEmptyText("listen") else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let host = parts.first, !host.isEmpty, let port = parts.last.flatMap({ UInt16($0) }), port > 0 else {
            fields.findings.error(
                fields.placeOfValue("listen"), "`listen` must be an address and a port such as 127.0.0.1:4400, not `\(text.shortened)`")
            return nil
        }
        return text
    }

    private mutating func pools() -> [String: PoolCapacity] {
        guard let members = map("pools", "a map of capacities such as { warehouse: 4 }") else { return [:] }
        var pools: [String: PoolCapacity] = [:]
        for member in members { pools[member.key] = capacity(of: member) }
        return pools
    }

    /// A number of runs, or `{ runs: 64, cpus: 8, memory: 16GB, maxStartsPerSecond: 10 }` or some of these.
    private func capacity(of member: Element.Member) -> PoolCapacity? {
        let name = "pools.\(member.key.shortened)"
        guard case .map(let inner) = member.value.content else {
            if let text = member.value.text, let runs = Int64(text), (0...1_000_000).contains(runs) { return PoolCapacity(runs: runs) }
            fields.findings.error(
                member.value.place,
                "`\(name)` must be a whole number from 0 to 1000000, or a map such as { runs: 64, cpus: 8, memory: 16GB }, "
                    + "not \(member.value.kind)")
            return nil
        }
        var capacity = Fields(inner, at: member.value.place, path: name + ".", fields.findings)
        capacity.refuseKeys(besides: PoolResource.held.map(\.rawValue) + ["maxStartsPerSecond"], of: "`\(name)`")
        return PoolCapacity(
            runs: capacity.integer("runs", in: 0...1_000_000).map(Int64.init),
            milliCPUs: capacity.number("cpus", in: 0.001...1e6, "a number of processors above 0").map { Int64(($0 * 1000).rounded()) },
            memory: capacity.bytes("memory"),
            maxStartsPerSecond: capacity.integer("maxStartsPerSecond", in: 1...100_000).map(Int64.init))
    }

    private mutating func executors() -> [String: Settings.Executor] {
        guard let members = map("executors", "a map such as { local: { type: local } }") else { return [:] }
        let reader = ExecutorReader(findings: fields.findings, optionRefusal: optionRefusal)
        return Dictionary(members.compactMap { member in reader.executor(member).map { (member.key, $0) } }) { first, _ in first }
    }

    private mutating func retention() -> Settings.Retention {
        let retention = fields.map("retention", known: ["runs", "logs"]) { fields in
            Settings.Retention(runs: Self.keeping("runs", &fields), logs: Self.keeping("logs", &fields))
        }
        return retention ?? Settings.Retention()
    }

    /// A duration, or `never` for what is never removed.
    private static func keeping(_ key: String, _ fields: inout Fields) -> Settings.Keeping? {
        if fields.has(key), case .text("never")? = fields.element(key)?.content { return .forever }
        return fields.duration(key).map(Settings.Keeping.atLeast)
    }

    private func map(_ key: String, _ wording: String) -> [Element.Member]? {
        guard let element = fields.element(key) else { return nil }
        if case .map(let members) = element.content { return members }
        fields.findings.error(element.place, "`\(key)` must be \(wording), not \(element.kind)")
        return nil
    }
}
