/// Occurrences laid out on the calendar of a zone: occurrence k shows on the wall clock the anchor plus k times the months (at the
/// end of a shorter month) plus k times the days; to the instant at which it does, k times the elapsed part is added.
///
/// The instants never descend as k rises, for the months and days together make at least a day. So each question is answered by a
/// guess from the average length of the period, which is wrong by a step or two, and the steps.
struct CalendarSeries: Sendable {
    let zone: Zone
    let daylight: DaylightRule
    let period: Period
    let anchor: WallTime
    private let anchorDate: CivilDate
    /// The instant of occurrence 0 where the anchor itself tells it: a registration, or an offset in the text.
    let pinned: Instant?
    private let origin: Instant
    let lowest: Int64
    let highest: Int64

    /// `period` has months or days.
    init(anchor: WallTime, pinned: Instant?, period: Period, zone: Zone, daylight: DaylightRule, occurrences: OccurrenceRange) {
        self.zone = zone
        self.daylight = daylight
        self.period = period
        self.anchor = anchor
        self.pinned = pinned
        anchorDate = anchor.date
        origin = pinned ?? zone.resolve(anchor).earliest
        // Further out than the average may be wrong; slots outside the range are dropped when they are asked for.
        let average = period.averageMicroseconds
        let first = (Instant.firstSlot.microseconds - origin.microseconds).floored(by: average) - 16
        let last = (Instant.lastSlot.microseconds - origin.microseconds).floored(by: average) + 16
        lowest = max(occurrences.lowest ?? first, first)
        highest = min(occurrences.highest ?? last, last)
    }

    // MARK: One occurrence

    func wall(_ occurrence: Int64) -> WallTime {
        guard period.months != 0 else {
            return WallTime(microseconds: anchor.microseconds + occurrence * period.days * WallTime.day)
        }
        let months = Int64(anchorDate.year * 12 + anchorDate.month - 1) + occurrence * period.months
        let year = Int(months.floored(by: 12))
        let month = Int(months.flooredRemainder(by: 12)) + 1
        let day = min(anchorDate.day, CivilDate.days(inMonth: month, of: year))
        let dayNumber = CivilDate(year: year, month: month, day: day).dayNumber + Int(occurrence * period.days)
        return WallTime(dayNumber: dayNumber, microsecondOfDay: anchor.microsecondOfDay)
    }

    func resolution(_ occurrence: Int64) -> Resolution {
        if occurrence == 0, let pinned { return .once(pinned) }
        return zone.resolve(wall(occurrence)).later(by: occurrence * period.elapsed)
    }

    func occurrence(_ number: Int64) -> Instant? {
        guard number >= lowest, number <= highest else { return nil }
        let slots = resolution(number).slots(daylight)
        guard let due = slots.first ?? slots.second, due >= .firstSlot, due <= .lastSlot else { return nil }
        return due
    }

    // MARK: From an instant to an occurrence

    private func guess(_ instant: Instant) -> Int64 {
        let average = (instant.microseconds - origin.microseconds).floored(by: period.averageMicroseconds)
        return min(max(average, lowest), highest)
    }

    /// The last occurrence of which `place` is not after `instant`; one below `lowest` when there is none.
    func last(notAfter instant: Instant, by place: (Resolution) -> Instant) -> Int64 {
        var occurrence = guess(instant)
        if place(resolution(occurrence)) <= instant {
            while occurrence < highest, place(resolution(occurrence + 1)) <= instant { occurrence += 1 }
            return occurrence
        }
        repeat { occurrence -= 1 } while occurrence >= lowest && place(resolution(occurrence)) > instant
        return occurrence
    }

    // MARK: Questions

    func next(after instant: Instant) -> Slot? {
        guard lowest <= highest else { return nil }
        let instant = instant.clampedToSlots
        var occurrence = last(notAfter: instant, by: \.latest) + 1
        while occurrence <= highest {
            let (first, second) = resolution(occurrence).slots(daylight)
            if let due = first.after(instant) ?? second.after(instant) {
                return due <= .lastSlot ? Slot(due: due, occurrence: occurrence) : nil
            }
            occurrence += 1
        }
        return nil
    }

    func previous(before instant: Instant) -> Slot? {
        guard lowest <= highest else { return nil }
        let instant = Instant(microseconds: instant.clampedToSlots.microseconds - 1)
        var occurrence = last(notAfter: instant, by: \.earliest)
        while occurrence >= lowest {
            let (first, second) = resolution(occurrence).slots(daylight)
            if let due = second.notAfter(instant) ?? first.notAfter(instant) {
                return due >= .firstSlot ? Slot(due: due, occurrence: occurrence) : nil
            }
            occurrence -= 1
        }
        return nil
    }
}

extension Instant? {
    fileprivate func after(_ bound: Instant) -> Instant? {
        flatMap { $0 > bound ? $0 : nil }
    }

    fileprivate func notAfter(_ bound: Instant) -> Instant? {
        flatMap { $0 <= bound ? $0 : nil }
    }
}
