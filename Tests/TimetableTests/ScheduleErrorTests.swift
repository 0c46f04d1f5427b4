import Testing
import Timetable

@Suite struct ScheduleErrorTests {
    @Test(arguments: [
        ("R/2026-03-01T02:00Z/P1H", 23, "write PT1H"),
        ("R/2026-03-01T02:00Z/P1D2H", 25, "write P1DT2H"),
        ("R/2026-03-01T02:00Z/P30S", 24, "write PT30S"),
        ("r/2026-03-01T02:00Z/P1D", 1, "R/2026-03-01T02:00Z/P1D"),
        ("R/2026-03-01T02:00Z/5M", 21, "PT5M is five minutes"),
        ("R/5M", 3, "PT5M is five minutes"),
        ("R/2026-01-01/30S", 14, "write PT30S"),
        ("R/2026-01-01/15min", 14, "write PT15M"),
        ("R/2026-01-01/2h", 14, "write PT2H"),
        ("R/1h30m", 3, "write PT1H30M"),
        ("R3/2026-03-01/03-08", 15, "the end must be a whole date; write 2026-03-08"),
        ("R/2026-03-01T09:00/T17:00", 20, "write 2026-03-01T17:00"),
        ("R/2026-03-01T09:00/17:00", 20, "write 2026-03-01T17:00"),
        (" R/2026-03-01/P1D", 1, "remove the blank"),
        ("R/2026-03-01/2026-03-08 ", 24, "remove the blank"),
        ("R/tomorrow/P1D", 3, "a date or a period"),
        ("R/P1D/tomorrow", 7, "a date is expected"),
        ("R/2026-03-01T02:00[Europe/Berlin][!u-ca=gregory]/P1D", 34, "leave it out"),
        ("R/2026-03-01T02:00[!u-ca=gregory]/P1D", 19, "leave it out"),
        ("R/2026-03-01T02:00[Europe=Berlin]/P1D", 20, "no time zone"),
        ("R/2026-03-01T02:00[u-ca=ä]/P1D", 20, "no time zone"),
        ("R/2026-03-01T02:00Z/p1d", 21, "capital"),
        ("R/2026-03-01T02:00Z/T1H", 21, "PT1H"),
        ("R/2026-03-01T02:00Z", 20, "period is missing"),
        ("R/2026-03-01T02:00Z/", 21, "period is missing"),
        ("R3", 3, "period is missing"),
        ("R", 2, "period is missing"),
        ("", 1, "begins with R"),
        ("2026-03-01T02:00Z/P1D", 1, "R/"),
        ("P1D", 1, "R/P1D"),
        ("R/2026-03-01T02:00Z/PT0S", 21, "never move on"),
        ("R2/P0D", 4, "never move on"),
        ("R/2026-03-01/P-1D", 15, "sign"),
        ("R/2026-03-01/P", 15, "no parts"),
        ("R/2026-03-01/P1DT", 18, "after T"),
        ("R/2026-03-01/P1D1M", 18, "order"),
        ("R/2026-03-01/P1D1D", 18, "each part once"),
        ("R/2026-03-01/PT1H1D", 19, "before the T"),
        ("R/2026-03-01/PT1HT1M", 18, "one T"),
        ("R/2026-03-01/P1.5DT1H", 19, "last part"),
        ("R/2026-03-01/P0.5M", 15, "fraction of a month"),
        ("R/2026-03-01/P0.1Y", 15, "fraction of a month"),
        ("R/2026-03-01/P1.D", 17, "digits"),
        ("R/2026-03-01/P1", 16, "unit"),
        ("R/2026-03-01/P1X", 16, "no unit"),
        ("R/2026-03-01/P20000Y", 15, "10000 years"),
        ("R/2026-03-01/P99999999999999999999D", 15, "10000 years"),
        ("R/2026-03-01/PT9223372036854775807H", 16, "10000 years"),
        ("R/2026-03-01/P1D ", 17, "remove the blank"),
        ("R/2026-03-01/P1D/x", 17, "remove"),
        ("R/2026-02-29/P1D", 11, "01 to 28"),
        ("R/2026-13-01/P1D", 8, "01 to 12"),
        ("R/20261301/P1D", 7, "01 to 12"),
        ("R/20260230/P1D", 9, "01 to 28"),
        ("R/2026-366/P1D", 8, "001 to 365"),
        ("R/2026366/P1D", 7, "001 to 365"),
        ("R/2025-W53-1/P1D", 9, "01 to 52"),
        ("R/2026-W10-8/P1D", 12, "7 is Sunday"),
        ("R/2026-03/P1D", 10, "day"),
        ("R/202603/P1D", 3, "name a day"),
        ("R/2026/P1D", 3, "name a day"),
        ("R/T05:50Z/P1D", 3, "date is missing"),
        ("R/+002026-03-01/P1D", 3, "sign"),
        ("R/2026-03-01 02:00/P1D", 13, "capital T"),
        ("R/2026-03-01T25:00/P1D", 14, "00 to 24"),
        ("R/2026-03-01T24:01/P1D", 14, "24:00"),
        ("R/2026-03-01T02:60/P1D", 17, "00 to 59"),
        ("R/2026-03-01T02:00:60/P1D", 20, "00 to 59"),
        ("R/2026-03-01T2:00/P1D", 14, "two digits"),
        ("R/2026-03-01T02:00+25:00/P1D", 19, "offset"),
        ("R/2026-03-01T02:00[Europe/Berlni]/P1D", 20, "did you mean Europe/Berlin"),
        ("R/2026-03-01T02:00[Europe/Berlin/P1D", 19, "not closed"),
        ("R/2026-03-01T02:00+05:00[Europe/Berlin]/P1D", 25, "+01:00"),
        ("R/2026-03-01/2026-02-01", 14, "after the start"),
        ("R/2026-03-01/2026-03-01", 14, "after the start"),
        ("R-1/2026-03-01/P1D", 2, "sign"),
        ("R99999999999999999999/2026-03-01/P1D", 2, "too many"),
        ("Rx/2026-03-01/P1D", 2, "after R"),
        ("R/2026-03-01/P0001-13-01", 20, "12"),
        ("Ä/2026-03-01/P1D", 1, "begins with R"),
        ("R/2026-03-01[Ä]/P1D/x", 14, "no time zone"),
    ])
    func errorsTellWhereAndWhatWouldBeRight(text: String, column: Int, part: String) {
        let error = #expect(throws: ScheduleError.self) { try Schedule([Recurrence(interval: text)]) }
        #expect(error?.column == column, "\(String(describing: error))")
        #expect(error?.message.contains(part) ?? false, "\(String(describing: error))")
    }

    @Test func aScheduleWithoutRecurrencesIsAnError() {
        #expect(throws: ScheduleError.self) { try Schedule([]) }
    }

    @Test(arguments: [
        ("PT1H", Duration.seconds(3600)), ("P1D", .seconds(86_400)), ("P1W", .seconds(604_800)), ("PT0.25S", .milliseconds(250)),
        ("PT0S", .zero), ("P1DT1M", .seconds(86_460)), ("PT1.5M", .seconds(90)), ("P0000-00-01T01:00:00", .seconds(90_000)),
    ])
    func elapsedTimesAreExact(text: String, expected: Duration) throws {
        #expect(try Period.elapsed(parsing: text) == expected)
    }

    @Test(arguments: [
        ("P1M", "no fixed length"), ("P1Y", "no fixed length"), ("1h", "write PT1H"), ("10M", "write PT10M"),
        ("10", "write for example PT10M"), ("P10M", "no fixed length; write PT10M for minutes"),
        ("90s", "write PT90S"),
        ("P1H", "PT1H"), ("PT1H/", "remove"), ("", "missing"),
    ])
    func elapsedTimesHaveNoMonths(text: String, part: String) {
        let error = #expect(throws: ScheduleError.self) { try Period.elapsed(parsing: text) }
        #expect(error?.message.contains(part) ?? false, "\(String(describing: error))")
    }
}
