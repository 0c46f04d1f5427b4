/// What takes slots away from a schedule: bounds in time, days and times of day.
///
/// They look at a slot before `delay` moves it, and go by the clock of the schedule's zone.
package struct Limits: Hashable, Sendable {
    /// The first instant that may be a slot.
    package var notBefore: Bound?
    /// The last instant that may be a slot.
    package var notAfter: Bound?
    package var exclusions: [Exclusion]
    /// Slots must lie in one of them; none means the whole day.
    package var windows: [DailyWindow]

    package init(notBefore: Bound? = nil, notAfter: Bound? = nil, exclusions: [Exclusion] = [], windows: [DailyWindow] = []) {
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.exclusions = exclusions
        self.windows = windows
    }

    package var isEmpty: Bool { notBefore == nil && notAfter == nil && exclusions.isEmpty && windows.isEmpty }
}

/// A union of series seen through limits.
struct LimitedSeries: Sendable {
    let union: SeriesUnion
    let zone: Zone
    private let windows: [DailyWindow]
    private let excluded: ExcludedDays
    /// The instants that may be slots as far as bounds go; both ends included.
    private let first: Instant
    private let last: Instant
    private let hasOnlyBounds: Bool
    /// Where slots may be found at all.
    private let places: Places
    /// On how many days a slot is looked for in one search. After 41 years each day of the year has been each day of the week, and what
    /// is excepted by its date alone comes on top; only a time of day that drifts by less than a window could be further off.
    private let patience: Int

    private enum Places {
        case nowhere
        /// The times of day asked for lie in no window: only slots that a gap shifts may come to lie in one.
        case afterGaps
        case anywhere
    }

    init(_ union: SeriesUnion, limits: Limits, zone: Zone) {
        self.union = union
        self.zone = zone
        windows = limits.windows
        let excluded = ExcludedDays(limits.exclusions)
        self.excluded = excluded
        first = max(limits.notBefore?.instant(in: zone) ?? .firstSlot, .firstSlot)
        last = min(limits.notAfter?.instant(in: zone) ?? .lastSlot, .lastSlot)
        hasOnlyBounds = limits.windows.isEmpty && limits.exclusions.isEmpty
        patience = 41 * 366 + excluded.datedCount
        let open = limits.windows.filter { !excluded.takesAll(of: $0) }
        if excluded.takesAllDays || !limits.windows.isEmpty && open.isEmpty {
            places = .nowhere
        } else if open.isEmpty || union.series.contains(where: { $0.mayLie(in: open, zone: zone) }) {
            places = .anywhere
        } else {
            places = union.series.contains { $0.mayShift(into: open) } ? .afterGaps : .nowhere
        }
    }

    func next(after instant: Instant) -> Slot? {
        let instant = max(instant, Instant(microseconds: first.microseconds - 1))
        switch places {
        case .nowhere: return nil
        case .anywhere: return next(after: instant, through: last)
        case .afterGaps:
            for gap in gaps(from: instant - .seconds(ZoneRules.widestOffset)) {
                if let slot = next(after: max(instant, gap.lowerBound - Instant.resolution), through: min(gap.upperBound, last)) {
                    return slot
                }
            }
            return nil
        }
    }

    private func next(after instant: Instant, through end: Instant) -> Slot? {
        var cursor = instant
        var days = 0
        var day = Int.min
        while days <= patience, let slot = union.next(after: cursor), slot.due <= end {
            guard !hasOnlyBounds else { return slot }
            let found = stretch(at: slot.due)
            if found.isOpen { return slot }
            if found.day != day { (days, day) = (days + 1, found.day) }
            cursor = Instant(microseconds: found.stretch.upperBound - 1)
        }
        return nil
    }

    func previous(before instant: Instant) -> Slot? {
        let instant = min(instant, Instant(microseconds: last.microseconds + 1))
        switch places {
        case .nowhere: return nil
        case .anywhere: return previous(before: instant, from: first)
        case .afterGaps:
            // There is no list of gaps from the back; those of the years before are few.
            let start = instant - .seconds(41 * 366 * 86_400)
            for gap in gaps(from: start).filter({ $0.lowerBound < instant }).reversed() {
                let bound = min(instant, gap.upperBound + Instant.resolution)
                if let slot = previous(before: bound, from: max(gap.lowerBound, first)) { return slot }
            }
            return nil
        }
    }

    private func previous(before instant: Instant, from start: Instant) -> Slot? {
        var cursor = instant
        var days = 0
        var day = Int.max
        while days <= patience, let slot = union.previous(before: cursor), slot.due >= start {
            guard !hasOnlyBounds else { return slot }
            let found = stretch(at: slot.due)
            if found.isOpen { return slot }
            if found.day != day { (days, day) = (days + 1, found.day) }
            cursor = Instant(microseconds: found.stretch.lowerBound)
        }
        return nil
    }

    /// For each time that the clock is put forward in the 41 years from `start` on, the instants to which slots are shifted.
    private func gaps(from start: Instant) -> [ClosedRange<Instant>] {
        var gaps: [ClosedRange<Instant>] = []
        var cursor = start
        let end = start + .seconds(42 * 366 * 86_400)
        while let change = zone.nextChange(after: cursor), change.at <= end {
            if change.isGap { gaps.append(change.at...(change.at + .seconds(change.after - change.before))) }
            cursor = change.at
        }
        return gaps
    }

    func count(after start: Instant, through end: Instant) -> Int {
        var cursor = max(start, Instant(microseconds: first.microseconds - 1))
        let end = min(end, last)
        guard !hasOnlyBounds else { return cursor < end ? union.count(after: cursor, through: end) : 0 }
        var count = 0
        while let slot = union.next(after: cursor), slot.due <= end {
            let (stretch, isOpen, _) = stretch(at: slot.due)
            let stop = min(end, Instant(microseconds: stretch.upperBound - 1))
            if isOpen { count += union.count(after: cursor, through: stop) }
            cursor = stop
        }
        return count
    }

    /// Slots of the union in (`start`, `end`] that limits take away, ascending, `most` of them at most, and what takes each away.
    func excluded(after start: Instant, through end: Instant, atMost most: Int) -> [(due: Instant, limit: Limit)] {
        var excluded: [(due: Instant, limit: Limit)] = []
        var cursor = start
        while excluded.count < most, let slot = union.next(after: cursor), slot.due <= end {
            cursor = slot.due
            if let open = openStretch(at: slot.due) {
                cursor = Instant(microseconds: open.upperBound - 1)
            } else {
                excluded.append((slot.due, limit(at: slot.due)))
            }
        }
        return excluded
    }

    /// What takes the slot at `instant` away, when something does.
    private func limit(at instant: Instant) -> Limit {
        if instant < first { return .notBefore }
        if instant > last { return .notAfter }
        let isExcepted = excluded.stretch(around: instant) != nil || excluded.stretch(around: zone.wall(instant).dayNumber) != nil
        return isExcepted ? .except : .between
    }

    /// A stretch around `instant` in which every slot of the union is one; nil when there can be none at `instant`.
    private func openStretch(at instant: Instant) -> Range<Int64>? {
        guard instant >= first, instant <= last else { return nil }
        let bounds = first.microseconds..<(last.microseconds + 1)
        guard !hasOnlyBounds else { return bounds }
        let (stretch, isOpen, _) = stretch(at: instant)
        return isOpen ? stretch.clamped(to: bounds) : nil
    }

    /// The microseconds around `instant` during which nothing changes: neither the offset, nor the day, nor whether a window is open.
    ///
    /// Days without slots in a row are one stretch. `day` is the local one of `instant`.
    private func stretch(at instant: Instant) -> (stretch: Range<Int64>, isOpen: Bool, day: Int) {
        let span = zone.rules.span(at: instant.microseconds.floored(by: WallTime.second))
        let wall = WallTime(microseconds: instant.microseconds + span.offset * WallTime.second)
        let day = wall.dayNumber
        if let event = excluded.stretch(around: instant) {
            return (event.lowerBound.microseconds..<event.upperBound.microseconds, false, day)
        }
        let midnight = Int64(day) * 86_400
        var walls = midnight..<midnight + 86_400
        var isOpen = windows.isEmpty
        if let days = excluded.stretch(around: day) {
            walls = Int64(days.lowerBound) * 86_400..<Int64(days.upperBound + 1) * 86_400
            isOpen = false
        } else if !windows.isEmpty {
            let part = part(ofDay: day, at: Int(wall.microsecondOfDay / WallTime.second))
            walls = midnight + Int64(part.seconds.lowerBound)..<midnight + Int64(part.seconds.upperBound)
            isOpen = part.isOpen
        }
        let (start, end) = (max(walls.lowerBound - span.offset, span.start), min(walls.upperBound - span.offset, span.end))
        let events = isOpen ? excluded.edges(around: instant) : (last: .distantPast, next: .distantFuture)
        let stretch = max(start * WallTime.second, events.last.microseconds)..<min(end * WallTime.second, events.next.microseconds)
        return (stretch, isOpen, day)
    }

    /// The seconds of a day around `second` during which windows stay open, or closed.
    private func part(ofDay day: Int, at second: Int) -> (seconds: Range<Int>, isOpen: Bool) {
        let weekday = CivilDate.weekday(ofDayNumber: day)
        var open: (from: Int, until: Int)?
        var (closedFrom, closedUntil) = (0, 86_400)
        func look(at range: Range<Int>) {
            if range.isEmpty { return }
            if range.contains(second) {
                open = (min(open?.from ?? range.lowerBound, range.lowerBound), max(open?.until ?? range.upperBound, range.upperBound))
            } else if range.upperBound <= second {
                closedFrom = max(closedFrom, range.upperBound)
            } else {
                closedUntil = min(closedUntil, range.lowerBound)
            }
        }
        for window in windows {
            let seconds = window.seconds(ofWeekday: weekday)
            look(at: seconds.goingOn)
            look(at: seconds.beginning)
        }
        return open.map { ($0.from..<$0.until, true) } ?? (closedFrom..<closedUntil, false)
    }
}
