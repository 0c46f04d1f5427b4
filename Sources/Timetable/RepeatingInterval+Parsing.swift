extension RepeatingInterval {
    /// Reads `R[n]/start/period`, `R[n]/start/end`, `R[n]/period/end`, `R[n]/period` or `R[n]//period`, whole.
    init(parsing text: String) throws(ScheduleError) {
        var scanner = TextScanner(text)
        let count = try scanner.repetitions()
        let place = scanner.position
        let layout = try scanner.layout()
        guard scanner.isAtEnd else { throw scanner.error("nothing may follow the interval; remove \(scanner.found)") }
        if let period = layout.period, period.isZero, count != 1 {
            throw scanner.error(
                at: layout.periodPlace(in: scanner, from: place),
                "a period of zero would never move on; write for example PT1S, or R1 for one occurrence")
        }
        self.init(text: text, count: count, layout: layout)
    }
}

extension RepeatingInterval.Layout {
    fileprivate var period: Period? {
        switch self {
        case .from(_, let period), .upTo(let period, _), .fromRegistration(let period): period
        case .between: nil
        }
    }

    /// Where the period stands: at the first `P`, since zone names can only come before it inside brackets.
    fileprivate func periodPlace(in scanner: TextScanner, from start: Int) -> Int {
        guard case .from = self else { return scanner.bytes[start...].firstIndex(of: UInt8(ascii: "P")) ?? start }
        return scanner.bytes.lastIndex(of: UInt8(ascii: "P")) ?? start
    }
}

extension TextScanner {
    /// `R`, `Rn` and the solidus behind it.
    fileprivate mutating func repetitions() throws(ScheduleError) -> Int64? {
        guard take("R") else { throw missingR() }
        let place = position
        if isAt("-") || isAt("+") { throw error("the number of occurrences has no sign; write R for no end or R3 for three") }
        var count: Int64?
        if digitsAhead > 0 {
            guard let number = number() else { throw error("there are too many occurrences; write R for no end") }
            count = Int64(number)
        }
        guard !isAtEnd else { throw error("a period is missing; write for example \(text(0..<min(position, 20)))/2026-03-01T02:00/P1D") }
        guard take("/") else {
            throw error(at: place, "a number or `/` is expected after R, not \(found); write for example R/2026-03-01T02:00/P1D or R3/P1D")
        }
        return count
    }

    private func missingR() -> ScheduleError {
        switch peek() {
        case UInt8(ascii: "r"): error("the R is a capital letter: R\(text(1..<min(bytes.count, 60)))")
        case UInt8(ascii: "P"): error("a repeating interval begins with R; write R/\(text(0..<min(bytes.count, 60)))")
        case .some(let byte) where byte.isDigit: error("a repeating interval begins with R/; write for example R/2026-03-01T02:00/P1D")
        case .some(let byte) where byte.isBlank: error("remove the blank before the interval")
        default: error("a repeating interval begins with R, not with \(found); write for example R/2026-03-01T02:00/P1D")
        }
    }

    fileprivate mutating func layout() throws(ScheduleError) -> RepeatingInterval.Layout {
        if take("/") { return .fromRegistration(try Period(&self)) }
        if isAt("P") {
            let period = try Period(&self)
            return take("/") ? .upTo(period, try WrittenTime(&self)) : .fromRegistration(period)
        }
        if isAt("p") || digitsAhead > 0 && peek(digitsAhead)?.isPeriodUnit ?? false { _ = try Period(&self) }
        let start = try WrittenTime(&self, orPeriod: true)
        guard !isAtEnd else { throw error("a period is missing; write for example \(text(0..<min(position, 60)))/P1D") }
        guard take("/") else { throw error("`/` and a period are expected after the start, not \(found)") }
        if let end = wholeEnd(after: start) { throw error("the end must be a whole date; write \(end)") }
        let isDate = digitsAhead >= 4 && !(peek(digitsAhead)?.isPeriodUnit ?? false)
        guard isDate else { return .from(start, try Period(&self)) }
        let column = column(of: position)
        let end = try WrittenTime(&self, orPeriod: true)
        // ISO 8601-1:2019, 5.5.2.2: what the start says of its zone holds for the end too, unless that says otherwise.
        return .between(start, end.zone == nil ? WrittenTime(wall: end.wall, zone: start.zone) : end, column: column)
    }
}

extension TextScanner {
    /// The end that stands here without what it shares with the start, `03-08` or `T17:00`, made whole; nil for anything else.
    private func wholeEnd(after start: WrittenTime) -> String? {
        let date = TimestampText.date(start.wall.date)
        let rest = text(position..<min(position + 40, bytes.count))
        if isAt("T"), peek(1)?.isDigit ?? false, peek(3) == UInt8(ascii: ":") { return date + rest }
        guard digitsAhead == 2 else { return nil }
        switch peek(2) {
        case UInt8(ascii: "-"): return date.beginning(5) + rest
        case UInt8(ascii: ":"): return date + "T" + rest
        default: return nil
        }
    }
}

extension UInt8 {
    /// Whether a period's part could end here, so that a `P` was forgotten. (`W` after four digits is a week date.)
    fileprivate var isPeriodUnit: Bool {
        "YMDHS".utf8.contains(upperCased)
    }
}
