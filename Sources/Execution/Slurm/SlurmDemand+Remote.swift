import Scheduling

/// What a job must say where the cluster sees nothing of this machine.
extension SlurmDemand {
    /// A command begins in the folder of its job's file where nothing else is said, and that folder is here. In the Chronos shape it is the
    /// run's own folder, which goes along.
    static func workdirObjection(to job: Job, on settings: SlurmSettings) -> Objection? {
        guard settings.remoteFolder != nil, !job.isChronos, job.workdir?.hasPrefix("/") != true else { return nil }
        let what =
            job.workdir.map { "`\($0)` begins in the folder of the job file, which is" }
            ?? "the job says no `workdir`, and so begins in the folder of its file, which is"
        return Objection(
            key: "workdir",
            message: "\(what) on this machine and nowhere on the executor `\(settings.name)`; write workdir: and an absolute path that its "
                + "nodes have")
    }
}
