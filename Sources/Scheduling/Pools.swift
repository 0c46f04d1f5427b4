import Timetable

/// Places, processors and memory for runs: each pool has a limit of these or none, and the runs that wait for them stand in queues.
///
/// Runs that need the same limited things stand in one queue, and only the first of a queue is looked at: asking costs O(log n) in the
/// length of a queue, for each combination of limited things for which somebody waits. So whoever needs no processors never waits behind
/// somebody who does.
struct Pools: Sendable {
    /// A waiting run's place in a queue: by rank, then due, then name, then attempt.
    struct Ticket: Comparable, Sendable {
        let rank: Instant
        let key: RunKey
        let demand: PoolAmounts

        static func < (left: Ticket, right: Ticket) -> Bool {
            if left.rank != right.rank { return left.rank < right.rank }
            if left.key.due != right.key.due { return left.key.due < right.key.due }
            if left.key.job != right.key.job { return left.key.job < right.key.job }
            return left.key.attempt < right.key.attempt
        }
    }

    /// One thing of which one pool has a limit.
    struct Limit: Hashable, Sendable {
        let pool: String
        let resource: PoolResource
    }

    /// What a run takes, so that an edit of its job does not give back something else.
    struct Holding: Hashable, Sendable {
        let limits: [Limit]
        let demand: PoolAmounts
    }

    private(set) var capacities: [String: PoolCapacity]
    private var used: [Limit: Int64] = [:]
    private var held: [RunKey: Holding] = [:]
    private var starts: [String: RecentStarts] = [:]
    /// By the limited things that their runs need; none is empty.
    private var queues: [[Limit]: PriorityQueue<Ticket>] = [:]

    init(capacities: [String: PoolCapacity]) {
        self.capacities = capacities
        forgetStarts()
    }

    /// Nothing is known of starts before now: as after a restart.
    mutating func forgetStarts() {
        starts = capacities.compactMapValues { $0.maxStartsPerSecond.map { RecentStarts(mostInASecond: Int($0)) } }
    }

    /// Adds a pool while others are in use.
    mutating func add(_ name: String, _ capacity: PoolCapacity) { capacities[name] = capacity }

    /// Whether nobody waits for anything.
    var isIdle: Bool { queues.isEmpty }

    /// Takes without asking: for a run that is on its way already, or whose turn it is.
    mutating func take(_ key: RunKey, _ holding: Holding) {
        for limit in holding.limits where limit.resource.isHeld { used[limit, default: 0] += amount(holding.demand, of: limit) }
        held[key] = holding
    }

    /// Gives back what `key` holds; nothing happens when it holds nothing.
    mutating func release(_ key: RunKey) {
        guard let holding = held.removeValue(forKey: key) else { return }
        for limit in holding.limits where limit.resource.isHeld { used[limit, default: 0] -= amount(holding.demand, of: limit) }
    }

    /// A run begins to be started; one that is handed over again was counted before.
    mutating func noteStart(_ holding: Holding, at now: Instant) {
        for limit in holding.limits where limit.resource == .starts { starts[limit.pool]?.note(now) }
    }

    func held(by key: RunKey) -> Holding? { held[key] }

    /// Whether more is taken than there is of something that is held so: only a start makes it so, which takes without asking.
    func isOverfull(_ holding: Holding) -> Bool {
        holding.limits.contains { limit in used[limit] ?? 0 > capacities[limit.pool]?[limit.resource] ?? .max }
    }

    /// Lets a run wait for everything in `holding` at once.
    mutating func enqueue(_ key: RunKey, rank: Instant, _ holding: Holding) {
        queues[holding.limits, default: PriorityQueue()].insert(Ticket(rank: rank, key: key, demand: holding.demand))
    }

    /// The first ticket of all that can be served now; nil when there is none.
    ///
    /// Whoever is first in a queue and finds places, but too little of the rest, is not passed in that: those behind it get what it leaves.
    /// So a run that needs much is not kept waiting for ever by many that need little.
    ///
    /// - Parameter isCurrent: Whether the run of a ticket still waits for just these things; others are thrown away.
    mutating func next(at now: Instant, where isCurrent: (Ticket, [Limit]) -> Bool) -> Ticket? {
        let open = queues.keys.filter { limits in limits.allSatisfy { isOpen($0, at: now) } }
        var heads: [(ticket: Ticket, limits: [Limit])] = []
        for limits in open {
            if let ticket = head(of: limits, where: isCurrent) { heads.append((ticket, limits)) }
        }
        heads.sort { $0.ticket < $1.ticket }
        var reserved: [Limit: Int64] = [:]
        for (ticket, limits) in heads {
            if fits(ticket, limits, beside: reserved) {
                pop(limits)
                return ticket
            }
            for limit in limits where limit.resource == .cpus || limit.resource == .memory {
                reserved[limit, default: 0] += amount(ticket.demand, of: limit)
            }
        }
        return nil
    }

    /// When the next queue opens that is closed only for now, since its pools have started so many; nil when there is none.
    func nextStart(after now: Instant) -> Instant? {
        queues.keys.compactMap { limits -> Instant? in
            guard limits.allSatisfy({ $0.resource == .starts || isOpen($0, at: now) }) else { return nil }
            let opens = limits.filter { $0.resource == .starts }.map { starts[$0.pool]?.next(from: now) ?? now }.max()
            return opens.flatMap { $0 > now && $0 < .distantFuture ? $0 : nil }
        }.min()
    }

    /// Whether there is a place, or a start; the rest depends on how much a run needs.
    private func isOpen(_ limit: Limit, at now: Instant) -> Bool {
        switch limit.resource {
        case .runs: used[limit] ?? 0 < capacities[limit.pool]?[.runs] ?? .max
        case .starts: starts[limit.pool].map { $0.next(from: now) <= now } ?? true
        case .cpus, .memory: true
        }
    }

    private func fits(_ ticket: Ticket, _ limits: [Limit], beside reserved: [Limit: Int64]) -> Bool {
        limits.allSatisfy { limit in
            if limit.resource == .starts { return true }
            let taken = (used[limit] ?? 0) + (reserved[limit] ?? 0)
            return taken + amount(ticket.demand, of: limit) <= capacities[limit.pool]?[limit.resource] ?? .max
        }
    }

    private func amount(_ demand: PoolAmounts, of limit: Limit) -> Int64 {
        capacities[limit.pool]?.taken(of: limit.resource, asked: demand[limit.resource]) ?? 0
    }

    private mutating func head(of limits: [Limit], where isCurrent: (Ticket, [Limit]) -> Bool) -> Ticket? {
        while let ticket = queues[limits]?.first {
            if isCurrent(ticket, limits) { return ticket }
            pop(limits)
        }
        return nil
    }

    private mutating func pop(_ limits: [Limit]) {
        _ = queues[limits]?.popFirst()
        if queues[limits]?.isEmpty == true { queues[limits] = nil }
    }
}

extension Pools.Holding {
    /// The limited things among what somebody with that demand needs in these pools.
    init(_ demand: PoolAmounts, in names: [String], of capacities: [String: PoolCapacity]) {
        var limits: [Pools.Limit] = []
        for name in names {
            guard let capacity = capacities[name] else { continue }
            for resource in PoolResource.allCases where capacity[resource] != nil && demand[resource] > 0 {
                limits.append(Pools.Limit(pool: name, resource: resource))
            }
        }
        self.init(limits: limits, demand: demand)
    }

    init(_ run: Run, as job: Job, of capacities: [String: PoolCapacity]) {
        self.init(job.demand, in: job.poolNames + run.ownPools, of: capacities)
    }

    /// The pools that it is in, each with what else than a place it takes there: `local (cpus, memory), warehouse`.
    var words: String {
        var pools: [(name: String, others: [String])] = []
        for limit in limits {
            if pools.last?.name != limit.pool { pools.append((limit.pool, [])) }
            if limit.resource != .runs { pools[pools.count - 1].others.append(limit.resource.rawValue) }
        }
        return pools.map { $0.others.isEmpty ? $0.name : "\($0.name) (\($0.others.joined(separator: ", ")))" }.joined(separator: ", ")
    }
}

extension Run {
    /// The pools in which the run takes a place beside those of its job.
    var ownPools: [String] { backfill.map { [Backfill.pool($0)] } ?? [] }
}
