/// The recurrence rule of a calendar event (RFC 5545, 3.3.10), as far as days need it: `FREQ` from `DAILY` to `YEARLY`, `INTERVAL`,
/// `COUNT`, `UNTIL`, `BYDAY`, `BYMONTHDAY`, `BYMONTH` and `WKST`. Any other part is an error.
struct HolidayRule {
    private enum Frequency: String {
        case daily = "DAILY"
        case weekly = "WEEKLY"
        case monthly = "MONTHLY"
        case yearly = "YEARLY"
    }

    private struct Weekday: Hashable {
        /// 0 is Sunday.
        let day: Int
        /// The n-th of the month or year, from its end when negative; nil for each.
        let ordinal: Int?
    }

    private var frequency = Frequency.daily
    private var interval = 1
    private var count = Int.max
    private var until: HolidayTime?
    private var weekdays: [Weekday] = []
    private var monthDays: [Int] = []
    private var months: [Int] = []
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
                    throw line.error("FREQ is DAILY, WEEKLY, MONTHLY or YEARLY here, not \(value.prefix(20))")
                }
                frequency = known
                hasFrequency = true
            case "INTERVAL":
                interval = Int(value) ?? 0
                isGood = (1...100_000).contains(interval)
            case "COUNT":
                count = Int(value) ?? 0
                isGood = count > 0
            case "UNTIL": until = try line.time(value, zone: zone)
            case "BYDAY":
                weekdays = value.split(separator: ",").compactMap(Self.weekday)
                isGood = weekdays.count == value.split(separator: ",").count
            case "BYMONTHDAY": isGood = Self.numbers(value, (-31)...31, &monthDays)
            case "BYMONTH": isGood = Self.numbers(value, 1...12, &months)
            case "WKST":
                weekStart = Self.dayNames.firstIndex(of: value) ?? 1
                isGood = Self.dayNames.contains(value)
            default:
                throw line.error(
                    "\(name.prefix(20)) in a rule is not known; write FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH or WKST")
            }
            guard isGood else { throw line.error("`\(part.prefix(40))` is no part of a rule") }
        }
        guard hasFrequency else { throw line.error("the rule has no FREQ") }
    }

    private static let dayNames = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]

    private static func weekday(_ text: Substring) -> Weekday? {
        guard let day = dayNames.firstIndex(of: String(text.suffix(2))) else { return nil }
        let ordinal = text.dropLast(2)
        if ordinal.isEmpty { return Weekday(day: day, ordinal: nil) }
        guard let number = Int(ordinal), number != 0, (-53...53).contains(number) else { return nil }
        return Weekday(day: day, ordinal: number)
    }

    private static func numbers(_ text: String, _ range: ClosedRange<Int>, _ found: inout [Int]) -> Bool {
        let parts = text.split(separator: ",")
        found = parts.compactMap { Int($0) }.filter { range.contains($0) && $0 != 0 }
        return found.count == parts.count && !found.isEmpty
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
            if means(day, from: first, start.day) { found.append(day) }
            day += 1
        }
        return found
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
        guard months.isEmpty || months.contains(date.month) else { return false }
        let length = CivilDate.days(inMonth: date.month, of: date.year)
        let isMonthDay = monthDays.isEmpty || monthDays.contains(date.day) || monthDays.contains(date.day - length - 1)
        switch frequency {
        case .daily: return (day - firstDay) % interval == 0 && isMonthDay && isWeekday(day, date, in: nil)
        case .weekly:
            let weeks = (weekIndex(day) - weekIndex(firstDay))
            let isDay = weekdays.isEmpty ? (day - firstDay) % 7 == 0 : isWeekday(day, date, in: nil)
            return weeks % interval == 0 && isDay && isMonthDay
        case .monthly:
            let months = (date.year - first.year) * 12 + date.month - first.month
            guard months % interval == 0, isMonthDay, isWeekday(day, date, in: .monthly) else { return false }
            return !monthDays.isEmpty || !weekdays.isEmpty || date.day == first.day
        case .yearly:
            guard (date.year - first.year) % interval == 0, isMonthDay else { return false }
            guard isWeekday(day, date, in: months.isEmpty && monthDays.isEmpty ? .yearly : .monthly) else { return false }
            if !monthDays.isEmpty || !weekdays.isEmpty { return true }
            return date.day == first.day && (!months.isEmpty || date.month == first.month)
        }
    }

    private func weekIndex(_ day: Int) -> Int {
        (day + 4 - weekStart).floored(by: 7)
    }

    /// Whether `BYDAY` means the day; an ordinal counts in the month or year that `frame` names; without one it is not looked at.
    private func isWeekday(_ day: Int, _ date: CivilDate, in frame: Frequency?) -> Bool {
        guard !weekdays.isEmpty else { return true }
        let weekday = CivilDate.weekday(ofDayNumber: day)
        return weekdays.contains { wanted in
            guard wanted.day == weekday else { return false }
            guard let ordinal = wanted.ordinal, let frame else { return true }
            let ofYear = day - CivilDate(year: date.year, month: 1, day: 1).dayNumber
            let (index, length) =
                frame == .yearly
                ? (ofYear, CivilDate.days(inYear: date.year)) : (date.day - 1, CivilDate.days(inMonth: date.month, of: date.year))
            return ordinal > 0 ? index / 7 + 1 == ordinal : (length - 1 - index) / 7 + 1 == -ordinal
        }
    }
}
