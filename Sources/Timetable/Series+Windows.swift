extension Series {
    /// Whether some slot that no change of the clock moves could lie in one of `windows`, which go by the clock of `zone`.
    ///
    /// It looks at times of day alone; true also where these are not known.
    func mayLie(in windows: [DailyWindow], zone: Zone) -> Bool {
        let ranges = windows.flatMap { window in
            (0..<7).map(window.seconds).flatMap { [$0.goingOn, $0.beginning] }
        }.filter { !$0.isEmpty }
        switch self {
        case .cron(let series):
            guard series.zone == zone else { return true }
            return ranges.contains { range in series.expression.time(from: range.lowerBound).map { $0 < range.upperBound } ?? false }
        case .calendar(let series):
            guard series.zone == zone, series.period.elapsed == 0, series.pinned == nil else { return true }
            let second = Int(series.anchor.microsecondOfDay / WallTime.second)
            return ranges.contains { $0.contains(second) }
        case .uniform(let series):
            guard zone.isFixed else { return true }
            return ranges.contains { series.mayLie(inDaily: $0, offset: Int64(zone.offset(at: .epoch))) }
        }
    }

    /// Whether its times of day may be moved by a gap.
    var shiftsOverGaps: Bool {
        switch self {
        case .uniform: false
        case .calendar(let series): series.daylight.gap == .shift && !series.zone.isFixed
        case .cron(let series): series.daylight.gap == .shift && !series.zone.isFixed
        }
    }
}

extension UniformSeries {
    /// Whether some occurrence could fall into those seconds of a day whose clock is `offset` seconds ahead of UTC: occurrences show all
    /// times of day that differ from the anchor's by a multiple of what period and day have in common.
    fileprivate func mayLie(inDaily seconds: Range<Int>, offset: Int64) -> Bool {
        let common = Self.greatestCommonDivisor(period, WallTime.day)
        let (start, end) = (Int64(seconds.lowerBound) * WallTime.second, Int64(seconds.upperBound) * WallTime.second)
        let first = start + (anchor + offset * WallTime.second - start).flooredRemainder(by: common)
        return first < end
    }

    private static func greatestCommonDivisor(_ left: Int64, _ right: Int64) -> Int64 {
        right == 0 ? left : greatestCommonDivisor(right, left % right)
    }
}
