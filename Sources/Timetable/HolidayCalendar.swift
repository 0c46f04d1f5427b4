/// An iCalendar file (RFC 5545) whose events are times without slots: an all-day event excepts its days, a timed event the time from its
/// start up to before its end.
///
/// Of each event it reads `DTSTART`, `DTEND`, `DURATION`, `RRULE` (see `HolidayRule`), `RDATE`, `EXDATE` and `STATUS`; cancelled events
/// are left out. Times without a zone are those of the zone that it is read for. Rules without an end go on to the year 2100.
///
/// It may hold many exceptions, and many schedules may hold it: all share this one.
package final class HolidayCalendar: Sendable {
    /// The file's text reduced to what makes exceptions: unfolded, without what else an event says, in an order of its own.
    ///
    /// Read for the same zone it gives an equal calendar; files that differ in nothing that counts have the same text.
    package let text: String
    /// A number drawn from what it excepts, in the words of clocks and not of instants: the same for calendars that say the same, on
    /// every machine and by all rules of their zones.
    let meaning: UInt64
    let days: ExcludedDays
    /// The zones in which its times stand.
    let zones: Set<Zone>

    package init(parsing bytes: [UInt8], zone: Zone) throws(HolidayFileError) {
        let read = try Self.read(bytes, zone: zone)
        (text, zones, days) = (read.text, read.zones, ExcludedDays(read.exclusions))
        meaning = stableHash(of: (days.dayWords + read.timeWords.sorted()).joined(separator: "\n"), salt: 0)
    }

    static func read(_ bytes: [UInt8], zone: Zone) throws(HolidayFileError) -> HolidayReader.Reading {
        var reader = HolidayReader(zone: zone)
        for line in HolidayLine.lines(of: bytes) { try reader.read(line) }
        return try reader.finished()
    }
}

extension HolidayCalendar: Hashable {
    /// Whether both except the same times.
    package static func == (left: HolidayCalendar, right: HolidayCalendar) -> Bool {
        left === right || left.days == right.days
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(days) }
}
