/// An executor with its settings, as `rota status --json` shows it and the ledger keeps it; absent values are null.
package struct ExecutorDocument: Codable, Hashable, Sendable {
    package let name: String
    /// `local` or `slurm`.
    package let type: String
    package var partition: String?
    package var account: String?
    package var qos: String?
    package var reservation: String?
    package var options: [String: String] = [:]
    package var pollSeconds: Double?
    package var doubtSeconds: Double?
    package var commandSeconds: Double?
    package var commands: String?
    package var configuration: String?
    package var ssh: String?
    package var sshConfiguration: String?
    package var folder: String?
    package var remoteFolder: String?
    /// `apptainer` or `singularity`.
    package var containers: String?

    package init(name: String, type: String) {
        self.name = name
        self.type = type
    }

    private enum Key: String, CodingKey {
        case name, type, partition, account, qos, reservation, options, pollSeconds, doubtSeconds, commandSeconds, commands, configuration,
            ssh, sshConfiguration, folder, remoteFolder, containers
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(String.self, forKey: .name)
        type = try container.decode(String.self, forKey: .type)
        partition = try container.decodeIfPresent(String.self, forKey: .partition)
        account = try container.decodeIfPresent(String.self, forKey: .account)
        qos = try container.decodeIfPresent(String.self, forKey: .qos)
        reservation = try container.decodeIfPresent(String.self, forKey: .reservation)
        options = try container.decodeIfPresent([String: String].self, forKey: .options) ?? [:]
        pollSeconds = try container.decodeIfPresent(Double.self, forKey: .pollSeconds)
        doubtSeconds = try container.decodeIfPresent(Double.self, forKey: .doubtSeconds)
        commandSeconds = try container.decodeIfPresent(Double.self, forKey: .commandSeconds)
        commands = try container.decodeIfPresent(String.self, forKey: .commands)
        configuration = try container.decodeIfPresent(String.self, forKey: .configuration)
        ssh = try container.decodeIfPresent(String.self, forKey: .ssh)
        sshConfiguration = try container.decodeIfPresent(String.self, forKey: .sshConfiguration)
        folder = try container.decodeIfPresent(String.self, forKey: .folder)
        containers = try container.decodeIfPresent(String.self, forKey: .containers)
        remoteFolder = try container.decodeIfPresent(String.self, forKey: .remoteFolder)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(type, forKey: .type)
        try container.encode(partition, forKey: .partition)
        try container.encode(account, forKey: .account)
        try container.encode(qos, forKey: .qos)
        try container.encode(reservation, forKey: .reservation)
        try container.encode(options, forKey: .options)
        try container.encode(pollSeconds, forKey: .pollSeconds)
        try container.encode(doubtSeconds, forKey: .doubtSeconds)
        try container.encode(commandSeconds, forKey: .commandSeconds)
        try container.encode(commands, forKey: .commands)
        try container.encode(configuration, forKey: .configuration)
        try container.encode(ssh, forKey: .ssh)
        try container.encode(sshConfiguration, forKey: .sshConfiguration)
        try container.encode(folder, forKey: .folder)
        try container.encode(remoteFolder, forKey: .remoteFolder)
        try container.encode(containers, forKey: .containers)
    }

    /// `slurm, partition batch, by ssh on login1`.
    package var words: String {
        let named: [(String, String?)] = [
            ("partition", partition), ("account", account), ("qos", qos), ("reservation", reservation), ("by ssh on", ssh),
            ("runs in", folder), ("runs there in", remoteFolder), ("containers by", containers),
        ]
        return ([type] + named.compactMap { name, value in value.map { "\(name) \($0)" } }).joined(separator: ", ")
    }
}
