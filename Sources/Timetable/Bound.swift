/// One end of the time in which a schedule may have slots: what its text says, which a change of its zone's rules may move.
package struct Bound: Hashable, Sendable {
    private let time: WrittenTime
    /// It stands for the last instant of the day of `time`.
    private let isEndOfDay: Bool

    /// Reads any date and time of ISO 8601 that can start an interval.
    ///
    /// - Parameter isLast: A date without a time then means the end of that day, not its beginning.
    package init(parsing text: String, isLast: Bool = false) throws(ScheduleError) {
        var scanner = TextScanner(text)
        guard scanner.digitsAhead > 0 else {
            throw scanner.error("a date is expected before \(scanner.found); write for example 2026-03-01 or 2026-03-01T09:00")
        }
        var afterDate = scanner
        _ = try afterDate.date()
        time = try WrittenTime(&scanner)
        guard scanner.isAtEnd else { throw scanner.error("nothing may follow the time; remove \(scanner.found)") }
        isEndOfDay = isLast && !afterDate.isAt("T")
    }

    package init(_ instant: Instant) {
        time = WrittenTime(wall: WallTime(microseconds: instant.microseconds), zone: .utc)
        isEndOfDay = false
    }

    /// The instant, on the clock of `zone` unless the text names another.
    ///
    /// A repeated time is taken the first time, one that a gap leaves out is shifted.
    package func instant(in zone: Zone) -> Instant {
        guard isEndOfDay else { return time.instant(in: time.zone ?? zone, fold: .first) }
        let nextDay = WrittenTime(wall: WallTime(microseconds: time.wall.microseconds + WallTime.day), zone: time.zone)
        return nextDay.instant(in: time.zone ?? zone, fold: .first) - Instant.resolution
    }

    /// The same for bounds that say the same, whatever the rules of their zone.
    var words: String { time.canonicalText + (isEndOfDay ? " end of day" : "") }
}
