/// Everything that moves a job's slots: recurrences, zone and daylight rule.
///
/// A constant, and cheap to copy.
///
/// Its slots are the union of those of its recurrences; where several fall on one instant there is one slot. They lie in the years
/// 0000 to 9999. No question walks from the start: the time of an answer does not depend on how many slots lie between.
package struct Schedule: Sendable {
    private let storage: Storage

    private final class Storage: Sendable {
        let recurrences: [Recurrence]
        let zone: Zone
        let daylight: DaylightRule
        /// Those recurrences that are laid out; all of them once a registration is known.
        let series: [Series]
        let needsAnchor: Bool
        let registration: Instant?

        init(
            _ recurrences: [Recurrence], _ zone: Zone, _ daylight: DaylightRule, series: [Series], needsAnchor: Bool, registration: Instant?
        ) {
            self.recurrences = recurrences
            self.zone = zone
            self.daylight = daylight
            self.series = series
            self.needsAnchor = needsAnchor
            self.registration = registration
        }
    }

    /// Fails when an interval's end does not come after its start, which only the zone may tell, or when there is no recurrence.
    package init(_ recurrences: [Recurrence], zone: Zone = .utc, daylight: DaylightRule = .init()) throws(ScheduleError) {
        guard !recurrences.isEmpty else {
            throw ScheduleError(column: 1, message: "a schedule is missing; write for example R/2026-03-01T02:00/P1D")
        }
        var series: [Series] = []
        for recurrence in recurrences {
            if let one = try Series(recurrence, zone: zone, daylight: daylight, registration: nil) { series.append(one) }
        }
        storage = Storage(
            recurrences, zone, daylight, series: series, needsAnchor: series.count < recurrences.count, registration: nil)
    }

    private init(_ storage: Storage) {
        self.storage = storage
    }

    package var recurrences: [Recurrence] { storage.recurrences }
    /// Where times stand whose text names no zone.
    package var zone: Zone { storage.zone }
    package var daylight: DaylightRule { storage.daylight }

    /// Whether some recurrence has no start of its own (`R/P1D`, `R//P1D`): `anchored(at:)` gives it one, and may be asked again with
    /// another.
    ///
    /// Until then such a recurrence has no slots.
    package var needsAnchor: Bool { storage.needsAnchor }

    /// The instant that `anchored(at:)` pinned; nil before, and for schedules that need none.
    package var anchor: Instant? { storage.registration }

    /// The schedule with every missing start at `registration`, which is a slot itself.
    ///
    /// Other recurrences stay as they are.
    package func anchored(at registration: Instant) -> Schedule {
        guard needsAnchor else { return self }
        let series = recurrences.compactMap { recurrence -> Series? in
            guard case .interval(let interval) = recurrence, case .fromRegistration(let period) = interval.layout else {
                return try? Series(recurrence, zone: zone, daylight: daylight, registration: registration)
            }
            return Series(period: period, count: interval.count, registration: registration, zone: zone, daylight: daylight)
        }
        return Schedule(Storage(recurrences, zone, daylight, series: series, needsAnchor: true, registration: registration))
    }
}

extension Schedule: Hashable {
    /// Whether both make slots by the same rules: the same recurrences in the same order, zone and daylight rule.
    ///
    /// The instant of registration is no rule: an anchored schedule equals the one it was made of.
    package static func == (left: Schedule, right: Schedule) -> Bool {
        left.storage === right.storage
            || left.recurrences == right.recurrences && left.zone == right.zone && left.daylight == right.daylight
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(recurrences)
        hasher.combine(zone)
        hasher.combine(daylight)
    }
}

extension Schedule {
    /// The first slot strictly after `instant`; nil when no more come.
    package func next(after instant: Instant) -> Slot? {
        var next: Slot?
        for series in storage.series {
            if let slot = series.next(after: instant), next.map({ slot.due < $0.due }) ?? true { next = slot }
        }
        return next
    }

    /// The last slot strictly before `instant`; nil when none came.
    package func previous(before instant: Instant) -> Slot? {
        var previous: Slot?
        for series in storage.series {
            if let slot = series.previous(before: instant), previous.map({ slot.due > $0.due }) ?? true { previous = slot }
        }
        return previous
    }

    package func contains(_ instant: Instant) -> Bool {
        storage.series.contains { $0.slot(at: instant) != nil }
    }

    /// How many slots lie in (`start`, `end`]; 0 when the two stand the other way round.
    ///
    /// For one recurrence it takes as long as a look at the range's clock changes, for cron at its months. For several, slots that
    /// coincide are found by walking those of all but the one with the most.
    package func count(after start: Instant, through end: Instant) -> Int {
        guard storage.series.count > 1 else { return storage.series.first?.count(after: start, through: end) ?? 0 }
        let ranked = storage.series.map { (series: $0, count: $0.count(after: start, through: end)) }.sorted { $0.count > $1.count }
        var total = ranked[0].count
        for (rank, sparser) in ranked.enumerated().dropFirst() {
            var cursor = start
            while let slot = sparser.series.next(after: cursor), slot.due <= end {
                if !ranked[..<rank].contains(where: { $0.series.slot(at: slot.due) != nil }) { total += 1 }
                cursor = slot.due
            }
        }
        return total
    }

    /// What a change of the clock did to the slot at `due`: shifted it over a gap, or chose it of two.
    ///
    /// nil when nothing happened, when some recurrence asks for this very instant, and when there is no such slot.
    package func clockChange(at due: Instant) -> ClockChange? {
        var change: ClockChange?
        for series in storage.series where series.slot(at: due) != nil {
            guard let found = series.clockChange(at: due) else { return nil }
            change = change ?? found
        }
        return change
    }

    /// A short text for people: the recurrences as they were written, and the zone.
    package var summary: String {
        recurrences.map(\.text).joined(separator: ", ") + (zone == .utc ? "" : " (\(zone.name))")
    }
}

extension Schedule: CustomStringConvertible {
    package var description: String { summary }
}
