/// What one field of a cron expression counts, and the words that may stand in it.
enum CronField: Int, Sendable {
    case second, minute, hour, dayOfMonth, month, dayOfWeek

    var name: String {
        switch self {
        case .second: "second"
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of the month"
        case .month: "month"
        case .dayOfWeek: "day of the week"
        }
    }

    /// The numbers that may be written; 7 is a second Sunday.
    var range: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// The numbers that `*` means.
    var all: ClosedRange<Int> { self == .dayOfWeek ? 0...6 : range }

    /// The numbers that `H` is drawn from: as in Jenkins, no day that some month lacks.
    var drawn: ClosedRange<Int> { self == .dayOfMonth ? 1...28 : all }

    var isDay: Bool { self == .dayOfMonth || self == .dayOfWeek }

    /// The number that three letters stand for, in either case.
    func number(named letters: [UInt8]) -> Int? {
        let index = names.firstIndex { $0.utf8.elementsEqual(letters.map(\.upperCased)) }
        return index.map { $0 + range.lowerBound }
    }

    /// The name of a number of `all`; nil in fields without names.
    func name(of number: Int) -> String? {
        names.indices.contains(number - range.lowerBound) ? "\(names[number - range.lowerBound])" : nil
    }

    private var names: [String] { self == .month ? Self.monthNames : self == .dayOfWeek ? Self.weekdayNames : [] }

    private static let monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    private static let weekdayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
}
