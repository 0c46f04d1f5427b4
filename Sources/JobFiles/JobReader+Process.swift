internal import Scheduling

/// What the process of a run may use and leave behind: `logLimit`.
extension JobReader {
    mutating func readProcess(of job: inout Job) {
        let logLimit = "an amount from 64KiB such as 10MiB, or 0 to keep nothing"
        job.logLimit = fields.bytes("logLimit", atLeast: 64 << 10, orNone: true, logLimit) ?? job.logLimit
    }
}
