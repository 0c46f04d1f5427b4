package import Timetable

/// How full the pools became in a rehearsal, how many ran at once in all, and who had to wait for a place.
package struct RehearsalLoad: Sendable {
    /// The largest amount that there was of something, and when it was first reached.
    package struct Peak: Hashable, Sendable {
        package private(set) var most: Int64 = 0
        package private(set) var at: Instant?

        fileprivate mutating func see(_ amount: Int64, at now: Instant) {
            guard amount > most else { return }
            (most, at) = (amount, now)
        }

        /// Whatever was before does not count.
        fileprivate mutating func begin(with amount: Int64, at now: Instant) {
            self = Peak()
            see(amount, at: now)
        }
    }

    /// What a run holds while it is carried out.
    struct Place: Sendable {
        fileprivate let executor: String
        fileprivate let pool: String?
        fileprivate let demand: PoolAmounts

        init(_ job: Job) {
            (executor, demand) = (job.runOn, job.demand)
            pool = job.pool == job.runOn ? nil : job.pool
        }
    }

    /// One pool, whether it has a limit or not.
    package struct Pool: Hashable, Sendable {
        /// nil for a pool without limits.
        package let capacity: PoolCapacity?
        package fileprivate(set) var runs = Peak()
        /// In thousandths of a processor.
        package fileprivate(set) var cpus = Peak()
        /// In bytes.
        package fileprivate(set) var memory = Peak()
        /// How many waited at once for what the pool has.
        package fileprivate(set) var waiting = Peak()
        /// How many runs had to wait for it, one way or another.
        package fileprivate(set) var waited = 0
        package fileprivate(set) var longestWait = Duration.zero
        package fileprivate(set) var longestWaiter: RunKey?
        fileprivate var used = PoolAmounts()
        fileprivate var isWaitedFor = 0

        fileprivate init(_ capacity: PoolCapacity?) { self.capacity = capacity }

        /// Nobody holds a start: of these there is no peak.
        package subscript(_ resource: PoolResource) -> Peak {
            switch resource {
            case .runs: runs
            case .cpus: cpus
            case .memory: memory
            case .starts: Peak()
            }
        }
    }

    /// By name; those that some run needed.
    package private(set) var pools: [String: Pool] = [:]
    /// Launching or running, wherever.
    package private(set) var running = Peak()
    private let capacities: [String: PoolCapacity]
    private var count: Int64 = 0
    private var waiters: [RunKey: (pools: [String], since: Instant)] = [:]

    init(capacities: [String: PoolCapacity]) { self.capacities = capacities }

    /// From now on it is measured: what was before does not count, but for what is still so.
    mutating func begin(at now: Instant) {
        running.begin(with: count, at: now)
        for name in pools.keys { pools[name]?.begin(at: now) }
        for key in waiters.keys { waiters[key]?.since = now }
    }

    /// A run is handed over.
    mutating func enter(_ key: RunKey, _ place: Place, at now: Instant) {
        endWait(of: key, at: now)
        count += 1
        running.see(count, at: now)
        pools[place.executor, default: Pool(capacities[place.executor])].take(place.demand, at: now)
        if let pool = place.pool { pools[pool, default: Pool(capacities[pool])].take(place.demand, at: now) }
    }

    /// A run has ended.
    ///
    /// - Parameter place: What it held; nil when it only waited.
    mutating func leave(_ key: RunKey, _ place: Place?, at now: Instant) {
        endWait(of: key, at: now)
        guard let place else { return }
        count -= 1
        pools[place.executor]?.release(place.demand)
        if let pool = place.pool { pools[pool]?.release(place.demand) }
    }

    /// A run has to wait for a place; it may have waited already.
    mutating func wait(_ run: Run, _ job: Job, at now: Instant) {
        guard waiters[run.key] == nil else { return }
        let names = job.poolNames.filter { capacities[$0] != nil }
        let full = names.filter { name in pools[name, default: Pool(capacities[name])].isTooFull(for: job.demand) }
        // A backfill waits for its own bound.
        if full.isEmpty, run.backfill != nil { return }
        // With room in each of them, what there is is kept for somebody before it, or they start no more in this second.
        let paced = names.filter { capacities[$0]?.maxStartsPerSecond != nil }
        let blamed = full.isEmpty ? paced.isEmpty ? names : paced : full
        waiters[run.key] = (blamed, now)
        for name in blamed { pools[name, default: Pool(capacities[name])].letWait(at: now) }
    }

    private mutating func endWait(of key: RunKey, at now: Instant) {
        guard !waiters.isEmpty, let waiter = waiters.removeValue(forKey: key) else { return }
        for name in waiter.pools { pools[name]?.endWait(of: key, after: now - waiter.since) }
    }
}

extension RehearsalLoad.Pool {
    /// Whether somebody had to wait for what the pool has.
    package var overflowed: Bool { waited > 0 }

    fileprivate mutating func begin(at now: Instant) {
        runs.begin(with: used.runs, at: now)
        cpus.begin(with: used.milliCPUs, at: now)
        memory.begin(with: used.memory, at: now)
        waiting.begin(with: Int64(isWaitedFor), at: now)
        waited = isWaitedFor
        (longestWait, longestWaiter) = (.zero, nil)
    }

    fileprivate mutating func take(_ demand: PoolAmounts, at now: Instant) {
        for resource in PoolResource.held { used[resource] += amount(demand, of: resource) }
        runs.see(used.runs, at: now)
        cpus.see(used.milliCPUs, at: now)
        memory.see(used.memory, at: now)
    }

    fileprivate mutating func release(_ demand: PoolAmounts) {
        for resource in PoolResource.held { used[resource] -= amount(demand, of: resource) }
    }

    fileprivate func isTooFull(for demand: PoolAmounts) -> Bool {
        PoolResource.held.contains { resource in
            used[resource] + amount(demand, of: resource) > capacity?[resource] ?? .max
        }
    }

    private func amount(_ demand: PoolAmounts, of resource: PoolResource) -> Int64 {
        capacity?.taken(of: resource, asked: demand[resource]) ?? demand[resource]
    }

    fileprivate mutating func letWait(at now: Instant) {
        waited += 1
        isWaitedFor += 1
        waiting.see(Int64(isWaitedFor), at: now)
    }

    fileprivate mutating func endWait(of key: RunKey, after wait: Duration) {
        isWaitedFor -= 1
        guard wait > longestWait else { return }
        (longestWait, longestWaiter) = (wait, key)
    }
}
