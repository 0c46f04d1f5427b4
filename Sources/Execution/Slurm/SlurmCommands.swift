import Glibc
internal import Scheduling

/// Slurm's commands, as one cluster's settings say how they are reached: here, or by ssh on a login node.
struct SlurmCommands: Sendable {
    enum Name: String, Sendable {
        case sbatch, squeue, sacct, sacctmgr, scancel, scontrol, sinfo
    }

    let settings: SlurmSettings
    /// Readable once no answer is wanted any more.
    let stop: Int32?

    /// Waits for the answer.
    ///
    /// - Parameter parting: What the command gets to come to its end when no answer is wanted any more.
    func run(_ name: Name, _ arguments: [String], parting: Duration = .zero) -> CommandAnswer {
        CommandRun(
            words: Self.words(settings, name, arguments), environment: Self.environment(settings, name), limit: settings.commandLimit,
            stop: stop, parting: parting
        ).answer()
    }

    /// Has a script carried out on the login node. It goes through the connection and not into anybody's arguments, which all users see.
    ///
    /// - Parameter extraTime: What it gets beside the time of one command.
    func run(_ script: RemoteScript, on host: String, extraTime: Duration = .zero, parting: Duration = .zero) -> RemoteAnswer {
        let answer = CommandRun(
            words: Self.ssh(settings, host) + ["sh -s"], environment: Self.environment(settings, nil),
            limit: settings.commandLimit + extraTime, input: Array(script.text.utf8), stop: stop, parting: parting
        ).answer()
        return RemoteAnswer(answer, mark: script.mark)
    }

    /// What is executed.
    static func words(_ settings: SlurmSettings, _ name: Name, _ arguments: [String]) -> [String] {
        guard let host = settings.ssh else { return command(settings, name, arguments) }
        return ssh(settings, host) + [remoteText(settings, name, arguments)]
    }

    private static func command(_ settings: SlurmSettings, _ name: Name, _ arguments: [String]) -> [String] {
        [settings.commands.map { "\($0)/\(name.rawValue)" } ?? name.rawValue] + arguments
    }

    /// No host is an option.
    private static func ssh(_ settings: SlurmSettings, _ host: String) -> [String] {
        let file = settings.sshConfiguration.map { ["-F", $0] } ?? []
        return ["ssh"] + file + ["-oBatchMode=yes", "-oConnectTimeout=10", "--", host]
    }

    /// A command as a shell on the login node reads it. sshd hands one text to the user's shell there, so each word is quoted.
    static func remoteText(_ settings: SlurmSettings, _ name: Name, _ arguments: [String]) -> String {
        let variables = conventions(settings, name).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return (["env", "-u", "TMPDIR"] + variables + command(settings, name, arguments)).map(\.shellWord).joined(separator: " ")
    }

    /// Answers are in one language and one zone, with instants as numbers; what is asked for is not changed by variables that nobody thinks of.
    private static func conventions(_ settings: SlurmSettings, _ name: Name) -> [String: String] {
        // sbatch would hand on to the task how instants are written.
        var variables = name == .sbatch ? ["LC_ALL": "C"] : ["LC_ALL": "C", "TZ": "UTC", "SLURM_TIME_FORMAT": "%s"]
        variables["SLURM_CONF"] = settings.configuration
        return variables
    }

    /// - Parameter name: nil for what is carried out by ssh.
    private static func environment(_ settings: SlurmSettings, _ name: Name?) -> [String: String] {
        var environment: [String: String] = [:]
        if settings.ssh == nil, let name { environment = conventions(settings, name) }
        for variable in ["PATH", "HOME", "USER", "LOGNAME", "SLURM_CONF", "SSH_AUTH_SOCK", "KRB5CCNAME", "LD_LIBRARY_PATH"]
        where environment[variable] == nil {
            if let value = getenv(variable) { environment[variable] = String(cString: value) }
        }
        return environment
    }
}

extension CommandAnswer {
    /// What went wrong, in one line: the command's own last words where it had any.
    func complaint(of command: String) -> String {
        let said = errors.split(whereSeparator: \.isNewline).map { String($0) }
        let line = said.last { !$0.hasPrefix("Try \"") } ?? ""
        let words = Self.withoutPrefix(line)
        switch end {
        case .tookTooLong: return "\(command) did not answer in time" + (words.isEmpty ? "" : ": \(words)")
        case .notWanted: return "\(command) was stopped"
        case .notStarted(let error): return error.description
        case .signaled(let number): return words.isEmpty ? "\(command) was ended by signal \(number)" : words
        case .exited(let code):
            if code == 0 && !isWhole { return "\(command) answered more than can be read" }
            return words.isEmpty ? "\(command) ended with \(code)" : words
        }
    }

    /// `sbatch: error: Batch job submission failed: Invalid …` without who says it.
    private static func withoutPrefix(_ line: String) -> String {
        var rest = line[...]
        for prefix in ["error: ", "fatal: ", "Batch job submission failed: "] {
            guard let found = rest.firstOccurrence(of: prefix) else { continue }
            rest = rest[found.upperBound...]
        }
        return String(rest.prefix(300))
    }
}

extension StringProtocol {
    /// Where a text is found first.
    func firstOccurrence(of text: String) -> Range<Index>? {
        guard !text.isEmpty else { return nil }
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text), let end = index(start, offsetBy: text.count, limitedBy: endIndex) { return start..<end }
            start = index(after: start)
        }
        return nil
    }

    func holds(_ text: String) -> Bool { firstOccurrence(of: text) != nil }
}
