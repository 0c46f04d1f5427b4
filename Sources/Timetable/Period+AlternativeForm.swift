extension Period {
    /// Reads what follows `P` in the alternative form, `0003-06-04T12:30:05` or `00030604T123005`; nil when it is the usual form.
    ///
    /// The parts do not carry over: months go to 12, days to 30 (ordinal ones to 365), hours to 24, minutes and seconds to 60
    /// (ISO 8601-1:2019, 5.5.2.4).
    init?(alternative scanner: inout TextScanner) throws(ScheduleError) {
        let digits = scanner.digitsAhead
        let follower = scanner.peek(digits)
        guard digits == 4 && follower == UInt8(ascii: "-") || (digits == 8 || digits == 7) && follower.endsDate else { return nil }
        let years = try scanner.part(4, upTo: 9999, "years")
        var (months, days): (Int64, Int64) = (0, 0)
        let isExtended = scanner.take("-")
        if digits == 7 || isExtended && scanner.digitsAhead == 3 {
            days = try scanner.part(3, upTo: 365, "days")
        } else {
            months = try scanner.part(2, upTo: 12, "months")
            if isExtended, !scanner.take("-") {
                throw scanner.error("the days of the period are expected before \(scanner.found), as in P0003-06-04")
            }
            days = try scanner.part(2, upTo: 30, "days")
        }
        self.init(months: years * 12 + months, days: days, elapsed: scanner.take("T") ? try Self.alternativeTime(&scanner) : 0)
    }

    private static func alternativeTime(_ scanner: inout TextScanner) throws(ScheduleError) -> Int64 {
        var elapsed = try scanner.part(2, upTo: 24, "hours") * WallTime.hour
        var last = WallTime.hour
        let isExtended = scanner.isAt(":")
        for (unit, name) in [(WallTime.minute, "minutes"), (WallTime.second, "seconds")] {
            guard isExtended ? scanner.take(":") : scanner.digitsAhead > 0 else { break }
            elapsed += try scanner.part(2, upTo: 60, name) * unit
            last = unit
        }
        if scanner.take(".") || scanner.take(",") {
            guard let fraction = scanner.fraction() else {
                throw scanner.error("digits are expected behind the decimal sign, before \(scanner.found)")
            }
            elapsed += fraction.part(of: last)
        }
        return elapsed
    }
}

extension TextScanner {
    fileprivate mutating func part(_ digits: Int, upTo limit: Int, _ name: String) throws(ScheduleError) -> Int64 {
        let place = position
        guard let number = number(digits: digits) else {
            throw error("\(digits) digits for the \(name) of the period are expected before \(found)")
        }
        guard number <= limit else {
            throw error(at: place, "the \(name) of a period in this form go to \(limit); write the form P1Y2M3D instead")
        }
        return Int64(number)
    }
}

extension UInt8? {
    fileprivate var endsDate: Bool {
        self == nil || self == UInt8(ascii: "T") || self == UInt8(ascii: "/")
    }
}
