import ArgumentParser
import Foundation
import RunHistory
import Scheduling
import Timetable

struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what ran, what did not and why; newest due first.",
        discussion: """
            A row with several slots is a gap: successive slots that were skipped or missed for one reason. WHY also tells which promises of
            its job (`expect`) a run broke.

            EXAMPLES
              rota history
              rota history backup --limit 10
              rota history --state failed --state timedOut --since P1D
              rota history --flow reads@2026-03-01T02:00:00Z --json
            """)

    @Argument(help: "Only this job.")
    var job: JobArgument?

    @Option(
        name: .customLong("state"),
        help: ArgumentHelp(
            "Only this state; may be given several times. Anything that is no state names the state folder.", valueName: "state|folder"),
        completion: .list(RunState.allCases.map(\.rawValue)))
    var statesOrFolder: [String] = []

    @Option(
        help: ArgumentHelp("Only slots due since 2026-03-01T02:00:00Z, 2026-03-01, or so long ago: PT2H.", valueName: "when"),
        transform: InstantArgument.read)
    var since: InstantArgument?

    @Option(help: ArgumentHelp("Only the runs of this flow, as the JSON's `flow` names it.", valueName: "head@due"))
    var flow: String?

    @Option(parsing: .unconditional, help: "At most so many rows.")
    var limit = 50

    @Flag(help: "Prints a JSON array.")
    var json = false

    @Option(help: ArgumentHelp("The settings file.", valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    private var states: [RunState] { statesOrFolder.compactMap(RunState.init(rawValue:)) }

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit is a whole number from 1") }
        if let flow, FlowKey(text: flow) == nil { throw ValidationError("`\(flow)` is no flow; write head@2026-03-01T02:00:00Z") }
    }

    func run() throws {
        let reader = try place().reader()
        if let job, try reader.job(job.name) == nil { throw reader.unknown(job.name.text) }
        let filter = HistoryFilter(
            job: job?.name, states: Set(states), since: since?.instant(), flow: flow.flatMap(FlowKey.init(text:)), limit: limit)
        let entries = try reader.history(filter)
        if json { return try Terminal.json(entries.map(HistoryDocument.init)) }
        Terminal.table(
            ["RUN", "JOB", "DUE", "TRY", "STATE", "LATE", "TOOK", "WHY"], entries.map(Self.cells),
            paint: { $0 == 4 ? Terminal.painted($1) : $1 })
    }

    /// `--state` means two things here: the state of runs, as everybody writes it, and the folder, as with the other commands.
    private func place() throws -> Place {
        let folders = statesOrFolder.filter { RunState(rawValue: $0) == nil }
        if let folder = folders.last, !folder.contains("/"), !FileManager.default.fileExists(atPath: folder) {
            let states = RunState.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(.usage, "`\(folder)` is neither a state folder nor a state of runs; the states are \(states)")
        }
        return try Place.parse((folders.last.map { ["--state", $0] } ?? []) + (config.map { ["--config", $0] } ?? []))
    }

    private static func why(_ stored: StoredGap) -> String {
        let slots = "\(stored.gap.slots.of("slot")): \(stored.gap.reason)"
        return stored.breaches.isEmpty ? slots : slots + "; " + stored.breaches.brokenWords
    }

    private static func cells(_ entry: HistoryEntry) -> [String] {
        switch entry {
        case .run(let stored):
            let run = stored.run
            return [
                stored.id, run.key.job.text, run.key.due.rfc3339, "\(run.key.attempt)", run.state.rawValue, run.lateness?.words ?? "-",
                run.took?.words ?? "-", [run.why, run.brokenWords].compactMap(\.self).joined(separator: "; ").orDash,
            ]
        case .gap(let stored):
            let gap = stored.gap
            let due = gap.slots == 1 ? gap.firstDue.rfc3339 : "\(gap.firstDue.rfc3339) … \(gap.lastDue.rfc3339)"
            return ["-", gap.job.text, due, "-", gap.state.rawValue, "-", "-", why(stored)]
        }
    }
}

extension String {
    fileprivate var orDash: String { isEmpty ? "-" : self }
}

extension Run {
    /// From the start of the command to its end; nil as long as one of them is missing.
    var took: Duration? { startedAt.flatMap { start in endedAt.map { $0 - start } } }

    /// The reason, and the code where that says more than the state: of an attempt that failed, also before the reason.
    var why: String? {
        let code = exitCode.flatMap { $0 == 0 ? nil : "exit code \($0)" } ?? signal.map { "signal \($0)" }
        guard let reason = reason.map(Terminal.oneLine) else { return code }
        return state == .failed && exitCode != nil ? [code, reason].compactMap(\.self).joined(separator: "; ") : reason
    }
}
