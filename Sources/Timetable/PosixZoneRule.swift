/// The rule of a zone for the time past its table, as the footer of a TZif file gives it (RFC 8536, 3.3): the `TZ` string of
/// POSIX.1-2017, 8.3, with the wider hours of −167 to 167 that version 3 of the format allows.
struct PosixZoneRule: Hashable, Sendable {
    /// A zone in which the clock is put forward and back once a year.
    struct Daylight: Hashable, Sendable {
        /// Seconds east of UTC while it lasts.
        let offset: Int64
        let start: ChangeDay
        let end: ChangeDay
    }

    /// When in a year the clock changes; `time` is seconds of local time from the midnight at which the day begins.
    struct ChangeDay: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// `Jn`: 1 to 365; 29 February is never counted.
            case julian(Int)
            /// `n`: 0 to 365; 29 February is counted.
            case ordinal(Int)
            /// `Mm.w.d`: weekday `d` (0 = Sunday) of week `w` of month `m`; week 5 is the last.
            case weekday(Int, week: Int, month: Int)
        }

        let day: Day
        let time: Int64
    }

    /// Seconds east of UTC outside daylight time.
    let offset: Int64
    let daylight: Daylight?

    /// The changes of the clock in `years`, ascending.
    func changes(years: ClosedRange<Int>) -> [TimeZoneFile.Change] {
        years.flatMap { year in changes(of: year).map { [TimeZoneFile.Change($0.first), TimeZoneFile.Change($0.second)] } ?? [] }
    }

    /// The changes of the clock in the year before `year`, in it, and in the year after it, ascending; without an allocation.
    func changesAround(_ year: Int) -> RuleChanges {
        RuleChanges(rule: self, year: year - 1)
    }

    fileprivate func changes(of year: Int) -> (first: (at: Int64, offset: Int64), second: (at: Int64, offset: Int64))? {
        guard let daylight else { return nil }
        let start = (at: daylight.start.seconds(in: year) - offset, offset: daylight.offset)
        let end = (at: daylight.end.seconds(in: year) - daylight.offset, offset: offset)
        return start.at <= end.at ? (start, end) : (end, start)
    }
}

/// The changes of the clock in three years, one after the other.
struct RuleChanges: Sequence, IteratorProtocol {
    let rule: PosixZoneRule
    let year: Int
    private var step = 0

    fileprivate init(rule: PosixZoneRule, year: Int) {
        self.rule = rule
        self.year = year
    }

    mutating func next() -> (at: Int64, offset: Int64)? {
        guard step < 6, let pair = rule.changes(of: year + step / 2) else { return nil }
        defer { step += 1 }
        return step & 1 == 0 ? pair.first : pair.second
    }
}

extension PosixZoneRule.ChangeDay {
    /// Local seconds since 1970-01-01T00:00:00 at which the clock changes in `year`, on the clock that is in force until then.
    fileprivate func seconds(in year: Int) -> Int64 {
        Int64(dayNumber(in: year)) * 86_400 + time
    }

    private func dayNumber(in year: Int) -> Int {
        let newYear = CivilDate(year: year, month: 1, day: 1).dayNumber
        switch day {
        case .julian(let day): return newYear + day - 1 + (day >= 60 && CivilDate.isLeap(year) ? 1 : 0)
        case .ordinal(let day): return newYear + day
        case .weekday(let weekday, let week, let month):
            let first = CivilDate(year: year, month: month, day: 1).dayNumber
            let toWeekday = (weekday - CivilDate.weekday(ofDayNumber: first) + 7) % 7
            let day = toWeekday + (week - 1) * 7
            return first + (day < CivilDate.days(inMonth: month, of: year) ? day : day - 7)
        }
    }
}

extension PosixZoneRule {
    /// nil when `text` is not such a rule, names an offset beyond those of the world, or puts the clock forward by a day or more.
    init?(_ text: String) {
        var scanner = TextScanner(text)
        guard Self.takeName(&scanner), let west = Self.time(&scanner) else { return nil }
        offset = -west
        guard !scanner.isAtEnd else {
            daylight = nil
            if offset.magnitude > ZoneRules.widestOffset { return nil }
            return
        }
        guard Self.takeName(&scanner) else { return nil }
        var daylightOffset = offset + 3600
        if !scanner.isAt(",") {
            guard let west = Self.time(&scanner) else { return nil }
            daylightOffset = -west
        }
        guard scanner.take(","), let start = ChangeDay(&scanner), scanner.take(","), let end = ChangeDay(&scanner), scanner.isAtEnd,
            offset.magnitude <= ZoneRules.widestOffset, daylightOffset.magnitude <= ZoneRules.widestOffset,
            (daylightOffset - offset).magnitude < 86_400
        else { return nil }
        daylight = Daylight(offset: daylightOffset, start: start, end: end)
    }

    /// Three or more letters, or anything in angle brackets.
    private static func takeName(_ scanner: inout TextScanner) -> Bool {
        let isQuoted = scanner.take("<")
        var length = 0
        while let byte = scanner.peek(), isQuoted ? byte != UInt8(ascii: ">") : byte.isLetter {
            scanner.skip()
            length += 1
        }
        return length >= 3 && (!isQuoted || scanner.take(">"))
    }

    /// Seconds of `[±]h[hh][:mm[:ss]]`.
    fileprivate static func time(_ scanner: inout TextScanner) -> Int64? {
        let isNegative = scanner.take("-")
        if !isNegative { _ = scanner.take("+") }
        guard let hours = scanner.number(), hours <= 167 else { return nil }
        var seconds = Int64(hours) * 3600
        if scanner.take(":") {
            guard let minutes = scanner.number(), minutes < 60 else { return nil }
            seconds += Int64(minutes) * 60
            if scanner.take(":") {
                guard let rest = scanner.number(), rest < 60 else { return nil }
                seconds += Int64(rest)
            }
        }
        return isNegative ? -seconds : seconds
    }
}

extension PosixZoneRule.ChangeDay {
    fileprivate init?(_ scanner: inout TextScanner) {
        if scanner.take("M") {
            guard let month = scanner.number(), (1...12).contains(month), scanner.take("."), let week = scanner.number(),
                (1...5).contains(week), scanner.take("."), let weekday = scanner.number(), (0...6).contains(weekday)
            else { return nil }
            day = .weekday(weekday, week: week, month: month)
        } else if scanner.take("J") {
            guard let number = scanner.number(), (1...365).contains(number) else { return nil }
            day = .julian(number)
        } else {
            guard let number = scanner.number(), (0...365).contains(number) else { return nil }
            day = .ordinal(number)
        }
        if scanner.take("/") {
            guard let time = PosixZoneRule.time(&scanner) else { return nil }
            self.time = time
        } else {
            time = 7200
        }
    }
}
