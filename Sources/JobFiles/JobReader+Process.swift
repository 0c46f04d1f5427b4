internal import Scheduling

/// What the process of a run may use and leave behind: `umask`, `nice`, `limits`, `logLimit` and `onLogFull`.
extension JobReader {
    mutating func readProcess(of job: inout Job) {
        job.umask = fields.permissions("umask")
        job.nice = fields.integer("nice", in: -20...19)
        job.limits = resourceLimits()
        let logLimit = "an amount from 64KiB such as 10MiB, or 0 to keep nothing"
        job.logLimit = fields.bytes("logLimit", atLeast: 64 << 10, orNone: true, logLimit) ?? job.logLimit
        job.onLogFull = fields.choice("onLogFull", OnLogFull.allCases) ?? job.onLogFull
    }

    /// The least of each is what a program needs to come to its own first line.
    private mutating func resourceLimits() -> ResourceLimits {
        let limits = fields.map("limits", known: ["memory", "cpu", "openFiles", "processes"]) { fields in
            var limits = ResourceLimits()
            limits.memory = fields.bytes("memory", atLeast: 1 << 20, "an amount from 1MiB such as 512MiB")
            limits.cpu = fields.duration("cpu")
            if let cpu = limits.cpu, cpu < .seconds(1) {
                fields.findings.error(fields.placeOfValue("cpu"), "`limits.cpu` must be a second or more, such as PT10M")
            }
            limits.openFiles = fields.integer("openFiles", in: 16...1_048_576)
            limits.processes = fields.integer("processes", in: 1...4_194_304)
            return limits
        }
        return limits ?? ResourceLimits()
    }
}
