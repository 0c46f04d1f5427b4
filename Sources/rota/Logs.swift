import ArgumentParser
import Execution
import Foundation
import RunHistory
import Scheduling

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints what a run wrote.",
        discussion: """
            The output goes to stdout and the errors to stderr, in the order in which they came; for a job, those of its newest run.
            Where bytes were not kept (see `logLimit` of the job), a note on stderr says how many. On a terminal control characters are
            shown, not obeyed.

            EXAMPLES
              rota logs backup
              rota logs backup -f                until the run has ended
              rota logs k3x9q2-17 --stderr       only what it wrote to stderr, on stdout
            """)

    @Argument(help: "A job or a run id.", completion: JobArgument.defaultCompletionKind)
    var subject: String

    @Flag(name: [.short, .long], help: "Waits for more until the run has ended.")
    var follow = false

    @Flag(help: "Only what was written to stderr, printed to stdout.")
    var stderr = false

    @OptionGroup var place: Place

    func run() throws {
        let reader = try place.reader()
        let stored: StoredRun
        switch try Subject(subject, in: reader) {
        case .run(let run): stored = run
        case .job(let job):
            guard let newest = try reader.newestRun(of: job.control.job) else {
                throw CommandFailure(.unwell, "the job `\(subject)` has not run yet; `rota next \(subject)` shows when it is due")
            }
            stored = newest
        }
        let folder = RunFolder(runs: try place.stateFolder() + "/runs", run: stored.id)
        guard FileManager.default.fileExists(atPath: folder.path) else {
            let why = stored.run.state.isOpen ? "has not started yet" : "has no output: it was never started, or its output is gone"
            throw CommandFailure(
                .unwell, "the run \(stored.id) \(why) (\(stored.run.state.rawValue)\(stored.run.why.map { ": \($0)" } ?? ""))")
        }
        try print(folder)
    }

    private func print(_ folder: RunFolder) throws {
        var output = stderr ? OutputReader(folder, .stderr) : OutputReader(folder)
        do {
            if !follow { try output.stopAtPresent() }
            while let chunk = try follow ? output.follow() : output.next() {
                if let note = chunk.note { Terminal.complain(note) }
                show(chunk.bytes, to: chunk.stream == .stderr && !stderr ? FileHandle.standardError : FileHandle.standardOutput)
            }
        } catch {
            throw CommandFailure(.ourFault, "the output of \(folder.run) cannot be read: \(error)")
        }
    }

    private func show(_ bytes: [UInt8], to file: FileHandle) {
        let data = isatty(file.fileDescriptor) == 1 ? Data(Terminal.escaped(bytes).utf8) : Data(bytes)
        // A reader that went away (`| head`) is no error of ours.
        do { try file.write(contentsOf: data) } catch { Foundation.exit(0) }
    }
}
