import Testing

@testable import Timetable

@Suite struct ScheduleWordsTests {
    @Test(arguments: [
        ("R/2026-03-01T02:00/P1D", "every day from 2026-03-01 at 02:00"),
        ("R5/2026-03-01T02:00:30/P2W", "every 2 weeks from 2026-03-01 at 02:00:30, 5 times"),
        ("R/2026-03-01T02:00[Europe/Berlin]/P1M", "every month from 2026-03-01 at 02:00 (Europe/Berlin)"),
        ("R/2026-03-01T02:00Z/P1Y2M10DT2H30M", "every 1 year, 2 months, 10 days, 2 hours and 30 minutes from 2026-03-01 at 02:00 (UTC)"),
        ("R/PT1H", "every hour from the registration of the job on"),
        ("R/PT1H30M", "every 1 hour and 30 minutes from the registration of the job on"),
        ("R/PT0.25S", "every 0.25 seconds from the registration of the job on"),
        ("R/P1D/2026-03-01", "every day until 2026-03-01 at 00:00"),
        ("R/2026-03-01T02:00/2026-03-15T02:00", "every 2 weeks from 2026-03-01 at 02:00"),
        (
            "R3/2026-03-01T02:00/2026-03-15T03:00",
            "first on 2026-03-01 at 02:00, then each time after as long as from there to 2026-03-15 at 03:00, 3 times"
        ),
        ("R1/2026-03-01T02:00/P1D", "once, on 2026-03-01 at 02:00"),
        ("R0/P1D", "never"),
        ("30 2 * * MON-FRI", "at 02:30 on Monday to Friday"),
        ("0 7,19 * * *", "at 07:00 and 19:00 every day"),
        ("*/15 * * * *", "at minutes 0, 15, 30 and 45 of every hour"),
        ("* 9-17 * * SAT,SUN", "every minute of hours 9 to 17 on Saturday and Sunday"),
        ("* * * * *", "every minute of every hour"),
        ("* * * * * *", "every second of every minute of every hour"),
        ("*/30 0 2 * * *", "at seconds 0 and 30 of minute 0 of hour 2 every day"),
        ("0 0 1,15 * *", "at 00:00 on the 1st and 15th"),
        ("0 0 13 * FRI", "at 00:00 on the 13th, and on Friday"),
        ("0 0 */10 * FRI", "at 00:00 on the 1st, 11th, 21st and 31st, if that is Friday"),
        ("0 0 L * *", "at 00:00 on the last day of the month"),
        ("0 0 LW JAN-MAR *", "at 00:00 on the last weekday of the month in January to March"),
        ("0 0 * * MON#1,5L", "at 00:00 on the 1st Monday and the last Friday"),
    ])
    func schedulesAreToldInWords(text: String, expected: String) throws {
        #expect(try schedule(text).inWords == expected)
    }

    @Test func limitsAreToldInWords() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let limits = try Limits(
            notBefore: Bound(instant("2026-03-01T00:00:00Z")), notAfter: Bound(instant("2027-03-01T00:00:00Z")),
            exclusions: ["SAT,SUN", "--12-25", "2026-05-01", "2026-08-01/2026-08-14"].map { try Exclusion(parsing: $0) },
            windows: [DailyWindow(from: "09:00", until: "17:00:30", on: "MON-THU"), DailyWindow(from: "22:00", until: "24:00")])
        let schedule = try Schedule([Recurrence(cron: "@hourly")], zone: berlin, limits: limits, delay: .seconds(90))
        #expect(
            schedule.inWords == "at minute 0 of every hour (Europe/Berlin), only between 09:00 and 17:00:30 on Monday to Thursday"
                + " or 22:00 and 24:00, except Saturday and Sunday, every 25 December, 2026-05-01 and 2026-08-01 to 2026-08-14,"
                + " not before 2026-03-01T01:00:00+01:00, not after 2027-03-01T01:00:00+01:00, each 1 minute and 30 seconds later (spread)")
        let many = try Schedule(
            [Recurrence(cron: "@daily")], limits: Limits(exclusions: (0..<400).map { .days($0...$0) }))
        #expect(many.inWords.hasSuffix("1970-01-05, 1970-01-06 and 394 more"))
        #expect(Duration.seconds(93_784).inWords == "1 day, 2 hours, 3 minutes and 4 seconds")
    }

    @Test func localTimesAreShownWhereTheTextStands() throws {
        #expect(try schedule("R/2026-03-01T02:00[Asia/Tokyo]/P1D").localZone.name == "Asia/Tokyo")
        #expect(try schedule("R/2026-03-01T02:00[Asia/Tokyo]/P1D", "@daily").localZone == .utc)
        #expect(try schedule("R/2026-03-01T02:00[Asia/Tokyo]/P1D", "R/2026-03-01T02:00+01:00/P1D").localZone == .utc)
        #expect(try schedule("R/2026-03-01T02:00[Asia/Tokyo]/P1D", zone: "Europe/Berlin").localZone.name == "Europe/Berlin")
    }

    @Test func zonesTellTheirNextChange() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let change = try #require(berlin.nextChange(after: instant("2026-01-01T00:00:00Z")))
        #expect(change == ZoneChange(at: instant("2026-03-29T01:00:00Z"), before: 3600, after: 7200) && change.isGap)
        #expect(berlin.nextChange(after: change.at)?.at == instant("2026-10-25T01:00:00Z"))
        #expect(Zone.utc.nextChange(after: .epoch) == nil && berlin.nextChange(after: .distantFuture) == nil)
        #expect(berlin.nextChange(after: instant("2999-01-01T00:00:00Z"))?.at == instant("2999-03-31T01:00:00Z"))
    }

    @Test func changedSlotsAreFoundWithoutWalkingTheYear() throws {
        let (start, end) = (instant("2026-01-01T00:00:00Z"), instant("2027-01-01T00:00:00Z"))
        for text in ["30 2 * * *", "R/2026-01-01T02:30[Europe/Berlin]/P1D"] {
            let shifted = try schedule(text, zone: "Europe/Berlin").changedSlots(after: start, through: end, atMost: 9)
            #expect(shifted.map(\.due.rfc3339) == ["2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z"])
            #expect(shifted.map(\.change) == [.shifted(by: .seconds(3600)), .firstOfTwo])
            #expect(shifted.map(\.asked) == ["2026-03-29T02:30:00", "2026-10-25T02:30:00"])
            let skipped = try schedule(text, zone: "Europe/Berlin", gap: .skip, fold: .both)
                .changedSlots(after: start, through: end, atMost: 9)
            #expect(skipped.map(\.due.rfc3339) == ["2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"])
            #expect(skipped.map(\.change) == [nil, .firstOfTwo, .lastOfTwo])
            #expect(skipped.map(\.asked) == ["2026-03-29T02:30:00", "2026-10-25T02:30:00", "2026-10-25T02:30:00"])
        }
        let halfHour = try schedule("15 2 * * *", zone: "Australia/Lord_Howe").changedSlots(after: start, through: end, atMost: 9)
        #expect(halfHour.map(\.asked) == ["2026-10-04T02:15:00"] && halfHour.map(\.due.rfc3339) == ["2026-10-03T15:45:00Z"])
        #expect(try schedule("R/PT1S", zone: "Europe/Berlin").changedSlots(after: start, through: end, atMost: 9).isEmpty)
        #expect(try schedule("*/10 * * * *", zone: "Europe/Berlin").changedSlots(after: start, through: end, atMost: 9).isEmpty)
        let everyMicrosecond = "R/1970-01-01T00:00:00Z/PT0.000001S"
        #expect(try schedule(everyMicrosecond, zone: "Europe/Berlin").changedSlots(after: start, through: end, atMost: 9).isEmpty)
        let union = try schedule(everyMicrosecond, "30 2 * * *", zone: "Europe/Berlin")
        #expect(union.changedSlots(after: start, through: end, atMost: 9).isEmpty)
        #expect(try schedule("30 12 * * *", zone: "Europe/Berlin").changedSlots(after: start, through: end, atMost: 9).isEmpty)
    }
}
