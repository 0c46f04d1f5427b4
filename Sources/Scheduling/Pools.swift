/// Places for runs: each pool has a capacity or none, and a queue of runs that wait for a place.
///
/// Asking costs O(log n) in the length of a queue; nobody who cannot start is looked at again before a place is free.
struct Pools: Sendable {
    /// A waiting run's place in a queue: highest priority first, then due, then name, then attempt.
    struct Ticket: Comparable, Sendable {
        let priority: Int
        let key: RunKey

        static func < (left: Ticket, right: Ticket) -> Bool {
            if left.priority != right.priority { return left.priority > right.priority }
            if left.key.due != right.key.due { return left.key.due < right.key.due }
            if left.key.job != right.key.job { return left.key.job < right.key.job }
            return left.key.attempt < right.key.attempt
        }
    }

    private struct Pool: Sendable {
        var capacity: Int?
        var used = 0
        var queue = PriorityQueue<Ticket>()

        var isFull: Bool { capacity.map { used >= $0 } ?? false }
    }

    private var pools: [String: Pool]
    /// The pools that a run took its places in, so that an edit of its job does not give back another's.
    private var held: [RunKey: [String]] = [:]
    /// Pools in which somebody new waits or a place became free since the last round.
    private var stirred: Set<String> = []

    init(capacities: [String: Int]) {
        pools = capacities.mapValues { Pool(capacity: $0) }
    }

    /// Takes places without asking: for a run that is on its way already.
    mutating func take(_ key: RunKey, in names: [String]) {
        for name in names { pools[name, default: Pool()].used += 1 }
        held[key] = names
    }

    /// Gives the places of `key` back; nothing happens when it holds none.
    mutating func release(_ key: RunKey) {
        for name in held.removeValue(forKey: key) ?? [] {
            pools[name]?.used -= 1
            stirred.insert(name)
        }
    }

    /// Lets `ticket` wait in the first of `names` for its turn.
    mutating func enqueue(_ ticket: Ticket, in names: [String]) {
        guard let first = names.first else { return }
        pools[first, default: Pool()].queue.insert(ticket)
        stirred.insert(first)
    }

    /// The next ticket that a free place of `name` may go to; nil when there is neither.
    mutating func next(in name: String) -> Ticket? {
        guard let pool = pools[name], !pool.isFull else { return nil }
        return pools[name]?.queue.popFirst()
    }

    /// The first of `names` without a free place.
    func firstFull(of names: [String]) -> String? {
        names.first { pools[$0]?.isFull ?? false }
    }

    /// Lets `ticket` wait in `name`, which is full: no round is owed before a place becomes free there.
    mutating func park(_ ticket: Ticket, in name: String) {
        pools[name]?.queue.insert(ticket)
    }

    /// The pools to go through in this round, by name; the next call tells only of what happened since.
    mutating func takeStirred() -> [String] {
        defer { stirred.removeAll(keepingCapacity: true) }
        return stirred.sorted()
    }
}
