import ArgumentParser
import Daemon
import RunHistory
import Scheduling
import Timetable

struct Next: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows when jobs are due next.",
        discussion: """
            For jobs of the state folder, or for a schedule given as text. Occurrence k is the start plus k periods; cron has none.

            EXAMPLES
              rota next                                           every job's next slot
              rota next backup --count 10
              rota next 'R/2026-03-27T02:30/P1D' --zone Europe/Berlin --from 2026-03-27
              rota next '0 7 * * MON-FRI' --json
            """)

    @Argument(help: "Jobs, or one schedule: an ISO 8601 repeating interval or a cron line.")
    var subjects: [String] = []

    @Option(help: "How many slots of each. (default: 1 for all jobs, else 5)")
    var count: Int?

    @Option(help: ArgumentHelp("Slots at this instant or later, e.g. 2026-03-01T00:00:00Z. (default: now)", valueName: "instant"))
    var from: InstantArgument?

    @Option(help: ArgumentHelp("The zone of a schedule given as text.", valueName: "zone"))
    var zone: String?

    @Flag(help: "Prints a JSON array.")
    var json = false

    @OptionGroup var place: Place

    private struct Document: Encodable {
        let job: String?
        let slot: Slot
        let zone: Zone

        private enum Key: String, CodingKey { case job, occurrence, due, local }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            if let job { try container.encode(job, forKey: .job) }
            try container.encode(slot.occurrence, forKey: .occurrence)
            try container.encode(slot.due.rfc3339, forKey: .due)
            try container.encode(zone.local(slot.due), forKey: .local)
        }
    }

    func validate() throws {
        if let count, !(1...100_000).contains(count) { throw ValidationError("--count is a whole number from 1 to 100000") }
    }

    func run() throws {
        let after = (from?.instant ?? SystemClock().now()) - Instant.resolution
        let documents: [Document]
        if subjects.count == 1, let schedule = try scheduleText(subjects[0], after: after) {
            documents = slots(of: schedule, job: nil, after: after, count: count ?? 5)
        } else {
            documents = try jobs(after: after)
        }
        if json { return try Terminal.json(documents) }
        Terminal.table(
            ["JOB", "DUE", "LOCAL", "OCCURRENCE"],
            documents.map { [$0.job ?? "-", $0.slot.due.rfc3339, $0.zone.local($0.slot.due), $0.slot.occurrence.map { "\($0)" } ?? "-"] })
    }

    /// nil for a word that names a job.
    private func scheduleText(_ text: String, after: Instant) throws -> Schedule? {
        guard JobName(text) == nil else { return nil }
        do {
            let recurrence =
                try text.contains("/") && text.uppercased().hasPrefix("R") ? Recurrence(interval: text) : Recurrence(cron: text, seed: "")
            let schedule = try Schedule([recurrence], zone: try zone.map { try Zone(named: $0) } ?? .utc)
            return schedule.needsAnchor ? schedule.anchored(at: after + Instant.resolution) : schedule
        } catch let error as ScheduleError {
            throw CommandFailure(.usage, "column \(error.column) of `\(text)`: \(error.message)")
        } catch let error as ZoneError {
            throw CommandFailure(.usage, error.message)
        }
    }

    private func jobs(after: Instant) throws -> [Document] {
        let reader = try place.reader()
        let named = try subjects.map { word -> StoredJob in
            guard let name = JobName(word), let job = try reader.job(name) else {
                throw CommandFailure(.usage, "there is no job `\(word)`; `rota list` shows the jobs in force")
            }
            return job
        }
        let all = subjects.isEmpty ? try reader.jobs() : named
        return all.flatMap { stored -> [Document] in
            guard let job = stored.job, stored.isInForce, !job.disabled, let schedule = stored.schedule(of: job) else { return [] }
            return slots(of: schedule, job: job.name.text, after: after, count: count ?? (subjects.isEmpty ? 1 : 5))
        }.sorted { ($0.slot.due, $0.job ?? "") < ($1.slot.due, $1.job ?? "") }
    }

    private func slots(of schedule: Schedule, job: String?, after: Instant, count: Int) -> [Document] {
        var documents: [Document] = []
        var cursor = after
        while documents.count < count, let slot = schedule.next(after: cursor) {
            documents.append(Document(job: job, slot: slot, zone: schedule.zone))
            cursor = slot.due
        }
        return documents
    }
}
