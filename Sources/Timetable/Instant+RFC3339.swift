extension Instant {
    /// The instant in UTC after RFC 3339: `2026-03-29T01:30:00Z`, with a fraction only when it is not zero, without trailing zeros.
    ///
    /// Years outside 0000 to 9999, which RFC 3339 cannot write, bear a sign and as many digits as they need.
    package var rfc3339: String {
        TimestampText.timestamp(self, offset: 0, designator: "Z")
    }

    /// Reads `2026-03-29T01:30:00Z`, with `±hh:mm` for `Z` and a fraction of a second if need be; nil for anything else.
    ///
    /// Digits past the microsecond are cut off. `t` and `z` may be lower case (RFC 3339, 5.6); the second 60 is refused, since POSIX
    /// time cannot tell it.
    package init?(rfc3339 text: String) {
        var scanner = TextScanner(text)
        guard let wall = TimestampText.wallTime(&scanner), let offset = TimestampText.offset(&scanner), scanner.isAtEnd else { return nil }
        let (microseconds, overflow) = wall.subtractingReportingOverflow(offset * WallTime.second)
        guard !overflow else { return nil }
        self.init(microseconds: microseconds)
    }
}

/// The letters of RFC 3339, written and read.
enum TimestampText {
    /// `offset` in seconds east of UTC; `designator` is what stands for it.
    static func timestamp(_ instant: Instant, offset: Int, designator: String) -> String {
        var (seconds, fraction) = instant.microseconds.quotientAndRemainder(dividingBy: WallTime.second)
        if fraction < 0 {
            seconds -= 1
            fraction += WallTime.second
        }
        seconds += Int64(offset)
        let dayNumber = Int(seconds.floored(by: 86_400))
        let ofDay = Int(seconds.flooredRemainder(by: 86_400))
        var text = TimestampWriter()
        text.append(CivilDate(dayNumber: dayNumber))
        text.append("T")
        text.append(ofDay / 3600, then: ":")
        text.append(ofDay / 60 % 60, then: ":")
        text.append(ofDay % 60)
        text.appendFraction(Int(fraction))
        return text.finished(designator)
    }

    /// `2026-03-29`; a year outside 0000 to 9999 bears a sign.
    static func date(_ date: CivilDate) -> String {
        var text = TimestampWriter()
        text.append(date)
        return text.finished("")
    }

    /// `+02:00`, with seconds only where history needs them.
    static func offset(_ seconds: Int) -> String {
        var text = TimestampWriter()
        let distance = Int(seconds.magnitude)
        text.append(seconds < 0 ? "-" : "+")
        text.append(distance / 3600, then: ":")
        text.append(distance / 60 % 60)
        if distance % 60 != 0 {
            text.append(":")
            text.append(distance % 60)
        }
        return text.finished("")
    }

    /// Microseconds of the wall clock; nil when the text is no date and time of RFC 3339 or beyond the range of an instant.
    fileprivate static func wallTime(_ scanner: inout TextScanner) -> Int64? {
        guard let year = year(&scanner), scanner.take("-"), let month = scanner.number(digits: 2), scanner.take("-"),
            let day = scanner.number(digits: 2), let date = CivilDate(checking: year, month: month, day: day),
            scanner.take("T") || scanner.take("t"),
            let hour = scanner.number(digits: 2), hour < 24, scanner.take(":"), let minute = scanner.number(digits: 2), minute < 60,
            scanner.take(":"), let second = scanner.number(digits: 2), second < 60
        else { return nil }
        var fraction: Int64 = 0
        if scanner.take(".") {
            guard let digits = scanner.fraction() else { return nil }
            fraction = digits.part(of: WallTime.second)
        }
        let (midnight, overflow) = Int64(date.dayNumber).multipliedReportingOverflow(by: WallTime.day)
        let (sum, overflowed) = midnight.addingReportingOverflow(Int64(hour * 3600 + minute * 60 + second) * WallTime.second + fraction)
        return overflow || overflowed ? nil : sum
    }

    private static func year(_ scanner: inout TextScanner) -> Int? {
        let isNegative = scanner.take("-")
        guard isNegative || scanner.take("+") else { return scanner.number(digits: 4) }
        guard let magnitude = scanner.number(), magnitude < 1_000_000 else { return nil }
        return isNegative ? -magnitude : magnitude
    }

    /// Seconds east of UTC: `Z` or `±hh:mm`.
    fileprivate static func offset(_ scanner: inout TextScanner) -> Int64? {
        if scanner.take("Z") || scanner.take("z") { return 0 }
        let isNegative = scanner.take("-")
        guard isNegative || scanner.take("+"), let hours = scanner.number(digits: 2), hours < 24, scanner.take(":"),
            let minutes = scanner.number(digits: 2), minutes < 60
        else { return nil }
        let seconds = Int64(hours * 3600 + minutes * 60)
        return isNegative ? -seconds : seconds
    }
}

/// Puts the bytes of a timestamp together; timestamps are written by the thousand, and strings are slow to add letters to.
private struct TimestampWriter {
    private var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(40)
    }

    mutating func append(_ character: Unicode.Scalar) {
        bytes.append(UInt8(ascii: character))
    }

    /// Two digits, and what stands behind them.
    mutating func append(_ number: Int, then separator: Unicode.Scalar? = nil) {
        append(number, digits: 2)
        if let separator { append(separator) }
    }

    mutating func append(_ date: CivilDate) {
        if !(0...9999).contains(date.year) { append(date.year < 0 ? "-" : "+") }
        append(Int(date.year.magnitude), digits: date.year.magnitude > 99_999 ? 6 : date.year.magnitude > 9999 ? 5 : 4)
        append("-")
        append(date.month, then: "-")
        append(date.day)
    }

    mutating func appendFraction(_ microseconds: Int) {
        guard microseconds > 0 else { return }
        var rest = microseconds
        var digits = 6
        while rest % 10 == 0 {
            rest /= 10
            digits -= 1
        }
        append(".")
        append(rest, digits: digits)
    }

    private mutating func append(_ number: Int, digits: Int) {
        var unit = 1
        for _ in 1..<digits { unit *= 10 }
        while unit > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
            unit /= 10
        }
    }

    func finished(_ designator: String) -> String {
        String(decoding: bytes + designator.utf8, as: UTF8.self)
    }
}
