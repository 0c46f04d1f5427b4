package import Scheduling

extension Settings {
    /// A place where runs are carried out.
    package enum Executor: Hashable, Sendable {
        case local
        case slurm(Slurm)
    }

    /// A Slurm cluster, as `executors:` describes it; what is absent has its default where it is used.
    package struct Slurm: Hashable, Sendable {
        package var partition: String?
        package var account: String?
        package var qos: String?
        package var reservation: String?
        /// Of `sbatch`, by their long names; an empty value is a flag.
        package var options: [String: String] = [:]
        package var pollInterval: Duration?
        package var doubt: Duration?
        package var commandLimit: Duration?
        package var commands: String?
        package var configuration: String?
        package var ssh: String?
        package var sshConfiguration: String?
        package var folder: String?
        package var remoteFolder: String?
        package var containers: ContainerRuntime?

        package init() {}
    }
}

/// Reads one entry of `executors:`.
struct ExecutorReader {
    let findings: Findings
    /// Why a task may not have an option of `sbatch`.
    let optionRefusal: (String) -> String?

    private static let types = ["local", "slurm"]
    private static let keysOfSlurm = [
        "type", "partition", "account", "qos", "reservation", "options", "pollInterval", "doubt", "commandLimit", "commands",
        "configuration", "ssh", "sshConfiguration", "folder", "remoteFolder",
        "containers",
    ]

    /// nil when it cannot be used; why is told.
    func executor(_ member: Element.Member) -> Settings.Executor? {
        let name = "executors.\(member.key.shortened)"
        if JobName(member.key) == nil {
            findings.error(member.place, "`\(member.key.shortened)` is no name of an executor; it has \(JobFile.nameWording)")
        }
        guard case .map(let inner) = member.value.content else {
            findings.error(member.value.place, "`\(name)` must be a map such as { type: local }, not \(member.value.kind)")
            return nil
        }
        var fields = Fields(inner, at: member.value.place, path: name + ".", findings)
        guard let type = fields.text("type") else {
            if !fields.has("type") { findings.error(member.place, "`\(name).type` is missing; there are \(Self.types.asWords)") }
            return nil
        }
        switch type {
        case "local":
            fields.refuseKeys(besides: ["type"], of: "an executor of the type `local`")
            return .local
        case "slurm":
            if member.key == "local" {
                findings.error(member.place, "`local` is this machine; give the cluster another name, which jobs then say as `runOn`")
            }
            return .slurm(slurm(&fields))
        default:
            findings.error(fields.placeOfValue("type"), "unknown type `\(type.shortened)`; there are \(Self.types.asWords)")
            return nil
        }
    }

    private func slurm(_ fields: inout Fields) -> Settings.Slurm {
        fields.refuseKeys(besides: Self.keysOfSlurm, of: "an executor of the type `slurm`")
        var slurm = Settings.Slurm()
        slurm.partition = fields.nonEmptyText("partition")
        slurm.account = fields.nonEmptyText("account")
        slurm.qos = fields.nonEmptyText("qos")
        slurm.reservation = fields.nonEmptyText("reservation")
        slurm.options = options(&fields)
        slurm.pollInterval = duration("pollInterval", from: (.milliseconds(100), "PT0.1S"), "PT2S", &fields)
        slurm.doubt = duration("doubt", from: (.seconds(1), "PT1S"), "PT1M", &fields)
        slurm.commandLimit = duration("commandLimit", from: (.seconds(1), "PT1S"), "PT30S", &fields)
        slurm.commands = folder("commands", "/usr/bin", &fields)
        slurm.configuration = folder("configuration", "/etc/slurm/slurm.conf", &fields)
        slurm.ssh = host(&fields)
        slurm.sshConfiguration = folder("sshConfiguration", "/etc/rota/ssh_config", &fields)
        slurm.folder = folder("folder", "/shared/rota", &fields)
        slurm.remoteFolder = folder("remoteFolder", "/scratch/me/rota", &fields)
        slurm.containers = fields.choice("containers", ContainerRuntime.allCases)
        refuseHalves(slurm, fields)
        return slurm
    }

    /// Keys that mean nothing without another, or beside it.
    private func refuseHalves(_ slurm: Settings.Slurm, _ fields: Fields) {
        if slurm.remoteFolder != nil, slurm.folder != nil {
            findings.error(
                fields.placeOfValue("remoteFolder"),
                "`\(fields.path)remoteFolder` is a folder that this machine does not see, and `folder` one that it sees; take one out")
        }
        for (key, value) in [("remoteFolder", slurm.remoteFolder), ("sshConfiguration", slurm.sshConfiguration)]
        where value != nil && !fields.has("ssh") {
            findings.error(
                fields.placeOfValue(key), "`\(fields.path)\(key)` is of use by ssh alone; write `ssh: login1`, the host of the login node")
        }
    }

    /// Those that have a key of their own here are told to use it.
    private func options(_ fields: inout Fields) -> [String: String] {
        let options = EngineOptions.read("options", from: &fields)
        guard case .map(let members)? = fields.element("options")?.content else { return options }
        for member in members where options[member.key] != nil {
            let name = "`\(fields.path)options.\(member.key.shortened)`"
            if Self.keysOfSlurm.contains(member.key) {
                findings.error(member.place, "\(name) has a key of its own; write `\(member.key)` beside `options`")
            } else if let refusal = optionRefusal(member.key) {
                findings.error(member.place, "\(name) is not for the settings: \(refusal)")
            }
        }
        return options
    }

    private func duration(
        _ key: String, from least: (value: Duration, text: String), _ example: String, _ fields: inout Fields
    ) -> Duration? {
        guard let duration = fields.duration(key) else { return nil }
        guard duration < least.value || duration > .seconds(86_400) else { return duration }
        findings.error(
            fields.placeOfValue(key), "`\(fields.path)\(key)` must be from \(least.text) to a day, such as \(example)")
        return nil
    }

    private func folder(_ key: String, _ example: String, _ fields: inout Fields) -> String? {
        guard let path = fields.nonEmptyText(key) else { return nil }
        if path.hasPrefix("/") { return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path }
        findings.error(
            fields.placeOfValue(key), "`\(fields.path)\(key)` must be an absolute path such as \(example), not `\(path.shortened)`")
        return nil
    }

    /// What begins with a dash would be an option of ssh.
    private func host(_ fields: inout Fields) -> String? {
        guard let host = fields.nonEmptyText("ssh") else { return nil }
        if !host.hasPrefix("-"), !host.contains(where: \.isWhitespace) { return host }
        findings.error(
            fields.placeOfValue("ssh"), "`\(fields.path)ssh` must be a host such as login1 or etl@login1, not `\(host.shortened)`")
        return nil
    }
}
