import ArgumentParser
import Daemon
import RunHistory
import Scheduling
import Timetable

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells a schedule in plain words.",
        discussion: """
            Shows what a schedule means, its next slots, and what happens to it at the next two changes of the clock in its zone. The subject
            is a schedule given as text (several texts are one schedule, their union), or a job of the state folder.

            EXAMPLES
              rota explain 'R/2026-03-01T02:30/P1D' --zone Europe/Berlin
              rota explain '0 2 L * *'
              rota explain backup
              rota explain 'H H(0-5) * * *' --seed backup
            """)

    @Argument(help: "Schedules, or one job.", completion: JobArgument.defaultCompletionKind)
    var subjects: [String]

    @Option(help: "How many slots to show.")
    var count = 5

    @Option(
        help: ArgumentHelp("Look from this instant on, e.g. 2026-03-01T00:00:00Z. (default: now)", valueName: "instant"),
        transform: InstantArgument.read)
    var from: InstantArgument?

    @OptionGroup var reading: ScheduleArguments

    @Flag(help: "Prints a JSON object.")
    var json = false

    @OptionGroup var place: Place

    func validate() throws {
        if !(0...100_000).contains(count) { throw ValidationError("--count is a whole number from 0 to 100000") }
    }

    func run() throws {
        let now = from?.instant(in: try reading.zoneAsked() ?? .utc) ?? SystemClock().now()
        let explanation: Explanation
        switch try ScheduleSubject(subjects, in: place) {
        case .texts(let texts):
            explanation = Explanation(of: try reading.schedule(texts, registration: now), job: nil, at: now, slots: count)
        case .jobs(let jobs):
            guard let stored = jobs.first, jobs.count == 1 else { throw CommandFailure(.usage, "name one job, or schedules given as text") }
            guard let job = stored.job, let schedule = stored.schedule(of: job) else {
                throw CommandFailure(
                    .usage, "the job `\(stored.control.job)` has no schedule; its parents or a request make it due, see `rota show`")
            }
            explanation = Explanation(of: schedule, job: job.name.text, at: now, slots: count)
        }
        if json { try Terminal.json(explanation) } else { explanation.show(at: now) }
    }
}

/// What there is to tell about a schedule.
private struct Explanation: Encodable {
    let job: String?
    let texts: [String]
    let canonical: [String]
    let inWords: String
    let zone: String
    let gap: String
    let fold: String
    /// The very first slot and the very last; nil when there is none, and for a schedule that goes on until the end of time.
    let first: String?
    let last: String?
    let next: [Line]
    let clockChanges: [Change]
    private let absent: [Outlook.Absence]

    struct Line: Encodable {
        let due: String
        let local: String
        let occurrence: Int64?
        let clockChange: String?
        let inSeconds: Double
        /// For people.
        let note: String

        private enum CodingKeys: String, CodingKey { case due, local, occurrence, clockChange }
    }

    /// A change of the clock, and what it does to the schedule.
    struct Change: Encodable {
        let zone: String
        let at: String
        /// Local times just before and from then on.
        let before: String
        let after: String
        let effects: [Effect]
        /// The slots around it, when it changes none.
        let around: [String]

        struct Effect: Encodable {
            let asked: String
            /// `shifted`, `leftOut`, `firstOfTwo` or `lastOfTwo`.
            let what: String
            let due: String?
            let local: String?
            /// For people.
            let words: String

            private enum CodingKeys: String, CodingKey { case asked, what, due, local }
        }
    }

    private enum CodingKeys: String, CodingKey {
        case job, texts, canonical, inWords, zone, gap, fold, first, last, next, clockChanges
    }

    /// What lies beyond is no start and no end that anybody set: the years 1 and 9998.
    private static let beginning = Instant(seconds: -62_100_000_000)
    private static let endOfTime = Instant(seconds: 253_370_000_000)

    init(of schedule: Schedule, job: String?, at now: Instant, slots: Int) {
        self.job = job
        texts = schedule.recurrences.map(\.text)
        canonical = schedule.recurrences.map(\.canonicalText)
        inWords = schedule.inWords
        zone = schedule.localZone.name
        gap = schedule.daylight.gap.rawValue
        fold = schedule.daylight.fold.rawValue
        first = schedule.next(after: .distantPast).flatMap { $0.due < Self.beginning ? nil : schedule.localZone.local($0.due) }
        last = schedule.previous(before: .distantFuture).flatMap { $0.due >= Self.endOfTime ? nil : schedule.localZone.local($0.due) }
        let outlook = Outlook.slots(of: schedule, after: now - Instant.resolution, count: slots)
        next = outlook.map {
            Line(
                due: $0.slot.due.rfc3339, local: $0.zone.local($0.slot.due), occurrence: $0.slot.occurrence, clockChange: $0.change?.word,
                inSeconds: ($0.slot.due - now).inSeconds, note: $0.note)
        }
        absent =
            outlook.isEmpty ? Outlook.absent(in: schedule, after: now - Instant.resolution, through: now + Outlook.horizon).first : []
        clockChanges = schedule.zones.sorted { $0.name < $1.name }.flatMap { Self.changes(of: $0, after: now, in: schedule) }
    }

    private static func changes(of zone: Zone, after now: Instant, in schedule: Schedule) -> [Change] {
        var changes: [Change] = []
        var cursor = now
        while changes.count < 2, let change = zone.nextChange(after: cursor) {
            changes.append(Change(change, of: zone, in: schedule))
            cursor = change.at
        }
        return changes
    }

    // MARK: For people

    func show(at now: Instant) {
        Show.print([
            ("job", job),
            ("schedule", texts.joined(separator: ", ")),
            ("means", inWords),
            ("canonical", canonical == texts ? nil : canonical.joined(separator: ", ")),
            ("zone", zone),
            ("first slot", first),
            ("last slot", last),
        ])
        print("")
        if next.isEmpty {
            print("No slot comes from \(now.rfc3339) on.")
            for absence in absent { print("  \(absence.local)  \(absence.note)") }
        } else {
            print(Terminal.bold("next slots"))
            for line in next {
                print(("  \(line.local)  in \(Duration.seconds(line.inSeconds).words)" + (line.note.isEmpty ? "" : "  (\(line.note))")))
            }
        }
        print("")
        if clockChanges.isEmpty { return print("The clock of \(zone) never changes from then on.") }
        for change in clockChanges {
            print(Terminal.bold("the clock in \(change.zone) goes from \(change.before) to \(change.after)"))
            for effect in change.effects { print("  " + effect.words) }
            if change.effects.isEmpty {
                print("  No slot is moved." + (change.around.isEmpty ? "" : " The slots around it:"))
                for local in change.around { print("    \(local)") }
            }
        }
    }
}

extension Explanation.Change {
    private static let mostEffects = 6

    fileprivate init(_ change: ZoneChange, of zone: Zone, in schedule: Schedule) {
        self.zone = zone.name
        at = change.at.rfc3339
        before = Self.local(change.at, offset: change.before)
        after = Self.local(change.at, offset: change.after)
        let start = change.at - Instant.resolution
        effects = schedule.changedSlots(after: start, through: change.at, atMost: Self.mostEffects).map { Effect($0, in: schedule) }
        let around = [schedule.previous(before: change.at), schedule.next(after: start)]
        self.around = effects.isEmpty ? around.compactMap { $0.map { zone.local($0.due) } } : []
    }

    private static func local(_ instant: Instant, offset: Int) -> String {
        String((instant + .seconds(offset)).rfc3339.dropLast())
    }
}

extension Explanation.Change.Effect {
    fileprivate init(_ changed: ChangedSlot, in schedule: Schedule) {
        asked = changed.asked
        what = changed.change?.word ?? "leftOut"
        due = changed.change.map { _ in changed.due.rfc3339 }
        local = changed.change.map { _ in schedule.localZone.local(changed.due) }
        words = changed.words(in: schedule)
    }
}
