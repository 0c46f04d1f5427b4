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

    @Test(arguments: 1...20) func aLineIsSortedWhateverComesAndGoes(seed: UInt64) {
        var draw = SeededGenerator(seed: seed)
        var line = Scheduler.Line()
        var expected: [RunKey] = []
        for _ in 0..<300 {
            let key = RunKey(job: "a", due: .init(microseconds: .random(in: 0...15, using: &draw)), attempt: draw.pick([1, 2]))
            if !expected.contains(key), draw.once(in: 2) {
                line.insert(key)
                expected.append(key)
            } else {
                #expect(line.remove(key) == expected.contains(key))
                expected.removeAll { $0 == key }
            }
            expected.sort { ($0.due, $0.attempt) < ($1.due, $1.attempt) }
            #expect(line.all == expected)
            #expect(line.next(after: key) == expected.first { ($0.due, $0.attempt) > (key.due, key.attempt) })
            #expect(line.next(after: nil) == expected.first)
        }
    }
}
