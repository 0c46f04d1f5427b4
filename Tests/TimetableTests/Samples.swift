import Timetable

func instant(_ text: String) -> Instant {
    guard let instant = Instant(rfc3339: text) else { preconditionFailure("no RFC 3339: \(text)") }
    return instant
}

func schedule(_ texts: String..., zone: String = "UTC", gap: DaylightRule.Gap? = nil, fold: DaylightRule.Fold? = nil) throws -> Schedule {
    let recurrences = try texts.map { $0.hasPrefix("R") ? try Recurrence(interval: $0) : try Recurrence(cron: $0) }
    return try Schedule(recurrences, zone: try Zone(named: zone), daylight: DaylightRule(gap: gap, fold: fold))
}

extension Schedule {
    /// Local times of the slots in (`start`, `end`], asked for one by one from the front.
    func slots(after start: String, through end: String, in zone: Zone? = nil) -> [String] {
        instants(after: instant(start), through: instant(end)).map { (zone ?? self.zone).local($0) }
    }

    func instants(after start: Instant, through end: Instant) -> [Instant] {
        var found: [Instant] = []
        var cursor = start
        while let slot = next(after: cursor), slot.due <= end {
            found.append(slot.due)
            cursor = slot.due
        }
        return found
    }

    /// The same, from the back.
    func instantsBackwards(after start: Instant, through end: Instant) -> [Instant] {
        var found: [Instant] = []
        var cursor = end + Instant.resolution
        while let slot = previous(before: cursor), slot.due > start {
            found.append(slot.due)
            cursor = slot.due
        }
        return found.reversed()
    }

    /// Local times of the first `count` slots after `start`.
    func first(_ count: Int, after start: String) -> [String] {
        var found: [String] = []
        var cursor = instant(start)
        while found.count < count, let slot = next(after: cursor) {
            found.append(zone.local(slot.due))
            cursor = slot.due
        }
        return found
    }
}
