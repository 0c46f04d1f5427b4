import ArgumentParser
import RunHistory
import Scheduling
import Timetable

/// How a schedule that is given as text is to be read.
struct ScheduleArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The zone of a schedule given as text, of times on the command line, and of LOCAL. (default: UTC; LOCAL of a job: its own)",
            valueName: "zone"))
    var zone: String?

    @Option(
        help: ArgumentHelp(
            "What becomes of local times that do not exist, for a schedule given as text: shift or skip. (default: shift)",
            valueName: "rule")
    )
    var gap: DaylightRule.Gap?

    @Option(
        help: ArgumentHelp(
            "Which of two equal local times is meant, for a schedule given as text: first, last or both. (default: first)",
            valueName: "rule")
    )
    var fold: DaylightRule.Fold?

    @Option(help: ArgumentHelp("The job's name, from which H of a cron line given as text is drawn.", valueName: "name"))
    var seed: String = ""

    /// - Throws: `CommandFailure` when --zone is none.
    func zoneAsked() throws -> Zone? {
        do { return try zone.map { try Zone(named: $0) } } catch let error as ZoneError { throw CommandFailure(.usage, error.message) }
    }

    /// One schedule of all `texts`; a start that is missing is at `registration`.
    func schedule(_ texts: [String], registration: Instant) throws -> Schedule {
        let recurrences = try texts.map(recurrence)
        do {
            let schedule = try Schedule(recurrences, zone: try zoneAsked() ?? .utc, daylight: DaylightRule(gap: gap, fold: fold))
            return schedule.anchored(at: registration)
        } catch let error as ScheduleError {
            throw CommandFailure(.usage, "`\(Terminal.oneLine(texts.joined(separator: "` and `")))`: \(error.message)")
        }
    }

    private func recurrence(_ text: String) throws -> Recurrence {
        let isCron = text.contains { $0 == " " || $0 == "\t" } && !text.hasPrefix("R") || text.hasPrefix("@")
        do {
            return try isCron ? Recurrence(cron: text, seed: seed) : Recurrence(interval: text)
        } catch {
            throw CommandFailure(.usage, "column \(error.column) of `\(Terminal.oneLine(text))`: \(error.message)")
        }
    }
}

extension DaylightRule.Gap: ExpressibleByArgument {}
extension DaylightRule.Fold: ExpressibleByArgument {}

/// What a command about schedules is asked about: schedules given as text, or jobs of the ledger.
enum ScheduleSubject {
    case texts([String])
    case jobs([StoredJob])

    /// A word that could be the name of a job is one.
    init(_ words: [String], in place: Place) throws {
        let names = words.map { JobName($0) }
        if words.isEmpty {
            self = .jobs(try place.reader().jobs())
        } else if !names.contains(where: { $0 != nil }) {
            self = .texts(words)
        } else {
            let reader = try place.reader()
            self = .jobs(
                try zip(words, names).map { word, name in
                    guard let name, let job = try reader.job(name) else {
                        throw reader.unknown(
                            word, otherwise: "`rota list` shows the jobs in force, and a schedule is written like R/PT1H or '0 7 * * *'")
                    }
                    return job
                })
        }
    }
}
