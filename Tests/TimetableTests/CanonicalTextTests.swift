import Testing

@testable import Timetable

@Suite struct CanonicalTextTests {
    @Test(arguments: [
        ("R/2026-03-01/P1D", "R/2026-03-01T00:00:00/P1D"),
        ("R5/20260301T0200/P2W", "R5/2026-03-01T02:00:00/P14D"),
        ("R/2026-060T02:00Z/P1Y2M", "R/2026-03-01T02:00:00Z/P1Y2M"),
        ("R/2026-W09-7T02,5+0100/PT1H", "R/2026-03-01T02:30:00+01:00/PT1H"),
        ("R/2026-03-01T02:00-00:00/PT90M", "R/2026-03-01T02:00:00Z/PT1H30M"),
        ("R/2026-03-01T02:00[Europe/Berlin]/P0003-06-04T12:30:05", "R/2026-03-01T02:00:00[Europe/Berlin]/P3Y6M4DT12H30M5S"),
        ("R/2026-10-25T02:30+01:00[Europe/Berlin]/P1D", "R/2026-10-25T02:30:00+01:00[Europe/Berlin]/P1D"),
        ("R/2026-10-25T00:30Z[Europe/Berlin]/P1D", "R/2026-10-25T02:30:00+02:00[Europe/Berlin]/P1D"),
        ("R/1880-01-01T00:00:00Z[Europe/Berlin]/P1Y", "R/1880-01-01T00:00:00Z[Europe/Berlin]/P1Y"),
        ("R/2026-03-01T02:00[EST]/P1D", "R/2026-03-01T02:00:00[America/New_York]/P1D"),
        ("R/2026-03-01/2026-03-08T12", "R/2026-03-01T00:00:00/2026-03-08T12:00:00"),
        ("R3/P1M/2026-12-31T24:00", "R3/P1M/2027-01-01T00:00:00"),
        ("R/9999-12-31T24:00Z/P1D", "R/9999-12-31T24:00:00Z/P1D"),
        ("R//PT0.25S", "R/PT0.25S"),
        ("R1/2026-03-01/PT0S", "R1/2026-03-01T00:00:00/PT0S"),
        ("@daily", "0 0 * * *"),
        ("0 0 ? JAN-DEC MON-FRI", "0 0 * * 1-5"),
        ("*/15 8-18/2 1,2,3,10 */3 7", "*/15 8,10,12,14,16,18 1-3,10 */3 0"),
        ("0/20 * * * * *", "*/20 * * * * *"),
        ("0,10,20,30,40,50 0-23 * * *", "0,10,20,30,40,50 0-23 * * *"),
        ("*/20,5 */4 * * *", "*/20,5 */4 * * *"),
        ("0 0 */10 * FRI", "0 0 */10 * 5"),
        ("0 0 */10,5 * FRI", "0 0 */10,5 * 5"),
        ("0 0 1-31 * FRI", "0 0 1-31 * 5"),
        ("0 0 *,L * FRI", "0 0 *,L * 5"),
        ("0 0 LW,15W,L-3,L,4 * MON#1,5L,TUE", "0 0 4,L,L-3,15W,LW * 2,1#1,5L"),
        ("0 0 ?/2 * */7", "0 0 */2 * */7"),
    ])
    func oneWayOfWriting(text: String, canonical: String) throws {
        let read = try recurrence(text)
        #expect(read.canonicalText == canonical)
        #expect(read.text == text, "the user's own text stays")
        #expect(try recurrence(canonical).canonicalText == canonical)
    }

    @Test func whatIsDrawnIsWrittenOut() throws {
        let drawn = try Recurrence(cron: "H H(0-5) H/3 * *", seed: "backup")
        #expect(!drawn.canonicalText.contains("H"))
        #expect(try Recurrence(cron: drawn.canonicalText).canonicalText == drawn.canonicalText)
    }

    @Test(arguments: 0..<400)
    func readAgainItIsTheSame(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 9_000_000)
        let text = seed % 2 == 0 ? RandomTexts.interval(&random) : RandomTexts.cron(&random)
        let read = try recurrence(text)
        let again = try recurrence(read.canonicalText)
        #expect(again.canonicalText == read.canonicalText, "seed \(seed): \(text)")
        #expect(meaning(of: again) == meaning(of: read), "seed \(seed): \(text) became \(read.canonicalText)")
    }

    private func recurrence(_ text: String) throws -> Recurrence {
        try text.hasPrefix("R") ? Recurrence(interval: text) : Recurrence(cron: text)
    }

    /// Everything but the text, and the column of an end, which only errors need.
    private func meaning(of recurrence: Recurrence) -> Recurrence {
        switch recurrence {
        case .cron(var expression):
            let blank = CronExpression(text: "")
            let read = expression
            expression = blank
            expression.seconds = read.seconds
            expression.minutes = read.minutes
            expression.minutesAreStar = read.minutesAreStar
            expression.hoursAreStar = read.hoursAreStar
            expression.hours = read.hours
            expression.months = read.months
            expression.dayOfMonth = read.dayOfMonth
            expression.dayOfWeek = read.dayOfWeek
            return .cron(expression)
        case .interval(let interval):
            var layout = interval.layout
            if case .between(let start, let end, _) = layout { layout = .between(start, end, column: 0) }
            return .interval(RepeatingInterval(text: "", count: interval.count, layout: layout))
        }
    }
}

/// Texts of every form that is read.
enum RandomTexts {
    static func interval(_ random: inout SeededGenerator) -> String {
        let count = ["R", "R1", "R7", "R0"].randomElement(using: &random) ?? "R"
        let start = time(&random)
        let parts: [[String]] = [
            [start, period(&random)], ["2000-01-01T00:00Z", "2031-\(two(1...12, &random))-28T12:00Z"], [period(&random), start],
            [period(&random)], ["", period(&random)],
        ]
        return ([count] + (parts.randomElement(using: &random) ?? [])).joined(separator: "/")
    }

    private static func time(_ random: inout SeededGenerator) -> String {
        let year = Int.random(in: 1000...9999, using: &random)
        let date =
            [
                "\(year)-\(two(1...12, &random))-\(two(1...28, &random))", "\(year)\(two(1...12, &random))\(two(1...28, &random))",
                "\(year)-1\(two(0...99, &random))", "\(year)-W\(two(1...52, &random))-\(Int.random(in: 1...7, using: &random))",
            ].randomElement(using: &random) ?? ""
        let clock = "T\(two(0...23, &random)):\(two(0...59, &random))" + (["", ":07", ":07.25", ",5"].randomElement(using: &random) ?? "")
        let zone =
            ["", "Z", "+05:45", "-0330", "+00", "[Europe/Berlin]", "[Australia/Lord_Howe]", "Z[America/New_York]", "Z[Africa/Casablanca]"]
            .randomElement(using: &random) ?? ""
        return date + clock + zone
    }

    private static func period(_ random: inout SeededGenerator) -> String {
        ["P1D", "P3W", "P1Y2M", "P1M1DT1H", "PT0.5S", "PT90M", "P0000-01-02T00:30:00", "PT1H30M7.000001S", "P1.5D", "PT36H"]
            .randomElement(using: &random) ?? "P1D"
    }

    static func cron(_ random: inout SeededGenerator) -> String {
        func pick(_ parts: String...) -> String { parts.randomElement(using: &random) ?? "*" }
        let minute = pick("*", "*/7", "5", "1-40/3", "0,1,2,9", "30/10")
        let fields = [
            minute, pick("*", "*/5", "2", "8-18", "0,23", "3/6"),
            pick("*", "?", "*/4", "*/2,2", "1", "1-31", "L", "LW", "3W,15", "L-4,9", "*,L", "1-9,20"),
            pick("*", "JAN-MAR", "*/2", "1,3,5-9"),
            pick("*", "?", "*/2", "MON-FRI", "SUN", "7", "5L", "MON#2,2", "L", "*,3L", "0-6", "FRI-SUN"),
        ].joined(separator: " ")
        return pick("", "*/10 ", "5,10-12 ") + fields
    }

    private static func two(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> String {
        let number = Int.random(in: range, using: &random)
        return number < 10 ? "0\(number)" : "\(number)"
    }
}
