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

    /// Whether a gap of its zone may shift a slot into one of `windows`.
    func mayShift(into windows: [DailyWindow]) -> Bool {
        let (zone, daylight): (Zone, DaylightRule)
        switch self {
        case .uniform: return false
        case .calendar(let series): (zone, daylight) = (series.zone, series.daylight)
        case .cron(let series): (zone, daylight) = (series.zone, series.daylight)
        }
        guard daylight.gap == .shift else { return false }
        return windows.contains { window in
            (0..<7).map(window.seconds).contains { zone.lands(in: $0.goingOn) || zone.lands(in: $0.beginning) }
        }
    }
}

extension Zone {
    /// Whether times in gaps are shifted to some of those seconds of a day.
    fileprivate func lands(in seconds: Range<Int>) -> Bool {
        let seconds = Int64(seconds.lowerBound)..<Int64(seconds.upperBound)
        guard !seconds.isEmpty else { return false }
        return rules.landings.contains { landing in
            let nextDay = landing.lowerBound - 86_400..<landing.upperBound - 86_400
            return landing.overlaps(seconds) || nextDay.overlaps(seconds)
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
