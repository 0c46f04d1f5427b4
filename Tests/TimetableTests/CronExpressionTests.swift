import Testing
import Timetable

@Suite struct CronExpressionTests {
    @Test(arguments: [
        ("*/20 * * * *", ["2026-01-01T00:20:00Z", "2026-01-01T00:40:00Z", "2026-01-01T01:00:00Z"]),
        ("10/20 * * * *", ["2026-01-01T00:10:00Z", "2026-01-01T00:30:00Z", "2026-01-01T00:50:00Z"]),
        ("0 2 * * *", ["2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", "2026-01-03T02:00:00Z"]),
        ("30 15 2 * * *", ["2026-01-01T02:15:30Z", "2026-01-02T02:15:30Z"]),
        ("*/30 0 0 * * *", ["2026-01-01T00:00:30Z", "2026-01-02T00:00:00Z"]),
        ("0 0 * * MON-FRI", ["2026-01-02T00:00:00Z", "2026-01-05T00:00:00Z"]),
        ("0 0 * * fri-sun", ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-09T00:00:00Z"]),
        ("0 0 * * 0", ["2026-01-04T00:00:00Z"]),
        ("0 0 * * 7", ["2026-01-04T00:00:00Z"]),
        (
            "0 0 * JAN,mar 1",
            ["2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z", "2026-01-19T00:00:00Z", "2026-01-26T00:00:00Z", "2026-03-02T00:00:00Z"]
        ),
        ("0 0 13 * FRI", ["2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"]),
        ("0 0 */2 * FRI", ["2026-01-09T00:00:00Z", "2026-01-23T00:00:00Z", "2026-02-13T00:00:00Z"]),
        ("0 0 13 * ?", ["2026-01-13T00:00:00Z", "2026-02-13T00:00:00Z"]),
        ("0 0 ? * FRI", ["2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z"]),
        ("0 0 L * *", ["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"]),
        ("0 0 L-3 * *", ["2026-01-28T00:00:00Z", "2026-02-25T00:00:00Z"]),
        ("0 0 LW * *", ["2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z", "2026-03-31T00:00:00Z"]),
        ("0 0 1W * *", ["2026-02-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"]),
        ("0 0 15W * *", ["2026-01-15T00:00:00Z", "2026-02-16T00:00:00Z", "2026-03-16T00:00:00Z"]),
        ("0 0 31W * *", ["2026-01-30T00:00:00Z", "2026-03-31T00:00:00Z", "2026-05-29T00:00:00Z"]),
        ("0 0 * * 5L", ["2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z"]),
        ("0 0 * * FRIL", ["2026-01-30T00:00:00Z", "2026-02-27T00:00:00Z"]),
        ("0 0 * * MON#1,WED#3", ["2026-01-05T00:00:00Z", "2026-01-21T00:00:00Z", "2026-02-02T00:00:00Z"]),
        ("0 0 * * 5#5", ["2026-01-30T00:00:00Z", "2026-05-29T00:00:00Z"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        (
            "5,10-12,50-59/5 3 1 1 *",
            ["2026-01-01T03:05:00Z", "2026-01-01T03:10:00Z", "2026-01-01T03:11:00Z", "2026-01-01T03:12:00Z", "2026-01-01T03:50:00Z"]
        ),
        ("  0\t2  * * *  ", ["2026-01-01T02:00:00Z"]),
        ("@hourly", ["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"]),
        ("@daily", ["2026-01-02T00:00:00Z"]), ("@midnight", ["2026-01-02T00:00:00Z"]),
        ("@weekly", ["2026-01-04T00:00:00Z"]), ("@monthly", ["2026-02-01T00:00:00Z"]),
        ("@yearly", ["2027-01-01T00:00:00Z"]), ("@annually", ["2027-01-01T00:00:00Z"]),
    ])
    func expressionsGiveTheirFirstSlots(text: String, expected: [String]) throws {
        let schedule = try Schedule([Recurrence(cron: text)])
        #expect(schedule.first(expected.count, after: "2026-01-01T00:00:00Z") == expected)
        #expect(schedule.recurrences[0].text == text)
    }

    @Test func fiveHundredYearsAreCountedAsTheyAreWalked() throws {
        let leapDays = try schedule("0 0 29 2 *")
        let (start, end) = (instant("1600-02-29T00:00:00Z"), instant("2100-12-31T00:00:00Z"))
        #expect(leapDays.count(after: start, through: end) == 121)
        #expect(leapDays.instants(after: start, through: end).count == 121)
        #expect(try schedule("* * * * * *").count(after: .epoch, through: Instant(seconds: 2_000_000_000)) == 2_000_000_000)
    }

    @Test func hashesAreStableSpreadAndInRange() throws {
        func first(_ text: String, _ seed: String) throws -> String? {
            try Schedule([Recurrence(cron: text, seed: seed)]).first(1, after: "2026-01-01T00:00:00Z").first
        }
        // Written down so that no later version moves anyone's slots.
        #expect(try first("H H * * *", "backup") == "2026-01-01T04:22:00Z")
        let minutes = try Set((0..<200).map { try first("H 3 * * *", "job-\($0)") })
        #expect(minutes.count > 50)
        for index in 0..<50 {
            let seed = "job-\(index)"
            let schedule = try Schedule([Recurrence(cron: "H(10-19)/5 H(1-2) H * *", seed: seed)])
            let slots = schedule.slots(after: "2026-01-31T23:59:00Z", through: "2026-02-28T23:59:59Z")
            #expect(slots.count == 2, "\(seed)")
            #expect(slots.allSatisfy { $0.contains("T01:1") || $0.contains("T02:1") }, "\(seed): \(slots)")
            #expect(try Recurrence(cron: "H * * * *", seed: seed) == Recurrence(cron: "H * * * *", seed: seed))
            #expect(try Schedule([Recurrence(cron: "H/15 * * * *", seed: seed)]).count(after: .epoch, through: Instant(seconds: 7200)) >= 7)
        }
    }

    @Test(arguments: [
        ("0 2 * *", 1, "five fields"),
        ("", 1, "five fields"),
        ("0 0 2 * * * 2026", 13, "year"),
        ("61 * * * *", 1, "there is no minute 61; write a number from 0 to 59"),
        ("0 24 * * *", 3, "no hour 24; write a number from 0 to 23"),
        ("0 0 0 * *", 5, "no day of the month 0; write a number from 1 to 31"),
        ("0 0 1 13 *", 7, "no month 13; write a number from 1 to 12"),
        ("0 0 * FEBR *", 7, "JAN to DEC"),
        ("0 0 * * MONDAY", 9, "SUN to SAT"),
        ("0 22-2 * * *", 3, "the range 22-2 runs backwards; write 22-23,0-2"),
        ("0 23-0 * * *", 3, "write 23,0"),
        ("0 0 * * 7-1", 9, "the range 7-1 runs backwards; write 0-1"),
        ("0 0 * * FRI-MON", 9, "the range FRI-MON runs backwards; write FRI-SAT,SUN-MON"),
        ("0 0 * nov-feb *", 7, "the range nov-feb runs backwards; write nov-DEC,JAN-feb"),
        ("0 0 * * sat-2", 9, "write sat,0-2"),
        ("0 0 * * 8", 9, "no day of the week 8; write a number from 0 to 7"),
        ("75 0 0 * * *", 1, "no second 75;"),
        ("0 9-61,5 * * *", 5, "no hour 61;"),
        ("0,61/5 * * * *", 3, "no minute 61;"),
        ("1- * * * *", 3, "before the end of the field"),
        ("*/\t* * * *", 3, "before the end of the field"),
        ("*/99999999999999999999999 * * * *", 3, "no step 99999999999999999999…"),
        ("*/0 * * * *", 3, "no step 0"),
        ("*/x * * * *", 3, "step"),
        ("0 0 30 2 *", 5, "never comes"),
        ("0 0 31 4,6,9,11 *", 5, "never comes"),
        ("0 0 L-31 * *", 7, "up to 30 days can lie before the last, as in L-3, not 31"),
        ("0 0 L- * *", 7, "not the end of the field"),
        ("0 0 * * 1#6", 11, "#1 to #5, not 6"),
        ("? 0 * * *", 1, "?"),
        ("0 0 1* * *", 6, "cannot stand there"),
        ("1, 2 * * *", 3, "is expected before the end of the field"),
        ("@reboot", 1, "@reboot"),
        ("@every 5m", 1, "write the interval R/PT5M"),
        ("@every 1h30m", 1, "write the interval R/PT1H30M"),
        ("@every 0s", 1, "for example R/PT1H30M"),
        ("@every blue moon", 1, "an interval, for example R/PT1H30M"),
        ("@daily Europe/Berlin", 8, "nothing may follow @daily; remove `Europe/Berlin`, and write a time zone under `zone`"),
        (" R/P1D", 1, "remove the blank"),
        ("@fortnightly", 1, "@weekly"),
        ("R/P1D", 1, "repeating interval"),
        ("H(9-3) * * * *", 3, "backwards"),
        ("H(9 * * * *", 4, "a range is expected before the end of the field"),
        ("H(9-12 * * * *", 7, "a closing parenthesis is expected before the end of the field"),
        ("99999999999999999999 * * * *", 1, "no minute 99999999999999999999; write a number from 0 to 59"),
    ])
    func errorsTellWhereAndWhatWouldBeRight(text: String, column: Int, part: String) {
        let error = #expect(throws: ScheduleError.self) { try Recurrence(cron: text) }
        #expect(error?.column == column, "\(String(describing: error))")
        #expect(error?.message.contains(part) ?? false, "\(String(describing: error))")
    }

    /// MIN_STAR and HR_STAR of Vixie cron and cronie: what begins with `*` in the minute or the hour goes by elapsed time.
    @Test(arguments: [
        ("*/15 2 * * *", 0, 8), ("15 */2 * * *", 11, 13), ("0,15,30,45 2 * * *", 4, 4), ("*/15 * * * *", 92, 100),
        ("15 0-23 * * *", 23, 25),
        ("15 2,3 * * *", 1, 2), ("* 2 * * *", 0, 120), ("@hourly", 23, 25), ("30 2 * * *", 1, 1),
    ])
    func wildcardsGoByElapsedTimeWhenTheClockChanges(line: String, onTheShortDay: Int, onTheLongDay: Int) throws {
        let schedule = try schedule(line, zone: "Europe/Berlin")
        #expect(schedule.count(after: instant("2026-03-28T22:59:59Z"), through: instant("2026-03-29T21:59:59Z")) == onTheShortDay)
        #expect(schedule.count(after: instant("2026-10-24T21:59:59Z"), through: instant("2026-10-25T22:59:59Z")) == onTheLongDay)
    }

    @Test func aRuleThatIsStatedGoesBeforeThatOfWildcards() throws {
        let shifted = try schedule("*/15 2 * * *", zone: "Europe/Berlin", gap: .shift, fold: .last)
        let slots = shifted.slots(after: "2026-03-28T23:00:00Z", through: "2026-03-29T22:00:00Z").map { String($0.dropFirst(11).prefix(5)) }
        #expect(slots == ["03:00", "03:15", "03:30", "03:45"])
        let folded = shifted.slots(after: "2026-10-24T22:00:00Z", through: "2026-10-25T23:00:00Z")
        #expect(folded.count == 4 && folded.allSatisfy { $0.hasSuffix("+01:00") })
        let everyHour = try schedule("*/30 * * * *", zone: "Europe/Berlin", gap: .shift, fold: .first)
        #expect(everyHour.count(after: instant("2026-10-24T22:00:00Z"), through: instant("2026-10-25T23:00:00Z")) == 50)
    }
}
