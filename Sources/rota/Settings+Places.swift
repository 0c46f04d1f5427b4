import Daemon
import Execution
import JobFiles
import Scheduling

extension Settings {
    /// The executors with what stands behind them: `local`, and those of the settings.
    var engines: [String: Places.Engine] {
        var engines: [String: Places.Engine] = ["local": .local]
        for (name, executor) in executors {
            switch executor {
            case .local: engines[name] = .local
            case .slurm(let slurm): engines[name] = .slurm(SlurmSettings(name: name, slurm))
            }
        }
        return engines
    }

    var localExecutors: Set<String> { Set(engines.filter { $0.value == .local }.keys) }

    /// What each pool has: what the settings say, completed for local executors by 64 places and what the machine has. A cluster has a queue
    /// of its own, and so no limit here that nobody wrote.
    func capacities() -> [String: PoolCapacity] {
        let machine = PoolCapacity(runs: 64).completed(by: Machine.capacity())
        let ofExecutors = Dictionary(uniqueKeysWithValues: localExecutors.map { ($0, machine) })
        return ofExecutors.merging(pools) { $1.completed(by: $0) }
    }

    /// What job files may name, by these settings.
    func places() -> Places { Places(engines: engines, capacities: capacities()) }
}

extension SlurmSettings {
    /// What the settings say, and the defaults of the rest.
    init(name: String, _ slurm: Settings.Slurm) {
        self.init(name: name)
        partition = slurm.partition
        account = slurm.account
        qos = slurm.qos
        reservation = slurm.reservation
        options = slurm.options
        pollInterval = slurm.pollInterval ?? pollInterval
        doubt = slurm.doubt ?? doubt
        commandLimit = slurm.commandLimit ?? commandLimit
        commands = slurm.commands
        configuration = slurm.configuration
        ssh = slurm.ssh
        sshConfiguration = slurm.sshConfiguration
        folder = slurm.folder
        remoteFolder = slurm.remoteFolder
        containers = slurm.containers
    }
}
