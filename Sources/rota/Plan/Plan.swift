import ArgumentParser
import Daemon
import JobFiles
import RunHistory
import Scheduling
import Timetable

struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what a folder of job files would change.",
        discussion: """
            Holds the folder against the definitions in force: jobs that come, change and go, runs of the time to come that appear, vanish or
            move, pools that become fuller, and what it means for runs that have not ended. Changes nothing. Before a scheduler ever ran, every
            job is new. Runs are told by a simulation of both, as `rota simulate` makes it.

            Ends with 0 when nothing would change, with 2 when something would, with 1 when a file has an error (its last good version would
            stay in force), with 66 without the folder.

            EXAMPLES
              rota plan                                  the folder of the scheduler
              rota plan --jobs checkout/jobs             another one, for example a branch
              rota plan --days 30 --json
            """)

    @Option(
        help: ArgumentHelp(
            "The folder of job files. (default: the one of the scheduler, else $ROTA_JOBS, the settings file, /etc/rota/jobs)",
            valueName: "folder"),
        completion: .directory)
    var jobs: String?

    @Option(parsing: .unconditional, help: "How many days of runs are compared.")
    var days = 7

    @Flag(help: "Prints a JSON object.")
    var json = false

    @OptionGroup var place: Place

    func validate() throws {
        if !(1...3_660).contains(days) { throw ValidationError("--days is a whole number from 1 to 3660") }
    }

    func run() throws {
        let now = SystemClock().now()
        let reader = try readerIfAny()
        let report = try PlanReport(reader, folder: try folder(of: reader), at: now, until: now + .seconds(days * 86_400), place)
        if json { try Terminal.json(PlanDocument(report)) } else { PlanText(report).show() }
        try Terminal.finish()
        let errors = report.problems.count { $0.severity == .error }
        guard errors == 0 else {
            throw CommandFailure(
                .unwell, "\(errors.of("error")) in \(report.folder); the jobs they stand in would stay in force as they are, or out of it")
        }
        if !report.jobs.isEmpty { throw ExitCode(2) }
    }

    /// nil before any scheduler ran on the state folder.
    private func readerIfAny() throws -> LedgerReader? {
        do { return try place.reader() } catch LedgerError.missing { return nil }
    }

    private func folder(of reader: LedgerReader?) throws -> String {
        if let jobs { return jobs }
        if let row = try reader?.scheduler() { return row.jobsFolder }
        return try environment("ROTA_JOBS") ?? place.settings().jobs ?? Serve.usualJobsFolder
    }
}
