/// A place in a text that is being read byte by byte.
///
/// Reading never goes back by itself, so the work is linear in the text.
struct TextScanner {
    let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { position >= bytes.count }

    func peek(_ distance: Int = 0) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    func isAt(_ character: Unicode.Scalar) -> Bool {
        peek() == UInt8(ascii: character)
    }

    /// Steps over `character` if it stands here.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard isAt(character) else { return false }
        position += 1
        return true
    }

    mutating func skip(_ count: Int = 1) {
        position = min(position + count, bytes.count)
    }

    /// How many digits stand here in a row.
    var digitsAhead: Int {
        var count = 0
        while let byte = peek(count), byte.isDigit { count += 1 }
        return count
    }

    /// All the digits that stand here, as a number; nil if there is none or they are beyond `Int64`; then nothing is taken.
    mutating func number() -> Int? {
        let count = digitsAhead
        return count == 0 ? nil : number(of: count)
    }

    /// Exactly `digits` digits from here; nil if fewer stand here.
    ///
    /// More may follow.
    mutating func number(digits: Int) -> Int? {
        for distance in 0..<digits {
            guard let byte = peek(distance), byte.isDigit else { return nil }
        }
        return number(of: digits)
    }

    private mutating func number(of count: Int) -> Int? {
        var value = 0
        for distance in 0..<count {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = product.addingReportingOverflow(Int(bytes[position + distance] - UInt8(ascii: "0")))
            guard !overflow, !overflowed else { return nil }
            value = sum
        }
        position += count
        return value
    }

    /// The digits behind a decimal sign; nil if there is none.
    ///
    /// Those past the eighteenth count as zero.
    mutating func fraction() -> DecimalFraction? {
        let count = digitsAhead
        guard count > 0 else { return nil }
        var fraction = DecimalFraction(numerator: 0, denominator: 1)
        for distance in 0..<min(count, 18) {
            fraction.numerator = fraction.numerator * 10 + Int64(bytes[position + distance] - UInt8(ascii: "0"))
            fraction.denominator *= 10
        }
        position += count
        return fraction
    }

    /// An error at `place`, a byte position; by default where the scanner stands.
    func error(at place: Int? = nil, _ message: String) -> ScheduleError {
        ScheduleError(column: column(of: place ?? position), message: message)
    }

    /// Continuation bytes of UTF-8 are no columns of their own.
    func column(of place: Int) -> Int {
        bytes.prefix(place).reduce(1) { $0 + ($1 & 0b1100_0000 == 0b1000_0000 ? 0 : 1) }
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range.clamped(to: bytes.indices)], as: UTF8.self)
    }

    /// What stands here, for a message: the word up to the next solidus or blank, cut short.
    var found: String {
        guard !isAtEnd else { return "the end of the text" }
        if peek()?.isBlank ?? false { return "the blank" }
        let word = bytes[position...].prefix(24).prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: " ") }
        return "`" + String(decoding: word.isEmpty ? bytes[position...position] : word, as: UTF8.self) + "`"
    }
}

/// A decimal fraction from 0 up to below 1.
struct DecimalFraction {
    var numerator: Int64
    var denominator: Int64

    /// `whole` times the fraction, rounded down.
    func part(of whole: Int64) -> Int64 {
        Int64(truncatingIfNeeded: Int128(whole) * Int128(numerator) / Int128(denominator))
    }

    /// Whether `whole` times the fraction is an integer.
    func divides(_ whole: Int64) -> Bool {
        Int128(whole) * Int128(numerator) % Int128(denominator) == 0
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var isLetter: Bool { upperCased >= UInt8(ascii: "A") && upperCased <= UInt8(ascii: "Z") }
    var upperCased: UInt8 { self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z") ? self - 32 : self }
}

extension StringProtocol {
    /// The first `length` scalars, for a message: a single `Character` may be as long as the text.
    func beginning(_ length: Int) -> String {
        String(String.UnicodeScalarView(unicodeScalars.prefix(length)))
    }
}
