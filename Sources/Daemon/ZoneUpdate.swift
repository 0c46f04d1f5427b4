import Logging
import RunHistory
import Scheduling
import Timetable

/// The jobs whose slots to come are worked out anew because the machine's tz database was updated: for the log and the ledger.
struct ZoneUpdate {
    private struct Entry {
        let job: JobName
        let next: Instant?
    }

    private let zones: [String]
    private let entries: [Entry]
    private let now: Instant

    private static let mostJobsTold = 20

    /// nil when `graph` brings no new rules.
    ///
    /// - Parameter scheduler: As it is before it takes `graph`.
    init?(_ scheduler: borrowing Scheduler, taking graph: JobGraph, at now: Instant) {
        var zones: Set<String> = []
        var entries: [Entry] = []
        for name in graph.order {
            guard let new = graph[name]?.schedule, let old = scheduler.graph[name]?.schedule, old != new,
                Optional(old).saysTheSame(as: new)
            else { continue }
            zones.formUnion(old.allZones.subtracting(new.allZones).map(\.name))
            entries.append(Entry(job: name, next: scheduler.schedule(of: name)?.next(after: now)?.due))
        }
        guard !entries.isEmpty else { return nil }
        self.zones = zones.sorted()
        self.entries = entries
        self.now = now
    }

    /// - Parameter scheduler: As it is afterwards.
    func tell(_ scheduler: borrowing Scheduler, log: Logger) -> [DefinitionsInForce.Note] {
        var moved: [(job: JobName, text: String)] = []
        for entry in entries {
            let next = scheduler.schedule(of: entry.job)?.next(after: now)?.due
            if next != entry.next { moved.append((entry.job, "\(entry.next?.rfc3339 ?? "never") -> \(next?.rfc3339 ?? "never")")) }
        }
        let names = zones.joined(separator: ", ")
        log.notice(
            "the rules of time zones changed; slots to come are worked out anew",
            metadata: ["zones": "\(names)", "jobs": "\(entries.count)", "moved": "\(moved.count)"])
        for (job, text) in moved.prefix(Self.mostJobsTold) {
            log.notice("the next slot of a job moved with its zone", metadata: ["job": "\(job)", "next": "\(text)"])
        }
        let change: DefinitionsInForce.Note = { try $0.change("zones.changed", detail: names) }
        return [change] + moved.prefix(Self.mostJobsTold).map { job, text in { try $0.change("zones.moved", job: job, detail: text) } }
    }
}
