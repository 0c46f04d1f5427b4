import Daemon
import Execution
import RunHistory
import Scheduling
import Timetable

extension ExecutorDocument {
    /// As the ledger is to keep it.
    init(name: String, _ engine: Places.Engine) {
        switch engine {
        case .local: self.init(name: name, type: "local")
        case .slurm(let settings):
            self.init(name: name, type: "slurm")
            partition = settings.partition
            account = settings.account
            qos = settings.qos
            reservation = settings.reservation
            options = settings.options
            pollSeconds = settings.pollInterval.inSeconds
            doubtSeconds = settings.doubt.inSeconds
            commandSeconds = settings.commandLimit.inSeconds
            commands = settings.commands
            configuration = settings.configuration
            ssh = settings.ssh
            sshConfiguration = settings.sshConfiguration
            folder = settings.folder
            remoteFolder = settings.remoteFolder
            containers = settings.containers?.rawValue
        }
    }

    /// What job files are held against; nil for an engine of a later version.
    var engine: Places.Engine? {
        switch type {
        case "local": return .local
        case "slurm":
            var settings = SlurmSettings(name: name)
            settings.ssh = ssh
            settings.remoteFolder = remoteFolder
            settings.containers = containers.flatMap { ContainerRuntime(rawValue: $0) }
            return .slurm(settings)
        default: return nil
        }
    }
}
