package import Scheduling
package import Timetable

// Short words for tests: names, instants and jobs as literals.

extension JobName: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) {
        guard let name = JobName(text) else { preconditionFailure("`\(text)` is no name of a job") }
        self = name
    }
}

extension Instant: ExpressibleByStringLiteral {
    /// RFC 3339, for example `2026-03-01T02:00:00Z`; a time alone, `02:00:00`, is one of 2026-03-01 in UTC.
    package init(stringLiteral text: String) {
        let full = text.contains("T") ? text : "2026-03-01T" + text + "Z"
        guard let instant = Instant(rfc3339: full) else { preconditionFailure("`\(text)` is no instant") }
        self = instant
    }
}

extension Schedule: ExpressibleByStringLiteral {
    package init(stringLiteral text: String) { self.init(text) }

    /// The schedule of these repeating intervals or cron lines, which must be right.
    package init(_ texts: String..., zone: String = "UTC") {
        do {
            let recurrences = try texts.map { $0.hasPrefix("R") ? try Recurrence(interval: $0) : try Recurrence(cron: $0) }
            self = try Schedule(recurrences, zone: try Zone(named: zone))
        } catch {
            preconditionFailure("\(texts) is no schedule: \(error)")
        }
    }
}

/// A zone that must be there.
package func zone(_ name: String) -> Zone {
    do { return try Zone(named: name) } catch { preconditionFailure("\(name) is no zone: \(error)") }
}

extension PoolCapacity: ExpressibleByIntegerLiteral {
    /// So many runs and nothing else, as a number in the settings means.
    package init(integerLiteral runs: Int64) { self.init(runs: runs) }
}

/// A job that a file with these words would define; `change` sets the rest.
///
/// Its version tells apart what its words tell apart.
package func job(_ name: JobName, _ schedule: Schedule? = nil, after: [Edge] = [], _ change: (inout Job) -> Void = { _ in }) -> Job {
    var job = Job(name: name, command: .shell("true"))
    job.schedule = schedule
    job.after = after
    change(&job)
    job.version = ""
    job.version = "v" + String(UInt(bitPattern: job.hashValue), radix: 36)
    return job
}

extension Edge: ExpressibleByStringLiteral {
    /// `parent` or `parent:condition`.
    package init(stringLiteral text: String) {
        let parts = text.split(separator: ":").map(String.init)
        guard let parent = JobName(parts[0]), let on = parts.count == 1 ? .success : EdgeCondition(rawValue: parts[1]) else {
            preconditionFailure("`\(text)` is no edge")
        }
        self.init(parent: parent, on: on)
    }
}

/// The same numbers for the same seed on every machine (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// True once in `times`.
    package mutating func once(in times: Int) -> Bool { Int.random(in: 0..<times, using: &self) == 0 }

    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }
}
