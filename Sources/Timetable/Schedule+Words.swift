extension Schedule {
    /// A short text for people: the recurrences as they were written, and the zone.
    package var summary: String {
        recurrences.map(\.text).joined(separator: ", ") + (zone == .utc ? "" : " (\(zone.name))")
    }

    /// The whole schedule in plain words, for people: `at 02:30 on Monday to Friday (Europe/Berlin), except every 25 December`.
    package var inWords: String {
        let words = recurrences.map { recurrence in
            switch recurrence {
            case .interval(let interval): interval.inWords
            case .cron(let expression): expression.inWords
            }
        }
        return ([words.joined(separator: "; ") + (zone == .utc ? "" : " (\(zone.name))")] + limitsInWords).joined(separator: ", ")
    }

    private var limitsInWords: [String] {
        var words: [String] = []
        if !limits.windows.isEmpty { words.append("only between " + limits.windows.map(\.inWords).joined(separator: " or ")) }
        if !limits.exclusions.isEmpty {
            let shown = limits.exclusions.prefix(Self.mostExclusionsInWords).map { $0.inWords(in: zone) }
            let rest = limits.exclusions.count - shown.count
            words.append("except " + list(shown + (rest > 0 ? ["\(rest) more"] : [])))
        }
        if let first = limits.notBefore { words.append("not before " + zone.local(first.instant(in: zone))) }
        if let last = limits.notAfter { words.append("not after " + zone.local(last.instant(in: zone))) }
        if delay > .zero { words.append("each " + delay.inWords + " later (spread)") }
        return words
    }

    private static let mostExclusionsInWords = 6
}

extension DailyWindow {
    fileprivate var inWords: String {
        Self.time(from) + " and " + Self.time(until) + (weekdays == 0x7F ? "" : " on " + weekdaysInWords(UInt64(weekdays)))
    }

    private static func time(_ second: Int) -> String {
        twoDigits(second / 3600) + ":" + twoDigits(second / 60 % 60) + (second % 60 == 0 ? "" : ":" + twoDigits(second % 60))
    }
}

extension Exclusion {
    fileprivate func inWords(in zone: Zone) -> String {
        switch self {
        case .days(let days) where days.count == 1: Self.date(days.lowerBound)
        case .days(let days): Self.date(days.lowerBound) + " to " + Self.date(days.upperBound)
        case .weekdays(let bits): weekdaysInWords(UInt64(bits))
        case .yearly(let month, let day): "every \(day) \(monthNames[month - 1])"
        case .calendar: "the days and times of a calendar"
        case .instants(let range): zone.local(range.lowerBound) + " to " + zone.local(range.upperBound)
        }
    }

    private static func date(_ day: Int) -> String { TimestampText.date(CivilDate(dayNumber: day)) }
}
