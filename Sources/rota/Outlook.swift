import Timetable

/// A slot to come, and what would have come since the one before it.
struct Outlook {
    let slot: Slot
    let zone: Zone
    /// What a change of the clock did to the slot.
    let change: ClockChange?
    /// Occurrences since the slot before that are none: the first few.
    let absent: [Absence]
    /// How many there are in all.
    let absences: Int

    /// An occurrence that is no slot.
    struct Absence: Encodable {
        let due: Instant
        let local: String
        /// The key of the job that takes it away.
        let by: String

        private enum Key: String, CodingKey { case due, local, by }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(due.rfc3339, forKey: .due)
            try container.encode(local, forKey: .local)
            try container.encode(by, forKey: .by)
        }

        /// For people.
        var note: String { by == "dst" ? "does not exist that day, left out by `dst`" : "excluded by `\(by)`" }
    }

    private static let mostAbsences = 3
    private static let mostLeftOut = 10_000
    /// How far ahead occurrences are looked for that are no slots.
    static let horizon = Duration.seconds(10 * 366 * 86_400)

    /// Slots of `schedule` in (`after`, `end`], `count` at most.
    ///
    /// - Parameter zone: In which local times are shown, if not in the schedule's own.
    static func slots(
        of schedule: Schedule, after: Instant, through end: Instant = .distantFuture, count: Int, shownIn zone: Zone? = nil
    ) -> [Outlook] {
        var outlook: [Outlook] = []
        var cursor = after
        while outlook.count < count, let slot = schedule.next(after: cursor), slot.due <= end {
            let (absent, absences) = absent(in: schedule, after: cursor, through: slot.due, shownIn: zone)
            outlook.append(
                Outlook(
                    slot: slot, zone: zone ?? schedule.localZone, change: schedule.clockChange(at: slot.due), absent: absent,
                    absences: absences)
            )
            cursor = slot.due
        }
        return outlook
    }

    /// The first occurrences in (`after`, `end`] that are no slots, and how many there are.
    static func absent(
        in schedule: Schedule, after: Instant, through end: Instant, shownIn zone: Zone? = nil
    ) -> (first: [Absence], count: Int) {
        let excluded = schedule.excluded(after: after, through: end, atMost: mostAbsences)
        var absent = excluded.map { Absence(due: $0.due, local: (zone ?? schedule.localZone).local($0.due), by: $0.limit.rawValue) }
        var count = schedule.excludedCount(after: after, through: end)
        if schedule.daylight.gap == .skip {
            let leftOut = schedule.changedSlots(after: after, through: end, atMost: mostLeftOut).filter { $0.change == nil }
            absent += leftOut.map { Absence(due: $0.due, local: $0.asked, by: "dst") }
            count += leftOut.count
        }
        return (Array(absent.sorted { $0.due < $1.due }.prefix(mostAbsences)), count)
    }

    /// What is special about the slot, for people; empty for most.
    var note: String {
        switch change {
        case nil: ""
        case .shifted(let by): "moved by \(by.inWords): the local time asked for does not exist that day"
        case .firstOfTwo: "the first of two equal local times"
        case .lastOfTwo: "the second of two equal local times"
        }
    }
}

extension ChangedSlot {
    /// What the change of the clock does to the slot, for people.
    func words(in schedule: Schedule) -> String {
        let local = schedule.localZone.local(due)
        return switch change {
        case .shifted: "\(asked) does not exist; its slot is moved to \(local)"
        case nil: "\(asked) does not exist; it has no slot (dst: { gap: skip })"
        case .firstOfTwo: "\(asked) comes twice; the first is a slot: \(local)"
        case .lastOfTwo: "\(asked) comes twice; the second is a slot: \(local)"
        }
    }
}

extension ClockChange {
    /// The stable word of JSON.
    var word: String {
        switch self {
        case .shifted: "shifted"
        case .firstOfTwo: "firstOfTwo"
        case .lastOfTwo: "lastOfTwo"
        }
    }
}
