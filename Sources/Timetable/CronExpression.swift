/// The times that a cron expression asks for, as sets of numbers.
///
/// Exactly what the text says.
///
/// Five fields (minute, hour, day of month, month, day of week) or six, with the second first. The names, ranges, steps and lists and
/// the rule for the two day fields are those of Vixie cron (crontab(5)): when both are restricted, that is when neither begins with
/// `*` or `?`, a day that either names is meant; else a day that both name. `L`, `W` and `#` are those of Quartz, `H` is that of
/// Jenkins.
package struct CronExpression: Hashable, Sendable {
    /// As the user wrote it.
    package let text: String
    /// Bit n stands for n.
    var seconds: UInt64 = 1
    var minutes: UInt64 = 0
    var hours: UInt64 = 0
    var months: UInt64 = 0
    var dayOfMonth = DaysOfMonth()
    var dayOfWeek = DaysOfWeek()
    /// The field begins with `*`.
    var minutesAreStar = false
    var hoursAreStar = false

    init(text: String) {
        self.text = text
    }

    struct DaysOfMonth: Hashable, Sendable {
        /// The field begins with `*` or `?`.
        var isStar = false
        var days: UInt64 = 0
        /// Bit n: n days before the last of the month (`L`, `L-n`).
        var beforeLast: UInt64 = 0
        /// Bit n: the weekday nearest to day n, in the same month (`nW`).
        var nearestWeekday: UInt64 = 0
        /// The last day from Monday to Friday (`LW`).
        var lastWeekday = false
    }

    struct DaysOfWeek: Hashable, Sendable {
        /// The field begins with `*` or `?`.
        var isStar = false
        /// Bit 0 is Sunday.
        var days: UInt64 = 0
        /// Bit 8 × day + n: the n-th such day of the month (`day#n`).
        var nth: UInt64 = 0
        /// Bit n: the last such day of the month (`nL`).
        var last: UInt64 = 0
    }

    /// Whether the minute or the hour begins with `*`: then the expression goes by elapsed time rather than by the clock on the wall, as in
    /// Vixie cron and cronie (`MIN_STAR`, `HR_STAR`), unless something else is asked for.
    var isWildcard: Bool { minutesAreStar || hoursAreStar || runsEveryHour }

    /// Whether some time of every hour is asked for; such an expression goes by elapsed time whatever is asked for.
    var runsEveryHour: Bool { hours == (1 << 24) - 1 }
}

extension CronExpression {
    /// Bit n is set when day n of the month is meant, whatever `months` says.
    func days(inMonth month: Int, of year: Int) -> UInt64 {
        let length = CivilDate.days(inMonth: month, of: year)
        let first = CivilDate.weekday(ofDayNumber: CivilDate(year: year, month: month, day: 1).dayNumber)
        let ofMonth = dayOfMonth.days(length: length, firstWeekday: first)
        let ofWeek = dayOfWeek.days(length: length, firstWeekday: first)
        return dayOfMonth.isStar || dayOfWeek.isStar ? ofMonth & ofWeek : ofMonth | ofWeek
    }

    /// Seconds since midnight of the first time of day from `second` on.
    func time(from second: Int) -> Int? {
        let (hour, minute) = (second / 3600, second / 60 % 60)
        if hours.holds(hour) {
            if minutes.holds(minute), let found = seconds.first(from: second % 60) { return hour * 3600 + minute * 60 + found }
            if let found = minutes.first(from: minute + 1) { return hour * 3600 + found * 60 + seconds.trailingZeroBitCount }
        }
        return hours.first(from: hour + 1).map { $0 * 3600 + minutes.trailingZeroBitCount * 60 + seconds.trailingZeroBitCount }
    }

    /// Seconds since midnight of the last time of day up to `second`.
    func time(upTo second: Int) -> Int? {
        let (hour, minute) = (second / 3600, second / 60 % 60)
        if hours.holds(hour) {
            if minutes.holds(minute), let found = seconds.last(upTo: second % 60) { return hour * 3600 + minute * 60 + found }
            if let found = minutes.last(upTo: minute - 1) { return hour * 3600 + found * 60 + seconds.highestBit }
        }
        return hours.last(upTo: hour - 1).map { $0 * 3600 + minutes.highestBit * 60 + seconds.highestBit }
    }

    /// How many times of day lie before `second`, counted from midnight; 86 400 asks for all.
    func times(before second: Int) -> Int {
        let (hour, minute) = (second / 3600, second / 60 % 60)
        var count = hours.below(hour).nonzeroBitCount * minutes.nonzeroBitCount * seconds.nonzeroBitCount
        if hours.holds(hour) {
            count += minutes.below(minute).nonzeroBitCount * seconds.nonzeroBitCount
            if minutes.holds(minute) { count += seconds.below(second % 60).nonzeroBitCount }
        }
        return count
    }
}

extension CronExpression.DaysOfMonth {
    fileprivate func days(length: Int, firstWeekday: Int) -> UInt64 {
        var found = days & UInt64.days(length)
        for before in beforeLast.bits where before < length { found |= 1 << (length - before) }
        for day in nearestWeekday.bits where day <= length {
            found |= 1 << Self.nearestWeekday(to: day, length: length, firstWeekday: firstWeekday)
        }
        if lastWeekday {
            found |= 1 << Self.nearestWeekday(to: length, length: length, firstWeekday: firstWeekday)
        }
        return found
    }

    /// Never leaves the month: a Saturday 1st goes on to Monday 3rd, a Sunday that ends the month back to Friday.
    private static func nearestWeekday(to day: Int, length: Int, firstWeekday: Int) -> Int {
        switch (firstWeekday + day - 1) % 7 {
        case 6: day > 1 ? day - 1 : 3
        case 0: day < length ? day + 1 : day - 2
        default: day
        }
    }
}

extension CronExpression.DaysOfWeek {
    fileprivate func days(length: Int, firstWeekday: Int) -> UInt64 {
        // The week turned so that bit 0 is the weekday of the first, laid out five times, and moved to begin at bit 1.
        let week = (days >> UInt64(firstWeekday) | days << UInt64(7 - firstWeekday)) & 0x7F
        var found = (week | week << 7 | week << 14 | week << 21 | week << 28) << 1
        for bit in nth.bits { found |= 1 << ((bit / 8 - firstWeekday + 7) % 7 + (bit % 8 - 1) * 7 + 1) }
        for weekday in last.bits {
            let first = (weekday - firstWeekday + 7) % 7 + 1
            found |= 1 << (first + (length - first) / 7 * 7)
        }
        return found & UInt64.days(length)
    }
}
