import Scheduling
import Timetable

/// The arguments of sbatch for one run.
struct SlurmArguments: Sendable {
    var settings: SlurmSettings
    /// Whether tasks may be put before those of others.
    var isPrivileged: Bool

    /// The name of a run's task.
    static func name(of run: String) -> String { "rota-\(run)" }

    /// The run of a task's name; nil when it is no task of ours.
    static func run(of name: String) -> String? { name.hasPrefix("rota-") ? String(name.dropFirst(5)) : nil }

    /// - Parameters:
    ///   - folder: The run's folder, as nodes see it.
    ///   - script: The batch script, which executes its first argument with its second.
    ///   - workdir: Where the task begins: a folder that all nodes have, and that no other scheduler's tasks begin in.
    ///   - owner: As whom it runs, when that is not us.
    ///   - excluded: The nodes that the run's constraints exclude.
    func arguments(
        _ launch: Launch, folder: String, script: String, keeper: String, workdir: String, owner: RunOwner? = nil, excluded: [String] = []
    ) -> [String] {
        let log = Self.withoutPatterns("\(folder)/slurm")
        var words = [
            "--parsable", "--no-requeue", "--job-name=\(Self.name(of: launch.run))", "--comment=\(Self.comment(launch))",
            // All of nearly nothing: any other choice makes Slurm log the user in on the node, which takes seconds.
            "--export=ALL", "--output=\(log)", "--error=\(log)", "--open-mode=append", "--chdir=\(workdir)",
        ]
        // Without a group of its own it would be the user with ours.
        if let owner { words += ["--uid=\(owner.user)", "--gid=\(owner.group)"] }
        words += options(launch, excluded).sorted { $0.key < $1.key }.map { $0.value.isEmpty ? "--\($0.key)" : "--\($0.key)=\($0.value)" }
        return words + [script, keeper, folder]
    }

    /// What the settings say, then what the job's keys say, then what the job says in Slurm's own words.
    private func options(_ launch: Launch, _ excluded: [String]) -> [String: String] {
        var options = Self.standing(settings)
        let task = launch.task
        options["cpus-per-task"] = task.cpus.map { "\(max(1, Int($0.rounded(.up))))" } ?? options["cpus-per-task"]
        options["mem"] = task.memory.map { "\(Self.mebibytes($0))M" } ?? options["mem"]
        options["tmp"] = task.disk.map { "\(Self.mebibytes($0))M" } ?? options["tmp"]
        if !task.gres.isEmpty { options["gres"] = task.gres.joined(separator: ",") }
        options["time"] = launch.timeout.map { "\(Self.minutes($0 + launch.killAfter))" } ?? options["time"]
        if let nice = nice(task.priority) { options["nice"] = "\(nice)" }
        options.merge(task.options) { $1 }
        demand(task.constraints, in: &options)
        if !excluded.isEmpty { options["exclude"] = ([options["exclude"]].compactMap(\.self) + excluded).joined(separator: ",") }
        return options.filter { SlurmOption.refusal(of: $0.key) == nil }
    }

    /// What the settings say for every task.
    static func standing(_ settings: SlurmSettings) -> [String: String] {
        var options: [String: String] = [:]
        options["partition"] = settings.partition
        options["account"] = settings.account
        options["qos"] = settings.qos
        options["reservation"] = settings.reservation
        return options.merging(settings.options) { $1 }.filter { SlurmOption.refusal(of: $0.key) == nil }
    }

    /// What has a word of its own in Slurm; all else is told by the nodes that are excluded.
    private func demand(_ constraints: [Constraint], in options: inout [String: String]) {
        let equal = constraints.filter { $0.operation == .equals }
        let features = equal.filter { !$0.isOfNodeName }.map(\.value)
        let nodes = equal.filter(\.isOfNodeName).map(\.value)
        if !features.isEmpty { options["constraint"] = ([options["constraint"]].compactMap(\.self) + features).joined(separator: "&") }
        if !nodes.isEmpty { options["nodelist"] = nodes.joined(separator: ",") }
    }

    /// Ours ends the command; theirs comes after it for certain.
    private static func minutes(_ limit: Duration) -> Int64 { (limit.wholeMicroseconds / 1_000_000 + 59) / 60 + 5 }

    private static func mebibytes(_ bytes: Int64) -> Int64 { max(1, (bytes + (1 << 20) - 1) >> 20) }

    /// A hundred for each step; ahead of others only root may go.
    private func nice(_ priority: Int) -> Int? {
        let nice = (5 - priority) * 100
        return nice == 0 || nice < 0 && !isPrivileged ? nil : nice
    }

    /// In one line of bounded length, for those who look at the queue.
    private static func comment(_ launch: Launch) -> String {
        var parts = ["rota run=\(launch.run)", "job=\(launch.job)", "due=\(launch.due.rfc3339)", "attempt=\(launch.attempt)"]
        parts += launch.task.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let text = parts.joined(separator: " ")
        return String(text.map { $0.isNewline || $0 == "|" || $0.asciiValue.map { $0 < 0x20 } == true ? " " : $0 }.prefix(500))
    }

    /// In the name of an output file `%` begins a pattern.
    private static func withoutPatterns(_ path: String) -> String {
        path.unicodeScalars.split(separator: "%", omittingEmptySubsequences: false).map { String($0) }.joined(separator: "%%")
    }
}
