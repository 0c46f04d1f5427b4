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
        let holding: Holding
        /// No two tickets have the same.
        let number: Int

        static func < (left: Ticket, right: Ticket) -> Bool {
            if left.rank != right.rank { return left.rank < right.rank }
            if left.key.due != right.key.due { return left.key.due < right.key.due }
            if left.key.job != right.key.job { return left.key.job < right.key.job }
            return left.key.attempt < right.key.attempt
        }
    }

    /// What a run takes, so that an edit of its job does not give back something else.
    struct Holding: Hashable, Sendable {
        fileprivate let lane: Int
        fileprivate let demand: PoolAmounts
    }

    /// The pools that a run needs, and of what else than a place it needs some: two of one kind need the same limited things.
    private struct Kind: Hashable {
        let executor: String?
        let pool: String?
        let backfill: Int64?
        let hasCPUs: Bool
        let hasMemory: Bool
    }

    /// One thing of which one pool has a limit.
    private struct Limit: Hashable {
        let pool: Int
        let resource: PoolResource
    }

    private struct Pool {
        let name: String
        let capacity: PoolCapacity
        var used = PoolAmounts()
        var starts: RecentStarts?
    }

    /// Those that need the same limited things, and the queue of those among them that wait.
    private struct Lane {
        let limits: [Limit]
        var queue = PriorityQueue<Ticket>()
    }

    private var pools: [Pool] = []
    private var places: [String: Int] = [:]
    private var lanes: [Lane] = []
    private var lanesByKind: [Kind: Int] = [:]
    private var lanesByLimits: [[Limit]: Int] = [:]
    /// The lanes in which somebody waits.
    private var busy: [Int] = []
    private var held: [RunKey: Holding] = [:]
    private var lastNumber = 0

    init(capacities: [String: PoolCapacity]) {
        for (name, capacity) in capacities.sorted(by: { $0.key < $1.key }) { add(name, capacity) }
        forgetStarts()
    }

    /// Nothing is known of starts before now: as after a restart.
    mutating func forgetStarts() {
        for place in pools.indices {
            pools[place].starts = pools[place].capacity.maxStartsPerSecond.map { RecentStarts(mostInASecond: Int($0)) }
        }
    }

    /// Adds a pool while others are in use, before anybody needs it.
    mutating func add(_ name: String, _ capacity: PoolCapacity) {
        guard places[name] == nil else { return }
        places[name] = pools.count
        pools.append(Pool(name: name, capacity: capacity))
    }

    /// Whether nobody waits for anything.
    var isIdle: Bool { busy.isEmpty }

    // MARK: what a run takes

    /// What somebody with that demand takes in these pools.
    mutating func holding(_ demand: PoolAmounts, executor: String?, pool: String?, backfill: Int64?) -> Holding {
        let kind = Kind(
            executor: executor, pool: pool == executor ? nil : pool, backfill: backfill, hasCPUs: demand.milliCPUs > 0,
            hasMemory: demand.memory > 0)
        return Holding(lane: lanesByKind[kind] ?? lane(of: kind, demand), demand: demand)
    }

    private mutating func lane(of kind: Kind, _ demand: PoolAmounts) -> Int {
        let names = [kind.executor, kind.pool, kind.backfill.map(Backfill.pool)].compactMap(\.self)
        let limits = names.compactMap { places[$0] }.flatMap { place in
            PoolResource.allCases.filter { pools[place].capacity[$0] != nil && demand[$0] > 0 }.map { Limit(pool: place, resource: $0) }
        }
        let lane = lanesByLimits[limits] ?? lanes.count
        if lane == lanes.count { lanes.append(Lane(limits: limits)) }
        lanesByLimits[limits] = lane
        lanesByKind[kind] = lane
        return lane
    }

    /// Takes without asking: for a run that is on its way already, or whose turn it is.
    mutating func take(_ key: RunKey, _ holding: Holding) {
        for limit in lanes[holding.lane].limits where limit.resource.isHeld {
            pools[limit.pool].used[limit.resource] += amount(of: limit, for: holding)
        }
        held[key] = holding
    }

    /// Gives back what `key` holds; nothing happens when it holds nothing.
    mutating func release(_ key: RunKey) {
        guard let holding = held.removeValue(forKey: key) else { return }
        for limit in lanes[holding.lane].limits where limit.resource.isHeld {
            pools[limit.pool].used[limit.resource] -= amount(of: limit, for: holding)
        }
    }

    /// A run begins to be started; one that is handed over again was counted before.
    mutating func noteStart(_ holding: Holding, at now: Instant) {
        for limit in lanes[holding.lane].limits where limit.resource == .starts { pools[limit.pool].starts?.note(now) }
    }

    func held(by key: RunKey) -> Holding? { held[key] }

    /// Whether more is taken than there is of something that is held so: only a start makes it so, which takes without asking.
    func isOverfull(_ holding: Holding) -> Bool {
        lanes[holding.lane].limits.contains { limit in limit.resource.isHeld && used(limit) > capacity(limit) }
    }

    /// The pools that it is in, each with what else than a place it takes there: `local (cpus, memory), warehouse`.
    func words(_ holding: Holding) -> String {
        var parts: [(pool: Int, others: [String])] = []
        for limit in lanes[holding.lane].limits {
            if parts.last?.pool != limit.pool { parts.append((limit.pool, [])) }
            if limit.resource != .runs { parts[parts.count - 1].others.append(limit.resource.rawValue) }
        }
        return parts.map { pools[$0.pool].name + ($0.others.isEmpty ? "" : " (\($0.others.joined(separator: ", ")))") }
            .joined(separator: ", ")
    }

    // MARK: whose turn it is

    /// Lets a run wait for everything in `holding` at once.
    ///
    /// - Returns: The number of its ticket, which is good as long as whoever asked for it says so.
    mutating func enqueue(_ key: RunKey, rank: Instant, _ holding: Holding) -> Int {
        lastNumber += 1
        if lanes[holding.lane].queue.isEmpty { busy.append(holding.lane) }
        lanes[holding.lane].queue.insert(Ticket(rank: rank, key: key, holding: holding, number: lastNumber))
        return lastNumber
    }

    /// The first ticket of all that can be served now; nil when there is none.
    ///
    /// Whoever is first in a queue and finds places, but too little of the rest, is not passed in that: those behind it get what it leaves.
    /// So a run that needs much is not kept waiting for ever by many that need little.
    ///
    /// - Parameter isCurrent: Whether the run of a ticket still waits with just that one; others are thrown away.
    mutating func next(at now: Instant, where isCurrent: (Ticket) -> Bool) -> Ticket? {
        var heads: [Ticket] = []
        for lane in busy where lanes[lane].limits.allSatisfy({ isOpen($0, at: now) }) {
            if let ticket = head(of: lane, where: isCurrent) { heads.append(ticket) }
        }
        if heads.count > 1 { heads.sort() }
        var reserved: [Limit: Int64] = [:]
        for ticket in heads {
            let limits = lanes[ticket.holding.lane].limits
            if fits(ticket.holding, limits, beside: reserved) {
                pop(ticket.holding.lane)
                return ticket
            }
            for limit in limits where limit.resource == .cpus || limit.resource == .memory {
                reserved[limit, default: 0] += amount(of: limit, for: ticket.holding)
            }
        }
        return nil
    }

    /// When the next queue opens that is closed only for now, since its pools have started so many; nil when there is none.
    func nextStart(after now: Instant) -> Instant? {
        busy.compactMap { lane -> Instant? in
            let limits = lanes[lane].limits
            guard limits.allSatisfy({ $0.resource == .starts || isOpen($0, at: now) }) else { return nil }
            let opens = limits.filter { $0.resource == .starts }.map { pools[$0.pool].starts?.next(from: now) ?? now }.max()
            return opens.flatMap { $0 > now && $0 < .distantFuture ? $0 : nil }
        }.min()
    }

    /// Whether there is a place, or a start; the rest depends on how much a run needs.
    private func isOpen(_ limit: Limit, at now: Instant) -> Bool {
        switch limit.resource {
        case .runs: used(limit) < capacity(limit)
        case .starts: pools[limit.pool].starts.map { $0.next(from: now) <= now } ?? true
        case .cpus, .memory: true
        }
    }

    private func fits(_ holding: Holding, _ limits: [Limit], beside reserved: [Limit: Int64]) -> Bool {
        limits.allSatisfy { limit in
            if limit.resource == .starts { return true }
            return used(limit) + (reserved[limit] ?? 0) + amount(of: limit, for: holding) <= capacity(limit)
        }
    }

    private func used(_ limit: Limit) -> Int64 { pools[limit.pool].used[limit.resource] }
    private func capacity(_ limit: Limit) -> Int64 { pools[limit.pool].capacity[limit.resource] ?? .max }

    private func amount(of limit: Limit, for holding: Holding) -> Int64 {
        pools[limit.pool].capacity.taken(of: limit.resource, asked: holding.demand[limit.resource])
    }

    private mutating func head(of lane: Int, where isCurrent: (Ticket) -> Bool) -> Ticket? {
        while let ticket = lanes[lane].queue.first {
            if isCurrent(ticket) { return ticket }
            pop(lane)
        }
        return nil
    }

    private mutating func pop(_ lane: Int) {
        _ = lanes[lane].queue.popFirst()
        if lanes[lane].queue.isEmpty { busy.removeAll { $0 == lane } }
    }
}
