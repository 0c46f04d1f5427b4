import Testing

@testable import Timetable

@Suite struct HolidayFileTests {
    private func calendar(_ events: String..., zone: String = "Europe/Berlin") throws -> [Exclusion] {
        let text = "BEGIN:VCALENDAR\nVERSION:2.0\n" + events.map { "BEGIN:VEVENT\n\($0)\nEND:VEVENT\n" }.joined() + "END:VCALENDAR\n"
        return [.calendar(try HolidayCalendar(parsing: text.utf8.flatMap { $0 == 10 ? [13, 10] : [$0] }, zone: Zone(named: zone)))]
    }

    /// Dates of the all-day events from 2026 through 2030.
    private func days(_ events: String...) throws -> [String] {
        let text = "BEGIN:VCALENDAR\n" + events.map { "BEGIN:VEVENT\n\($0)\nEND:VEVENT\n" }.joined() + "END:VCALENDAR\n"
        let exclusions = try HolidayCalendar.read(Array(text.utf8), zone: .utc).exclusions
        let days = exclusions.flatMap { exclusion -> [Int] in
            if case .days(let range) = exclusion { Array(range) } else { [] }
        }
        return Set(days).sorted().map { TimestampText.date(CivilDate(dayNumber: $0)) }.filter { $0 < "2031" }
    }

    @Test(arguments: [
        ("DTSTART;VALUE=DATE:20261224", ["2026-12-24"]),
        ("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227", ["2026-12-24", "2026-12-25", "2026-12-26"]),
        ("DTSTART;VALUE=DATE:20261224\nDURATION:P2D", ["2026-12-24", "2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:20261224\nRDATE;VALUE=DATE:20261226,20261228", ["2026-12-24", "2026-12-26", "2026-12-28"]),
        ("DTSTART;VALUE=DATE:20280501\nRRULE:FREQ=YEARLY", ["2028-05-01", "2029-05-01", "2030-05-01"]),
        ("DTSTART;VALUE=DATE:20280229\nRRULE:FREQ=YEARLY", ["2028-02-29"]),
        ("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;INTERVAL=2", ["2026-01-01", "2028-01-01", "2030-01-01"]),
        ("DTSTART;VALUE=DATE:20261126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=3", ["2026-11-26", "2027-11-25", "2028-11-23"]),
        ("DTSTART;VALUE=DATE:20260525\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20280101", ["2026-05-25", "2027-05-31"]),
        ("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=YEARLY;BYDAY=1MO;COUNT=3", ["2026-01-05", "2027-01-04", "2028-01-03"]),
        ("DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;COUNT=3", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("DTSTART;VALUE=DATE:20260113\nRRULE:FREQ=MONTHLY;BYDAY=2TU;COUNT=3", ["2026-01-13", "2026-02-10", "2026-03-10"]),
        ("DTSTART;VALUE=DATE:20260213\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3", ["2026-02-13", "2026-03-13", "2026-11-13"]),
        (
            "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2;COUNT=4",
            ["2026-01-05", "2026-01-07", "2026-01-19", "2026-01-21"]
        ),
        ("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;UNTIL=20260119", ["2026-01-05", "2026-01-12", "2026-01-19"]),
        (
            "DTSTART;VALUE=DATE:20260805\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            ["2026-08-05", "2026-08-16", "2026-08-18", "2026-08-30"]
        ),
        ("DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;INTERVAL=3;COUNT=3\nEXDATE;VALUE=DATE:20260104", ["2026-01-01", "2026-01-07"]),
    ])
    func allDayEventsExceptTheirDays(event: String, expected: [String]) throws {
        #expect(try days(event) == expected)
    }

    @Test func timedEventsExceptTheirTime() throws {
        let events = try calendar(
            "DTSTART;TZID=America/New_York:20260302T090000\nDTEND;TZID=America/New_York:20260302T100000\n"
                + "RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE:20260309T130000Z",
            "SUMMARY:A long\n  line that BEGIN:VEVENT goes on\nDTSTART:20260305T120000Z\nDURATION:PT30M\n"
                + "BEGIN:VALARM\nDTSTART:20260306T000000Z\nEND:VALARM",
            "DTSTART:20260306T120000\nDTEND:20260306T130000")
        let schedule = try Schedule([Recurrence(cron: "0,30 * * * *")], limits: Limits(exclusions: events))
        let (start, end) = (instant("2026-03-01T00:00:00Z"), instant("2026-03-20T00:00:00Z"))
        let missing = [
            "2026-03-02T14:00:00Z", "2026-03-02T14:30:00Z", "2026-03-05T12:00:00Z", "2026-03-06T11:00:00Z", "2026-03-06T11:30:00Z",
            "2026-03-16T13:00:00Z", "2026-03-16T13:30:00Z",
        ]
        #expect(schedule.excluded(after: start, through: end, atMost: 99).map(\.due.rfc3339) == missing)
        #expect(schedule.count(after: start, through: end) == 19 * 48 - missing.count)
        #expect(schedule.instantsBackwards(after: start, through: end) == schedule.instants(after: start, through: end))
    }

    @Test func errorsQuoteNoMoreThanAnEye() {
        let long = String(repeating: "x\u{301}", count: 20_000)
        for line in ["BEGIN:\(long)", "END:\(long)", "DTSTART;TZID=\(long):20260101T000000", "RRULE:\(long)", "RRULE:FREQ=\(long)"] {
            let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\n\(line)\n"
            let error = #expect(throws: HolidayFileError.self) { try HolidayCalendar(parsing: Array(text.utf8), zone: .utc) }
            #expect(error?.message.utf8.count ?? 0 < 400)
        }
    }

    @Test(arguments: [
        ("", 1, "BEGIN:VCALENDAR"), ("BEGIN:VCALENDAR\n", 1, "END:VCALENDAR"), ("BEGIN:VCALENDAR\nEND:VEVENT\n", 2, "BEGIN"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR", 2, "DTSTART"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260230\n", 3, "DTSTART: there is no such day as 20260230"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:2026-02-03\n", 3, "no date like"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:FREQ=DAILY;COUNT=0\n", 3, "`COUNT=0`: the number must be from 1 to 2147483647"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:FREQ=DAILY;INTERVAL=0\n", 3, "must be from 1 to 100000"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:FREQ=DAILY;INTERVAL=100001\n", 3, "`INTERVAL=100001`: the number must be from 1 to"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=Europe/Berlni:20260201T000000\n", 3, "Europe/Berlin"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:FREQ=HOURLY\n", 3, "DAILY"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:FREQ=DAILY;BYSETPOS=1\n", 3, "BYSETPOS"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:FREQ=DAILY;COUNT=x\n", 3, "COUNT=X"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nRRULE:COUNT=1\n", 3, "FREQ"),
        ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260201\nDTEND:20260101\nEND:VEVENT\n", 2, "before it starts"),
    ])
    func errorsTellTheLine(text: String, line: Int, part: String) {
        let error = #expect(throws: HolidayFileError.self) { try HolidayCalendar(parsing: Array(text.utf8), zone: .utc) }
        #expect(error?.line == line && error?.message.uppercased().contains(part.uppercased()) ?? false, "\(String(describing: error))")
    }

    @Test func mutatedFilesAreReadOrRefused() throws {
        let text =
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=\"UTC\":20260302T090000\nDURATION:PT1H\n"
            + "RRULE:FREQ=WEEKLY;BYDAY=MO,2TU;COUNT=9\nEND:VEVENT\nEND:VCALENDAR\n"
        let good = Array(text.utf8)
        var random = SeededGenerator(seed: 11)
        for _ in 0..<1000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let calendar = try? HolidayCalendar(parsing: bytes, zone: .utc) else { continue }
            let again = try HolidayCalendar(parsing: Array(calendar.text.utf8), zone: .utc)
            #expect(again == calendar && again.text == calendar.text)
        }
    }

    // MARK: The reduced text

    private static let export = """
        BEGIN:VCALENDAR\r
        VERSION:2.0\r
        BEGIN:VTIMEZONE\r
        TZID:Europe/Berlin\r
        END:VTIMEZONE\r
        BEGIN:VEVENT\r
        UID:2\r
        DTSTAMP:20260101T000000Z\r
        DTSTART;X-A=1;TZID="Europe/Berlin":20260302T0\r
         90000\r
        DURATION:PT1H\r
        RRULE:FREQ=WEEKLY;CO\r
        \tUNT=3\r
        EXDATE;TZID=Europe/Berlin:20260309T090000\r
        SUMMARY:Closed\r
        BEGIN:VALARM\r
        DURATION:PT5M\r
        END:VALARM\r
        END:VEVENT\r
        BEGIN:VEVENT\r
        UID:1\r
        DTSTART;VALUE=DATE:20261224\r
        DTEND;VALUE=DATE:20261227\r
        END:VEVENT\r
        BEGIN:VEVENT\r
        DTSTART:20270101\r
        STATUS:CANCELLED\r
        END:VEVENT\r
        END:VCALENDAR\r

        """

    @Test func theReducedTextHasWhatIsReadAndNothingElse() throws {
        let calendar = try HolidayCalendar(parsing: Array(Self.export.utf8), zone: Zone(named: "Asia/Tokyo"))
        #expect(
            calendar.text == """
                BEGIN:VCALENDAR
                BEGIN:VEVENT
                DTSTART:20261224
                DTEND:20261227
                END:VEVENT
                BEGIN:VEVENT
                DTSTART;TZID="Europe/Berlin":20260302T090000
                DURATION:PT1H
                RRULE:FREQ=WEEKLY;COUNT=3
                EXDATE;TZID="Europe/Berlin":20260309T090000
                END:VEVENT
                END:VCALENDAR

                """)
        #expect(try HolidayCalendar(parsing: Array(calendar.text.utf8), zone: Zone(named: "Asia/Tokyo")) == calendar)
    }

    @Test func aNewExportOfTheSameHolidaysHasTheSameText() throws {
        var other = Self.export.replacing("DTSTAMP:2026", with: "DTSTAMP:2027").replacing("Closed", with: "Shut")
        other.replace("\r\n", with: "\n")
        let events = other.split(separator: "BEGIN:VEVENT", omittingEmptySubsequences: false)
        let swapped = [events[0], events[2], events[1], events[3]].joined(separator: "BEGIN:VEVENT")
        let calendar = try HolidayCalendar(parsing: Array(Self.export.utf8), zone: .utc)
        for text in [other, swapped] {
            let again = try HolidayCalendar(parsing: Array(text.utf8), zone: .utc)
            #expect(again.text == calendar.text && again.meaning == calendar.meaning && again == calendar)
        }
        let longer = try HolidayCalendar(parsing: Array(Self.export.replacing("20261227", with: "20261228").utf8), zone: .utc)
        #expect(longer.text != calendar.text && longer != calendar)
        let empty = try HolidayCalendar(parsing: Array("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR".utf8), zone: .utc)
        #expect(empty.text == "BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    }
}
