import Scheduling
import TestSupport
import Testing
import Timetable

/// Slots as stretches of equal steps.
struct SlotSequenceTests {
    @Test(arguments: 1...30) func itHoldsWhatItWasMadeOf(seed: UInt64) {
        var draw = SeededGenerator(seed: seed)
        var slots: [Instant] = []
        var last = Instant(seconds: Int64.random(in: -1_000...1_000, using: &draw))
        for _ in 0..<draw.pick([0, 1, 2, 5, 60]) {
            last = last + .seconds(draw.pick([60, 60, 60, 60, 61, 3_600]))
            slots.append(last)
        }
        var sequence = SlotSequence(slots)
        while true {
            #expect(sequence.count == slots.count && sequence.isEmpty == slots.isEmpty)
            #expect(sequence.prefix(.max) == slots && sequence.prefix(3) == Array(slots.prefix(3)))
            #expect(slots.allSatisfy(sequence.contains))
            for slot in slots { #expect(sequence.contains(slot + .seconds(1)) == slots.contains(slot + .seconds(1))) }
            #expect(SlotSequence(text: sequence.text) == sequence)
            if slots.isEmpty { break }
            let number = draw.pick([1, 2, 7])
            sequence.removeFirst(number)
            slots.removeFirst(min(number, slots.count))
        }
        #expect(!sequence.contains(last))
    }

    /// The row of a backfill is written as often as it comes to slots.
    @Test func aYearOfAnHourlyJobIsOneStretch() {
        let hourly = (0..<8_760).map { Instant.epoch + .seconds(3_600) * $0 }
        #expect(SlotSequence(hourly).text == "0 3600000000 8760")
        let workdays = (0..<365).filter { ![2, 3].contains($0 % 7) }.map { Instant.epoch + .seconds(86_400) * $0 }
        #expect(SlotSequence(workdays).text.utf8.count < 53 * 35)
    }

    @Test(arguments: ["x", "1 2", "1 0 2", "1 2 0", "1 -2 3", "5 1 3;6 1 2", "0 1 100001"]) func whatItDidNotWriteIsRefused(text: String) {
        #expect(SlotSequence(text: text) == nil)
    }
}
