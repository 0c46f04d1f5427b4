import Scheduling
import Timetable

/// The dues that were not run: for each job, fate and reason how many, from the first to the last.
struct UnrunSlots {
    struct Fate: Hashable {
        let job: JobName
        /// `skipped` or `missed`.
        let state: RunState
        let reason: String
    }

    struct Sum: Encodable {
        let fate: Fate
        private(set) var firstDue: Instant
        private(set) var lastDue: Instant
        private(set) var slots: Int

        fileprivate mutating func add(_ first: Instant, _ last: Instant, _ count: Int) {
            firstDue = min(firstDue, first)
            lastDue = max(lastDue, last)
            slots += count
        }

        fileprivate init(_ fate: Fate, _ first: Instant, _ last: Instant, _ count: Int) {
            (self.fate, firstDue, lastDue, slots) = (fate, first, last, count)
        }

        private enum Key: String, CodingKey { case job, firstDue, lastDue, slots, state, reason }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(fate.job.text, forKey: .job)
            try container.encode(firstDue.rfc3339, forKey: .firstDue)
            try container.encode(lastDue.rfc3339, forKey: .lastDue)
            try container.encode(slots, forKey: .slots)
            try container.encode(fate.state.rawValue, forKey: .state)
            try container.encode(fate.reason, forKey: .reason)
        }
    }

    private var sums: [Fate: Sum] = [:]

    /// By job, then as they began.
    var all: [Sum] { sums.values.sorted { ($0.fate.job, $0.firstDue, $0.fate.reason) < ($1.fate.job, $1.firstDue, $1.fate.reason) } }

    func count(_ state: RunState) -> Int { sums.values.reduce(0) { $0 + ($1.fate.state == state ? $1.slots : 0) } }

    mutating func take(_ gap: Gap) {
        add(Fate(job: gap.job, state: gap.state, reason: gap.reason), gap.firstDue, gap.lastDue, gap.slots)
    }

    /// Does nothing with a run of which something was carried out.
    mutating func take(_ run: Run) {
        guard run.state == .skipped || run.state == .missed else { return }
        add(Fate(job: run.key.job, state: run.state, reason: run.reason ?? ""), run.key.due, run.key.due, 1)
    }

    private mutating func add(_ fate: Fate, _ first: Instant, _ last: Instant, _ count: Int) {
        if sums[fate]?.add(first, last, count) == nil { sums[fate] = Sum(fate, first, last, count) }
    }
}
