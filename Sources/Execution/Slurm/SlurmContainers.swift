package import Scheduling

/// With what a cluster runs commands in containers.
///
/// The keeper stays outside: it is the batch script, has the run's folder, and ends what runs inside as it ends any command.
package enum SlurmContainers: String, Hashable, Sendable, CaseIterable {
    case apptainer
    /// What apptainer was called before, with the same words.
    case singularity
    /// Slurm's own: a step of the task with `srun --container`, in an unpacked bundle of the OCI; the site has an `oci.conf`.
    case oci

    /// The command with what runs it in the container.
    ///
    /// - Parameters:
    ///   - workdir: Where it begins, on the node and in the container alike.
    ///   - output: The folder of `$ROTA_OUTPUT`, which the command is to see.
    func words(_ words: [String], in container: Container, workdir: String, output: String) -> [String] {
        switch self {
        case .apptainer, .singularity:
            // The root is no folder to be put into another.
            let folders = container.mounts + (workdir == "/" ? [] : [workdir]) + [output]
            return [rawValue, "exec"] + folders.flatMap { ["--bind", $0] } + ["--pwd", workdir, container.image] + words
        case .oci: return ["srun", "--container=\(container.image)"] + words
        }
    }
}

extension SlurmDemand {
    static func containerObjection(to job: Job, on settings: SlurmSettings) -> Objection? {
        guard let container = job.container else { return nil }
        let executor = "the executor `\(settings.name)`"
        guard let containers = settings.containers else {
            return Objection(
                key: "container",
                message:
                    "\(executor) does not say with what it runs containers; write containers: apptainer (or singularity, or oci) for it "
                    + "in the settings, or start the container in `command`")
        }
        guard containers == .oci else { return nil }
        if !container.mounts.isEmpty {
            return Objection(
                key: "container.mounts",
                message: "\(executor) runs containers of the OCI, whose bundle says what is mounted; put it into its config.json, and take "
                    + "`mounts` out")
        }
        guard !container.image.hasPrefix("/") else { return nil }
        return Objection(
            key: "container",
            message: "\(executor) runs containers of the OCI, and `\(container.image)` is no bundle of one; write the absolute path of its "
                + "folder on the nodes")
    }
}
