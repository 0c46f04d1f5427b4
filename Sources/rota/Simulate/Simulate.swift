import ArgumentParser
import Daemon
import JobFiles
import RunHistory
import Scheduling
import Timetable

struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what will happen: every run, what waits, what is missed.",
        discussion: """
            Lets the scheduler itself run through the time to come, on a clock of its own: nothing is launched, nothing is written. It begins
            with the state folder as it is now: definitions in force, open runs, pauses, pools. With --jobs it begins with a folder of job
            files instead, and with nothing else (unless --state is given as well: then with what the folder would change now).

            Each run is assumed to succeed, and to take the median of the job's last hundred successes; a job without any takes --assume.
            Changes of files and requests are not foreseen. The whole is simulated; JOB only chooses what is shown of the runs.

            EXAMPLES
              rota simulate                                  the next 30 days
              rota simulate --days 365 --json > year.json
              rota simulate backup report --until P7D        only these
              rota simulate --fail extract --days 2          what if it fails?
              rota simulate --jobs jobs --from 2026-03-28 --duration P3D --zone Europe/Berlin
              rota simulate --durations longer.yaml          { backup: PT3H } in the file
            """)

    @Argument(help: ArgumentHelp("Show only the runs of these jobs.", valueName: "job"))
    var only: [JobArgument] = []

    @Option(parsing: .unconditional, help: "How many days.")
    var days: Int?

    @Option(
        help: ArgumentHelp(
            "Where it begins: an instant to come, or any with --jobs alone, e.g. 2026-03-01. (default: now)", valueName: "instant"),
        transform: InstantArgument.read)
    var from: InstantArgument?

    @Option(
        help: ArgumentHelp("Where it ends, which is no part of it: an instant, or so long after --from, e.g. P7D.", valueName: "end"),
        transform: LengthArgument.read)
    var until: LengthArgument?

    @Option(help: ArgumentHelp("How long it lasts: PT1M, P7D, P1Y. (default: P30D)", valueName: "period"), transform: LengthArgument.read)
    var duration: LengthArgument?

    @Option(help: ArgumentHelp("A folder of job files to begin with.", valueName: "folder"), completion: .directory)
    var jobs: String?

    @Option(
        help: ArgumentHelp("How long jobs take: a YAML or JSON map of names and durations.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var durations: String?

    @Option(help: ArgumentHelp("How long a job takes of which nothing is known. (default: PT1M)", valueName: "duration"))
    var assume: DurationArgument?

    @Option(help: ArgumentHelp("Every attempt of this job fails; may be given more than once.", valueName: "job"))
    var fail: [JobArgument] = []

    @Option(help: ArgumentHelp("The zone of times on the command line, and of those shown. (default: UTC)", valueName: "zone"))
    var zone: String?

    @Flag(help: "Prints a JSON object with runs, peaks and missed.")
    var json = false

    @OptionGroup var place: Place

    func validate() throws {
        if [days != nil, until != nil, duration != nil].count(where: \.self) > 1 {
            throw ValidationError("--days, --until and --duration say the same; give one of them")
        }
        if let days, !(1...36_600).contains(days) { throw ValidationError("--days is a whole number from 1 to 36600") }
    }

    func run() throws {
        let zone = try zoneAsked()
        let now = SystemClock().now()
        let start = from?.instant(in: zone) ?? now
        let folder = try jobs.map { try read($0, at: now) }
        let stage = try stage(at: now, start)
        let end = try end(after: start, in: zone)
        var assumptions = Rehearsal.Assumptions(durations: stage.durations, usual: assume?.duration ?? .seconds(60))
        let given = try readDurations()
        assumptions.durations.merge(given) { $1 }
        assumptions.failing = Set(fail.map(\.name))
        var rehearsal = stage.rehearsal(assumptions)
        var report = try report(of: start, end, zone)
        rehearsal.start(with: stage.graph) { if start <= stage.now { report.take($0) } }
        if let folder { rehearsal.define(folder.graph) { if start <= stage.now { report.take($0) } } }
        try checkNames(in: rehearsal.graph, given)
        rehearsal.pass(until: start) { _ in }
        rehearsal.beginToMeasure()
        SimulationProgress.pass(&rehearsal, until: end, runs: { report.runs }, tell: { report.take($0) })
        try report.finish(rehearsal, assumptions)
        try Terminal.finish()
        if let folder, folder.problems.contains(where: { $0.severity == .error }) {
            throw CommandFailure(.unwell, "some job files have errors, and are not in this; `rota validate \(jobs ?? "")` tells which")
        }
    }

    // MARK: what it begins with

    /// Without a ledger it begins at the instant asked for, whenever that was.
    private func stage(at now: Instant, _ start: Instant) throws -> RehearsalStage {
        if jobs != nil, place.state == nil { return RehearsalStage(at: start, configured: try place.settings()) }
        guard start >= now || from == nil else {
            throw CommandFailure(.usage, "--from lies in the past, which `rota history` knows; with --jobs alone it may")
        }
        return try RehearsalStage(try place.reader(), at: now, configured: place.settings)
    }

    private func read(_ path: String, at now: Instant) throws -> Reading {
        // Held against what validate and plan hold it against.
        let places = place.state == nil ? try place.places() : try place.places(of: place.reader())
        var folder = JobFolder(path: path, mindsWriters: false, placement: places.placement)
        let reading = try folder.read(at: now)
        for problem in reading.problems { Terminal.complain("\(problem)") }
        return reading
    }

    private func readDurations() throws -> [JobName: Duration] {
        guard let durations else { return [:] }
        let (read, problems) = DurationFile.read(path: durations)
        for problem in problems { Terminal.complain("\(problem)") }
        guard problems.isEmpty else { throw CommandFailure(.usage, "the durations cannot be used; mend \(durations)") }
        return read
    }

    private func checkNames(in graph: JobGraph, _ given: [JobName: Duration]) throws {
        let known = graph.order.map(\.text)
        for name in (only + fail).map(\.name) where graph[name] == nil {
            let advice = nearName(to: name.text, among: known) ?? "`rota list` shows the jobs in force"
            throw CommandFailure(.usage, "there is no job `\(name)` in this; \(advice)")
        }
        for name in given.keys.sorted() where graph[name] == nil {
            let advice = nearName(to: name.text, among: known) ?? "take it out; `rota list` shows the jobs in force"
            throw CommandFailure(.usage, "\(durations ?? ""): there is no job `\(name)` in this; \(advice)")
        }
    }

    // MARK: when, and what for

    private func zoneAsked() throws -> Zone {
        do { return try zone.map { try Zone(named: $0) } ?? .utc } catch let error as ZoneError {
            throw CommandFailure(.usage, error.message)
        }
    }

    private func end(after start: Instant, in zone: Zone) throws -> Instant {
        let usual = try LengthArgument.read("P\(days ?? 30)D")
        let length = until ?? duration ?? usual
        let end = length.end(from: start, in: zone)
        guard end > start else {
            throw CommandFailure(.usage, "it would end before it begins; give a later --until, or a length such as P7D")
        }
        return end
    }

    private func report(of start: Instant, _ end: Instant, _ zone: Zone) throws -> any SimulationReport {
        let shown = only.isEmpty ? nil : Set(only.map(\.name))
        return json
            ? SimulationStream(shown: shown) : SimulationTimeline(from: start, to: end, zone: zone, shown: shown)
    }
}

/// What a simulation is told to.
protocol SimulationReport {
    /// How many runs there were so far, shown or not.
    var runs: Int { get }
    mutating func take(_ happening: Rehearsal.Happening)
    /// Once, at the end.
    mutating func finish(_ rehearsal: Rehearsal, _ assumptions: Rehearsal.Assumptions) throws
}

/// The length of a simulation on the command line, or its end: any period of ISO 8601, years and months too, or an instant.
struct LengthArgument {
    private let text: String

    /// - Throws: What the argument parser tells the user, when `text` is none.
    @Sendable static func read(_ text: String) throws -> LengthArgument {
        guard (try? Recurrence(interval: "R2/2026-01-01T00:00:00Z/\(text)")) != nil || (try? Bound(parsing: text)) != nil else {
            throw ValidationError("a length is written PT1H, P7D or P1Y, an end 2026-03-01 or 2026-03-01T02:00Z")
        }
        return LengthArgument(text: text)
    }

    /// - Parameter zone: Where a time stands that says nothing of its own, and whose calendar counts years, months and days.
    func end(from start: Instant, in zone: Zone) -> Instant {
        let local = String(zone.local(start).prefix(19))
        if let steps = try? Recurrence(interval: "R2/\(local)/\(text)"), let schedule = try? Schedule([steps], zone: zone) {
            return schedule.next(after: start)?.due ?? .distantFuture
        }
        return (try? Bound(parsing: text).instant(in: zone)) ?? start
    }
}
