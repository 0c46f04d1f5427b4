import Testing
import Timetable

/// Edges of the calendar, each with its table of slots.
@Suite struct CalendarEdgeTests {
    // catalogue 50
    @Test(arguments: [
        // The end of a year, forwards and backwards, and in a zone whose year ends at another instant.
        ("R3/2026-12-30T12:00/P1D", "UTC", ["2026-12-30T12:00:00Z", "2026-12-31T12:00:00Z", "2027-01-01T12:00:00Z"]),
        ("R3/PT1S/2027-01-01T00:00:01", "UTC", ["2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z"]),
        ("R2/2026-12-31T23:30/PT1H", "Asia/Kathmandu", ["2026-12-31T23:30:00+05:45", "2027-01-01T00:30:00+05:45"]),
        ("R4/2026-12-31/P1Y", "UTC", ["2026-12-31T00:00:00Z", "2027-12-31T00:00:00Z", "2028-12-31T00:00:00Z", "2029-12-31T00:00:00Z"]),
        // 29 February by years and months, over the year 2100, which has none.
        (
            "R5/2024-02-29/P1Y", "UTC",
            ["2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z", "2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"]
        ),
        ("R3/2096-02-29/P4Y", "UTC", ["2096-02-29T00:00:00Z", "2100-02-28T00:00:00Z", "2104-02-29T00:00:00Z"]),
        ("R2/1600-02-29/P400Y", "UTC", ["1600-02-29T00:00:00Z", "2000-02-29T00:00:00Z"]),
        ("R3/P1Y/2028-02-29", "UTC", ["2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"]),
        // The 31st by months, from the start and from the end.
        (
            "R6/2027-12-31/P1M", "UTC",
            [
                "2027-12-31T00:00:00Z", "2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z", "2028-04-30T00:00:00Z",
                "2028-05-31T00:00:00Z",
            ]
        ),
        ("R4/P1M/2026-03-31", "UTC", ["2025-12-31T00:00:00Z", "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"]),
        ("R3/2026-08-31/P6M", "UTC", ["2026-08-31T00:00:00Z", "2027-02-28T00:00:00Z", "2027-08-31T00:00:00Z"]),
        // Week 53, and the years whose first days belong to it.
        ("R3/2026-W53-1/P1W", "UTC", ["2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z", "2027-01-11T00:00:00Z"]),
        ("R2/2020-W53-7/P1D", "UTC", ["2021-01-03T00:00:00Z", "2021-01-04T00:00:00Z"]),
        ("R2/2027-W01-1/P1D", "UTC", ["2027-01-04T00:00:00Z", "2027-01-05T00:00:00Z"]),
        // The ends of all years.
        ("R9/9999-10-31/P1M", "UTC", ["9999-10-31T00:00:00Z", "9999-11-30T00:00:00Z", "9999-12-31T00:00:00Z"]),
        ("R/9999-12-31T23:59:58/PT1S", "UTC", ["9999-12-31T23:59:58Z", "9999-12-31T23:59:59Z"]),
        ("R/P1Y/0001-02-28", "UTC", ["0000-02-28T00:00:00Z", "0001-02-28T00:00:00Z"]),
        // Where 31 bits of seconds end, and 32 bits do.
        ("R3/2038-01-19T03:14:06Z/PT1S", "UTC", ["2038-01-19T03:14:06Z", "2038-01-19T03:14:07Z", "2038-01-19T03:14:08Z"]),
        ("R2/2106-02-07T06:28:15Z/PT1S", "UTC", ["2106-02-07T06:28:15Z", "2106-02-07T06:28:16Z"]),
        (
            "R3/2038-03-27T02:30/P1D", "Europe/Berlin",
            ["2038-03-27T02:30:00+01:00", "2038-03-28T03:30:00+02:00", "2038-03-29T02:30:00+02:00"]
        ),
    ])
    func edgesOfTheCalendarAreExact(text: String, zone: String, expected: [String]) throws {
        let schedule = try schedule(text, zone: zone)
        #expect(schedule.instants(after: .distantPast, through: .distantFuture).map(schedule.zone.local) == expected)
        #expect(schedule.instantsBackwards(after: .distantPast, through: .distantFuture).map(schedule.zone.local) == expected)
        #expect(schedule.count(after: .distantPast, through: .distantFuture) == expected.count)
    }

    // catalogue 50
    @Test(arguments: [
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", ["2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"]),
        ("0 0 31 * *", "2026-12-31T00:00:00Z", ["2027-01-31T00:00:00Z", "2027-03-31T00:00:00Z", "2027-05-31T00:00:00Z"]),
        ("59 23 31 12 *", "2026-06-01T00:00:00Z", ["2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"]),
        ("0 0 1 1 *", "9998-06-01T00:00:00Z", ["9999-01-01T00:00:00Z"]),
        ("14 3 19 1 *", "2038-01-01T00:00:00Z", ["2038-01-19T03:14:00Z", "2039-01-19T03:14:00Z"]),
    ])
    func edgesOfTheCalendarAreExactForCron(text: String, start: String, expected: [String]) throws {
        #expect(try schedule(text).first(expected.count, after: start) == expected)
    }

    // catalogue 46: POSIX time has no leap second, so around one each second comes once, and nothing waits for 23:59:60.
    @Test(arguments: ["R/2016-12-31T00:00:00Z/PT1S", "* * * * * *"])
    func aLeapSecondNeitherSkipsNorDoublesASlot(text: String) throws {
        let expected = ["2016-12-31T23:59:58Z", "2016-12-31T23:59:59Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"]
        #expect(try schedule(text).slots(after: "2016-12-31T23:59:57Z", through: "2017-01-01T00:00:01Z") == expected)
        #expect(try schedule("0 0 * * *").slots(after: "2016-12-31T12:00:00Z", through: "2017-01-01T12:00:00Z") == [expected[2]])
        #expect(throws: ScheduleError.self) { try schedule("R/2016-12-31T23:59:60Z/PT1S") }
        #expect(throws: ScheduleError.self) { try schedule("60 59 23 31 12 *") }
        #expect(Instant(rfc3339: "2016-12-31T23:59:60Z") == nil)
    }
}
