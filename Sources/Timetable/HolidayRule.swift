/// The recurrence rule of a calendar event (RFC 5545, 3.3.10), as far as days need it: `FREQ` from `DAILY` to `YEARLY`, `INTERVAL`,
/// `COUNT`, `UNTIL`, `BYDAY`, `BYMONTHDAY`, `BYMONTH` and `WKST`. Any other part is an error.
struct HolidayRule {
    private enum Frequency: String {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    /// What `BYDAY` says of one weekday: bit n of `nth` is the n-th of the month or year, of `nthLast` the n-th from its end.
    private struct Weekday: Hashable {
        var isEach = false
        var nth: UInt64 = 0
        var nthLast: UInt64 = 0
    }

    private var frequency = Frequency.daily
    private var interval = 1
    private var count = Int.max
    private var until: HolidayTime?
    /// From Sunday on; nil without `BYDAY`.
    private var weekdays: [Weekday]?
    /// Bit n stands for n, of `monthDaysFromEnd` for the n-th from the end of the month.
    private var monthDays: UInt64 = 0
    private var monthDaysFromEnd: UInt64 = 0
    private var months: UInt64 = 0
    private var weekStart = 1

    /// Rules without an end stop here.
    private static let lastDay = CivilDate(year: 2100, month: 12, day: 31).dayNumber

    init(_ line: HolidayLine, zone: Zone) throws(HolidayFileError) {
        var hasFrequency = false
        for part in line.value.split(separator: ";") {
            let (name, value) = (part.prefix { $0 != "=" }.uppercased(), part.drop { $0 != "=" }.dropFirst().uppercased())
            var isGood = true
            switch name {
            case "FREQ":
                guard let known = Frequency(rawValue: value) else {
                    throw line.error("FREQ is DAILY, WEEKLY, MONTHLY or YEARLY here, not \(value.beginning(20))")
                }
                frequency = known
                hasFrequency = true
            case "INTERVAL":
                interval = try Self.number(part, value, upTo: 100_000, line)
            case "COUNT":
                count = try Self.number(part, value, upTo: Int(Int32.max), line)
            case "UNTIL": until = try line.time(value, zone: zone)
            case "BYDAY":
                weekdays = Self.weekdays(value)
                isGood = weekdays != nil
            case "BYMONTHDAY": isGood = Self.numbers(value, (-31)...31, &monthDays, &monthDaysFromEnd)
            case "BYMONTH":
                var none: UInt64 = 0
                isGood = Self.numbers(value, 1...12, &months, &none)
            case "WKST":
                weekStart = Self.dayNames.firstIndex(of: value) ?? 1
                isGood = Self.dayNames.contains(value)
            default:
                throw line.error(
                    "\(name.beginning(20)) in a rule is not known; write FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH or WKST")
            }
            guard isGood else { throw line.error("`\(part.beginning(40))` is no part of a rule") }
        }
        guard hasFrequency else { throw line.error("the rule has no FREQ") }
    }

    private static func number(_ part: Substring, _ value: String, upTo most: Int, _ line: HolidayLine) throws(HolidayFileError) -> Int {
        guard let number = Int(value), (1...most).contains(number) else {
            throw line.error("`\(part.beginning(40))`: the number must be from 1 to \(most)")
        }
        return number
    }

    private static let dayNames = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]

    private static func weekdays(_ text: String) -> [Weekday]? {
        var weekdays = [Weekday](repeating: Weekday(), count: 7)
        for part in text.split(separator: ",") {
            guard let day = dayNames.firstIndex(of: String(part.suffix(2))) else { return nil }
            let ordinal = part.dropLast(2)
            if ordinal.isEmpty {
                weekdays[day].isEach = true
            } else {
                guard let number = Int(ordinal), number != 0, (-53...53).contains(number) else { return nil }
                if number > 0 { weekdays[day].nth |= 1 << number } else { weekdays[day].nthLast |= 1 << -number }
            }
        }
        return weekdays
    }

    private static func numbers(_ text: String, _ range: ClosedRange<Int>, _ found: inout UInt64, _ fromEnd: inout UInt64) -> Bool {
        (found, fromEnd) = (0, 0)
        for part in text.split(separator: ",") {
            guard let number = Int(part), number != 0, range.contains(number) else { return false }
            if number > 0 { found |= 1 << number } else { fromEnd |= 1 << -number }
        }
        return found != 0 || fromEnd != 0
    }

    /// The days on which the event happens again after `start`, ascending; nil when more than `budget` days had to be tried, which is
    /// what is left for the whole file.
    func days(from start: HolidayTime, budget: inout Int) -> [Int]? {
        var found: [Int] = []
        let first = CivilDate(dayNumber: start.day)
        var day = start.day + 1
        // The start is the first of `count`.
        while found.count < count - 1, day <= Self.lastDay, !isOver(at: day, start) {
            guard budget > 0 else { return nil }
            budget -= 1
            if let later = firstCandidate(from: day, first) {
                day = later
                continue
            }
            if means(day, from: first, start.day) { found.append(day) }
            day += 1
        }
        return found
    }

    /// Where to go on when nothing in the month of `day` can be meant: a rule of every year names few days of many.
    private func firstCandidate(from day: Int, _ first: CivilDate) -> Int? {
        let date = CivilDate(dayNumber: day)
        // Without months or weekdays a rule of the year is about the month of its start, unless days of months are named.
        let wanted = months != 0 ? months : frequency == .yearly && weekdays == nil && !hasMonthDays ? 1 << UInt64(first.month) : 0
        let isWrongYear = frequency == .yearly && (date.year - first.year) % interval != 0
        let isWrongMonth =
            wanted != 0 && !wanted.holds(date.month)
            || frequency == .monthly && ((date.year - first.year) * 12 + date.month - first.month) % interval != 0
        if isWrongYear { return CivilDate(year: date.year + 1, month: 1, day: 1).dayNumber }
        if isWrongMonth {
            return date.month == 12
                ? CivilDate(year: date.year + 1, month: 1, day: 1).dayNumber
                : CivilDate(year: date.year, month: date.month + 1, day: 1).dayNumber
        }
        let isOneDay = weekdays == nil && !hasMonthDays && (frequency == .monthly || frequency == .yearly)
        if isOneDay, date.day < first.day {
            return CivilDate.days(inMonth: date.month, of: date.year) < first.day ? nil : day + first.day - date.day
        }
        return nil
    }

    private func isOver(at day: Int, _ start: HolidayTime) -> Bool {
        guard let until else { return false }
        guard until.secondOfDay != nil, start.secondOfDay != nil else { return day > until.day }
        var time = start
        time.day = day
        return time.instant > until.instant
    }

    private func means(_ day: Int, from first: CivilDate, _ firstDay: Int) -> Bool {
        let date = CivilDate(dayNumber: day)
        guard months == 0 || months.holds(date.month) else { return false }
        let length = CivilDate.days(inMonth: date.month, of: date.year)
        let isMonthDay = !hasMonthDays || monthDays.holds(date.day) || monthDaysFromEnd.holds(length + 1 - date.day)
        switch frequency {
        case .daily: return (day - firstDay) % interval == 0 && isMonthDay && isWeekday(day, date, in: nil)
        case .weekly:
            let weeks = (weekIndex(day) - weekIndex(firstDay))
            let isDay = weekdays == nil ? (day - firstDay) % 7 == 0 : isWeekday(day, date, in: nil)
            return weeks % interval == 0 && isDay && isMonthDay
        case .monthly:
            let months = (date.year - first.year) * 12 + date.month - first.month
            guard months % interval == 0, isMonthDay, isWeekday(day, date, in: .monthly) else { return false }
            return hasMonthDays || weekdays != nil || date.day == first.day
        case .yearly:
            guard (date.year - first.year) % interval == 0, isMonthDay else { return false }
            guard isWeekday(day, date, in: months == 0 && !hasMonthDays ? .yearly : .monthly) else { return false }
            if hasMonthDays || weekdays != nil { return true }
            return date.day == first.day && (months != 0 || date.month == first.month)
        }
    }

    private var hasMonthDays: Bool { monthDays | monthDaysFromEnd != 0 }

    private func weekIndex(_ day: Int) -> Int {
        (day + 4 - weekStart).floored(by: 7)
    }

    /// Whether `BYDAY` means the day; an ordinal counts in the month or year that `frame` names; without one it is not looked at.
    private func isWeekday(_ day: Int, _ date: CivilDate, in frame: Frequency?) -> Bool {
        guard let weekdays else { return true }
        let wanted = weekdays[CivilDate.weekday(ofDayNumber: day)]
        guard !wanted.isEach, wanted.nth | wanted.nthLast != 0 else { return wanted.isEach }
        guard let frame else { return true }
        let ofYear = day - CivilDate(year: date.year, month: 1, day: 1).dayNumber
        let (index, length) =
            frame == .yearly
            ? (ofYear, CivilDate.days(inYear: date.year)) : (date.day - 1, CivilDate.days(inMonth: date.month, of: date.year))
        return wanted.nth.holds(index / 7 + 1) || wanted.nthLast.holds((length - 1 - index) / 7 + 1)
    }
}
