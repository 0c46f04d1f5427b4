/// The content of one file of the tz database: the TZif format of RFC 8536, versions 1 to 4.
struct TimeZoneFile: Sendable {
    /// From `at`, in seconds of POSIX time, the zone keeps `offset`, in seconds east of UTC.
    struct Change: Hashable, Sendable {
        let at: Int64
        let offset: Int64

        init(at: Int64, offset: Int64) {
            self.at = at
            self.offset = offset
        }

        init(_ pair: (at: Int64, offset: Int64)) {
            self.init(at: pair.at, offset: pair.offset)
        }
    }

    /// Before the first change.
    let initialOffset: Int64
    /// Strictly ascending.
    let changes: [Change]
    let footer: PosixZoneRule?

    /// nil when the bytes are not such a file, are cut short, or count leap seconds (the `right/` zones): POSIX time has none.
    init?(_ bytes: [UInt8]) {
        guard var header = Header(bytes, at: 0) else { return nil }
        if header.version >= UInt8(ascii: "2") {
            let second = header.end(timeSize: 4)
            guard let wide = Header(bytes, at: second) else { return nil }
            header = wide
            guard let block = Block(bytes, header, timeSize: 8), let footer = Self.footer(bytes, from: header.end(timeSize: 8)) else {
                return nil
            }
            self.footer = footer.rule
            (initialOffset, changes) = (block.initialOffset, block.changes)
        } else {
            guard let block = Block(bytes, header, timeSize: 4) else { return nil }
            footer = nil
            (initialOffset, changes) = (block.initialOffset, block.changes)
        }
    }

    /// The text between two line feeds; an empty one is no rule.
    ///
    /// nil when it is broken.
    private static func footer(_ bytes: [UInt8], from start: Int) -> (rule: PosixZoneRule?, Void)? {
        guard start < bytes.count, bytes[start] == UInt8(ascii: "\n") else { return nil }
        let line = bytes[(start + 1)...].prefix { $0 != UInt8(ascii: "\n") }
        guard line.endIndex < bytes.count, line.count < 256 else { return nil }
        if line.isEmpty { return (nil, ()) }
        guard let rule = PosixZoneRule(String(decoding: line, as: UTF8.self)) else { return nil }
        return (rule, ())
    }
}

/// The counts with which each of the two data blocks begins (RFC 8536, 3.1).
private struct Header {
    let start: Int
    let version: UInt8
    let utcIndicators, standardIndicators, leapSeconds, changes, types, letters: Int

    static let size = 44

    init?(_ bytes: [UInt8], at start: Int) {
        guard start >= 0, start + Self.size <= bytes.count, bytes[start..<(start + 4)].elementsEqual("TZif".utf8) else { return nil }
        let counts = (0..<6).map { Int(truncatingIfNeeded: bytes.bigEndian(at: start + 20 + 4 * $0, size: 4)) }
        // No zone comes near this; more could only be a broken file.
        guard counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
        self.start = start
        version = bytes[start + 4]
        (utcIndicators, standardIndicators, leapSeconds) = (counts[0], counts[1], counts[2])
        (changes, types, letters) = (counts[3], counts[4], counts[5])
    }

    /// Where the block ends that this header begins.
    func end(timeSize: Int) -> Int {
        start + Self.size + changes * (timeSize + 1) + types * 6 + letters + leapSeconds * (timeSize + 4) + standardIndicators
            + utcIndicators
    }
}

/// The changes of one data block (RFC 8536, 3.2).
private struct Block {
    let initialOffset: Int64
    let changes: [TimeZoneFile.Change]

    init?(_ bytes: [UInt8], _ header: Header, timeSize: Int) {
        guard header.end(timeSize: timeSize) <= bytes.count, header.types > 0, header.leapSeconds == 0 else { return nil }
        let times = header.start + Header.size
        let indices = times + header.changes * timeSize
        let types = indices + header.changes
        let offsets = (0..<header.types).map { bytes.bigEndian(at: types + $0 * 6, size: 4) }
        guard offsets.allSatisfy({ $0.magnitude <= ZoneRules.widestOffset }) else { return nil }

        var changes: [TimeZoneFile.Change] = []
        changes.reserveCapacity(header.changes)
        for index in 0..<header.changes {
            let at = bytes.bigEndian(at: times + index * timeSize, size: timeSize)
            let type = Int(bytes[indices + index])
            guard type < offsets.count, at <= Self.end, changes.last.map({ $0.at < at }) ?? true else { return nil }
            // Some writers put the beginning of time first (−2⁵⁹ s): as good as a change of the first offset.
            changes.append(TimeZoneFile.Change(at: max(at, Self.beginning), offset: offsets[type]))
        }
        self.changes = changes
        initialOffset = offsets[0]
    }

    /// A second that is still far from the ends of `Int64` when it is counted in microseconds, and before all dates we can write.
    private static let beginning: Int64 = -1 << 42
    /// Its like after all dates; no zone knows so far ahead.
    private static let end: Int64 = 1 << 42
}

extension [UInt8] {
    /// A signed number of four or eight bytes, most significant first.
    ///
    /// The bytes must be there.
    fileprivate func bigEndian(at start: Int, size: Int) -> Int64 {
        let value = self[start..<(start + size)].reduce(0) { ($0 << 8) | UInt64($1) }
        return size == 8 ? Int64(bitPattern: value) : Int64(Int32(truncatingIfNeeded: value))
    }
}
