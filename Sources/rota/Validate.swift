import ArgumentParser
import Daemon
import Foundation
import JobFiles
import Scheduling
import Timetable

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks job files and prints everything that is wrong with them.",
        discussion: """
            Prints one line a problem, `file:line:column: error: what, and what would be right`, and ends with 1 if there is an error.
            Warns also of schedules that never come, are all past, meet a change of the clock within two years, or are faster than the
            job's own timeout. With a settings file it also looks whether the executors and pools that jobs name are there, and whether
            the executor can do what the job asks for.

            EXAMPLES
              rota validate jobs
              rota validate jobs --json
              rota validate                      the jobs folder of the settings file
              rota validate jobs --config rota.yaml
            """)

    @Argument(help: "A folder of job files, or one file.", completion: .file())
    var path: String?

    @Flag(help: "Prints the problems as a JSON array.")
    var json = false

    @OptionGroup var place: Place

    private struct Document: Encodable {
        let file: String
        let line: Int
        let column: Int
        let severity: String
        let message: String
    }

    func run() throws {
        let path = try path ?? environment("ROTA_JOBS") ?? place.settings().jobs ?? Serve.usualJobsFolder
        var (jobs, files, problems) = try read(path)
        problems.sort()
        if json {
            try Terminal.json(
                problems.map {
                    Document(file: $0.file, line: $0.line, column: $0.column, severity: $0.severity.rawValue, message: $0.message)
                })
        } else {
            for problem in problems { print(problem) }
        }
        let errors = problems.count { $0.severity == .error }
        let warnings = problems.count - errors
        let summary = "\(jobs.of("job")) in \(files.of("file")): \(errors.of("error")), \(warnings.of("warning"))"
        guard errors == 0 else { throw CommandFailure(.unwell, summary) }
        if !json { print(summary) }
    }

    private func read(_ path: String) throws -> (jobs: Int, files: Int, [Problem]) {
        let now = SystemClock().now()
        let placement = try place.places().placement
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
            guard let data = FileManager.default.contents(atPath: path), let text = String(validating: data, as: UTF8.self) else {
                throw CommandFailure(.noJobsFolder, "the file \(path) cannot be read as UTF-8 text")
            }
            let (definitions, problems) = JobFile.read(text: text, file: path, placement: placement)
            return (definitions.count, 1, problems + definitions.flatMap { $0.scheduleWarnings(at: now) })
        }
        var folder = JobFolder(path: path, mindsWriters: false, placement: placement)
        let reading = try folder.read(at: now)
        let warnings = reading.definitions.values.flatMap { $0.scheduleWarnings(at: now) }
        return (reading.graph.jobs.count, reading.files, reading.problems + warnings)
    }
}
