extension CalendarSeries {
    /// Slots in (`start`, `end`]: the difference of two occurrence numbers, set right for each change of the clock that leaves out or
    /// doubles one.
    ///
    /// With the default rule no change does, except one that drops a whole day.
    func count(after start: Instant, through end: Instant) -> Int {
        guard lowest <= highest, start < end else { return 0 }
        let (start, end) = (start.clampedToSlots, min(end, .lastSlot))
        let before = last(notAfter: start, by: \.earliest)
        let through = last(notAfter: end, by: \.earliest)
        var count = Int(through - before)
        if daylight.gap == .skip || daylight.fold != .first {
            for change in changes(from: max(before, lowest), to: max(through, lowest)) {
                count += correction(change, before: before, through: through, start: start, end: end)
            }
        }
        if daylight.gap == .shift, period.elapsed == 0 {
            for day in zone.rules.missingDays { count -= coincidences(day, after: before, through: through) }
        }
        return count
    }

    /// Wall times that one change of the clock leaves out or repeats.
    private struct Change {
        let walls: Range<WallTime>
        let isGap: Bool
    }

    private func changes(from first: Int64, to last: Int64) -> [Change] {
        let margin = 2 * ZoneRules.widestOffset
        var span = zone.rules.span(at: wall(first).microseconds.floored(by: WallTime.second) - margin)
        let end = wall(last).microseconds.floored(by: WallTime.second) + margin
        var changes: [Change] = []
        while span.end < end {
            let next = zone.rules.span(at: span.end)
            let (left, right) = (WallTime(seconds: span.end + span.offset), WallTime(seconds: span.end + next.offset))
            if left != right { changes.append(Change(walls: min(left, right)..<max(left, right), isGap: left < right)) }
            span = next
        }
        return changes
    }

    /// What one change adds to the count of first instants.
    private func correction(_ change: Change, before: Int64, through: Int64, start: Instant, end: Instant) -> Int {
        if change.isGap && daylight.gap == .shift || !change.isGap && daylight.fold == .first { return 0 }
        var correction = 0
        var occurrence = first(notBefore: change.walls.lowerBound)
        while occurrence <= highest, wall(occurrence) < change.walls.upperBound {
            let wasCounted = before < occurrence && occurrence <= through
            let (first, second) = resolution(occurrence).slots(daylight)
            let slots = [first, second].count { $0.map { start < $0 && $0 <= end } ?? false }
            correction += slots - (wasCounted ? 1 : 0)
            occurrence += 1
        }
        return correction
    }

    /// How many occurrences of a day that never was are shifted onto an occurrence of the day after it.
    private func coincidences(_ day: Range<WallTime>, after before: Int64, through: Int64) -> Int {
        let length = day.upperBound.microseconds - day.lowerBound.microseconds
        var count = 0
        var occurrence = first(notBefore: day.lowerBound)
        while occurrence <= through, wall(occurrence) < day.upperBound {
            let landing = WallTime(microseconds: wall(occurrence).microseconds + length)
            let regular = first(notBefore: landing)
            if occurrence > before, regular <= highest, wall(regular) == landing { count += 1 }
            occurrence += 1
        }
        return count
    }

    /// The first occurrence that shows `wall` or later; above `highest` when there is none.
    private func first(notBefore wall: WallTime) -> Int64 {
        let average = Period(months: period.months, days: period.days).averageMicroseconds
        let guess = (wall.microseconds - anchor.microseconds).floored(by: average)
        var occurrence = min(max(guess, lowest), highest)
        while occurrence > lowest, self.wall(occurrence - 1) >= wall { occurrence -= 1 }
        while occurrence <= highest, self.wall(occurrence) < wall { occurrence += 1 }
        return occurrence
    }
}
