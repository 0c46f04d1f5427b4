package import Scheduling

/// What a site says of one cluster in `executors:` of its settings; docs/slurm.md is the reference of its keys.
package struct SlurmSettings: Hashable, Sendable {
    /// The name of the executor, which jobs say as `runOn`.
    package var name: String
    package var partition: String?
    package var account: String?
    package var qos: String?
    package var reservation: String?
    /// Options of `sbatch` for every task, by their long names without dashes; an empty value is a flag.
    package var options: [String: String] = [:]
    /// How long to wait between two questions about the state of all open tasks.
    package var pollInterval: Duration = .seconds(2)
    /// After so long without a trace of a task, of a controller that answers, it was never accepted.
    package var doubt: Duration = .seconds(60)
    /// How long one command of Slurm may take.
    package var commandLimit: Duration = .seconds(30)
    /// The folder of Slurm's commands; nil looks them up in PATH.
    package var commands: String?
    /// The cluster's slurm.conf, when it is not where Slurm's commands look by themselves (`SLURM_CONF`).
    package var configuration: String?
    /// The login node that runs the commands, by ssh; nil runs them here.
    package var ssh: String?
    /// The file with what ssh is told of that host (`ssh -F`), when it is not where ssh looks by itself.
    package var sshConfiguration: String?
    /// A folder that the login node and all nodes see under the same path and this machine does not, for the folders of the runs.
    package var remoteFolder: String?
    /// With what tasks run their commands in containers; nil where they cannot.
    package var containers: ContainerRuntime?
    /// A folder that this machine and all nodes see under the same path, for the folders of the runs; nil when the state folder is one.
    package var folder: String?

    package init(name: String) {
        self.name = name
    }
}
