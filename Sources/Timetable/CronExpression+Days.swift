/// Walks over the days and times of an expression on one wall clock, counted in seconds since 1970-01-01T00:00:00 of that clock.
extension CronExpression {
    /// The first time from `second` on; nil past the year 10 000.
    func wall(from second: Int64) -> Int64? {
        let dayNumber = Int(second.floored(by: 86_400))
        let date = CivilDate(dayNumber: dayNumber)
        var days = months.holds(date.month) ? self.days(inMonth: date.month, of: date.year) : 0
        if days.holds(date.day), let time = time(from: Int(second.flooredRemainder(by: 86_400))) {
            return Int64(dayNumber) * 86_400 + Int64(time)
        }
        days &= ~UInt64.days(date.day)
        var (year, month) = (date.year, date.month)
        while days == 0 {
            (year, month) = months.first(from: month + 1).map { (year, $0) } ?? (year + 1, months.trailingZeroBitCount)
            guard year <= 10_000 else { return nil }
            days = self.days(inMonth: month, of: year)
        }
        let found = CivilDate(year: year, month: month, day: days.trailingZeroBitCount).dayNumber
        return Int64(found) * 86_400 + Int64(time(from: 0) ?? 0)
    }

    /// The last time up to `second`; nil before the year −1.
    func wall(upTo second: Int64) -> Int64? {
        let dayNumber = Int(second.floored(by: 86_400))
        let date = CivilDate(dayNumber: dayNumber)
        var days = months.holds(date.month) ? self.days(inMonth: date.month, of: date.year) : 0
        if days.holds(date.day), let time = time(upTo: Int(second.flooredRemainder(by: 86_400))) {
            return Int64(dayNumber) * 86_400 + Int64(time)
        }
        days = days.below(date.day)
        var (year, month) = (date.year, date.month)
        while days == 0 {
            (year, month) = months.last(upTo: month - 1).map { (year, $0) } ?? (year - 1, months.highestBit)
            guard year >= -1 else { return nil }
            days = self.days(inMonth: month, of: year)
        }
        let found = CivilDate(year: year, month: month, day: days.highestBit).dayNumber
        return Int64(found) * 86_400 + Int64(time(upTo: 86_399) ?? 0)
    }

    /// How many times lie from `start` up to before `end`.
    func count(from start: Int64, before end: Int64) -> Int {
        guard start < end else { return 0 }
        let (first, last) = (CivilDate(dayNumber: Int(start.floored(by: 86_400))), CivilDate(dayNumber: Int(end.floored(by: 86_400))))
        let perDay = times(before: 86_400)
        var count = 0
        var (year, month) = (first.year, first.month)
        while (year, month) <= (last.year, last.month) {
            var days = months.holds(month) ? self.days(inMonth: month, of: year) : 0
            if (year, month) == (last.year, last.month) {
                if days.holds(last.day) { count += times(before: Int(end.flooredRemainder(by: 86_400))) }
                days = days.below(last.day)
            }
            if (year, month) == (first.year, first.month) {
                if holds(first) { count -= times(before: Int(start.flooredRemainder(by: 86_400))) }
                days &= ~days.below(first.day)
            }
            count += days.nonzeroBitCount * perDay
            (year, month) = month == 12 ? (year + 1, 1) : (year, month + 1)
        }
        return count
    }

    private func holds(_ date: CivilDate) -> Bool {
        months.holds(date.month) && days(inMonth: date.month, of: date.year).holds(date.day)
    }

    /// Whether the clock could show `second` and the expression asks for it.
    func holds(_ second: Int64) -> Bool { wall(from: second) == second }
}
