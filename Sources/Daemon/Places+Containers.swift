import JobFiles
import Scheduling

extension Places {
    /// Who names an image is not to find later that the command ran without it.
    func containerObjection(to job: Job) -> Placement.Objection? {
        guard let container = job.container else { return nil }
        return Placement.Objection(
            key: "container", severity: .error,
            message: "the executor `\(job.runOn)` runs commands as processes of this machine, and not in `\(container.image)`; start the "
                + "container in `command`, or name with `runOn` a Slurm cluster that has `containers`")
    }
}
