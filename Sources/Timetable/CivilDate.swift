/// A day of the proleptic Gregorian calendar (ISO 8601-1:2019, 4.2.1): year 0 exists and is a leap year.
struct CivilDate: Hashable, Sendable {
    let year: Int
    /// 1 to 12.
    let month: Int
    /// 1 to `CivilDate.days(inMonth:of:)`.
    let day: Int

    /// The three must be a real day; `init?(checking:month:day:)` asks first.
    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// nil when the calendar has no such day.
    init?(checking year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year) else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// The day that lies `dayNumber` days after 1970-01-01.
    ///
    /// Years are counted from March, so that the leap day is the last of its year; a cycle of 400 years has 146 097 days.
    init(dayNumber: Int) {
        let sinceMarchOfYearZero = dayNumber + Self.epochSinceMarchOfYearZero
        let cycle = sinceMarchOfYearZero.floored(by: Self.daysInCycle)
        let dayOfCycle = sinceMarchOfYearZero - cycle * Self.daysInCycle
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = cycle * 400 + yearOfCycle + (monthFromMarch < 10 ? 0 : 1)
    }

    /// Days since 1970-01-01; negative before it.
    var dayNumber: Int {
        let yearFromMarch = month > 2 ? year : year - 1
        let cycle = yearFromMarch.floored(by: 400)
        let yearOfCycle = yearFromMarch - cycle * 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return cycle * Self.daysInCycle + yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
            - Self.epochSinceMarchOfYearZero
    }

    /// 0 for Sunday to 6 for Saturday, as cron and POSIX count; 1970-01-01 was a Thursday.
    static func weekday(ofDayNumber dayNumber: Int) -> Int {
        (dayNumber + 4).flooredRemainder(by: 7)
    }

    static func isLeap(_ year: Int) -> Bool {
        year & 3 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static func days(inYear year: Int) -> Int {
        isLeap(year) ? 366 : 365
    }

    private static let daysInCycle = 146_097
    /// From 0000-03-01 to 1970-01-01.
    private static let epochSinceMarchOfYearZero = 719_468
}
