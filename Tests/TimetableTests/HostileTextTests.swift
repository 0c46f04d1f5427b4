import Testing

@testable import Timetable

/// No text stops the scheduler: errors, yes, but no trap, and no more work than the text is long.
@Suite struct HostileTextTests {
    static let seeds = [
        "R5/2026-03-29T02:30:00.5+02:00[Europe/Berlin]/P1Y2M3W4DT5H6M7.8S", "R/P1M/2026-W09-7T24:00Z", "R/2026-060/20260901",
        "R//P0003-06-04T12:30:05",
        "*/15 0-6,22,23 L-3,15W,LW JAN-MAR/2 MON#2,5L", "H H(2-5)/2 1 * ?", "@daily", "0 0 29 2 *",
    ]
    static let letters = Array("R/P0123456789TWZ+-:.,[]YMDHS*#?L@ jÄ\u{0}")

    @Test(arguments: 0..<8)
    func mutatedTextsParseOrFail(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for round in 0..<400 {
            var text = Array(Self.seeds[seed])
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let place = Int.random(in: 0...text.count, using: &random)
                let letter = Self.letters.randomElement(using: &random) ?? "0"
                switch Int.random(in: 0...2, using: &random) {
                case 0: text.insert(letter, at: place)
                case 1 where place < text.count: text.remove(at: place)
                default: if place < text.count { text[place] = letter }
                }
            }
            exercise(String(text), "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: shapes)
    func sixtyFourKibibytesParseOrFail(shape: HostileFileTests.Shape) {
        exercise(String(decoding: shape.make(65_536), as: UTF8.self), "\(shape.testDescription)")
    }

    private func exercise(_ text: String, _ comment: Comment) {
        for parse in [{ try Recurrence(interval: text) }, { try Recurrence(cron: text, seed: text) }] as [() throws -> Recurrence] {
            do {
                let recurrence = try parse()
                #expect(recurrence.text == text, comment)
                let schedule = try Schedule(
                    [recurrence], zone: Zone(named: "Europe/Berlin"), daylight: DaylightRule(gap: .skip, fold: .both)
                )
                .anchored(at: Instant(seconds: 1_780_000_000))
                for instant in [Instant.distantPast, .epoch, Instant(seconds: 1_780_000_000), .lastSlot, .distantFuture] {
                    if let slot = schedule.next(after: instant) {
                        #expect(slot.due > instant && schedule.contains(slot.due), comment)
                        #expect(schedule.previous(before: slot.due).map { $0.due <= instant } ?? true, comment)
                    }
                    if let slot = schedule.previous(before: instant) { #expect(slot.due < instant, comment) }
                }
                #expect(schedule.count(after: .epoch, through: Instant(seconds: 1_900_000_000)) >= 0, comment)
            } catch let error as ScheduleError {
                #expect(error.column >= 1 && error.column <= text.unicodeScalars.count + 1, comment)
                #expect(!error.message.isEmpty && error.message.utf8.count < 400, comment)
            } catch {
                Issue.record("\(error) \(comment)")
            }
        }
        _ = try? Period.elapsed(parsing: text)
        if text.utf8.count > 1000 { _ = try? Zone(named: text) }
        _ = Instant(rfc3339: text)
        _ = PosixZoneRule(text)
    }
}
