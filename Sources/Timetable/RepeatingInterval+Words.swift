extension RepeatingInterval {
    /// `every day from 2026-03-01 at 02:00 (Europe/Berlin), 5 times`; the zone only when the text names one.
    var inWords: String {
        if count == 0 { return "never" }
        let words =
            switch layout {
            case .from(let start, let period): count == 1 ? "once, " + start.inWords("on") : period.inWords + start.inWords(" from")
            case .between(let start, let end, _):
                if count == 1 {
                    "once, " + start.inWords("on")
                } else if let days = start.days(to: end) {
                    Period(days: days).inWords + start.inWords(" from")
                } else {
                    start.inWords("first on") + ", then each time after as long as from there to" + end.inWords("")
                }
            case .upTo(let period, let end): count == 1 ? "once, " + end.inWords("on") : period.inWords + end.inWords(" until")
            case .fromRegistration(let period):
                count == 1 ? "once, when the job is registered" : period.inWords + " from the registration of the job on"
            }
        guard let count, count > 1 else { return words }
        return words + ", \(count) times"
    }
}

extension WrittenTime {
    /// Whole days on one wall clock; nil when the clocks or the times of day differ.
    fileprivate func days(to end: WrittenTime) -> Int64? {
        guard zone == end.zone, wall.microsecondOfDay == end.wall.microsecondOfDay, wall < end.wall else { return nil }
        return Int64(end.wall.dayNumber - wall.dayNumber)
    }

    /// ` 2026-03-01 at 02:00 (Europe/Berlin)` behind `preposition`.
    fileprivate func inWords(_ preposition: String) -> String {
        let text = TimestampText.timestamp(Instant(microseconds: wall.microseconds), offset: 0, designator: "")
        let (date, time) = (text.prefix { $0 != "T" }, text.drop { $0 != "T" }.dropFirst())
        return "\(preposition) \(date) at \(time.hasSuffix(":00") ? time.dropLast(3) : time)" + (zone.map { " (\($0.name))" } ?? "")
    }
}
