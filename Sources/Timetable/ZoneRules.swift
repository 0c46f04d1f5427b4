/// A stretch of time during which a zone keeps one offset: from `start` up to before `end`, in seconds of POSIX time.
struct ZoneSpan {
    /// `Int64.min` when it has no beginning.
    let start: Int64
    /// `Int64.max` when it has no end.
    let end: Int64
    /// Seconds east of UTC.
    let offset: Int64
}

/// All offsets of one time zone: a table of changes, and a yearly rule for the time past the table.
///
/// A constant.
///
/// The table reaches to 2100 whatever the file holds, so that the rule is seldom worked out. A lookup is one binary search.
final class ZoneRules: Sendable {
    let name: String
    private let initialOffset: Int64
    /// Seconds of POSIX time at which the offset changes; ascending.
    private let changes: [Int64]
    /// The offset from each change on.
    private let offsets: [Int64]
    private let footer: PosixZoneRule?

    /// No zone is further from UTC than this many seconds (RFC 8536, 3.2, allows −25 to +26 hours).
    static let widestOffset: Int64 = 26 * 3600

    /// Changes that leave out a day or more of the calendar; they alone can move one day's slot onto the next day's.
    let missingDays: [Range<WallTime>]

    /// The seconds of a day to which times in gaps are shifted: 03:00 to 04:00 where the clock is put forward from 02:00 to 03:00. Each
    /// range once; one that goes over midnight ends above 86 400.
    let landings: Set<Range<Int64>>

    /// A zone that never changes its offset.
    init(name: String, offset: Int64) {
        self.name = name
        initialOffset = offset
        changes = []
        offsets = []
        footer = nil
        missingDays = []
        landings = []
    }

    /// nil when the clock changes in a way that no zone's does, for which days would not follow one another: by more than 24 hours, or
    /// twice within three days.
    ///
    /// (In the tz database of 2026 the nearest changes lie four days apart, and the widest are those of 24 hours over the date line.)
    init?(name: String, file: TimeZoneFile) {
        self.name = name
        initialOffset = file.initialOffset
        footer = file.footer
        var table = file.changes
        if let footer {
            let last = table.last?.at ?? Self.firstRuleChange
            // A year past the table, so that the first changes by the rule are looked at too.
            let years = 1970...min(max(CivilDate(dayNumber: Int(last.floored(by: 86_400))).year + 1, 2100), 10_000)
            table += footer.changes(years: years).filter { $0.at > last }
        }
        var changes: [Int64] = []
        var offsets: [Int64] = []
        var missingDays: [Range<WallTime>] = []
        var landings: Set<Range<Int64>> = []
        for change in table where change.offset != offsets.last ?? file.initialOffset {
            let before = offsets.last ?? file.initialOffset
            guard (change.offset - before).magnitude <= Self.widestChange, changes.last.map({ change.at - $0 >= Self.leastSpan }) ?? true
            else { return nil }
            if change.offset > before {
                let landing = (change.at + change.offset).flooredRemainder(by: 86_400)
                landings.insert(landing..<landing + change.offset - before)
            }
            if change.offset - before >= 86_400 {
                let gap = WallTime(seconds: change.at + before)..<WallTime(seconds: change.at + change.offset)
                missingDays.append(gap)
            }
            changes.append(change.at)
            offsets.append(change.offset)
        }
        self.changes = changes
        self.offsets = offsets
        self.missingDays = missingDays
        self.landings = landings
    }

    private static let widestChange: Int64 = 24 * 3600
    private static let leastSpan: Int64 = 3 * 86_400

    /// Without a table the rule holds from here on.
    private static let firstRuleChange: Int64 = 0

    /// Whether the offset is the same for all time.
    var isFixed: Bool { changes.isEmpty && footer?.daylight == nil }

    /// Whether both have one name and the same offsets for all time.
    func isSame(as other: ZoneRules) -> Bool {
        name == other.name && initialOffset == other.initialOffset && changes == other.changes && offsets == other.offsets
            && footer == other.footer
    }

    /// The span that `seconds` lies in.
    func span(at seconds: Int64) -> ZoneSpan {
        guard let first = changes.first, seconds >= first else {
            return ZoneSpan(start: .min, end: changes.first ?? .max, offset: initialOffset)
        }
        let index = lastChange(notAfter: seconds)
        guard index == changes.count - 1 else {
            return ZoneSpan(start: changes[index], end: changes[index + 1], offset: offsets[index])
        }
        guard let footer, footer.daylight != nil else {
            return ZoneSpan(start: changes[index], end: .max, offset: offsets[index])
        }
        return spanPastTable(seconds, footer: footer, tableEnd: changes[index], offset: offsets[index])
    }

    private func lastChange(notAfter seconds: Int64) -> Int {
        changes.withUnsafeBufferPointer { changes in
            var low = 0
            var high = changes.count
            while high - low > 1 {
                let middle = (low + high) / 2
                if changes[middle] <= seconds { low = middle } else { high = middle }
            }
            return low
        }
    }

    private func spanPastTable(_ seconds: Int64, footer: PosixZoneRule, tableEnd: Int64, offset: Int64) -> ZoneSpan {
        let year = CivilDate(dayNumber: Int(seconds.floored(by: 86_400))).year
        var start = (at: tableEnd, offset: offset)
        for change in footer.changesAround(year) where change.at > tableEnd {
            if change.at > seconds { return ZoneSpan(start: start.at, end: change.at, offset: start.offset) }
            start = change
        }
        return ZoneSpan(start: start.at, end: .max, offset: start.offset)
    }
}

extension WallTime {
    init(seconds: Int64) {
        microseconds = seconds * Self.second
    }
}
