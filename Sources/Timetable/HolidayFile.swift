/// Why a file is no calendar of exceptions.
package struct HolidayFileError: Error, Hashable, Sendable {
    /// 1-based.
    package let line: Int
    /// One sentence without a full stop.
    package let message: String
}

extension HolidayFileError: CustomStringConvertible {
    package var description: String { "line \(line): \(message)" }
}

/// One content line: unfolded, and split into its name, its parameters and its value (RFC 5545, 3.1).
struct HolidayLine {
    let number: Int
    /// Upper case.
    let name: String
    let value: String
    private let parameters: [String: String]

    /// Lines end with CRLF or LF; one that begins with a blank goes on with the line before it.
    static func lines(of bytes: [UInt8]) -> [HolidayLine] {
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(byteOrderMark.count) : bytes[...]
        var found: [(number: Int, bytes: [UInt8])] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if text.first?.isBlank ?? false, !found.isEmpty {
                found[found.count - 1].bytes += text.dropFirst()
            } else if !text.isEmpty {
                found.append((index + 1, Array(text)))
            }
        }
        return found.compactMap { HolidayLine(number: $0.number, $0.bytes) }
    }

    /// nil for a line without a colon.
    private init?(number: Int, _ bytes: [UInt8]) {
        var parts: [String] = []
        var start = 0
        var isQuoted = false
        var colon: Int?
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            guard !isQuoted, byte == UInt8(ascii: ";") || byte == UInt8(ascii: ":") else { continue }
            parts.append(String(decoding: bytes[start..<index], as: UTF8.self))
            start = index + 1
            if byte == UInt8(ascii: ":") {
                colon = index
                break
            }
        }
        guard colon != nil, let name = parts.first else { return nil }
        self.number = number
        self.name = name.uppercased()
        value = String(decoding: bytes[start...], as: UTF8.self)
        var parameters: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            parameters[part[..<equals].uppercased()] = part[part.index(after: equals)...].filter { $0 != "\"" }
        }
        self.parameters = parameters
    }

    /// The line again, with its zone and without any other parameter.
    var reduced: String {
        guard let zone = parameters["TZID"] else { return "\(name):\(value)" }
        return "\(name);TZID=\"\(zone)\":\(value)"
    }

    func error(_ message: String) -> HolidayFileError {
        HolidayFileError(line: number, message: message)
    }

    /// The date or time of the value, in the zone that the line names, else in `zone`.
    func time(_ text: some StringProtocol, zone: Zone) throws(HolidayFileError) -> HolidayTime {
        var scanner = TextScanner(String(text))
        guard let year = scanner.number(digits: 4), let month = scanner.number(digits: 2), let day = scanner.number(digits: 2) else {
            throw error("\(name) has no date like 20261224")
        }
        guard let date = CivilDate(checking: year, month: month, day: day) else {
            throw error("\(name): there is no such day as \(text.beginning(8))")
        }
        if scanner.isAtEnd { return HolidayTime(day: date.dayNumber, secondOfDay: nil, zone: zone) }
        guard scanner.take("T"), let hour = scanner.number(digits: 2), hour < 24, let minute = scanner.number(digits: 2), minute < 60,
            let second = scanner.number(digits: 2), second <= 60
        else { throw error("\(name) has no time like 20261224T090000") }
        var own = zone
        if scanner.take("Z") {
            own = .utc
        } else if let name = parameters["TZID"] {
            do { own = try Zone(named: name) } catch { throw self.error(error.message) }
        }
        guard scanner.isAtEnd else { throw error("\(name) has no time like 20261224T090000") }
        return HolidayTime(day: date.dayNumber, secondOfDay: hour * 3600 + minute * 60 + min(second, 59), zone: own)
    }
}

/// A day, or a time of one.
struct HolidayTime: Hashable {
    /// Since 1970-01-01.
    var day: Int
    /// nil for the whole day.
    let secondOfDay: Int?
    let zone: Zone

    /// A repeated time is meant the first time (RFC 5545, 3.3.5), one in a gap is shifted.
    var instant: Instant {
        zone.resolve(WallTime(dayNumber: day, microsecondOfDay: Int64(secondOfDay ?? 0) * WallTime.second)).earliest
    }
}
