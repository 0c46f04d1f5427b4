/// Days on which a schedule has no slots: one line of a job's `except:`.
///
/// Dates are those of the schedule's zone.
package enum Exclusion: Hashable, Sendable {
    /// Days since 1970-01-01, both ends included.
    case days(ClosedRange<Int>)
    /// Bit 0 is Sunday.
    case weekdays(UInt8)
    /// The same day every year.
    case yearly(month: Int, day: Int)
    /// A time of some event.
    case instants(Range<Instant>)
    case calendar(HolidayCalendar)

    /// Reads a date (`2026-12-24`, or any other form of ISO 8601), a range of dates with both ends (`2026-12-24/2027-01-01`), a day of
    /// every year (`--12-25`), or days of the week as cron has them (`SAT,SUN`, `SAT-SUN`).
    package init(parsing text: String) throws(ScheduleError) {
        var scanner = TextScanner(text)
        if scanner.peek()?.isLetter ?? false {
            self = .weekdays(try scanner.weekdays())
        } else if scanner.isAt("-") {
            self = try scanner.dayOfEveryYear()
        } else if scanner.digitsAhead == 2, (try? Exclusion(parsing: "--" + text.beginning(8))) != nil {
            throw scanner.error("a day of every year is written with two hyphens; write --\(text.beginning(8))")
        } else {
            guard scanner.digitsAhead > 0 else {
                throw scanner.error("days are expected before \(scanner.found), as 2026-12-24, 2026-12-24/2027-01-01, --12-25 or SAT,SUN")
            }
            let first = try scanner.date()
            var last = first
            let place = scanner.position + 1
            if scanner.take("/") { last = try scanner.date() }
            guard first <= last else { throw scanner.error(at: place, "the last day lies before the first; write the earlier one first") }
            self = .days(first...last)
        }
        guard scanner.isAtEnd else { throw scanner.error("nothing may follow the excepted days; remove \(scanner.found)") }
    }
}

extension TextScanner {
    /// Bit 0 is Sunday.
    mutating func weekdays() throws(ScheduleError) -> UInt8 {
        let place = position
        var reader = CronFieldReader(field: .dayOfWeek, seed: "")
        try reader.read(&self)
        let days = reader.daysOfWeek
        guard days.nth == 0, days.last == 0 else { throw error(at: place, "only whole weekdays can stand here; write for example SAT,SUN") }
        return UInt8(truncatingIfNeeded: days.days)
    }

    fileprivate mutating func dayOfEveryYear() throws(ScheduleError) -> Exclusion {
        let place = position
        guard take("-"), take("-"), let month = number(digits: 2), take("-"), let day = number(digits: 2) else {
            throw error(at: place, "a day of every year is written with two hyphens, as --12-25 for 25 December")
        }
        guard (1...12).contains(month) else { throw error(at: place + 2, "there is no month \(month); months go from 01 to 12") }
        // Any leap year knows every day that some year has.
        let days = CivilDate.days(inMonth: month, of: 2000)
        guard (1...days).contains(day) else {
            throw error(at: place + 5, "there is no day \(day) in month \(month); its days go from 01 to \(days)")
        }
        return .yearly(month: month, day: day)
    }
}

/// Exclusions made ready for asking about one day, or one instant.
struct ExcludedDays: Hashable, Sendable {
    private var weekdays: UInt8 = 0
    private var yearly: Set<Int> = []
    /// Ascending, neither touching nor overlapping.
    private var ranges: [ClosedRange<Int>] = []
    /// Ascending, neither touching nor overlapping.
    private var times: [Range<Instant>] = []
    private var calendars: [HolidayCalendar] = []

    init(_ exclusions: [Exclusion]) {
        var days: [ClosedRange<Int>] = []
        var events: [Range<Instant>] = []
        for exclusion in exclusions {
            switch exclusion {
            case .days(let range): days.append(range)
            case .instants(let range): events.append(range)
            case .calendar(let calendar): calendars.append(calendar)
            case .weekdays(let bits): weekdays |= bits
            case .yearly(let month, let day): yearly.insert(month * 32 + day)
            }
        }
        for range in days.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = ranges.last, range.lowerBound <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                ranges.append(range)
            }
        }
        for event in events.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = times.last, event.lowerBound <= last.upperBound {
                times[times.count - 1] = last.lowerBound..<max(last.upperBound, event.upperBound)
            } else {
                times.append(event)
            }
        }
    }

    var takesAllDays: Bool { weekdays == 0x7F }

    /// Whether no day is left on which the window could be open.
    func takesAll(of window: DailyWindow) -> Bool {
        (0..<7).allSatisfy { weekdays >> UInt8($0) & 1 == 1 || window.isClosed(onWeekday: $0) }
    }

    /// Ranges of dates, each as a text.
    var dayWords: [String] { ranges.map { "\($0.lowerBound) \($0.upperBound)" } }

    /// How many stretches there are that come once, not every week or year.
    var datedCount: Int {
        calendars.reduce(ranges.count + times.count) { $0 + $1.days.datedCount }
    }

    /// A stretch of time without slots around `instant`, without regard to days; nil when there is none.
    func stretch(around instant: Instant) -> Range<Instant>? {
        let index = times.partitioningIndex { $0.upperBound > instant }
        if index < times.count, times[index].contains(instant) { return times[index] }
        return calendars.first { $0.days.stretch(around: instant) }
    }

    /// The first time after `instant` at which such a stretch begins, and the last up to it at which one ends.
    func edges(around instant: Instant) -> (last: Instant, next: Instant) {
        let index = times.partitioningIndex { $0.upperBound > instant }
        var edges = (
            last: index > 0 ? times[index - 1].upperBound : .distantPast,
            next: index < times.count ? times[index].lowerBound : .distantFuture
        )
        for calendar in calendars {
            let others = calendar.days.edges(around: instant)
            edges = (max(edges.last, others.last), min(edges.next, others.next))
        }
        return edges
    }

    /// A stretch of days without slots around `day`; nil when that day may have some.
    func stretch(around day: Int) -> ClosedRange<Int>? {
        if weekdays >> UInt8(CivilDate.weekday(ofDayNumber: day)) & 1 == 1 { return day...day }
        if !yearly.isEmpty {
            let date = CivilDate(dayNumber: day)
            if yearly.contains(date.month * 32 + date.day) { return day...day }
        }
        let low = ranges.partitioningIndex { $0.upperBound >= day }
        if low < ranges.count, ranges[low].contains(day) { return ranges[low] }
        return calendars.first { $0.days.stretch(around: day) }
    }
}

extension [HolidayCalendar] {
    /// What `stretch` finds in the first calendar in which it finds something.
    fileprivate func first<Stretch>(_ stretch: (HolidayCalendar) -> Stretch?) -> Stretch? {
        for calendar in self {
            if let found = stretch(calendar) { return found }
        }
        return nil
    }
}

extension Array {
    /// The first index at which `predicate` holds, when it holds from there on; `count` when it holds nowhere.
    fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
