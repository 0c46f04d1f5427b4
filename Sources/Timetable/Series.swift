/// The slots of one recurrence, worked out for a zone and a daylight rule.
enum Series: Sendable {
    case uniform(UniformSeries)
    case calendar(CalendarSeries)
    case cron(CronSeries)

    /// Strictly after.
    func next(after instant: Instant) -> Slot? {
        switch self {
        case .uniform(let series): series.next(after: instant)
        case .calendar(let series): series.next(after: instant)
        case .cron(let series): series.next(after: instant)
        }
    }

    /// Strictly before.
    func previous(before instant: Instant) -> Slot? {
        switch self {
        case .uniform(let series): series.previous(before: instant)
        case .calendar(let series): series.previous(before: instant)
        case .cron(let series): series.previous(before: instant)
        }
    }

    /// Slots in (`start`, `end`].
    func count(after start: Instant, through end: Instant) -> Int {
        switch self {
        case .uniform(let series): series.count(after: start, through: end)
        case .calendar(let series): series.count(after: start, through: end)
        case .cron(let series): series.count(after: start, through: end)
        }
    }

    /// When occurrence `number` is due, the first time if it comes twice; nil where there is none.
    func occurrence(_ number: Int64) -> Instant? {
        switch self {
        case .uniform(let series): series.occurrence(number)
        case .calendar(let series): series.occurrence(number)
        case .cron: nil
        }
    }

    /// The slot at `instant`, if there is one.
    func slot(at instant: Instant) -> Slot? {
        next(after: instant - Instant.resolution).flatMap { $0.due == instant ? $0 : nil }
    }

    /// What a change of the clock did to the slot at `due`; nil for nothing, or when there is no such slot.
    func clockChange(at due: Instant) -> ClockChange? {
        guard let slot = slot(at: due) else { return nil }
        return switch self {
        case .uniform: nil
        case .calendar(let series): slot.occurrence.flatMap { series.resolution($0).change(at: due) }
        case .cron(let series): series.clockChange(at: due)
        }
    }
}

extension Series {
    /// nil when the recurrence still waits for the registration of its job.
    init?(_ recurrence: Recurrence, zone: Zone, daylight: DaylightRule, registration: Instant?) throws(ScheduleError) {
        switch recurrence {
        case .cron(let expression):
            self = .cron(CronSeries(expression, zone: zone, daylight: daylight))
        case .interval(let interval):
            switch interval.layout {
            case .fromRegistration(let period):
                guard let registration else { return nil }
                self.init(period: period, count: interval.count, registration: registration, zone: zone, daylight: daylight)
            case .from(let start, let period):
                self.init(anchor: start, period: period, occurrences: .init(from: interval.count), zone: zone, daylight: daylight)
            case .upTo(let period, let end):
                self.init(anchor: end, period: period, occurrences: .init(upTo: interval.count), zone: zone, daylight: daylight)
            case .between(let start, let end, let column):
                let period = try Self.period(from: start, to: end, zone: zone, fold: daylight.fold, column: column)
                self.init(anchor: start, period: period, occurrences: .init(from: interval.count), zone: zone, daylight: daylight)
            }
        }
    }

    /// The series of `R/period`, from the instant of registration on.
    init(period: Period, count: Int64?, registration: Instant, zone: Zone, daylight: DaylightRule) {
        let start = max(.firstSlot, min(registration, .lastSlot))
        self.init(
            anchor: zone.wall(start), pinned: start, period: period, occurrences: .init(from: count), zone: zone, daylight: daylight)
    }

    private init(anchor: WrittenTime, period: Period, occurrences: OccurrenceRange, zone: Zone, daylight: DaylightRule) {
        let zone = anchor.zone ?? zone
        var pinned: Instant?
        if anchor.offset != nil, case .twice = zone.resolve(anchor.wall) {
            pinned = anchor.instant(in: zone, fold: daylight.fold)
        }
        self.init(anchor: anchor.wall, pinned: pinned, period: period, occurrences: occurrences, zone: zone, daylight: daylight)
    }

    /// Where days are 24 hours, only months need the calendar.
    ///
    /// The anchor of elapsed periods is one instant even in a gap, which shifts it, and in a fold that is to be taken both times, where
    /// it is the first.
    private init(anchor: WallTime, pinned: Instant?, period: Period, occurrences: OccurrenceRange, zone: Zone, daylight: DaylightRule) {
        guard period.months == 0, period.days == 0 || zone.isFixed else {
            self = .calendar(
                CalendarSeries(anchor: anchor, pinned: pinned, period: period, zone: zone, daylight: daylight, occurrences: occurrences))
            return
        }
        let start = pinned ?? WrittenTime(wall: anchor, zone: zone).instant(in: zone, fold: daylight.fold)
        self = .uniform(UniformSeries(anchor: start, period: period.days * WallTime.day + period.elapsed, occurrences: occurrences))
    }

    /// The time between two written times: whole days on the wall clock when both show the same time of day in one zone, else what
    /// elapses between them.
    private static func period(
        from start: WrittenTime, to end: WrittenTime, zone: Zone, fold: DaylightRule.Fold, column: Int
    ) throws(ScheduleError) -> Period {
        let (startZone, endZone) = (start.zone ?? zone, end.zone ?? zone)
        let elapsed = end.instant(in: endZone, fold: fold).microseconds - start.instant(in: startZone, fold: fold).microseconds
        guard elapsed > 0 else {
            throw ScheduleError(column: column, message: "the end must come after the start; write a later one, or a period")
        }
        guard startZone == endZone, start.wall.microsecondOfDay == end.wall.microsecondOfDay, start.wall < end.wall else {
            return Period(elapsed: elapsed)
        }
        return Period(days: Int64(end.wall.dayNumber - start.wall.dayNumber))
    }
}
