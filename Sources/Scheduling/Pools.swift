/// Places for runs: each pool has a capacity or none, and the runs that wait for places stand in queues.
///
/// Runs that need places in the same pools stand in one queue, so that nobody who cannot start is looked at: asking costs O(log n) in the
/// length of a queue, for each combination of pools in which somebody waits.
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

    private let capacities: [String: Int]
    private var used: [String: Int] = [:]
    /// The pools that a run took its places in, so that an edit of its job does not give back another's.
    private var held: [RunKey: [String]] = [:]
    /// By the limited pools that their runs need places in; none is empty.
    private var queues: [[String]: PriorityQueue<Ticket>] = [:]

    init(capacities: [String: Int]) { self.capacities = capacities }

    /// Takes places without asking: for a run that is on its way already.
    mutating func take(_ key: RunKey, in names: [String]) {
        for name in names { used[name, default: 0] += 1 }
        held[key] = names
    }

    /// Gives the places of `key` back; nothing happens when it holds none.
    mutating func release(_ key: RunKey) {
        for name in held.removeValue(forKey: key) ?? [] { used[name, default: 0] -= 1 }
    }

    /// Those of `names` that have a limit.
    func limited(_ names: [String]) -> [String] { names.filter { capacities[$0] != nil } }

    /// Lets `ticket` wait for a place in each of `names` at once.
    mutating func enqueue(_ ticket: Ticket, in names: [String]) {
        queues[limited(names), default: PriorityQueue()].insert(ticket)
    }

    /// The first ticket of all for which there are places now, and the limited pools that it waited for; nil when there is none.
    mutating func next() -> (ticket: Ticket, pools: [String])? {
        var first: (ticket: Ticket, pools: [String])?
        for (names, queue) in queues where names.allSatisfy({ used[$0] ?? 0 < capacities[$0] ?? .max }) {
            if let ticket = queue.first, first.map({ ticket < $0.ticket }) ?? true { first = (ticket, names) }
        }
        guard let first else { return nil }
        _ = queues[first.pools]?.popFirst()
        if queues[first.pools]?.isEmpty == true { queues[first.pools] = nil }
        return first
    }
}
