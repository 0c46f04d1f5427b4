/// Everything that moves a job's slots: recurrences, zone, daylight rule, limits and delay.
///
/// A constant, and cheap to copy.
///
/// Its slots are the union of those of its recurrences; where several fall on one instant there is one slot. They lie in the years
/// 0000 to 9999. No question walks from the start: the time of an answer does not depend on how many slots lie between.
package struct Schedule: Sendable {
    let storage: Storage

    final class Storage: Sendable {
        let rules: Rules
        /// Those recurrences that are laid out; all of them once a registration is known.
        let slots: LimitedSeries
        let isLimited: Bool
        let needsAnchor: Bool
        let registration: Instant?

        /// What the delay does not move past the last slot there may be.
        var lastBeforeDelay: Instant { .lastSlot - rules.delay }

        init(_ rules: Rules, series: [Series], registration: Instant?) {
            self.rules = rules
            slots = LimitedSeries(SeriesUnion(series: series), limits: rules.limits, zone: rules.zone)
            isLimited = !rules.limits.isEmpty || rules.delay != .zero
            needsAnchor = rules.recurrences.contains {
                if case .interval(let interval) = $0 { interval.needsAnchor } else { false }
            }
            self.registration = registration
        }
    }

    struct Rules: Hashable {
        let recurrences: [Recurrence]
        let zone: Zone
        let daylight: DaylightRule
        let limits: Limits
        let delay: Duration
    }

    /// `delay` moves every slot later, after the limits have had their say; see `delay(spread:seed:)`.
    ///
    /// Fails when an interval's end does not come after its start, which only the zone may tell, or when there is no recurrence.
    package init(
        _ recurrences: [Recurrence], zone: Zone = .utc, daylight: DaylightRule = .init(), limits: Limits = .init(), delay: Duration = .zero
    ) throws(ScheduleError) {
        guard !recurrences.isEmpty else {
            throw ScheduleError(column: 1, message: "a schedule is missing; write for example R/2026-03-01T02:00/P1D")
        }
        var series: [Series] = []
        for recurrence in recurrences {
            if let one = try Series(recurrence, zone: zone, daylight: daylight, registration: nil) { series.append(one) }
        }
        let rules = Rules(recurrences: recurrences, zone: zone, daylight: daylight, limits: limits, delay: delay)
        storage = Storage(rules, series: series, registration: nil)
    }

    private init(_ storage: Storage) {
        self.storage = storage
    }

    /// Whether both are copies of one; never true of two that were made apart.
    package func isCopy(of other: Schedule) -> Bool { storage === other.storage }

    package var recurrences: [Recurrence] { storage.rules.recurrences }
    /// Where times stand whose text names no zone, and where the days of `limits` are.
    package var zone: Zone { storage.rules.zone }
    package var daylight: DaylightRule { storage.rules.daylight }
    package var limits: Limits { storage.rules.limits }
    package var delay: Duration { storage.rules.delay }

    /// Whether some recurrence has no start of its own (`R/P1D`, `R//P1D`): `anchored(at:)` gives it one, and may be asked again with
    /// another.
    ///
    /// Until then such a recurrence has no slots.
    package var needsAnchor: Bool { storage.needsAnchor }

    /// The instant that `anchored(at:)` pinned; nil before, and for schedules that need none.
    package var anchor: Instant? { storage.registration }

    /// The schedule with every missing start at `registration`, which then is a slot itself (unless limits take it away).
    ///
    /// Other recurrences stay as they are.
    package func anchored(at registration: Instant) -> Schedule {
        guard needsAnchor, storage.registration != registration else { return self }
        let series = recurrences.compactMap { recurrence -> Series? in
            guard case .interval(let interval) = recurrence, case .fromRegistration(let period) = interval.layout else {
                return try? Series(recurrence, zone: zone, daylight: daylight, registration: registration)
            }
            return Series(period: period, count: interval.count, registration: registration, zone: zone, daylight: daylight)
        }
        return Schedule(Storage(storage.rules, series: series, registration: registration))
    }

    /// How much later a job's slots come when they are to be spread over the first `spread` of their period: from zero up to below
    /// `spread`, to the second where that is a second or more.
    ///
    /// Drawn from `seed`, usually the job's name, so that it is the same after every restart and on every machine.
    package static func delay(spread: Duration, seed: String) -> Duration {
        let unit = spread >= .seconds(1) ? WallTime.second : 1
        let choices = spread.wholeMicroseconds / unit
        guard choices > 0 else { return .zero }
        return .microseconds(Int64(stableHash(of: seed, salt: 255) % UInt64(choices)) * unit)
    }
}

extension Schedule: Hashable {
    /// Whether both make slots by the same rules: the same recurrences in the same order, zone, daylight rule, limits and delay.
    ///
    /// The instant of registration is no rule: an anchored schedule equals the one it was made of.
    package static func == (left: Schedule, right: Schedule) -> Bool {
        left.storage === right.storage || left.storage.rules == right.storage.rules
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(storage.rules)
    }
}

extension Schedule {
    /// The first slot strictly after `instant`; nil when no more come.
    package func next(after instant: Instant) -> Slot? {
        guard storage.isLimited else { return storage.slots.union.next(after: instant) }
        return storage.slots.next(after: instant - delay).flatMap(delayed)
    }

    /// The last slot strictly before `instant`; nil when none came.
    package func previous(before instant: Instant) -> Slot? {
        guard storage.isLimited else { return storage.slots.union.previous(before: instant) }
        return storage.slots.previous(before: min(instant - delay, storage.lastBeforeDelay + Instant.resolution)).flatMap(delayed)
    }

    package func contains(_ instant: Instant) -> Bool {
        next(after: instant - Instant.resolution)?.due == instant
    }

    /// How many slots lie in (`start`, `end`]; 0 when the two stand the other way round.
    ///
    /// For one recurrence it takes as long as a look at the range's clock changes, for cron at its months, with exclusions or windows at
    /// its days. For several, slots that coincide are found by walking those of all but the one with the most.
    package func count(after start: Instant, through end: Instant) -> Int {
        guard storage.isLimited else { return storage.slots.union.count(after: start, through: end) }
        return storage.slots.count(after: start - delay, through: min(end - delay, storage.lastBeforeDelay))
    }

    /// Occurrence `number`, which is the anchor plus `number` periods: 0 for the anchor itself, negative before an end.
    ///
    /// Of a time that comes twice it is the first slot. nil when that occurrence does not exist or the limits take it away, and for cron
    /// and schedules of several recurrences, whose slots have no such number.
    package func occurrence(_ number: Int64) -> Slot? {
        guard recurrences.count == 1, let due = storage.slots.union.series.first?.occurrence(number) else { return nil }
        return contains(due + delay) ? Slot(due: due + delay, occurrence: number) : nil
    }

    /// What a change of the clock did to the slot at `due`: shifted it over a gap, or chose it of two.
    ///
    /// nil when nothing happened, when some recurrence asks for this very instant, and when there is no such slot.
    package func clockChange(at due: Instant) -> ClockChange? {
        contains(due) ? storage.slots.union.clockChange(at: due - delay) : nil
    }

    /// nil past the year 9999.
    private func delayed(_ slot: Slot) -> Slot? {
        slot.due <= storage.lastBeforeDelay ? Slot(due: slot.due + delay, occurrence: slot.occurrence) : nil
    }

    /// The recurrences that changes of the clock can touch, without limits and delay.
    var onTheWall: SeriesUnion {
        SeriesUnion(
            series: storage.slots.union.series.filter { series in
                switch series {
                case .uniform: false
                case .calendar: true
                case .cron(let series): !series.goesByElapsedTime
                }
            })
    }
}

extension Schedule: CustomStringConvertible {
    package var description: String { summary }
}
