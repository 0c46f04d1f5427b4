extension WrittenTime {
    /// Reads a date, a time of day and a zone after ISO 8601-1:2019, 5.2 to 5.4, with the suffix of RFC 9557.
    ///
    /// Dates are calendar, ordinal or week dates, basic or extended; the time goes to the hour, minute, second or a fraction of the
    /// last of them, to the microsecond; without one it is midnight. `24:00` is the midnight that ends the day.
    ///
    /// - Parameter orPeriod: Whether a period could stand there instead, for the message.
    init(_ scanner: inout TextScanner, orPeriod: Bool = false) throws(ScheduleError) {
        let day = try scanner.date(orPeriod: orPeriod)
        var ofDay: Int64 = 0
        var offset: (seconds: Int, isUTC: Bool)?
        if scanner.take("T") {
            ofDay = try scanner.timeOfDay()
            offset = try scanner.utcOffset()
        } else if scanner.isAt("t") || scanner.isAt(" ") && scanner.peek(1)?.isDigit ?? false {
            throw scanner.error("a capital T separates date and time; write for example 2026-03-01T02:00")
        }
        let wall = WallTime(microseconds: Int64(day) * WallTime.day + ofDay)
        let bracket = scanner.position
        let suffix = try scanner.zoneSuffix()
        try scanner.skipTags()
        guard let zone = suffix else {
            self.init(wall: wall, zone: offset.map { Zone(offset: $0.seconds) })
            return
        }
        guard let offset else {
            self.init(wall: wall, zone: zone)
            return
        }
        if offset.isUTC {
            // RFC 9557, 2.2: `Z` tells the instant and nothing of the local offset.
            let instant = Instant(microseconds: wall.microseconds)
            self.init(wall: zone.wall(instant), zone: zone, offset: zone.offset(at: instant))
            return
        }
        let instant = Instant(microseconds: wall.microseconds - Int64(offset.seconds) * WallTime.second)
        let resolution = zone.resolve(wall)
        guard instant == resolution.earliest || instant == resolution.latest else {
            let right = TimestampText.offset(zone.offset(at: resolution.earliest))
            throw scanner.error(
                at: bracket, "\(zone.name) is not at \(TimestampText.offset(offset.seconds)) then; write \(right) or leave the offset out")
        }
        self.init(wall: wall, zone: zone, offset: offset.seconds)
    }
}

extension TextScanner {
    /// The number of the day since 1970-01-01.
    mutating func date(orPeriod: Bool = false) throws(ScheduleError) -> Int {
        let digits = digitsAhead
        let follower = peek(digits)
        if digits == 4, follower == UInt8(ascii: "-") || follower == UInt8(ascii: "W"), let year = number(digits: 4) {
            let isExtended = take("-")
            if take("W") { return try weekDate(year, isExtended: isExtended) }
            if digitsAhead == 3 { return try ordinalDate(year) }
            return try calendarDate(year, isExtended: true)
        }
        if digits == 7, let year = number(digits: 4) { return try ordinalDate(year) }
        if digits == 8, let year = number(digits: 4) { return try calendarDate(year, isExtended: false) }
        throw dateError(digits, orPeriod)
    }

    private func dateError(_ digits: Int, _ orPeriod: Bool) -> ScheduleError {
        switch peek() {
        case UInt8(ascii: "T"): error("a date is missing before the time; write for example 2026-03-01T05:50")
        case UInt8(ascii: "+"), UInt8(ascii: "-"): error("a date has no sign; years go from 0000 to 9999")
        case _ where digits == 4 || digits == 6: error("the date must name a day; write for example 2026-03-01")
        case _ where orPeriod: error("a date or a period is expected before \(found); write for example 2026-03-01 or P1D")
        default: error("a date is expected before \(found); write for example 2026-03-01")
        }
    }

    private mutating func calendarDate(_ year: Int, isExtended: Bool) throws(ScheduleError) -> Int {
        let monthPlace = position
        guard let month = number(digits: 2) else { throw error("two digits for the month are expected before \(found), as in 2026-03-01") }
        guard !isExtended || take("-") else { throw error("the day is expected before \(found), as in 2026-03-01") }
        let dayPlace = position
        guard let day = number(digits: 2) else { throw error("the day is expected before \(found), as in 2026-03-01") }
        if digitsAhead > 0 { throw error("the day has two digits; a T must follow before the time, as in 2026-03-01T02:00") }
        if let date = CivilDate(checking: year, month: month, day: day) { return date.dayNumber }
        guard (1...12).contains(month) else { throw error(at: monthPlace, "there is no month \(month); months go from 01 to 12") }
        let days = CivilDate.days(inMonth: month, of: year)
        throw error(at: dayPlace, "there is no day \(day) in month \(month) of \(year); its days go from 01 to \(days)")
    }

    /// The three digits of an ordinal date stand here.
    private mutating func ordinalDate(_ year: Int) throws(ScheduleError) -> Int {
        let place = position
        guard let day = number(digits: 3) else { throw error("three digits for the day are expected before \(found), as in 2026-060") }
        let days = CivilDate.days(inYear: year)
        guard (1...days).contains(day) else { throw error(at: place, "there is no day \(day) in \(year); its days go from 001 to \(days)") }
        return CivilDate(year: year, month: 1, day: 1).dayNumber + day - 1
    }

    /// Week 1 is the one with 4 January in it, and weeks begin on Monday (ISO 8601-1:2019, 4.2.2).
    private mutating func weekDate(_ year: Int, isExtended: Bool) throws(ScheduleError) -> Int {
        let weekPlace = position
        guard let week = number(digits: 2) else { throw error("two digits for the week are expected before \(found), as in 2026-W09-7") }
        let isDayNext = !isExtended || take("-")
        let dayPlace = position
        guard isDayNext, let day = number(digits: 1) else {
            throw error("the day of the week is expected before \(found), as in 2026-W09-7: 1 is Monday, 7 is Sunday")
        }
        guard (1...7).contains(day) else { throw error(at: dayPlace, "there is no weekday \(day); 1 is Monday, 7 is Sunday") }
        let start = Self.firstMonday(of: year)
        let weeks = (Self.firstMonday(of: year + 1) - start) / 7
        guard (1...weeks).contains(week) else {
            throw error(at: weekPlace, "there is no week \(week) in \(year); its weeks go from 01 to \(weeks)")
        }
        return start + (week - 1) * 7 + day - 1
    }

    private static func firstMonday(of year: Int) -> Int {
        let fourth = CivilDate(year: year, month: 1, day: 4).dayNumber
        return fourth - (CivilDate.weekday(ofDayNumber: fourth) + 6) % 7
    }

    /// Microseconds since midnight; 24 hours for `24:00`.
    mutating func timeOfDay() throws(ScheduleError) -> Int64 {
        let place = position
        guard let hour = number(digits: 2) else { throw error("the hour is expected in two digits before \(found), as in 02:00") }
        guard hour <= 24 else { throw error(at: place, "there is no hour \(hour); hours go from 00 to 24") }
        var time = Int64(hour) * WallTime.hour
        var last = WallTime.hour
        let isExtended = isAt(":")
        for (unit, name) in [(WallTime.minute, "minute"), (WallTime.second, "second")] {
            guard isExtended ? take(":") : digitsAhead > 0 else { break }
            let place = position
            guard let number = number(digits: 2) else { throw error("the \(name) is expected in two digits before \(found), as in 02:00") }
            guard number < 60 else { throw error(at: place, "there is no \(name) \(number); it goes from 00 to 59") }
            time += Int64(number) * unit
            last = unit
        }
        if take(".") || take(",") {
            guard let fraction = fraction() else { throw error("digits are expected behind the decimal sign, before \(found)") }
            time += fraction.part(of: last)
        }
        guard time <= WallTime.day else { throw error(at: place, "the last time of a day is 24:00; write the next day instead") }
        return time
    }

    /// `Z` or `±hh[[:]mm]`; nil when the text says nothing.
    fileprivate mutating func utcOffset() throws(ScheduleError) -> (seconds: Int, isUTC: Bool)? {
        if take("Z") { return (0, true) }
        guard isAt("+") || isAt("-") else { return nil }
        let place = position
        let isNegative = take("-")
        if !isNegative { skip() }
        guard let hours = number(digits: 2) else { throw error("the offset is expected as +02:00 before \(found)") }
        var minutes = 0
        if take(":") || digitsAhead > 0 {
            guard let number = number(digits: 2) else {
                throw error("the minutes of the offset are expected in two digits before \(found)")
            }
            minutes = number
        }
        guard hours < 24, minutes < 60 else { throw error(at: place, "there is no such offset; it goes from -23:59 to +23:59") }
        return ((hours * 3600 + minutes * 60) * (isNegative ? -1 : 1), false)
    }

    /// `[key=value]`, as often as they stand here: what is elective says nothing of the instant (RFC 9557, 3.3).
    fileprivate mutating func skipTags() throws(ScheduleError) {
        while let tag = tagAhead {
            let text = text(tag)
            guard peek(1) != UInt8(ascii: "!") else {
                throw error("\(text.beginning(40)) must be understood, as its `!` says, and is not known here; leave it out")
            }
            skip(tag.count)
        }
    }

    /// Where a tag stands from here on; nil when none does.
    ///
    /// A key has small letters, digits, `_` and `-`, values have letters and digits with `-` between (RFC 9557, 4.1). What looks otherwise is
    /// taken for the name of a zone, so that no slip is passed over.
    private var tagAhead: Range<Int>? {
        guard isAt("["), let end = bytes[position...].prefix(Self.longestTag).firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let start = position + (peek(1) == UInt8(ascii: "!") ? 2 : 1)
        guard start < end, let equals = bytes[start..<end].firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let (key, value) = (bytes[start..<equals], bytes[(equals + 1)..<end])
        let hyphen = UInt8(ascii: "-")
        let isKey = key.first.map { !$0.isDigit && $0 != hyphen } == true && key.allSatisfy { $0.mayStandInTagKey }
        let isValue = value.split(separator: hyphen, omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.allSatisfy { $0.isDigit || $0.isLetter }
        }
        return isKey && isValue ? position..<(end + 1) : nil
    }

    private static let longestTag = 200

    /// `[Europe/Berlin]`; nil when there is none.
    fileprivate mutating func zoneSuffix() throws(ScheduleError) -> Zone? {
        let bracket = position
        guard isAt("["), tagAhead == nil else { return nil }
        skip()
        _ = take("!")
        let start = position
        while let byte = peek(), byte != UInt8(ascii: "]"), byte != UInt8(ascii: "/") || position - start < 100 { skip() }
        let name = text(start..<position)
        guard take("]") else { throw error(at: bracket, "the bracket is not closed; write for example [Europe/Berlin]") }
        do {
            return try Zone(named: name)
        } catch {
            throw self.error(at: start, error.message)
        }
    }
}

extension UInt8 {
    fileprivate var mayStandInTagKey: Bool {
        isLetter && upperCased != self || isDigit || self == UInt8(ascii: "_") || self == UInt8(ascii: "-")
    }
}
