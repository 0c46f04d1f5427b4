/// What a pool counts.
package enum PoolResource: String, Hashable, Sendable, CaseIterable {
    /// Places.
    case runs
    /// In thousandths of a processor.
    case cpus
    /// In bytes.
    case memory
    /// In any second; what is started takes nothing that it gives back.
    case starts

    /// Whether a run holds it until its end.
    package var isHeld: Bool { self != .starts }
    package static let held = allCases.filter(\.isHeld)

    /// An amount as people read it: `64 runs`, `1 run`, `2.5 cpus`, `1.5 GiB`.
    package func words(_ amount: Int64) -> String {
        let number = number(amount)
        let thing = number == "1" ? String(rawValue.dropLast()) : rawValue
        return switch self {
        case .runs, .cpus: number + " " + thing
        case .memory: number
        case .starts: number + " \(thing) a second"
        }
    }

    /// What is taken of what there is: `3 of 64 runs`, `0 of 1 runs`.
    package func words(_ used: Int64, of capacity: Int64) -> String {
        number(used) + " of " + number(capacity) + (self == .memory ? "" : " " + rawValue)
    }

    /// The same without the name of the thing: `64`, `2.5`, `1.5 GiB`.
    package func number(_ amount: Int64) -> String {
        switch self {
        case .runs, .starts: "\(amount)"
        case .cpus: amount.thousandths
        case .memory: amount.bytes
        }
    }
}

/// How much a pool has of each thing; nil of what it has without limit.
package struct PoolCapacity: Hashable, Sendable {
    package var runs: Int64?
    package var milliCPUs: Int64?
    /// Bytes.
    package var memory: Int64?
    /// How many runs are handed over in any second, at most.
    package var maxStartsPerSecond: Int64?

    package init(runs: Int64? = nil, milliCPUs: Int64? = nil, memory: Int64? = nil, maxStartsPerSecond: Int64? = nil) {
        self.runs = runs
        self.milliCPUs = milliCPUs
        self.memory = memory
        self.maxStartsPerSecond = maxStartsPerSecond
    }

    package subscript(_ resource: PoolResource) -> Int64? {
        switch resource {
        case .runs: runs
        case .cpus: milliCPUs
        case .memory: memory
        case .starts: maxStartsPerSecond
        }
    }

    /// This, and where it says nothing, what `other` says.
    package func completed(by other: PoolCapacity) -> PoolCapacity {
        PoolCapacity(
            runs: runs ?? other.runs, milliCPUs: milliCPUs ?? other.milliCPUs, memory: memory ?? other.memory,
            maxStartsPerSecond: maxStartsPerSecond ?? other.maxStartsPerSecond)
    }

    /// How much of a thing a run takes that asks for `amount` of it: whoever asks for more than there is takes all of it, and so runs when
    /// nobody else has any. A pool without places, or that starts nothing, is
    /// closed.
    package func taken(of resource: PoolResource, asked amount: Int64) -> Int64 {
        resource == .runs || resource == .starts ? amount : min(amount, self[resource] ?? amount)
    }
}

/// So much of each thing that pools count.
package struct PoolAmounts: Hashable, Sendable {
    package var runs: Int64 = 0
    package var milliCPUs: Int64 = 0
    /// Bytes.
    package var memory: Int64 = 0

    package init(runs: Int64 = 0, milliCPUs: Int64 = 0, memory: Int64 = 0) {
        self.runs = runs
        self.milliCPUs = milliCPUs
        self.memory = memory
    }

    package subscript(_ resource: PoolResource) -> Int64 {
        get {
            switch resource {
            case .runs: runs
            case .cpus: milliCPUs
            case .memory: memory
            // Each run is started once.
            case .starts: runs
            }
        }
        set {
            switch resource {
            case .runs: runs = newValue
            case .cpus: milliCPUs = newValue
            case .memory: memory = newValue
            case .starts: break
            }
        }
    }
}

extension Job {
    /// What a run of the job asks for in each of its pools: a place, and of the rest what the job names.
    package var demand: PoolAmounts {
        // Chronos takes any number of processors; a billion is more than there are, and its thousandths still fit.
        let milliCPUs = cpus.map { max(1, Int64((min($0, 1e9) * 1000).rounded())) }
        return PoolAmounts(runs: 1, milliCPUs: milliCPUs ?? 0, memory: memory ?? 0)
    }

    /// The pools that a run of the job needs a place in: that of its executor, and its own.
    package var poolNames: [String] {
        guard let pool, pool != runOn else { return [runOn] }
        return [runOn, pool]
    }
}

/// A pool with what is taken of it.
package struct PoolUse: Hashable, Sendable {
    package let name: String
    package let capacity: PoolCapacity
    package let used: PoolAmounts

    package init(name: String, capacity: PoolCapacity, used: PoolAmounts) {
        self.name = name
        self.capacity = capacity
        self.used = used
    }

    /// What `runs` take of each pool with a capacity, by name: the same sum as a start of the scheduler makes.
    ///
    /// - Parameter runs: Those that are launching or running, with the definitions they were handed over with. One whose definition is not known
    ///   takes a place in the pool of its executor.
    package static func all(of capacities: [String: PoolCapacity], taken runs: [(run: Run, job: Job?)]) -> [PoolUse] {
        var used: [String: PoolAmounts] = [:]
        for (run, job) in runs {
            let demand = job?.demand ?? PoolAmounts(runs: 1)
            for name in job?.poolNames ?? run.executor.map({ [$0] }) ?? [] {
                guard let capacity = capacities[name] else { continue }
                for resource in PoolResource.held {
                    used[name, default: PoolAmounts()][resource] += capacity.taken(of: resource, asked: demand[resource])
                }
            }
        }
        return capacities.map { PoolUse(name: $0, capacity: $1, used: used[$0] ?? PoolAmounts()) }.sorted { $0.name < $1.name }
    }
}
