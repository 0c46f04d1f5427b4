import ArgumentParser
import RunHistory
import Scheduling
import Timetable

struct Skip: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Passes over one slot that comes, or one run that waits.",
        discussion: """
            The slot gets its row, `skipped: by you`, when it comes, and nothing is run for it; `rota release JOB --due T` takes that back until \
            then. A run that waits is skipped at once. Times without a zone are in the zone of the job.

            EXAMPLES
              rota skip backup --due 2026-03-01T02:00
              rota skip k3x9q2-17                this run, which waits
              rota skip backup --due 2026-03-01T02:00 --json
            """)

    @OptionGroup var subject: SlotSubject

    func run() async throws {
        try await subject.ask("skip", needsDue: true) { answer in
            answer.id.map { "skipped \($0)" } ?? "the slot \(answer.due ?? "?") of \(answer.job ?? "?") will be skipped"
        }
    }
}

struct Hold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keeps one run waiting until it is released.",
        discussion: """
            A run that waits, or the run of a slot when that comes, waits with the reason `held by you`: no start window, overlap, catch-up or \
            pause judges it, and newer runs of the job pass it. A job alone means the run of it that waits now, else its next slot. \
            `rota pause` holds a whole job, and skips what comes meanwhile.

            EXAMPLES
              rota hold k3x9q2-17                this run, which waits
              rota hold backup                   what waits of it, else its next slot
              rota hold backup --due 2026-03-01T02:00
              rota status                        what is held, by whom
            """)

    @OptionGroup var subject: SlotSubject

    func run() async throws {
        try await subject.ask("hold", needsDue: false) { answer in
            answer.id.map { "held \($0), due \(answer.due ?? "?")" } ?? "the slot \(answer.due ?? "?") of \(answer.job ?? "?") will be held"
        }
    }
}

struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends holds, and takes back what was to be skipped.",
        discussion: """
            A run that was held is ready from now on and waits its turn like one that was asked for: no pause and no overlap policy skips it. A job \
            alone means all of its holds; with --due also a slot that was to be skipped. A lost run that its flow waits for is not held: \
            `rota retry` or `rota mark-success` ends that.

            EXAMPLES
              rota release k3x9q2-17
              rota release backup                all that is held of it
              rota release backup --due 2026-03-01T02:00
            """)

    @OptionGroup var subject: SlotSubject

    func run() async throws {
        try await subject.ask("release", needsDue: false) { answer in
            let runs = answer.runs ?? 0
            return "released \((answer.orders ?? 0).of("slot"))" + (runs > 0 ? ", \(runs.of("run")) waited for that" : "")
        }
    }
}

/// A run, or a slot of a job.
struct SlotSubject: ParsableArguments {
    @Argument(help: "A job or a run id.", completion: JobArgument.defaultCompletionKind)
    var subject: String

    @Option(
        help: ArgumentHelp(
            "The slot, e.g. 2026-03-01T02:00, or its day if it is alone there; on the clock of the job if it names none.",
            valueName: "instant"),
        transform: InstantArgument.read)
    var due: InstantArgument?

    @Flag(help: "Prints a JSON object: what came of it.")
    var json = false

    @OptionGroup var place: Place

    /// - Parameters:
    ///   - verb: The last part of the path.
    ///   - line: What a person reads of an answer that changed something.
    func ask(_ verb: String, needsDue: Bool, _ line: (ControlDocument) -> String) async throws {
        let reader = try place.reader()
        let found = try Subject(subject, in: reader)
        var request = ControlRequest()
        switch found {
        case .run:
            if due != nil { throw CommandFailure(.usage, "a run has its due; leave out --due, or name the job") }
        case .job(let stored):
            let (name, schedule) = (stored.control.job, try JobSlots(of: stored.control.job, in: reader).schedule)
            if due == nil, needsDue {
                let slots = "say which slot, with --due; `rota next \(name)` lists those that come"
                let runs = "`\(name)` has no slots; name the run, `rota history \(name) --state waiting` lists those that wait"
                throw CommandFailure(.usage, schedule == nil ? runs : slots)
            }
            request.due = due?.slot(of: schedule, in: schedule?.localZone ?? .utc).rfc3339
        }
        let answer = try await place.control("/api/v1/\(found.path)/\(verb)", request)
        if json { return try Terminal.json(answer) }
        Terminal.say(answer.changed ? line(answer) : answer.detail ?? "it is so already")
    }
}

/// The slots that are the dues of a job: its own, or those of the head of its flow.
struct JobSlots {
    let job: Job
    let scope: BackfillScope
    /// The jobs that run with it in its flows.
    let below: [Job]
    /// nil for a job that only requests, or the ends of several flows, make due.
    let schedule: Schedule?

    init(of name: JobName, in reader: LedgerReader) throws {
        let stored = try reader.jobs()
        let graph = JobGraph.build(stored.compactMap(\.job)).graph
        guard let job = graph[name] else {
            guard try reader.job(name) != nil else { throw reader.unknown(name.text) }
            throw CommandFailure(.usage, "no file defines the job `\(name)` any more; bring its file back, or see `rota list`")
        }
        self.job = job
        let scope = BackfillScope(of: name, in: graph)
        self.scope = scope
        below = scope.below.compactMap { graph[$0] }
        schedule = stored.first { $0.control.job == scope.head }.flatMap { head in graph[scope.head].flatMap { head.schedule(of: $0) } }
    }
}
