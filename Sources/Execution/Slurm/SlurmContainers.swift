package import Scheduling

/// The keeper stays outside: it is the batch script, has the run's folder, and ends what runs inside as it ends any command. Slurm's own
/// `--container` is not among them: where a site has no `oci.conf` it runs the command on the host, and says nothing.
extension ContainerRuntime {
    /// The command with what runs it in the container.
    ///
    /// - Parameters:
    ///   - workdir: Where it begins, on the node and in the container alike.
    ///   - output: The folder of `$ROTA_OUTPUT`, which the command is to see.
    func words(_ words: [String], in container: Container, workdir: String, output: String) -> [String] {
        // The root is no folder to be put into another.
        let folders = container.mounts + (workdir == "/" ? [] : [workdir]) + [output]
        return [rawValue, "exec"] + folders.flatMap { ["--bind", $0] } + ["--pwd", workdir, container.image] + words
    }
}

extension SlurmDemand {
    static func containerObjection(to job: Job, on settings: SlurmSettings) -> Objection? {
        guard job.container != nil, settings.containers == nil else { return nil }
        return Objection(
            key: "container",
            message:
                "the executor `\(settings.name)` does not say with what it runs containers; write containers: apptainer (or singularity) for it "
                + "in the settings, or start the container in `command`")
    }
}
