/// Looks at a cluster without handing it anything: whether its commands, its controller and its accounting answer.
package struct SlurmProbe: Sendable {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// In one line, in the command's own words where it had any.
        package let description: String
        /// The same as an executor tells it, with a stable word first, and what would mend it last.
        package let trouble: String

        init(description: String, trouble: String? = nil) {
            self.description = description
            self.trouble = trouble ?? "folder: \(description)"
        }
    }

    package struct Partition: Hashable, Sendable {
        package let name: String
        package let nodes: Int
        /// Whether it takes tasks now.
        package let isUp: Bool
    }

    let commands: SlurmCommands

    package init(_ settings: SlurmSettings) { commands = SlurmCommands(settings: settings, stop: -1) }

    /// The version of the commands that every run needs; throws for the first that cannot be executed.
    package func version() throws(Failure) -> String {
        var version = ""
        for name in [SlurmCommands.Name.scancel, .squeue, .sinfo, .sbatch] { version = try answer(name, ["--version"]) }
        return version
    }

    /// What the controller says of its partitions.
    package func partitions() throws(Failure) -> [Partition] {
        try answer(.sinfo, ["-h", "-o", "%R|%D|%a"]).split(whereSeparator: \.isNewline).reduce(into: []) { partitions, line in
            let parts = line.split(separator: "|")
            // One line for each state of its nodes.
            guard parts.count == 3, let nodes = Int(parts[1]) else { return }
            let before = partitions.firstIndex { $0.name == parts[0] }.map { partitions.remove(at: $0).nodes } ?? 0
            partitions.append(Partition(name: String(parts[0]), nodes: before + nodes, isUp: parts[2] == "up"))
        }
    }

    /// What the settings ask of the cluster for every task, tried without handing it one; throws with the cluster's words when it refuses.
    package func trial() throws(Failure) {
        let options = SlurmArguments.standing(commands.settings).sorted { $0.key < $1.key }
        let words = options.map { $0.value.isEmpty ? "--\($0.key)" : "--\($0.key)=\($0.value)" }
        _ = try answer(.sbatch, ["--test-only", "--output=/dev/null", "--chdir=/"] + words + ["--wrap=true"])
    }

    /// Whether the books know the account; where they cannot be asked, nobody knows better.
    package func knowsAccount(_ account: String) -> Bool {
        let answer = commands.run(.sacctmgr, ["-n", "-P", "show", "account", "name=\(account)", "format=account"])
        return !answer.hasSucceeded || answer.output.contains { !$0.isWhitespace }
    }

    /// Throws when the books of ended tasks cannot be read.
    package func accounting() throws(Failure) {
        _ = try answer(.sacct, ["-n", "-X", "-P", "-S", "now", "-o", "JobID"])
    }

    private func answer(_ name: SlurmCommands.Name, _ arguments: [String]) throws(Failure) -> String {
        let answer = commands.run(name, arguments)
        guard answer.hasSucceeded else {
            throw Failure(
                description: answer.complaint(of: name.rawValue), trouble: EngineTrouble.of(answer, name, commands.settings).reason)
        }
        return String(answer.output.drop(while: \.isWhitespace).prefix { !$0.isNewline || name == .sinfo || name == .sacct })
    }
}
