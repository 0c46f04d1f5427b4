import ArgumentParser
import Daemon
import JobFiles
import RunHistory
import Scheduling
import Timetable

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tells why a job ran, waits, or did not run, and what would change that.",
        discussion: """
            Without --due it is about the oldest run of the job that has not ended, else about the newest due of which anything is known, else
            about the next slot. A due that is still to come may be asked for, and so may an instant that is no slot: then the nearest slots are
            told, and what takes this one away. A time without an offset stands in the job's zone; a date alone means the only slot of its day.

            EXAMPLES
              rota why backup                            what is the matter with it
              rota why backup --due 2026-03-29T02:30     why (not) at that time
              rota why backup --due 2026-12-24           on that day
              rota why k3x9q2-17 --json
            """)

    @Argument(help: "A job or a run id.", completion: JobArgument.defaultCompletionKind)
    var subject: String

    @Option(help: ArgumentHelp("The due asked about, e.g. 2026-03-01T02:00:00Z.", valueName: "instant"), transform: InstantArgument.read)
    var due: InstantArgument?

    @Flag(help: "Prints a JSON object.")
    var json = false

    @OptionGroup var place: Place

    func run() async throws {
        let reader = try place.reader()
        let (stored, asked) = try question(reader)
        let calendars = Calendars()
        let parse = { (stored: StoredDefinition) in Definition.parse(canonical: stored.canonical, calendars: calendars) }
        let now = SystemClock().now()
        let due = try asked ?? reader.dueInQuestion(of: stored, now: now, parse: parse)
        var facts = try reader.whyFacts(of: stored, due: due, now: now, parse: parse)
        facts.isSchedulerAlive = await SchedulerHealth.ask(try place.stateFolder()).isAlive
        if json {
            try Terminal.json(WhyDocument(facts.answer))
        } else {
            show(facts.answer, next: asked == nil ? nextSlot(of: stored, after: due) : nil)
        }
    }

    /// The job, and the due if one was named.
    private func question(_ reader: LedgerReader) throws -> (StoredJob, Instant?) {
        switch try Subject(subject, in: reader) {
        case .job(let stored):
            let schedule = stored.job.flatMap { stored.schedule(of: $0) }
            return (stored, due.map { $0.slot(of: schedule, in: schedule?.localZone ?? .utc) })
        case .run(let stored):
            if due != nil {
                throw CommandFailure(.usage, "a run has its due already; leave --due out, or name the job `\(stored.run.key.job)`")
            }
            guard let job = try reader.job(stored.run.key.job) else {
                throw CommandFailure(.usage, "the ledger does not know the job `\(stored.run.key.job)` of that run")
            }
            return (job, stored.run.key.due)
        }
    }

    private func nextSlot(of stored: StoredJob, after due: Instant) -> String? {
        guard let job = stored.job, let next = stored.nextDue(of: job), next > due else { return nil }
        return "The next slot is \(next.rfc3339)."
    }

    private func show(_ why: Why, next: String?) {
        print(
            "\(Terminal.bold(why.job.text))  due \(why.due.rfc3339)  \(why.state.map { Terminal.painted($0.rawValue) } ?? (why.isSlot ? "not decided" : "no slot"))"
        )
        print("")
        print(Terminal.wrapped(Terminal.oneLine(why.paragraph + (next.map { " " + $0 } ?? ""))))
        guard !why.commands.isEmpty else { return }
        print("")
        for command in why.commands { print("  \(command)") }
    }
}
