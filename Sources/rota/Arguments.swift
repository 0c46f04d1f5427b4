import ArgumentParser
import Daemon
import JobFiles
import RunHistory
import Scheduling
import Timetable

/// A job's name on the command line, completed from the ledger.
struct JobArgument: ExpressibleByArgument {
    let name: JobName

    init?(argument: String) {
        guard let name = JobName(argument) else { return nil }
        self.name = name
    }

    static var defaultCompletionKind: CompletionKind { .custom { _, _, _ in JobArgument.known() } }

    /// The jobs in force in the state folder that the environment names.
    private static func known() -> [String] {
        guard let place = try? Place.parse([]), let reader = try? place.reader() else { return [] }
        return (try? reader.jobs().map(\.control.job.text)) ?? []
    }
}

/// ``did you mean `extract`?``; nil when no name is near enough.
func nearName(to word: String, among names: [String]) -> String? {
    nearNames(to: word, among: names).first.map { "did you mean `\($0)`?" }
}

extension LedgerReader {
    /// What is said of a name that no job has.
    ///
    /// - Parameters:
    ///   - what: What there is none of.
    ///   - otherwise: The way out when no name is near.
    func unknown(
        _ word: String, what: String = "job", otherwise: String = "`rota list` shows the jobs in force"
    ) -> CommandFailure {
        let known = (try? jobs().map(\.control.job.text)) ?? []
        let errors = (try? problems().count { $0.severity == "error" }) ?? 0
        // What a file with an error defines is not there.
        let faulty = errors > 0 ? "\(otherwise), and `rota status` \(errors.of("error")) in the job files" : otherwise
        return CommandFailure(.usage, "there is no \(what) `\(Terminal.oneLine(word))`; \(nearName(to: word, among: known) ?? faulty)")
    }
}

/// A word that is a run id means that run, else a job.
enum Subject {
    case run(StoredRun)
    case job(StoredJob)

    /// - Throws: `CommandFailure` when the ledger knows neither.
    init(_ word: String, in reader: LedgerReader) throws {
        if let run = try reader.run(id: word) {
            self = .run(run)
        } else if let name = JobName(word), let job = try reader.job(name) {
            self = .job(job)
        } else if try reader.hasGivenOut(word) {
            let rule = try RetentionWords(reader).rule("runs", \.runs)
            throw CommandFailure(.usage, "the run \(word) is not in the ledger any more: retention\(rule) has removed it")
        } else {
            throw reader.unknown(word, what: "job and no run", otherwise: "`rota list` shows the jobs, `rota history` the runs")
        }
    }
}

/// An instant on the command line: any date and time of ISO 8601 (`2026-03-01`, `2026-03-01T02:00+01:00`,
/// `2026-03-01T02:00[Europe/Berlin]`), or how long ago: `PT2H`.
struct InstantArgument {
    private let text: String

    /// - Throws: What the argument parser tells the user, when `text` is none.
    @Sendable static func read(_ text: String) throws -> InstantArgument {
        let argument = InstantArgument(text: text)
        guard argument.absolute(in: .utc) != nil || (try? Period.elapsed(parsing: text)) != nil else {
            throw ValidationError("an instant is written 2026-03-01, 2026-03-01T02:00+01:00 or 2026-03-01T02:00Z; PT2H is two hours ago")
        }
        return argument
    }

    /// - Parameter zone: Where a time stands that says nothing of its own.
    func instant(in zone: Zone = .utc) -> Instant {
        if let instant = absolute(in: zone) { return instant }
        return SystemClock().now() - ((try? Period.elapsed(parsing: text)) ?? .zero)
    }

    /// The slot that is meant: of a date alone the only one of its day, or the only one that is left out there; else the instant itself.
    func slot(of schedule: Schedule?, in zone: Zone) -> Instant {
        let start = instant(in: zone)
        guard let schedule, let end = try? Bound(parsing: text, isLast: true).instant(in: zone), end > start else { return start }
        let justBefore = start - Instant.resolution
        switch schedule.count(after: justBefore, through: end) {
        case 0:
            let excluded = schedule.excluded(after: justBefore, through: end, atMost: 2).map(\.due)
            // The change of the clock that leaves a time out comes before the instant to which it would have moved the slot.
            let leftOut = schedule.changedSlots(after: start - .seconds(86_400), through: end, atMost: 1_000)
                .filter { $0.change == nil && $0.due >= start && $0.due <= end }.map(\.due)
            let absent = excluded + leftOut
            return absent.count == 1 ? absent[0] : start
        case 1: return schedule.next(after: justBefore)?.due ?? start
        default: return start
        }
    }

    private func absolute(in zone: Zone) -> Instant? {
        Instant(rfc3339: text) ?? (try? Bound(parsing: text).instant(in: zone))
    }
}

/// The end of a range on the command line: an instant, or how long after the range's start: `P7D`.
struct EndArgument {
    private let text: String

    /// - Throws: What the argument parser tells the user, when `text` is none.
    @Sendable static func read(_ text: String) throws -> EndArgument {
        guard (try? Period.elapsed(parsing: text)) != nil || (try? Bound(parsing: text)) != nil else {
            throw ValidationError("an end is written 2026-03-01 or 2026-03-01T02:00Z; P7D is seven days after --from")
        }
        return EndArgument(text: text)
    }

    /// - Parameter zone: Where a time stands that says nothing of its own; a date alone includes its whole day.
    func end(from start: Instant, in zone: Zone) -> Instant {
        if let length = try? Period.elapsed(parsing: text) { return start + length }
        return (try? Bound(parsing: text, isLast: true).instant(in: zone)) ?? start
    }
}

/// A length of time on the command line: `PT30S`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = try? Period.elapsed(parsing: argument) else { return nil }
        self.duration = duration
    }
}

extension RunState: ExpressibleByArgument {}

extension StoredJob {
    /// What the stored text says; nil when this version of Rota cannot read it.
    var job: Job? { Definition.parse(canonical: definition.canonical, calendars: Self.calendars) }

    /// Jobs that except one calendar share it.
    private static let calendars = Calendars()
}
