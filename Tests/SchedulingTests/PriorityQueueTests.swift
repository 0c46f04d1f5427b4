import TestSupport
import Testing
import Timetable

@testable import Scheduling

struct PriorityQueueTests {
    @Test(arguments: 1...20) func whateverGoesInComesOutInOrder(seed: UInt64) {
        var draw = SeededGenerator(seed: seed)
        let first = (0..<Int.random(in: 0...40, using: &draw)).map { _ in Int.random(in: 0...20, using: &draw) }
        var queue = PriorityQueue(first)
        var expected = first
        for _ in 0..<200 {
            if draw.once(in: 2) {
                let number = Int.random(in: 0...20, using: &draw)
                queue.insert(number)
                expected.append(number)
            } else {
                expected.sort()
                #expect(queue.first == expected.first)
                #expect(queue.popFirst() == (expected.isEmpty ? nil : expected.removeFirst()))
            }
            #expect(queue.count == expected.count && queue.isEmpty == expected.isEmpty)
        }
    }

    /// Short ones and such as stand in several pieces.
    @Test(arguments: 1...20, [15, 4_000]) func aLineIsSortedWhateverComesAndGoes(seed: UInt64, span: Int64) {
        var draw = SeededGenerator(seed: seed)
        var line = Scheduler.Line()
        var expected: [RunKey] = []
        for turn in 0..<(span > 15 ? 1_200 : 300) {
            let key = RunKey(job: "a", due: .init(microseconds: .random(in: 0...span, using: &draw)), attempt: draw.pick([1, 2]))
            if !expected.contains(key), span > 15 ? turn < 800 : draw.once(in: 2) {
                line.insert(key)
                expected.append(key)
            } else {
                let gone = span > 15 && draw.once(in: 2) ? expected[Int.random(in: expected.indices, using: &draw)] : key
                #expect(line.remove(gone) == expected.contains(gone))
                expected.removeAll { $0 == gone }
            }
            expected.sort { ($0.due, $0.attempt) < ($1.due, $1.attempt) }
            if span == 15 || turn % 100 == 99 { #expect(line.all == expected) }
            #expect(line.next(after: key) == expected.first { ($0.due, $0.attempt) > (key.due, key.attempt) })
            #expect(line.next(after: nil) == expected.first)
        }
    }
}
