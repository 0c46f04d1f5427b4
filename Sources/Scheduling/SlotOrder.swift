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
///
/// A slot looks only at those that it may bring to an end: of the jobs that have their dues from its head, between the progress before and after.
struct SlotOrders: Sendable {
    /// Of each job, by due.
    private var byJob: [JobName: [SlotOrder]] = [:]
    /// The jobs with orders by the heads that their dues come from.
    private var byHead: [JobName: Set<JobName>] = [:]

    init(_ orders: [SlotOrder], headOf: (JobName) -> JobName) {
        byJob = Dictionary(grouping: orders, by: \.job).mapValues { $0.sorted { $0.due < $1.due } }
        regroup(headOf: headOf)
    }

    var isEmpty: Bool { byJob.isEmpty }
    /// By job, then due.
    var all: [SlotOrder] { byJob.keys.sorted().flatMap { of($0) } }

    subscript(job: JobName, due: Instant) -> SlotOrder? {
        guard !byJob.isEmpty, let orders = byJob[job] else { return nil }
        let place = Self.place(of: due, in: orders)
        return place < orders.endIndex && orders[place].due == due ? orders[place] : nil
    }

    /// Those of one job in the order of their dues.
    func of(_ job: JobName) -> [SlotOrder] { byJob[job] ?? [] }

    /// Those of one job behind `start`, up to `end`, in the order of their dues.
    func of(_ job: JobName, after start: Instant, through end: Instant) -> ArraySlice<SlotOrder> {
        guard start < end, let orders = byJob[job] else { return [] }
        let step = Instant.resolution
        return orders[Self.place(of: start + step, in: orders)..<Self.place(of: end + step, in: orders)]
    }

    /// The first one of the job from `instant` on.
    func next(of job: JobName, from instant: Instant) -> SlotOrder? {
        guard let orders = byJob[job] else { return nil }
        let place = Self.place(of: instant, in: orders)
        return place < orders.endIndex ? orders[place] : nil
    }

    /// Those of all jobs whose dues come from `head`.
    func headed(by head: JobName, after start: Instant, through end: Instant) -> [SlotOrder] {
        guard !byHead.isEmpty, let jobs = byHead[head] else { return [] }
        return jobs.sorted().flatMap { of($0, after: start, through: end) }
    }

    mutating func insert(_ order: SlotOrder, head: JobName) {
        byHead[head, default: []].insert(order.job)
        var orders = byJob.removeValue(forKey: order.job) ?? []
        let place = Self.place(of: order.due, in: orders)
        if place < orders.endIndex, orders[place].due == order.due { orders[place] = order } else { orders.insert(order, at: place) }
        byJob[order.job] = orders
    }

    /// What is left of a job without orders in the groups does no harm: it has none between any two instants.
    mutating func remove(_ order: SlotOrder) {
        guard var orders = byJob.removeValue(forKey: order.job) else { return }
        let place = Self.place(of: order.due, in: orders)
        if place < orders.endIndex, orders[place].due == order.due { orders.remove(at: place) }
        if !orders.isEmpty { byJob[order.job] = orders }
        if byJob.isEmpty { byHead = [:] }
    }

    /// The definitions changed, and with them perhaps who heads whom.
    mutating func regroup(headOf: (JobName) -> JobName) {
        byHead = Dictionary(grouping: byJob.keys, by: headOf).mapValues(Set.init)
    }

    /// The place of the first one that is not before `due`.
    private static func place(of due: Instant, in orders: [SlotOrder]) -> Int {
        var (low, high) = (orders.startIndex, orders.endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if orders[middle].due < due { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
