import Testing
import Timetable

/// The first instant at which the clock of a zone shows a time. catalogue 45
struct TimeOfDayTests {
    @Test(
        arguments: [
            ("UTC", 360, "2026-03-01T05:59:59Z", "2026-03-01T06:00:00Z"), ("UTC", 360, "2026-03-01T06:00:00Z", "2026-03-02T06:00:00Z"),
            ("UTC", 0, "2026-03-01T00:00:00.000001Z", "2026-03-02T00:00:00Z"),
            ("UTC", 1_440, "2026-03-01T23:00:00Z", "2026-03-02T00:00:00Z"),
            // A day of 23 hours: 02:30 comes an hour later.
            ("Europe/Berlin", 360, "2026-03-28T23:00:00Z", "2026-03-29T04:00:00Z"),
            ("Europe/Berlin", 150, "2026-03-28T23:00:00Z", "2026-03-29T01:30:00Z"),
            // A day of 25 hours: of 02:30 the first counts, also when the second is still to come.
            ("Europe/Berlin", 150, "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", 150, "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            // Lord Howe is put forward by half an hour.
            ("Australia/Lord_Howe", 135, "2026-10-03T12:00:00Z", "2026-10-03T15:45:00Z"),
            // Apia had no 30 December 2011.
            ("Pacific/Apia", 360, "2011-12-29T16:00:00Z", "2011-12-30T16:00:00Z"),
        ])
    func itIsWhatTheWallShows(_ name: String, _ minute: Int, _ after: String, _ expected: String) throws {
        let instant = try #require(Instant(rfc3339: after))
        #expect(try Zone(named: name).next(minuteOfDay: minute, after: instant).rfc3339 == expected)
    }
}
