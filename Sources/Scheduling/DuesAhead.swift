package import Timetable

/// What the ledger holds beyond the instant that the clock was set back to: decided when that had not come.
package struct RowsAhead: Hashable, Sendable {
    /// Of each job the dues that have rows.
    package var dues: [JobName: Set<Instant>]
    package var gaps: [Gap]

    package init(dues: [JobName: Set<Instant>] = [:], gaps: [Gap] = []) {
        self.dues = dues
        self.gaps = gaps
    }
}

/// Dues beyond the progress of their jobs that have rows all the same: the clock was set back, and they had their turn before.
struct DuesAhead: Sendable {
    private var byJob: [JobName: Set<Instant>] = [:]
    private var all: Set<Instant> = []
    /// The last of them.
    private(set) var until: Instant?

    var isEmpty: Bool { all.isEmpty }

    mutating func insert(_ dues: some Sequence<Instant>, of job: JobName) {
        byJob[job, default: []].formUnion(dues)
        all.formUnion(dues)
        if let last = dues.max() { until = max(until ?? last, last) }
    }

    func contains(_ due: Instant, of job: JobName) -> Bool { byJob[job]?.contains(due) ?? false }

    /// Whether any job has a row at that due.
    func contains(_ due: Instant) -> Bool { all.contains(due) }

    /// Ascending.
    func dues(of job: JobName, after start: Instant, through end: Instant) -> [Instant] {
        (byJob[job] ?? []).filter { start < $0 && $0 <= end }.sorted()
    }
}
