package import Timetable

/// What somebody ordered about one slot of one job: it is passed over, or its run waits until it is released.
///
/// A control row, which is there from the request until the slot is over: it outlives restarts and the job's file.
package struct SlotOrder: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The slot that comes is told as skipped; nothing is run for it.
        case skip
        /// The run of that due waits until somebody releases it.
        case hold
    }

    package let job: JobName
    package let due: Instant
    package let kind: Kind
    /// Who asked for it.
    package let by: String
    package let since: Instant

    package init(job: JobName, due: Instant, kind: Kind, by: String, since: Instant) {
        self.job = job
        self.due = due
        self.kind = kind
        self.by = by
        self.since = since
    }

    /// The reason in the row of the run: `by ada`, `held by ada`.
    var reason: String { (kind == .hold ? "held by " : "by ") + by }
}

/// The orders in force, each due of a job at most once.
struct SlotOrders: Sendable {
    private var byJob: [JobName: [Instant: SlotOrder]] = [:]

    init(_ orders: [SlotOrder]) {
        for order in orders { insert(order) }
    }

    var isEmpty: Bool { byJob.isEmpty }
    /// By job, then due.
    var all: [SlotOrder] { byJob.keys.sorted().flatMap { of($0) } }

    subscript(job: JobName, due: Instant) -> SlotOrder? { byJob.isEmpty ? nil : byJob[job]?[due] }

    /// Those of one job in the order of their dues.
    func of(_ job: JobName) -> [SlotOrder] { (byJob[job]?.values).map { $0.sorted { $0.due < $1.due } } ?? [] }

    mutating func insert(_ order: SlotOrder) { byJob[order.job, default: [:]][order.due] = order }

    mutating func remove(_ order: SlotOrder) {
        byJob[order.job]?[order.due] = nil
        if byJob[order.job]?.isEmpty == true { byJob[order.job] = nil }
    }
}
