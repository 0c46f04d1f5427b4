import Testing
import Timetable

@Suite struct InstantTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.000001Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (1_500_000, "1970-01-01T00:00:01.5Z"),
        (1_774_747_800_000_000, "2026-03-29T01:30:00Z"), (-62_167_219_200_000_000, "0000-01-01T00:00:00Z"),
        (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"), (253_402_300_800_000_000, "+10000-01-01T00:00:00Z"),
        (-62_167_219_200_000_001, "-0001-12-31T23:59:59.999999Z"),
        (Int64.max, "+294247-01-10T04:00:54.775807Z"), (Int64.min, "-290308-12-21T19:59:05.224192Z"),
    ])
    func instantsAreWrittenAndReadBack(microseconds: Int64, text: String) {
        #expect(Instant(microseconds: microseconds).rfc3339 == text)
        if microseconds != .min { #expect(Instant(rfc3339: text)?.microseconds == microseconds) }
    }

    @Test(arguments: [
        ("2026-03-29T03:30:00+02:00", "2026-03-29T01:30:00Z"), ("2026-03-29t01:30:00.100z", "2026-03-29T01:30:00.1Z"),
        ("2026-03-28T22:00:00.1234567-03:30", "2026-03-29T01:30:00.123456Z"),
    ])
    func offsetsAndFractionsAreRead(text: String, expected: String) {
        #expect(Instant(rfc3339: text)?.rfc3339 == expected)
    }

    @Test(arguments: [
        "", "2026-03-29", "2026-03-29T01:30Z", "2026-03-29T01:30:00", "2026-02-29T00:00:00Z", "2026-03-29T24:00:00Z",
        "2026-03-29T01:30:60Z",
        "2026-03-29T01:30:00.Z", "2026-03-29T01:30:00+0200", "2026-03-29 01:30:00Z", "2026-03-29T01:30:00Zx", "26-03-29T01:30:00Z",
        "+999999999999-01-01T00:00:00Z", "+300000-01-01T00:00:00Z", "２026-03-29T01:30:00Z",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(Instant(rfc3339: text) == nil)
    }

    @Test func everyDayOfFourHundredYearsComesBack() {
        var random = SeededGenerator(seed: 3)
        for day in Int64(-800_000)...800_000 where day % 7 == 0 {
            let instant = Instant(microseconds: day * 86_400_000_000 + .random(in: 0..<86_400_000_000, using: &random))
            #expect(Instant(rfc3339: instant.rfc3339) == instant)
        }
    }
}
