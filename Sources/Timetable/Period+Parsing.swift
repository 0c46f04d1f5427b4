extension Period {
    /// Reads `P…` whole: `PnYnMnWnDTnHnMnS` in any subset and in this order, with a fraction on the last part, or the alternative form
    /// `P0003-06-04T12:30:05` (ISO 8601-1:2019, 5.5.2.4).
    ///
    /// Zero is accepted here; what repeats refuses it.
    ///
    /// The letters after `P` may be lower case, as Chronos reads them. A fraction of a month or year must come to whole months.
    package init(parsing text: String) throws(ScheduleError) {
        var scanner = TextScanner(text)
        try self.init(&scanner)
        guard scanner.isAtEnd else { throw scanner.error("a period ends before \(scanner.found); remove what follows it") }
    }

    /// Reads the exact length of time of a policy, like `timeout: PT1H`: `P1D` is 24 hours and `P1W` seven times as many.
    ///
    /// Years and months are an error, for their length depends on the date. Zero is accepted; what cannot be zero refuses it.
    package static func elapsed(parsing text: String) throws(ScheduleError) -> Duration {
        // A number alone has no unit to go by.
        if let guess = guess(text) ?? guess(text + "M").map({ "for example \($0)" }) {
            throw ScheduleError(column: 1, message: "a period is missing before `\(text.beginning(24))`; write \(guess)")
        }
        let period = try Period(parsing: text)
        guard period.months == 0 else {
            // Whoever writes P10M for ten minutes forgot the T.
            if let minutes = text.hasPrefix("P") ? guess(text.dropFirst()) : nil {
                throw ScheduleError(column: 1, message: "months have no fixed length; write \(minutes) for minutes, or days: P30D")
            }
            throw ScheduleError(
                column: 1, message: "years and months have no fixed length; write days, weeks or hours, for example P30D or PT720H")
        }
        return .microseconds(period.days * WallTime.day + period.elapsed)
    }

    init(_ scanner: inout TextScanner) throws(ScheduleError) {
        guard scanner.take("P") else { throw scanner.missingPeriod() }
        if let alternative = try Period(alternative: &scanner) {
            self = alternative
        } else {
            var reader = PeriodReader(start: scanner.position)
            self = try reader.read(&scanner)
        }
    }
}

extension TextScanner {
    fileprivate func missingPeriod() -> ScheduleError {
        let word = bytes[position...].prefix(41).prefix { $0 != UInt8(ascii: "/") && !$0.isBlank }
        // A single M may be either.
        let isClear = word.last?.upperCased != UInt8(ascii: "M") || word.count { $0.isLetter } > 1
        if isClear, let guess = Period.guess(String(decoding: word, as: UTF8.self)) {
            return error("a period is missing before \(found); write \(guess)")
        }
        let hint =
            switch peek() {
            case nil: "write for example P1D for every day or PT1H for every hour"
            case UInt8(ascii: "p"): "the P is a capital letter: P1D, PT1H"
            case UInt8(ascii: "T"): "put a P before the T: PT1H"
            case .some(let byte) where byte.isDigit: "put a P before the number: P5M is five months, PT5M is five minutes"
            default: "a period begins with P, for example P1D or PT1H"
            }
        return error("a period is missing before \(found); \(hint)")
    }
}

/// The work of reading the parts of one period.
private struct PeriodReader {
    /// Where the text after the `P` begins.
    let start: Int
    var months: Int64 = 0
    var days: Int64 = 0
    var elapsed: Int64 = 0
    /// The place in `YMWD` or `HMS` of the part read last.
    var rank = -1
    var isInTime = false
    var hasFraction = false

    init(start: Int) {
        self.start = start
    }

    mutating func read(_ scanner: inout TextScanner) throws(ScheduleError) -> Period {
        while let byte = scanner.peek(), byte != UInt8(ascii: "/"), !byte.isBlank {
            if scanner.isAt("T") || scanner.isAt("t") {
                try readT(&scanner)
            } else {
                try readPart(&scanner)
            }
        }
        guard rank >= 0 else {
            throw isInTime
                ? scanner.error("a number and H, M or S are missing after T; write for example PT1H, or leave the T out")
                : scanner.error("the period has no parts; write for example P1D or PT1H")
        }
        return Period(months: months, days: days, elapsed: elapsed)
    }

    private mutating func readT(_ scanner: inout TextScanner) throws(ScheduleError) {
        guard !isInTime else { throw scanner.error("a period has one T only; put all of hours, minutes and seconds behind it") }
        guard !hasFraction else { throw fractionError(scanner) }
        isInTime = true
        rank = -1
        scanner.skip()
    }

    private mutating func readPart(_ scanner: inout TextScanner) throws(ScheduleError) {
        let place = scanner.position
        if scanner.isAt("-") || scanner.isAt("+") { throw scanner.error("a period has no sign; write a positive number") }
        guard scanner.digitsAhead > 0 else {
            throw scanner.error("a number is expected before \(scanner.found); write for example P1D or PT1H")
        }
        guard !hasFraction else { throw fractionError(scanner) }
        guard let number = scanner.number() else { throw tooLong(scanner, place) }
        var fraction: DecimalFraction?
        if scanner.take(".") || scanner.take(",") {
            guard let digits = scanner.fraction() else {
                throw scanner.error("digits are expected behind the decimal sign, before \(scanner.found)")
            }
            fraction = digits
            hasFraction = true
        }
        guard let letter = scanner.peek(), letter.isLetter else {
            throw scanner.error("a unit is expected before \(scanner.found); write Y, M, W or D, or behind a T H, M or S")
        }
        let newRank = try rank(of: letter.upperCased, scanner, place)
        guard newRank > rank else {
            throw scanner.error("\(scanner.found) comes too late or twice; the order is PnYnMnWnDTnHnMnS, each part once")
        }
        rank = newRank
        guard add(Int64(number), fraction, unit: letter.upperCased) else {
            throw scanner.error(at: place, "a fraction of a month has no fixed length; write whole months or days")
        }
        scanner.skip()
        guard isInRange else { throw tooLong(scanner, place) }
    }

    private func rank(of letter: UInt8, _ scanner: TextScanner, _ place: Int) throws(ScheduleError) -> Int {
        let order: StaticString = isInTime ? "HMS" : "YMWD"
        let rank = order.withUTF8Buffer { $0.firstIndex(of: letter) }
        if let rank { return rank }
        let unit = Unicode.Scalar(letter)
        if !isInTime, letter == UInt8(ascii: "H") || letter == UInt8(ascii: "S") {
            let before = scanner.text(start..<place).beginning(40)
            let part = scanner.text(place..<(scanner.position + 1)).beginning(40)
            throw scanner.error("\(unit == "H" ? "hours" : "seconds") need a T before them; write P\(before)T\(part)")
        }
        if isInTime, rank == nil, [UInt8(ascii: "Y"), UInt8(ascii: "W"), UInt8(ascii: "D")].contains(letter) {
            throw scanner.error("\(unit) stands before the T; the order is PnYnMnWnDTnHnMnS")
        }
        throw scanner.error("`\(unit)` is no unit; write Y, M, W or D, or behind a T H, M or S")
    }

    /// Adds a part; false when its fraction comes to no whole months.
    ///
    /// Numbers too large end up out of range, never overflow.
    private mutating func add(_ number: Int64, _ fraction: DecimalFraction?, unit: UInt8) -> Bool {
        func part(_ whole: Int64) -> Int64 { fraction?.part(of: whole) ?? 0 }
        switch (isInTime, unit) {
        case (false, UInt8(ascii: "Y")):
            months = months.adding(number, times: 12, and: part(12))
            return fraction?.divides(12) ?? true
        case (false, UInt8(ascii: "M")):
            months = months.adding(number, times: 1, and: 0)
            return fraction?.divides(1) ?? true
        case (false, UInt8(ascii: "W")):
            days = days.adding(number, times: 7, and: part(7 * WallTime.day) / WallTime.day)
            elapsed = part(7 * WallTime.day) % WallTime.day
        case (false, _):
            days = days.adding(number, times: 1, and: 0)
            elapsed = part(WallTime.day)
        case (true, UInt8(ascii: "H")): elapsed = elapsed.adding(number, times: WallTime.hour, and: part(WallTime.hour))
        case (true, UInt8(ascii: "M")): elapsed = elapsed.adding(number, times: WallTime.minute, and: part(WallTime.minute))
        case (true, _): elapsed = elapsed.adding(number, times: WallTime.second, and: part(WallTime.second))
        }
        return true
    }

    private var isInRange: Bool {
        let years = Period.longestYears
        return months <= years * 12 && days <= years * 366 && elapsed <= years * 366 * WallTime.day
    }

    private func tooLong(_ scanner: TextScanner, _ place: Int) -> ScheduleError {
        scanner.error(at: place, "the period is longer than \(Period.longestYears) years; write a shorter one")
    }

    private func fractionError(_ scanner: TextScanner) -> ScheduleError {
        scanner.error("only the last part of a period may have a fraction; remove what follows it")
    }
}

extension Int64 {
    /// `self + number × unit + rest`, saturated at the largest number.
    fileprivate func adding(_ number: Int64, times unit: Int64, and rest: Int64) -> Int64 {
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        let (sum, overflowed) = product.addingReportingOverflow(rest)
        let (total, overrun) = addingReportingOverflow(sum)
        return overflow || overflowed || overrun ? .max : total
    }
}
