import ArgumentParser
import Daemon
import Execution
import Foundation
import RunHistory
import Scheduling
import Timetable

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints what a run wrote.",
        discussion: """
            The output goes to stdout and the errors to stderr, in the order in which they came; for a job, those of its newest run.
            Where bytes were not kept (see `logLimit` of the job), a note on stderr says how many. On a terminal control characters are
            shown, not obeyed. Of a run whose output was removed by retention it says since when, and by which rule, and ends with 1.

            With -f it waits for a run that has not begun, and ends when the run does; of a job it takes the run that has not ended, if
            there is one. A retry that is to come later is a run of its own.

            Of a run that ended without having started it says so, and why, and ends with 1.

            EXAMPLES
              rota logs backup
              rota logs backup -f                until the run has ended
              rota logs backup -n 20             the last lines, at once
              rota logs backup -fn 0             only what comes from now on
              rota logs k3x9q2-17 --stderr       only what it wrote to stderr, on stdout
              rota logs backup --timestamps      when each line came
            """)

    @Argument(help: "A job or a run id.", completion: JobArgument.defaultCompletionKind)
    var subject: String

    @Flag(name: [.short, .long], help: "Waits for more until the run has ended.")
    var follow = false

    @Flag(help: "Only what was written to stderr, printed to stdout.")
    var stderr = false

    @Option(name: [.customShort("n"), .long], help: "Only so many lines from the end of what is there.")
    var tail: Int?

    @Flag(help: "Writes before each line when it came.")
    var timestamps = false

    @Flag(help: "Prints a JSON object a line, all to stdout: at, stream, offset, and text or dropped.")
    var json = false

    @OptionGroup var place: Place

    func validate() throws {
        if let tail, tail < 0 { throw ValidationError("--tail is a whole number from 0") }
        if json, timestamps { throw ValidationError("--json has the times already; leave --timestamps out") }
    }

    func run() throws {
        let reader = try place.reader()
        var stored: StoredRun
        switch try Subject(subject, in: reader) {
        case .run(let run): stored = run
        case .job(let job):
            guard let newest = try followed(job, reader) ?? reader.newestRun(of: job.control.job) else {
                throw CommandFailure(.unwell, "the job `\(subject)` has not run yet; `rota next \(subject)` shows when it is due")
            }
            stored = newest
        }
        if let since = stored.outputRemovedAt {
            let rule = try RetentionWords(reader).rule("logs", \.logs)
            throw CommandFailure(
                .unwell,
                "the output of the run \(stored.id) was removed at \(since.rfc3339) by retention\(rule); `rota show \(stored.id)` tells the rest"
            )
        }
        let folder = RunFolder(runs: try place.stateFolder() + "/runs", run: stored.id)
        if follow { stored = try awaitBegin(of: stored, in: folder, reader) }
        guard FileManager.default.fileExists(atPath: folder.path) else {
            let why = stored.run.state.isOpen ? "has not started yet" : "has no output: it was never started, or its output is gone"
            throw CommandFailure(
                .unwell, "the run \(stored.id) \(why) (\(stored.run.state.rawValue)\(stored.run.why.map { ": \($0)" } ?? ""))")
        }
        try print(folder, isOpen: stored.run.state.isOpen)
        if follow, stored.run.state.isOpen { stored = try awaitEnd(of: stored, reader) }
        try tellIfNeverStarted(stored)
    }

    /// Its folder may tell its end a moment before the ledger does: whoever asks next is to find it there.
    private func awaitEnd(of stored: StoredRun, _ reader: LedgerReader) throws -> StoredRun {
        let clock = SystemClock()
        let (end, state) = (clock.now() + .seconds(3), try place.stateFolder())
        var newest = stored
        while newest.run.state.isOpen, clock.now() < end, StateFolder.holder(of: state) != nil {
            clock.wait(until: clock.now() + .milliseconds(50), descriptors: [])
            guard let again = try reader.run(id: stored.id) else { break }
            newest = again
        }
        return newest
    }

    /// An output that is empty for that reason looks like that of a command that wrote nothing.
    private func tellIfNeverStarted(_ stored: StoredRun) throws {
        let run = stored.run
        guard !run.state.isOpen, run.startedAt == nil, run.state != .lost, run.state != .succeeded else { return }
        throw CommandFailure(.unwell, "the run \(stored.id) never started (\(run.state.rawValue)\(run.why.map { ": \($0)" } ?? ""))")
    }

    /// The run of a job to wait for: one that has not ended, but for a retry whose time has not come.
    private func followed(_ job: StoredJob, _ reader: LedgerReader) throws -> StoredRun? {
        guard follow, let open = try reader.openRun(of: job.control.job) else { return nil }
        let isLater = open.run.state == .waiting && (open.run.notBefore ?? .distantPast) > SystemClock().now()
        return isLater ? nil : open
    }

    /// Waits until the run has a folder, or has ended without.
    private func awaitBegin(of stored: StoredRun, in folder: RunFolder, _ reader: LedgerReader) throws -> StoredRun {
        let clock = SystemClock()
        var newest = stored
        while newest.run.state.isOpen, !FileManager.default.fileExists(atPath: folder.path) {
            clock.wait(until: clock.now() + .milliseconds(100), descriptors: [])
            guard let again = try reader.run(id: stored.id) else { break }
            newest = again
        }
        return newest
    }

    private func print(_ folder: RunFolder, isOpen: Bool) throws {
        let form: LogPrinter.Form = json ? .json : timestamps ? .timed : .plain
        var output = stderr ? OutputReader(folder, .stderr, isTimed: form != .plain) : OutputReader(folder)
        var printer = LogPrinter(form, isSplit: !stderr)
        // Of a run that has ended nothing more comes, also where its folder does not say so.
        let isWaiting = follow && isOpen
        do {
            if let tail { try output.begin(atLastLines: tail) }
            if !isWaiting { try output.stopAtPresent() }
            while let chunk = try isWaiting ? output.follow() : output.next() { try printer.show(chunk) }
            printer.finish()
        } catch {
            throw CommandFailure(.ourFault, "the output of \(folder.run) cannot be read: \(error)")
        }
    }
}
