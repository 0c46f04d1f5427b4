package import Timetable

/// Slots in ascending order, kept as stretches of equal steps: a year of an hourly job is one of these, and a year of workdays fifty-two.
///
/// They are what they were when somebody asked, whatever becomes of the schedule.
package struct SlotSequence: Hashable, Sendable {
    private struct Stretch: Hashable, Sendable {
        var first: Instant
        var step: Duration
        var count: Int

        var last: Instant { first + step * (count - 1) }
    }

    private var stretches: [Stretch] = []
    package private(set) var count = 0

    /// - Parameter slots: Ascending.
    package init(_ slots: [Instant] = []) {
        for slot in slots { append(slot) }
    }

    package var isEmpty: Bool { count == 0 }
    package var first: Instant? { stretches.first?.first }

    package func contains(_ slot: Instant) -> Bool {
        var (low, high) = (0, stretches.count)
        while low < high {
            let middle = low + (high - low) / 2
            if stretches[middle].last < slot { low = middle + 1 } else { high = middle }
        }
        guard low < stretches.count, stretches[low].first <= slot else { return false }
        let stretch = stretches[low]
        if stretch.count == 1 { return stretch.first == slot }
        return (slot - stretch.first).wholeMicroseconds % stretch.step.wholeMicroseconds == 0
    }

    /// The first so many; all when there are no more.
    package func prefix(_ most: Int) -> [Instant] {
        var slots: [Instant] = []
        for stretch in stretches {
            for place in 0..<min(stretch.count, most - slots.count) { slots.append(stretch.first + stretch.step * place) }
            if slots.count == most { break }
        }
        return slots
    }

    package mutating func removeFirst(_ number: Int) {
        var left = min(number, count)
        count -= left
        var gone = 0
        while left > 0 {
            let taken = min(left, stretches[gone].count)
            left -= taken
            stretches[gone].first = stretches[gone].first + stretches[gone].step * taken
            stretches[gone].count -= taken
            if stretches[gone].count == 0 { gone += 1 }
        }
        stretches.removeFirst(gone)
    }

    private mutating func append(_ slot: Instant) {
        count += 1
        guard let newest = stretches.last else { return stretches.append(Stretch(first: slot, step: .zero, count: 1)) }
        let step = slot - newest.last
        if newest.count > 1, step != newest.step { return stretches.append(Stretch(first: slot, step: .zero, count: 1)) }
        stretches[stretches.count - 1].step = step
        stretches[stretches.count - 1].count += 1
    }
}

extension SlotSequence {
    /// For each stretch its first slot, its step and its count, in microseconds: `1772323200000000 3600000000 24`; a semicolon between two.
    package var text: String {
        stretches.map { "\($0.first.microseconds) \($0.step.wholeMicroseconds) \($0.count)" }.joined(separator: ";")
    }

    /// Reads what `text` wrote; nil for anything else.
    package init?(text: String) {
        for part in text.split(separator: ";") {
            let numbers = part.split(separator: " ").compactMap { Int64($0) }
            guard numbers.count == 3, numbers[2] >= 1, numbers[2] <= BackfillOrder.most, numbers[2] == 1 || numbers[1] > 0 else {
                return nil
            }
            let stretch = Stretch(
                first: Instant(microseconds: numbers[0]), step: .microseconds(numbers[1]), count: Int(numbers[2]))
            if let newest = stretches.last, newest.last >= stretch.first { return nil }
            stretches.append(stretch)
            count += stretch.count
        }
    }
}
