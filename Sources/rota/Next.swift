import ArgumentParser
import Daemon
import RunHistory
import Scheduling
import Timetable

struct Next: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows when jobs are due next.",
        discussion: """
            For jobs of the state folder, or for a schedule given as text; several texts make one schedule, their union. Occurrence k is the
            start plus k periods; cron has none. Slots that a change of the clock moves are marked, and so are occurrences that `except`,
            `between`, `notBefore`, `notAfter` or `dst` take away; these have no DUE. So are slots that somebody held, and those for which
            nothing is run: skipped by order, or run before the clock was set back. The latter do not count for --count.

            EXAMPLES
              rota next                          every job's next slot
              rota next backup --count 10
              rota next --until P1D              all slots of the next 24 hours
              rota next 'R/2026-03-27T02:30/P1D' --zone Europe/Berlin --from 2026-03-27
              rota next '0 7 * * MON-FRI' --json
            """)

    @Argument(help: "Jobs, or schedules: ISO 8601 repeating intervals and cron lines.", completion: JobArgument.defaultCompletionKind)
    var subjects: [String] = []

    @Option(help: "How many slots of each at most. (default: 1 for all jobs, else 5; with --until all there are)")
    var count: Int?

    @Option(
        help: ArgumentHelp("Slots at this instant or later, e.g. 2026-03-01T00:00:00Z. (default: now)", valueName: "instant"),
        transform: InstantArgument.read)
    var from: InstantArgument?

    @Option(
        help: ArgumentHelp("Slots up to this instant, or so long after --from, e.g. P7D.", valueName: "end"), transform: EndArgument.read)
    var until: EndArgument?

    @OptionGroup var reading: ScheduleArguments

    @Flag(help: "Prints a JSON array: a slot an element, with the occurrences before it that are excluded.")
    var json = false

    @OptionGroup var place: Place

    private struct Line: Encodable {
        let job: String?
        let outlook: Outlook
        var mark: SlotMark?

        var note: String { [outlook.note, mark?.note ?? ""].filter { !$0.isEmpty }.joined(separator: "; ") }

        private enum Key: String, CodingKey { case job, occurrence, due, local, clockChange, mark, excludedBefore, excludedBeforeCount }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encodeIfPresent(job, forKey: .job)
            try container.encode(outlook.slot.occurrence, forKey: .occurrence)
            try container.encode(outlook.slot.due.rfc3339, forKey: .due)
            try container.encode(outlook.zone.local(outlook.slot.due), forKey: .local)
            try container.encodeIfPresent(outlook.change?.word, forKey: .clockChange)
            try container.encodeIfPresent(mark?.word, forKey: .mark)
            guard outlook.absences > 0 else { return }
            try container.encode(outlook.absent, forKey: .excludedBefore)
            try container.encode(outlook.absences, forKey: .excludedBeforeCount)
        }
    }

    private static let most = 100_000

    func validate() throws {
        if let count, !(1...Self.most).contains(count) { throw ValidationError("--count is a whole number from 1 to \(Self.most)") }
    }

    func run() throws {
        let zone = try reading.zoneAsked()
        let start = from?.instant(in: zone ?? .utc) ?? SystemClock().now()
        let after = start - Instant.resolution
        let end = until?.end(from: start, in: zone ?? .utc) ?? .distantFuture
        guard end >= start else { throw CommandFailure(.usage, "--until lies before --from; give a later end, or a length such as P7D") }
        let usual = until != nil ? Self.most : subjects.isEmpty ? 1 : 5
        func lines(_ schedule: Schedule, _ stored: StoredJob? = nil) -> [Line] {
            let most = count ?? usual
            let slots = Outlook.slots(of: schedule, after: after, through: end, count: most + (stored?.marks ?? 0), shownIn: zone)
            let lines = slots.map { Line(job: stored?.control.job.text, outlook: $0, mark: stored?.mark(of: $0.slot.due)) }
            return Self.firstLines(lines, with: most)
        }
        switch try ScheduleSubject(subjects, in: place) {
        case .texts(let texts):
            let schedule = try reading.schedule(texts, registration: start)
            try show(lines(schedule), of: schedule, through: end)
        case .jobs(let jobs):
            let schedules = jobs.compactMap { stored -> (stored: StoredJob, schedule: Schedule)? in
                let (schedule, absence) = Self.schedule(of: stored)
                if let absence, !subjects.isEmpty { Terminal.complain("`\(stored.control.job)` \(absence)") }
                return schedule.map { (stored, $0) }
            }
            let all = schedules.flatMap { lines($0.schedule, $0.stored) }.sorted {
                ($0.outlook.slot.due, $0.job ?? "") < ($1.outlook.slot.due, $1.job ?? "")
            }
            try show(all, of: schedules.count == 1 ? schedules[0].schedule : nil, through: end)
        }
    }

    /// The schedule whose slots make the job due by itself, or why there is none: what follows the name of the job.
    private static func schedule(of stored: StoredJob) -> (Schedule?, absence: String?) {
        guard stored.isInForce else { return (nil, "is defined by no file any more") }
        guard let job = stored.job else { return (nil, "has a definition that this version of Rota cannot read") }
        if job.disabled { return (nil, "is disabled in its file") }
        if let pause = stored.pause(of: job) { return (nil, "is paused \(Terminal.oneLine(pause.words))") }
        if let schedule = stored.schedule(of: job) { return (schedule, nil) }
        if job.after.isEmpty { return (nil, "has no schedule: it runs when somebody asks for it") }
        return (nil, "has no schedule: it runs after \(list(job.after.map { "`\($0.parent)`" }))")
    }

    /// Up to as many that are run for as `most`; what is passed over before the last of them stands between.
    private static func firstLines(_ lines: [Line], with most: Int) -> [Line] {
        var runs = 0
        return Array(
            lines.prefix { line in
                defer { if line.mark?.isPassedOver != true { runs += 1 } }
                return runs < most
            })
    }

    /// - Parameter schedule: The only one there is, if so: then what comes after its last slot is told too.
    private func show(_ lines: [Line], of schedule: Schedule?, through end: Instant) throws {
        if count == nil, lines.count >= Self.most {
            Terminal.complain("these are the first \(Self.most) of each; ask for less with --until")
        }
        if json { return try Terminal.json(lines) }
        let headings = ["JOB", "DUE", "LOCAL", "OCCURRENCE", "NOTE"]
        var rows: [[String]] = []
        for line in lines {
            let outlook = line.outlook
            let job = line.job ?? "-"
            if !subjects.isEmpty { rows += Self.rows(of: outlook.absent, outlook.absences, job) }
            rows.append([
                job, outlook.slot.due.rfc3339, outlook.zone.local(outlook.slot.due), outlook.slot.occurrence.map { "\($0)" } ?? "-",
                line.note,
            ])
        }
        if let schedule, !subjects.isEmpty, let last = lines.last?.outlook, schedule.next(after: last.slot.due) == nil {
            let due = last.slot.due
            let (absent, count) = Outlook.absent(in: schedule, after: due, through: min(end, due + Outlook.horizon), shownIn: last.zone)
            rows += Self.rows(of: absent, count, lines.last?.job ?? "-")
        }
        Terminal.table(headings, rows)
        if lines.isEmpty, let schedule { Terminal.complain(Self.explanation(of: schedule)) }
    }

    private static func rows(of absent: [Outlook.Absence], _ count: Int, _ job: String) -> [[String]] {
        var rows = absent.map { [job, "-", $0.local, "-", $0.note] }
        if count > absent.count { rows.append([job, "-", "…", "-", "and \(count - absent.count) more that are excluded"]) }
        return rows
    }

    /// Why there is nothing to show.
    private static func explanation(of schedule: Schedule) -> String {
        guard let last = schedule.previous(before: .distantFuture) else { return "this schedule has no slot at all; see `rota explain`" }
        return "no slot in that time; the schedule's last one is \(last.due.rfc3339)"
    }
}
