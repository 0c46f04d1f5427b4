extension CronExpression {
    /// `at 02:30 on Monday to Friday`, `at minutes 0, 15, 30 and 45 of every hour in January`.
    var inWords: String {
        var words = timesInWords
        let (ofMonth, ofWeek) = (dayOfMonth.inWords, dayOfWeek.inWords)
        switch (ofMonth, ofWeek) {
        case (nil, nil): words += hours.nonzeroBitCount < 24 ? " every day" : ""
        case (let days?, nil), (nil, let days?): words += " on " + days
        case (let ofMonth?, let ofWeek?):
            words += dayOfMonth.isStar || dayOfWeek.isStar ? " on \(ofMonth), if that is \(ofWeek)" : " on \(ofMonth), and on \(ofWeek)"
        }
        if months != Self.allMonths { words += " in " + runs(of: months, names: Self.monthName) }
        return words
    }

    private var timesInWords: String {
        let (hourCount, minuteCount) = (hours.nonzeroBitCount, minutes.nonzeroBitCount)
        if seconds == 1, hourCount * minuteCount <= 6 {
            let times = hours.bits.flatMap { hour in minutes.bits.map { "\(twoDigits(hour)):\(twoDigits($0))" } }
            return "at " + list(times)
        }
        var words = "at "
        if seconds != 1 { words = seconds.nonzeroBitCount == 60 ? "every second of " : "at \(plural("second", seconds)) of " }
        if minuteCount == 60 {
            words = seconds == 1 ? "every minute of " : words + "every minute of "
        } else {
            words += "\(plural("minute", minutes)) of "
        }
        return words + (hourCount == 24 ? "every hour" : plural("hour", hours))
    }

    private func plural(_ unit: String, _ set: UInt64) -> String {
        unit + (set.nonzeroBitCount == 1 ? " " : "s ") + runs(of: set) { "\($0)" }
    }

    private static let allMonths: UInt64 = 0b1_1111_1111_1110
    private static func monthName(_ month: Int) -> String {
        monthNames[month - 1]
    }
}

extension CronExpression.DaysOfMonth {
    /// nil when every day is meant.
    fileprivate var inWords: String? {
        if days == UInt64.days(31) { return nil }
        var parts = days == 0 ? [] : ["the " + runs(of: days, names: ordinal)]
        parts += beforeLast.bits.map { $0 == 0 ? "the last day of the month" : "the \(ordinal($0 + 1)) last day of the month" }
        parts += nearestWeekday.bits.map { "the weekday nearest to the \(ordinal($0))" }
        if lastWeekday { parts.append("the last weekday of the month") }
        return list(parts)
    }
}

extension CronExpression.DaysOfWeek {
    /// nil when every day is meant.
    fileprivate var inWords: String? {
        if days == 0x7F { return nil }
        var parts: [String] = []
        if days != 0 { parts.append(weekdaysInWords(days)) }
        parts += nth.bits.map { "the \(ordinal($0 % 8)) \(weekdayNames[$0 / 8])" }
        parts += last.bits.map { "the last \(weekdayNames[$0])" }
        return list(parts)
    }
}

/// `Monday to Friday`; bit 0 is Sunday. Monday comes first, so that the weekend stays together.
func weekdaysInWords(_ days: UInt64) -> String {
    runs(of: days >> 1 | (days & 1) << 6) { weekdayNames[($0 + 1) % 7] }
}

let monthNames = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
]
private let weekdayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

private func ordinal(_ number: Int) -> String {
    switch number {
    case 1, 21, 31: "\(number)st"
    case 2, 22: "\(number)nd"
    case 3, 23: "\(number)rd"
    default: "\(number)th"
    }
}

/// `1 to 3, 5 and 7`: three in a row or more become a range.
private func runs(of set: UInt64, names: (Int) -> String) -> String {
    var words: [String] = []
    var rest = Array(set.bits)[...]
    while let first = rest.first {
        var length = 1
        while length < rest.count, rest[rest.startIndex + length] == first + length { length += 1 }
        if length >= 3 {
            words.append("\(names(first)) to \(names(first + length - 1))")
            rest = rest.dropFirst(length)
        } else {
            words.append(names(first))
            rest = rest.dropFirst()
        }
    }
    return list(words)
}
