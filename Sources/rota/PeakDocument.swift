import Scheduling
import Timetable

/// The wire shape of how full a pool became in a simulation; with `pool` null of all runs at once. Keys are added, never changed.
struct PeakDocument: Encodable {
    private struct Peak: Encodable {
        let most: Double
        let at: String?
        let capacity: Double?

        init(_ peak: RehearsalLoad.Peak, _ capacity: Int64?, in unit: Double = 1) {
            most = Double(peak.most) / unit
            at = peak.at?.rfc3339
            self.capacity = capacity.map { Double($0) / unit }
        }

        private enum Key: String, CodingKey { case most, at, capacity }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(most, forKey: .most)
            try container.encode(at, forKey: .at)
            try container.encode(capacity, forKey: .capacity)
        }
    }

    private struct Wait: Encodable {
        let seconds: Double
        let job: String
        let due: String
    }

    private let name: String?
    private let runs: Peak
    private var cpus: Peak?
    private var memory: Peak?
    private var waiting: Peak?
    private var waited = 0
    private var longestWait: Wait?

    /// All pools together, then each by name.
    static func all(of load: RehearsalLoad) -> [PeakDocument] {
        [PeakDocument(all: load)] + load.pools.sorted { $0.key < $1.key }.map { PeakDocument($0.key, $0.value) }
    }

    private init(all load: RehearsalLoad) {
        name = nil
        runs = Peak(load.running, nil)
    }

    init(_ name: String, _ pool: RehearsalLoad.Pool) {
        self.name = name
        runs = Peak(pool.runs, pool.capacity?.runs)
        cpus = Peak(pool.cpus, pool.capacity?.milliCPUs, in: 1_000)
        memory = Peak(pool.memory, pool.capacity?.memory)
        waiting = Peak(pool.waiting, nil)
        waited = pool.waited
        longestWait = pool.longestWaiter.map { Wait(seconds: pool.longestWait.inSeconds, job: $0.job.text, due: $0.due.rfc3339) }
    }

    private enum Key: String, CodingKey { case pool, runs, cpus, memory, waiting, waited, longestWait }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .pool)
        try container.encode(runs, forKey: .runs)
        try container.encode(cpus, forKey: .cpus)
        try container.encode(memory, forKey: .memory)
        try container.encode(waiting, forKey: .waiting)
        try container.encode(waited, forKey: .waited)
        try container.encode(longestWait, forKey: .longestWait)
    }
}

extension RehearsalLoad.Pool {
    /// For people: `4 of 4 runs at 2026-03-01T02:00:00Z; 37 runs had to wait, 6 at once at …, the longest 12 min 3 s: report due …`.
    func words(in zone: Zone) -> String {
        let full = PoolResource.allCases.filter { self[$0].most > 0 }.map { resource in
            let limit = capacity?[resource].map { " of \(resource.number($0))" } ?? ""
            let thing = resource == .memory ? " memory" : " \(resource.rawValue)"
            return resource.number(self[resource].most) + limit + thing + (self[resource].at.map { " at \(zone.local($0))" } ?? "")
        }
        guard overflowed else { return full.joined(separator: ", ") }
        var wait = "\(waited.of("run")) had to wait, \(waiting.most) at once" + (waiting.at.map { " at \(zone.local($0))" } ?? "")
        if let waiter = longestWaiter { wait += ", the longest \(longestWait.words): \(waiter.job) due \(zone.local(waiter.due))" }
        return full.joined(separator: ", ") + "; " + wait
    }
}
