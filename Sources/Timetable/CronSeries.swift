/// The slots of a cron expression in a zone.
///
/// An expression whose minute or hour begins with `*`, like `*/15 * * * *` or `0 */2 * * *`, goes on by elapsed time when the clock
/// changes, as in cron: hours that are left out do not come and hours that repeat come twice. A rule that is stated goes before that,
/// but for expressions that ask for some time of every hour. All others follow the rule.
struct CronSeries: Sendable {
    let expression: CronExpression
    let zone: Zone
    let daylight: DaylightRule

    init(_ expression: CronExpression, zone: Zone, daylight: DaylightRule) {
        self.expression = expression
        self.zone = zone
        let elapsed = DaylightRule(gap: .skip, fold: .both)
        self.daylight =
            if expression.runsEveryHour {
                elapsed
            } else if expression.isWildcard {
                DaylightRule(gap: daylight.statedGap ?? elapsed.gap, fold: daylight.statedFold ?? elapsed.fold)
            } else {
                daylight
            }
    }

    /// A span of the zone's offset and the wall times that make slots in it, all in seconds.
    private struct Stretch {
        let span: ZoneSpan
        /// Shown by the clock in the span, without those that the rule gives to the other turn of a repeated hour.
        let walls: Range<Int64>
        /// Left out just before the span and shifted into it; empty when none is.
        let gap: Range<Int64>
        /// The offset before the span, with which they are shifted.
        let offsetBefore: Int64
        /// The least offset of this span and the next.
        let leastOffset: Int64
    }

    /// Whether a change of the clock moves nothing.
    var goesByElapsedTime: Bool { expression.isWildcard && daylight.gap == .skip && daylight.fold == .both }

    private func stretch(at second: Int64) -> Stretch {
        let span = zone.rules.span(at: second)
        var (low, high) = (Int64.min, Int64.max)
        var (before, after) = (span.offset, span.offset)
        var gap: Range<Int64> = 0..<0
        if span.start > Self.firstSecond {
            before = zone.rules.span(at: span.start - 1).offset
            low = span.start + (daylight.fold == .first ? max(span.offset, before) : span.offset)
            if before < span.offset {
                low = span.start + span.offset
                if daylight.gap == .shift { gap = (span.start + before)..<(span.start + span.offset) }
            }
        }
        if span.end < Self.lastSecond {
            after = zone.rules.span(at: span.end).offset
            high = span.end + (daylight.fold == .last ? min(span.offset, after) : span.offset)
        }
        return Stretch(
            span: span, walls: low..<max(low, high), gap: gap, offsetBefore: before, leastOffset: min(span.offset, after))
    }

    private static let firstSecond = Instant.firstSlot.microseconds.floored(by: WallTime.second) - 1
    private static let lastSecond = Instant.lastSlot.microseconds.floored(by: WallTime.second) + 1

    func next(after instant: Instant) -> Slot? {
        var second = instant.clampedToSlots.microseconds.floored(by: WallTime.second) + 1
        while second < Self.lastSecond {
            let stretch = stretch(at: second)
            let regular = first(from: max(second + stretch.span.offset, stretch.walls.lowerBound), before: stretch.walls.upperBound)
                .map { $0 - stretch.span.offset }
            let shifted = first(from: max(second + stretch.offsetBefore, stretch.gap.lowerBound), before: stretch.gap.upperBound)
                .map { $0 - stretch.offsetBefore }
            if let found = Self.pick(regular, shifted, by: min) { return slot(found) }
            // On to the span of the next wall time, or the one before; what lies between asks for nothing.
            guard stretch.span.end < Self.lastSecond, let wall = expression.wall(from: stretch.span.end + stretch.leastOffset) else {
                return nil
            }
            second = max(stretch.span.end, wall - ZoneRules.widestOffset)
        }
        return nil
    }

    func previous(before instant: Instant) -> Slot? {
        var second = (instant.clampedToSlots.microseconds - 1).floored(by: WallTime.second)
        while second > Self.firstSecond {
            let stretch = stretch(at: second)
            let regular = last(upTo: min(second + stretch.span.offset, stretch.walls.upperBound - 1), from: stretch.walls.lowerBound)
                .map { $0 - stretch.span.offset }
            let shifted = last(upTo: min(second + stretch.offsetBefore, stretch.gap.upperBound - 1), from: stretch.gap.lowerBound)
                .map { $0 - stretch.offsetBefore }
            if let found = Self.pick(regular, shifted, by: max) { return slot(found) }
            guard stretch.span.start > Self.firstSecond, let wall = expression.wall(upTo: stretch.span.start - 1 + stretch.offsetBefore)
            else { return nil }
            second = min(stretch.span.start - 1, wall + ZoneRules.widestOffset)
        }
        return nil
    }

    func count(after start: Instant, through end: Instant) -> Int {
        var second = start.clampedToSlots.microseconds.floored(by: WallTime.second) + 1
        let last = min(end, .lastSlot).microseconds.floored(by: WallTime.second)
        var count = 0
        while second <= last {
            let stretch = stretch(at: second)
            let stop = min(last + 1, stretch.span.end)
            let offset = stretch.span.offset
            count += expression.count(
                from: max(second + offset, stretch.walls.lowerBound), before: min(stop + offset, stretch.walls.upperBound))
            var wall = max(second + stretch.offsetBefore, stretch.gap.lowerBound)
            while let shifted = first(from: wall, before: min(stop + stretch.offsetBefore, stretch.gap.upperBound)) {
                if !isRegular(shifted - stretch.offsetBefore, in: stretch) { count += 1 }
                wall = shifted + 1
            }
            second = stop
        }
        return count
    }

    func clockChange(at due: Instant) -> ClockChange? {
        if goesByElapsedTime { return nil }
        let second = due.microseconds.floored(by: WallTime.second)
        let stretch = stretch(at: second)
        guard isRegular(second, in: stretch) else { return .shifted(by: .seconds(stretch.span.offset - stretch.offsetBefore)) }
        return zone.resolve(zone.wall(due)).change(at: due)
    }

    private func isRegular(_ second: Int64, in stretch: Stretch) -> Bool {
        let wall = second + stretch.span.offset
        return stretch.walls.contains(wall) && expression.holds(wall)
    }

    private func first(from second: Int64, before end: Int64) -> Int64? {
        guard second < end, let wall = expression.wall(from: second), wall < end else { return nil }
        return wall
    }

    private func last(upTo second: Int64, from start: Int64) -> Int64? {
        guard second >= start, let wall = expression.wall(upTo: second), wall >= start else { return nil }
        return wall
    }

    private static func pick(_ left: Int64?, _ right: Int64?, by choice: (Int64, Int64) -> Int64) -> Int64? {
        guard let left, let right else { return left ?? right }
        return choice(left, right)
    }

    private func slot(_ second: Int64) -> Slot? {
        let due = Instant(seconds: second)
        return due >= .firstSlot && due <= .lastSlot ? Slot(due: due) : nil
    }
}
