import Glibc

/// What keeps a scheduler from a whole cluster: its commands, the way there, its controller, or the folder that both share. Each begins with
/// a stable word and ends with what would mend it, where somebody here can.
extension EngineTrouble {
    /// Of a command that did not answer as it should.
    static func of(_ answer: CommandAnswer, _ command: SlurmCommands.Name, _ settings: SlurmSettings) -> EngineTrouble {
        let complaint = answer.complaint(of: command.rawValue)
        if case .notStarted(let error) = answer.end { return notExecuted(error, command, settings) }
        let errors = answer.errors
        if let host = settings.ssh, !isSaidBySlurm(errors), let trouble = onTheWay(to: host, answer, complaint, command) { return trouble }
        if let line = lastLine(of: errors, holding: ["Munge", "munge"]) {
            let advice = "munge must run \(settings.ssh.map { "on \($0)" } ?? "here") with the cluster's key; `munge -n | unmunge` tries it"
            return EngineTrouble(reason: "munge: \(line); \(advice)")
        }
        if let line = lastLine(of: errors, holding: ["cannot stat file", "configuration file", "configuration source"]) {
            let key = "`configuration` of the executor, or SLURM_CONF, must name the cluster's slurm.conf"
            return EngineTrouble(reason: "configuration: \(line); \(key)")
        }
        if isBusy(errors) { return EngineTrouble(reason: "full: the cluster takes no more tasks now: \(complaint)", isOfAll: false) }
        return EngineTrouble(reason: "controller: \(complaint)")
    }

    /// Of the folder with the folders of the runs.
    static func ofFolder(_ error: SystemError, _ path: String) -> EngineTrouble {
        let what: String =
            switch error.number {
            case ENOENT: "\(path) is not there; mount it, or make it"
            case ENOTDIR: "\(path) is no folder; make it one"
            case EACCES, EPERM: "\(path) may not be written by who runs the scheduler; change its owner or mode"
            case EROFS: "\(path) is mounted read-only; mount it writable"
            case ESTALE: "\(path) is gone on its server (\(error)); mount it anew"
            default: "\(path) cannot be used (\(error)); mend it"
            }
        return EngineTrouble(reason: "folder: \(what), or name another with `folder` of the executor")
    }

    private static func notExecuted(_ error: SystemError, _ command: SlurmCommands.Name, _ settings: SlurmSettings) -> EngineTrouble {
        switch error.number {
        case EAGAIN, ENOMEM, EMFILE, ENFILE: return EngineTrouble(reason: error.description)
        default: break
        }
        guard settings.ssh == nil else {
            return EngineTrouble(reason: "ssh: ssh cannot be executed here (\(error)); install it, or leave `ssh` of the executor out")
        }
        let path = settings.commands.map { "\($0)/\(command.rawValue)" }
        let what = path.map { "\($0) cannot be executed" } ?? "there is no \(command.rawValue) in PATH"
        return EngineTrouble(
            reason: "commands: \(what) (\(error.text)); `commands` of the executor names the folder of Slurm's commands")
    }

    /// What is neither said by Slurm's command nor by ssh itself is left to the controller.
    private static func onTheWay(
        to host: String, _ answer: CommandAnswer, _ complaint: String, _ command: SlurmCommands.Name
    ) -> EngineTrouble? {
        switch answer.end {
        case .exited(255), .tookTooLong:
            EngineTrouble(
                reason: "ssh: \(host) cannot be reached: \(complaint); try `ssh -oBatchMode=yes \(host) \(command.rawValue) --version`")
        case .exited(126), .exited(127):
            EngineTrouble(
                reason: "commands: \(command.rawValue) cannot be executed on \(host): \(complaint); "
                    + "`commands` of the executor names the folder of Slurm's commands there")
        default: nil
        }
    }

    private static func isSaidBySlurm(_ errors: String) -> Bool {
        ["sbatch: ", "squeue: ", "sinfo: ", "slurm_"].contains { errors.holds($0) }
    }

    /// It answers, and says that another time may be better.
    private static func isBusy(_ errors: String) -> Bool {
        [
            "temporarily unable to accept job", "Resource temporarily unavailable", "SubmitJobLimit", "job submit limit",
            "I/O error writing script/environment to file",
        ].contains { errors.holds($0) }
    }

    /// Without who says it.
    private static func lastLine(of errors: String, holding words: [String]) -> String? {
        let line = errors.split(whereSeparator: \.isNewline).last { line in words.contains { line.holds($0) } }
        return line.map { line in
            let start = line.firstOccurrence(of: "error: ")?.upperBound ?? line.firstOccurrence(of: "fatal: ")?.upperBound
            return String(line[(start ?? line.startIndex)...].prefix(300))
        }
    }
}

extension SlurmPlace {
    /// Why no run can be begun in the folder, or followed; nil when all is well there.
    func trouble() -> EngineTrouble? {
        // Asked with every poll: what is in it, which may be much, is not read.
        let folder = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return .ofFolder(SystemError("open", runs), runs) }
        close(folder)
        // Of a mount that is read-only, or of another user's folder, opening tells nothing.
        return access(runs, W_OK | X_OK) == 0 ? nil : .ofFolder(SystemError("access", runs), runs)
    }
}
