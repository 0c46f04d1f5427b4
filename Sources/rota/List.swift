import ArgumentParser
import RunHistory
import Scheduling
import Timetable

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the jobs in force.",
        discussion: """
            EXAMPLES
              rota list
              rota list --label team=data
              rota list --json
            """)

    @Option(help: ArgumentHelp("Only jobs with this label.", valueName: "key=value"))
    var label: [String] = []

    @Flag(help: "Prints a JSON array.")
    var json = false

    @OptionGroup var place: Place

    func run() throws {
        let wanted = try label.map { text -> (String, String) in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else { throw CommandFailure(.usage, "`\(text)` is no label; write --label team=data") }
            return (parts[0], parts[1])
        }
        let jobs = try place.reader().jobs().map { ($0, $0.job) }.filter { _, job in wanted.allSatisfy { job?.labels[$0.0] == $0.1 } }
        if json { return try Terminal.json(jobs.map { JobDocument($0, job: $1) }) }
        Terminal.table(
            ["JOB", "DUE BY", "NEXT", "LAST", "STATE"],
            jobs.map { stored, job in
                [
                    stored.control.job.text, job.map(Self.origin) ?? "?",
                    stored.pause(of: job).map { "paused \($0.origin)" } ?? job.flatMap { stored.nextDue(of: $0) }?.rfc3339 ?? "-",
                    stored.newest?.run.key.due.rfc3339 ?? "-", stored.newest?.run.state.rawValue ?? "-",
                ]
            },
            paint: { $0 == 4 ? Terminal.painted($1) : $1 })
    }

    /// What makes the job due, in short.
    static func origin(_ job: Job) -> String {
        if job.disabled { return "disabled" }
        let schedules = job.schedule?.recurrences.map(\.text) ?? []
        let parents = job.after.map { $0.on == .success ? $0.parent.text : "\($0.parent) (\($0.on.rawValue))" }
        if schedules.isEmpty, parents.isEmpty { return "request" }
        return (schedules + (parents.isEmpty ? [] : ["after " + parents.joined(separator: ", ")])).joined(separator: ", ")
    }
}
