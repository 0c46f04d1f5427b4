import Glibc
import Testing

@testable import Timetable

/// Calendars and zone files of 64 KiB that are made to hurt: four times the file is never sixteen times the work.
@Suite(.serialized) struct HostileFileTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// A file of about so many bytes.
        let make: @Sendable (Int) -> [UInt8]
    }

    static let calendars = [
        calendar("one folded line") { "SUMMARY:" + repeated("x\r\n ", $0) },
        calendar("one line that is not folded") { "SUMMARY:" + repeated("x", $0) },
        calendar("deep nesting") { repeated("BEGIN:VALARM\r\n", $0) },
        calendar("nesting side by side") { repeated("BEGIN:VALARM\r\nEND:VALARM\r\n", $0) },
        calendar("empty lines") { repeated("\r\n", $0) },
        calendar("lines without a colon") { repeated("X\n", $0) },
        calendar("parameters") { "SUMMARY" + repeated(";A=B", $0) + ":x" },
        calendar("parameters without values") { "SUMMARY" + repeated(";", $0) + ":x" },
        calendar("a quotation that does not end") { "SUMMARY;X=\"" + repeated(";:", $0) },
        calendar("extra dates in one line") {
            "DTSTART:20260101T000000Z\r\nRDATE:" + repeated("20260101T000000Z,", $0) + "20260101T000000Z"
        },
        calendar("10 000 extra dates, each its own") { size in
            let dates = (0..<min(size / 9, 10_000)).map { TimestampText.date(CivilDate(dayNumber: 2 * $0)).filter { $0 != "-" } }
            return "DTSTART;VALUE=DATE:19700101\r\nRDATE;VALUE=DATE:" + dates.joined(separator: ",")
        },
        calendar("excepted dates") { "DTSTART:20260101\r\nRRULE:FREQ=DAILY\r\nEXDATE:" + repeated("20260101,", $0) + "20260101" },
        calendar("weekdays without end") { "DTSTART:19700101\r\nRRULE:FREQ=YEARLY;BYDAY=" + repeated("1MO,", $0) + "1MO" },
        calendar("days of the month without end") { "DTSTART:19700101\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY=" + repeated("1,", $0) + "1" },
        calendar("months without end") { "DTSTART:19700101\r\nRRULE:FREQ=DAILY;BYMONTH=" + repeated("1,", $0) + "1" },
        calendar("parts of a rule") { "DTSTART:20990101\r\nRRULE:FREQ=DAILY" + repeated(";INTERVAL=1", $0) },
        calendar("rules that replace one another") { "DTSTART:20990101\r\n" + repeated("RRULE:FREQ=DAILY\r\n", $0) },
        calendar("marks on one letter") { "STATUS:" + repeated("\u{301}", $0) },
        Shape(testDescription: "events") { size in
            Array(("BEGIN:VCALENDAR\n" + repeated("BEGIN:VEVENT\nDTSTART:20260101\nEND:VEVENT\n", size) + "END:VCALENDAR\n").utf8)
        },
        Shape(testDescription: "events that are not ended") { size in
            Array(("BEGIN:VCALENDAR\n" + repeated("BEGIN:VEVENT\nDTSTART:20260101\n", size)).utf8)
        },
        Shape(testDescription: "no line at all") { [UInt8](repeating: 0, count: $0) },
        Shape(testDescription: "an end for a beginning of any length") { size in
            Array(("BEGIN:" + repeated("\u{301}", size) + "\nEND:" + repeated("x", size)).utf8)
        },
    ]

    static let zones = [
        Shape(testDescription: "a change every four days") { size in
            ZoneBytes(changes: (0..<size / 9).map { (Int64($0) * 4 * 86_400, UInt8($0 % 2)) }, offsets: [3600, 7200]).bytes
        },
        Shape(testDescription: "a change every second") { size in
            ZoneBytes(changes: (0..<size / 9).map { (Int64($0), UInt8($0 % 2)) }, offsets: [3600, 7200]).bytes
        },
        Shape(testDescription: "changes that change nothing") { size in
            ZoneBytes(changes: (0..<size / 9).map { (Int64($0), 0) }, offsets: [3600]).bytes
        },
        Shape(testDescription: "types") { ZoneBytes(changes: [(0, 1)], offsets: [Int32](repeating: 3600, count: $0 / 6)).bytes },
        Shape(testDescription: "a long footer") { size in
            ZoneBytes(changes: [(0, 1)], offsets: [3600, 7200], footer: repeated("A", size)).bytes
        },
        Shape(testDescription: "letters") { size in
            ZoneBytes(changes: [(0, 1)], offsets: [3600, 7200], letters: [UInt8](repeating: 0, count: size)).bytes
        },
    ]

    @Test(arguments: calendars)
    func calendarsAreReadInTimeThatGoesWithTheirLength(shape: Shape) {
        expectLinear(shape) { bytes in _ = try? HolidayCalendar(parsing: bytes, zone: .utc) }
    }

    @Test(arguments: calendars)
    func whatHostileCalendarsExceptKeepsThePromises(shape: Shape) {
        #expect(FuzzedParser.calendar.brokenPromises(shape.make(65_536)).isEmpty)
    }

    @Test(arguments: zones)
    func zonesAreReadInTimeThatGoesWithTheirLength(shape: Shape) {
        expectLinear(shape) { bytes in _ = TimeZoneFile(bytes).flatMap { ZoneRules(name: "hostile", file: $0) } }
    }

    @Test(arguments: zones)
    func hostileZonesKeepThePromises(shape: Shape) {
        #expect(FuzzedParser.zone.brokenPromises(shape.make(65_536)).isEmpty)
    }

    @Test(arguments: HostileTextTests.shapes)
    func textsAreReadInTimeThatGoesWithTheirLength(shape: Shape) {
        expectLinear(shape) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? Recurrence(interval: text)
            _ = try? Recurrence(cron: text, seed: text)
            _ = try? Exclusion(parsing: text)
            _ = try? DailyWindow(from: text, until: text, on: text)
            _ = try? Period.elapsed(parsing: text)
            _ = try? Zone(named: text)
            _ = Instant(rfc3339: text)
            _ = PosixZoneRule(text)
        }
    }

    /// Seconds of this thread, not of the clock on the wall, and the least of several tries, so that a busy machine changes nothing.
    private func expectLinear(_ shape: Shape, _ read: ([UInt8]) -> Void) {
        func work(_ bytes: [UInt8]) -> Double {
            (0..<5).map { _ in
                let start = Self.secondsOfThisThread
                read(bytes)
                return Self.secondsOfThisThread - start
            }.min() ?? 0
        }
        let (small, large) = (shape.make(16_384), shape.make(65_536))
        // A constant part makes the ratio smaller, never larger; what takes no time at all cannot be compared.
        let ratio = work(large) / max(work(small), 50e-6)
        #expect(ratio < 9, "\(shape.testDescription): \(large.count) bytes take \(ratio) times as long as \(small.count)")
    }

    private static var secondsOfThisThread: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// One event whose lines are `content` of a size.
    private static func calendar(_ name: String, _ content: @escaping @Sendable (Int) -> String) -> Shape {
        Shape(testDescription: name) { size in
            Array(("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + content(size) + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").utf8)
        }
    }
}

/// As often as fits into `size` bytes.
func repeated(_ text: String, _ size: Int) -> String {
    String(repeating: text, count: size / text.utf8.count)
}

extension HostileTextTests {
    static let shapes = [
        shape("letters") { repeated("R", $0) },
        shape("a number of occurrences") { "R" + repeated("9", $0) },
        shape("zeros before the occurrences") { "R" + repeated("0", $0) + "1" },
        shape("zeros before a part") { "R/P" + repeated("0", $0) + "1H" },
        shape("zeros before days") { "R/P" + repeated("0", $0) + "1D" },
        shape("a long fraction") { "R/2026-03-01T00:00:00." + repeated("9", $0) + "/P1D" },
        shape("solidi in a zone") { "R/2026-03-01[" + repeated("/", $0) },
        shape("the name of a zone") { "R/2026-03-01[" + repeated("a", $0) + "]/P1D" },
        shape("marks in the name of a zone") { "R/2026-03-01[a" + repeated("\u{301}", $0) + "]/P1D" },
        shape("a list") { repeated("1,", $0) + "1 * * * *" },
        shape("a list of nearest weekdays") { "0 0 " + repeated("1W,", $0) + "1W * *" },
        shape("a list of hashes") { repeated("H(0-59),", $0) + "1 * * * *" },
        shape("fields") { repeated("* ", $0) },
        shape("a word") { "@" + repeated("a", $0) },
        shape("blanks") { repeated(" ", $0) },
        shape("blanks between fields") { "*" + repeated(" ", $0) + "* * * *" },
        shape("periods") { "R/" + repeated("P1D/", $0) },
        shape("weekdays") { repeated("SUN,", $0) + "SUN" },
        shape("a name in brackets") { "<" + repeated("A", $0) + ">0" },
        shape("marks") { repeated("\u{301}", $0) },
    ]

    private static func shape(_ name: String, _ text: @escaping @Sendable (Int) -> String) -> HostileFileTests.Shape {
        HostileFileTests.Shape(testDescription: name) { Array(text($0).utf8) }
    }
}
