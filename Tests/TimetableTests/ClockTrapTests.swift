import Testing
import Timetable

/// Changes of the clock that catch schedulers out, each with its exact list of slots.
@Suite struct ClockTrapTests {
    struct Trap: Sendable, CustomTestStringConvertible {
        let zone, interval, cron, start, end: String
        var gap = DaylightRule.Gap.shift
        var fold = DaylightRule.Fold.first
        let expected: [String]

        var testDescription: String { "\(zone) \(cron) \(gap) \(fold)" }
    }

    static let traps = [
        // Lord Howe changes by half an hour.
        Trap(
            zone: "Australia/Lord_Howe", interval: "R/2026-10-03T02:15/P1D", cron: "15 2 * * *", start: "2026-10-02T20:00:00+11:00",
            end: "2026-10-05T12:00:00+11:00",
            expected: ["2026-10-03T02:15:00+10:30", "2026-10-04T02:45:00+11:00", "2026-10-05T02:15:00+11:00"]),
        Trap(
            zone: "Australia/Lord_Howe", interval: "R/2026-10-03T02:15/P1D", cron: "15 2 * * *", start: "2026-10-02T20:00:00+11:00",
            end: "2026-10-05T12:00:00+11:00",
            gap: .skip, expected: ["2026-10-03T02:15:00+10:30", "2026-10-05T02:15:00+11:00"]),
        Trap(
            zone: "Australia/Lord_Howe", interval: "R/2026-04-04T01:45/P1D", cron: "45 1 * * *", start: "2026-04-03T20:00:00+11:00",
            end: "2026-04-06T12:00:00+11:00",
            fold: .both,
            expected: ["2026-04-04T01:45:00+11:00", "2026-04-05T01:45:00+11:00", "2026-04-05T01:45:00+10:30", "2026-04-06T01:45:00+10:30"]),
        Trap(
            zone: "Australia/Lord_Howe", interval: "R/2026-04-04T01:45/P1D", cron: "45 1 * * *", start: "2026-04-03T20:00:00+11:00",
            end: "2026-04-06T12:00:00+11:00",
            fold: .last, expected: ["2026-04-04T01:45:00+11:00", "2026-04-05T01:45:00+10:30", "2026-04-06T01:45:00+10:30"]),
        // Samoa went without 30 December 2011: its slot is that of the day after.
        Trap(
            zone: "Pacific/Apia", interval: "R/2011-12-28T09:00/P1D", cron: "0 9 * * *", start: "2011-12-28T12:00:00Z",
            end: "2012-01-01T12:00:00Z",
            expected: ["2011-12-28T09:00:00-10:00", "2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00", "2012-01-01T09:00:00+14:00"]),
        Trap(
            zone: "Pacific/Apia", interval: "R/2011-12-23T09:00/P1W", cron: "0 9 * * FRI", start: "2011-12-20T00:00:00Z",
            end: "2012-01-08T00:00:00Z",
            expected: ["2011-12-23T09:00:00-10:00", "2011-12-31T09:00:00+14:00", "2012-01-06T09:00:00+14:00"]),
        Trap(
            zone: "Pacific/Apia", interval: "R/2011-12-23T09:00/P1W", cron: "0 9 * * FRI", start: "2011-12-20T00:00:00Z",
            end: "2012-01-08T00:00:00Z",
            gap: .skip, expected: ["2011-12-23T09:00:00-10:00", "2012-01-06T09:00:00+14:00"]),
        // Dublin's daylight time is the winter one, an hour back.
        Trap(
            zone: "Europe/Dublin", interval: "R/2026-03-28T01:30/P1D", cron: "30 1 * * *", start: "2026-03-28T00:00:00Z",
            end: "2026-03-30T12:00:00Z",
            expected: ["2026-03-28T01:30:00+00:00", "2026-03-29T02:30:00+01:00", "2026-03-30T01:30:00+01:00"]),
        Trap(
            zone: "Europe/Dublin", interval: "R/2026-03-28T01:30/P1D", cron: "30 1 * * *", start: "2026-10-24T12:00:00Z",
            end: "2026-10-26T00:00:00Z",
            fold: .both, expected: ["2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00"]),
        // Casablanca goes back for Ramadan and forward after it.
        Trap(
            zone: "Africa/Casablanca", interval: "R/2026-02-14T02:30/P1D", cron: "30 2 * * *", start: "2026-02-14T12:00:00Z",
            end: "2026-02-16T12:00:00Z",
            fold: .both, expected: ["2026-02-15T02:30:00+01:00", "2026-02-15T02:30:00+00:00", "2026-02-16T02:30:00+00:00"]),
        Trap(
            zone: "Africa/Casablanca", interval: "R/2026-02-14T02:30/P1D", cron: "30 2 * * *", start: "2026-03-21T12:00:00Z",
            end: "2026-03-23T12:00:00Z",
            expected: ["2026-03-22T03:30:00+01:00", "2026-03-23T02:30:00+01:00"]),
        // In Santiago and Beirut the day begins at one.
        Trap(
            zone: "America/Santiago", interval: "R/2026-09-01T00:00/P1D", cron: "0 0 * * *", start: "2026-09-05T00:00:00Z",
            end: "2026-09-07T12:00:00Z",
            expected: ["2026-09-05T00:00:00-04:00", "2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"]),
        Trap(
            zone: "America/Santiago", interval: "R/2026-09-01T00:00/P1D", cron: "0 0 * * *", start: "2026-09-05T00:00:00Z",
            end: "2026-09-07T12:00:00Z",
            gap: .skip, expected: ["2026-09-05T00:00:00-04:00", "2026-09-07T00:00:00-03:00"]),
        Trap(
            zone: "America/Santiago", interval: "R/2026-04-01T23:30/P1D", cron: "30 23 * * *", start: "2026-04-04T12:00:00Z",
            end: "2026-04-06T12:00:00Z",
            fold: .last, expected: ["2026-04-04T23:30:00-04:00", "2026-04-05T23:30:00-04:00"]),
        Trap(
            zone: "Asia/Beirut", interval: "R/2026-03-28T00:00/P1D", cron: "0 0 * * *", start: "2026-03-27T20:00:00Z",
            end: "2026-03-30T00:00:00Z",
            expected: ["2026-03-28T00:00:00+02:00", "2026-03-29T01:00:00+03:00", "2026-03-30T00:00:00+03:00"]),
        // New York past the year 2100, where only the yearly rule is left.
        Trap(
            zone: "America/New_York", interval: "R/2026-01-01T02:30/P1D", cron: "30 2 * * *", start: "2150-03-07T12:00:00Z",
            end: "2150-03-09T12:00:00Z",
            expected: ["2150-03-08T03:30:00-04:00", "2150-03-09T02:30:00-04:00"]),
        // A zone that changed its offset for good: Istanbul stayed at +03:00 in 2016.
        Trap(
            zone: "Europe/Istanbul", interval: "R/2016-03-26T03:30/P1D", cron: "30 3 * * *", start: "2016-03-26T12:00:00Z",
            end: "2016-03-28T12:00:00Z",
            expected: ["2016-03-27T04:30:00+03:00", "2016-03-28T03:30:00+03:00"]),
    ]

    @Test(arguments: traps)
    func slotsAreExactAcrossAChangeOfTheClock(trap: Trap) throws {
        for text in [trap.interval, trap.cron] {
            let schedule = try schedule(text, zone: trap.zone, gap: trap.gap, fold: trap.fold)
            let (start, end) = (instant(trap.start), instant(trap.end))
            #expect(schedule.slots(after: trap.start, through: trap.end) == trap.expected, "\(text)")
            #expect(schedule.instantsBackwards(after: start, through: end).map(schedule.zone.local) == trap.expected, "\(text)")
            #expect(schedule.count(after: start, through: end) == trap.expected.count, "\(text)")
        }
    }

    @Test(arguments: [
        ("R3/2026-W53-1/P1W", "UTC", ["2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z", "2027-01-11T00:00:00Z"]),
        ("R2/2038-01-19T03:14:07Z/PT1S", "UTC", ["2038-01-19T03:14:07Z", "2038-01-19T03:14:08Z"]),
        ("R2/1969-12-31T23:59:59.5Z/PT0.5S", "UTC", ["1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00Z"]),
        ("R2/1900-02-28/P1D", "UTC", ["1900-02-28T00:00:00Z", "1900-03-01T00:00:00Z"]),
        ("R3/2000-02-28/P1D", "UTC", ["2000-02-28T00:00:00Z", "2000-02-29T00:00:00Z", "2000-03-01T00:00:00Z"]),
        ("R2/2016-12-31T23:59:59Z/PT1S", "UTC", ["2016-12-31T23:59:59Z", "2017-01-01T00:00:00Z"]),
        (
            "R3/2026-12-30T23:00/P1D", "Europe/Berlin",
            ["2026-12-30T23:00:00+01:00", "2026-12-31T23:00:00+01:00", "2027-01-01T23:00:00+01:00"]
        ),
        ("R9/9999-11-30/P1M", "UTC", ["9999-11-30T00:00:00Z", "9999-12-30T00:00:00Z"]),
        ("R2/0000-02-29/P4Y", "UTC", ["0000-02-29T00:00:00Z", "0004-02-29T00:00:00Z"]),
    ])
    func calendarEdgesAreExact(text: String, zone: String, expected: [String]) throws {
        let schedule = try schedule(text, zone: zone)
        #expect(schedule.instants(after: .distantPast, through: .distantFuture).map(schedule.zone.local) == expected)
        #expect(schedule.instantsBackwards(after: .distantPast, through: Instant.distantFuture).map(schedule.zone.local) == expected)
        #expect(schedule.count(after: .distantPast, through: .distantFuture) == expected.count)
    }

    @Test func everyQuarterOfAnHourGoesOnThroughARepeatedHour() throws {
        let often = try schedule("*/15 * * * *", zone: "Europe/Berlin")
        for (start, end) in [("2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z"), ("2026-03-28T22:00:00Z", "2026-03-29T22:00:00Z")] {
            #expect(often.count(after: instant(start), through: instant(end)) == 96)
            #expect(often.instants(after: instant(start), through: instant(end)).count == 96)
        }
    }
}
