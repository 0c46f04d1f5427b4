/// What takes slots away from a schedule: bounds in time, days and times of day.
///
/// They look at a slot before `delay` moves it.
package struct Limits: Hashable, Sendable {
    /// The first instant that may be a slot.
    package var notBefore: Instant?
    /// The last instant that may be a slot.
    package var notAfter: Instant?
    package var exclusions: [Exclusion]
    /// Slots must lie in one of them; none means the whole day.
    package var windows: [DailyWindow]

    package init(notBefore: Instant? = nil, notAfter: Instant? = nil, exclusions: [Exclusion] = [], windows: [DailyWindow] = []) {
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.exclusions = exclusions
        self.windows = windows
    }

    package var isEmpty: Bool { notBefore == nil && notAfter == nil && exclusions.isEmpty && windows.isEmpty }

    /// Reads a bound: any date and time of ISO 8601 that can start an interval, on the clock of `zone` unless it names another.
    ///
    /// A repeated time is taken the first time, one that a gap leaves out is shifted.
    /// - Parameter isLast: A date without a time then means the end of that day, not its beginning.
    package static func bound(parsing text: String, zone: Zone, isLast: Bool = false) throws(ScheduleError) -> Instant {
        var scanner = TextScanner(text)
        guard scanner.digitsAhead > 0 else {
            throw scanner.error("a date is expected before \(scanner.found); write for example 2026-03-01 or 2026-03-01T09:00")
        }
        var afterDate = scanner
        _ = try afterDate.date()
        let time = try WrittenTime(&scanner)
        guard scanner.isAtEnd else { throw scanner.error("nothing may follow the time; remove \(scanner.found)") }
        let own = time.zone ?? zone
        guard isLast, !afterDate.isAt("T") else { return time.instant(in: own, fold: .first) }
        let nextDay = WrittenTime(wall: WallTime(microseconds: time.wall.microseconds + WallTime.day), zone: time.zone)
        return nextDay.instant(in: own, fold: .first) - Instant.resolution
    }
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

    init(_ union: SeriesUnion, limits: Limits, zone: Zone) {
        self.union = union
        self.zone = zone
        windows = limits.windows
        excluded = ExcludedDays(limits.exclusions)
        first = max(limits.notBefore ?? .firstSlot, .firstSlot)
        last = min(limits.notAfter ?? .lastSlot, .lastSlot)
        hasOnlyBounds = limits.windows.isEmpty && limits.exclusions.isEmpty
        patience = (41 * 366 + Int64(excluded.datedCount)) * WallTime.day
    }

    /// When none comes in so much time that was looked through, none ever comes: after 41 years each day of the year has been each day of
    /// the week, and what is excepted by its date alone comes on top.
    private let patience: Int64

    func next(after instant: Instant) -> Slot? {
        var cursor = max(instant, Instant(microseconds: first.microseconds - 1))
        var rest = patience
        while rest > 0, let slot = union.next(after: cursor), slot.due <= last {
            guard let stretch = closedStretch(at: slot.due) else { return slot }
            rest -= min(stretch.upperBound - slot.due.microseconds, WallTime.day)
            cursor = Instant(microseconds: stretch.upperBound - 1)
        }
        return nil
    }

    func previous(before instant: Instant) -> Slot? {
        var cursor = min(instant, Instant(microseconds: last.microseconds + 1))
        var rest = patience
        while rest > 0, let slot = union.previous(before: cursor), slot.due >= first {
            guard let stretch = closedStretch(at: slot.due) else { return slot }
            rest -= min(slot.due.microseconds - stretch.lowerBound + 1, WallTime.day)
            cursor = Instant(microseconds: stretch.lowerBound)
        }
        return nil
    }

    func count(after start: Instant, through end: Instant) -> Int {
        var cursor = max(start, Instant(microseconds: first.microseconds - 1))
        let end = min(end, last)
        guard !hasOnlyBounds else { return cursor < end ? union.count(after: cursor, through: end) : 0 }
        var count = 0
        while let slot = union.next(after: cursor), slot.due <= end {
            let (stretch, isOpen) = stretch(at: slot.due)
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
        let (stretch, isOpen) = stretch(at: instant)
        return isOpen ? stretch.clamped(to: bounds) : nil
    }

    /// A stretch around `instant` in which there can be no slots; nil when there can be one at `instant`.
    private func closedStretch(at instant: Instant) -> Range<Int64>? {
        guard !hasOnlyBounds else { return nil }
        let (stretch, isOpen) = stretch(at: instant)
        return isOpen ? nil : stretch
    }

    /// The microseconds around `instant` during which nothing changes: neither the offset, nor the day, nor what windows are open.
    ///
    /// Days without slots in a row are one stretch.
    private func stretch(at instant: Instant) -> (Range<Int64>, isOpen: Bool) {
        if let event = excluded.stretch(around: instant) {
            return (event.lowerBound.microseconds..<event.upperBound.microseconds, false)
        }
        let span = zone.rules.span(at: instant.microseconds.floored(by: WallTime.second))
        let wall = WallTime(microseconds: instant.microseconds + span.offset * WallTime.second)
        let day = wall.dayNumber
        let second = Int(wall.microsecondOfDay / WallTime.second)
        var walls = Int64(day) * 86_400..<Int64(day + 1) * 86_400
        var isOpen = windows.isEmpty
        if let days = excluded.stretch(around: day) {
            walls = Int64(days.lowerBound) * 86_400..<Int64(days.upperBound + 1) * 86_400
            isOpen = false
        } else {
            let weekday = CivilDate.weekday(ofDayNumber: day)
            for window in windows {
                if window.contains(second, weekday: weekday) { isOpen = true }
                for edge in [window.from, window.until] {
                    let edge = Int64(day) * 86_400 + Int64(edge)
                    if edge <= Int64(day) * 86_400 + Int64(second) {
                        walls = max(walls.lowerBound, edge)..<walls.upperBound
                    } else {
                        walls = walls.lowerBound..<min(walls.upperBound, edge)
                    }
                }
            }
        }
        let (start, end) = (max(walls.lowerBound - span.offset, span.start), min(walls.upperBound - span.offset, span.end))
        let events = isOpen ? excluded.edges(around: instant) : (last: .distantPast, next: .distantFuture)
        let stretch = max(start * WallTime.second, events.last.microseconds)..<min(end * WallTime.second, events.next.microseconds)
        return (stretch, isOpen)
    }
}
