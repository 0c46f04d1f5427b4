import Scheduling
import Timetable

/// What an executor has to tell next, the earliest first: a heap, so that thousands of commands under way cost a step no more than one.
struct SimulationQueue {
    struct Happening: Equatable {
        let at: Instant
        let key: RunKey
        let report: SimulationExecutor.Report

        /// The words of a key are long, and two things seldom happen at once.
        func isBefore(_ other: Happening) -> Bool { at == other.at ? key.words < other.key.words : at < other.at }
    }

    private var heap: [Happening] = []

    var first: Happening? { heap.first }

    mutating func insert(_ happening: Happening) {
        heap.append(happening)
        var place = heap.count - 1
        while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while let least = [2 * place + 1, 2 * place + 2].filter({ $0 < heap.count }).min(by: { heap[$0].isBefore(heap[$1]) }),
            heap[least].isBefore(heap[place])
        {
            heap.swapAt(place, least)
            place = least
        }
    }
}
