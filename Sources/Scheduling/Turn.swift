import Timetable

extension Scheduler {
    /// The runs of one job that have not ended, in the order of their turns: by due, then attempt.
    struct Turn: Sendable {
        /// Launching or running.
        var active: [RunKey] = []
        private(set) var waiting = Line()
        /// Of the waiting ones those that the overlap policy may coalesce or skip.
        private(set) var displaceable = Line()
        /// Of the waiting ones those that only wait for a place in a pool.
        var offered: Set<RunKey> = []
        /// Came since the job was judged; some may have ended again.
        private(set) var newcomers: [RunKey] = []

        var isEmpty: Bool { active.isEmpty && waiting.isEmpty }

        mutating func addWaiting(_ run: Run) {
            waiting.insert(run.key)
            if run.isSubjectToOverlap { displaceable.insert(run.key) }
            newcomers.append(run.key)
        }

        mutating func remove(_ key: RunKey) {
            active.removeAll { $0 == key }
            if waiting.remove(key) { displaceable.remove(key) }
            offered.remove(key)
        }

        /// Those that a judgement may not pass over, in order: whoever is new, and where one run excludes the next whoever was offered.
        mutating func takeNewcomers(withOffered: Bool) -> [RunKey] {
            defer { newcomers = [] }
            return (withOffered ? newcomers + offered.subtracting(newcomers) : newcomers).sorted(by: Line.isBefore)
        }
    }

    /// Keys of one job, sorted by due, then attempt. Its ends are cheap to change, whatever its length.
    struct Line: Sendable {
        private var keys: ArraySlice<RunKey> = []

        var isEmpty: Bool { keys.isEmpty }
        var first: RunKey? { keys.first }
        var all: [RunKey] { Array(keys) }

        static func isBefore(_ left: RunKey, _ right: RunKey) -> Bool { (left.due, left.attempt) < (right.due, right.attempt) }

        /// The first key after `key`, whether that stands in the line or not; without one the first of all.
        func next(after key: RunKey?) -> RunKey? {
            guard let key else { return first }
            let index = place { !Line.isBefore(key, $0) }
            return index < keys.endIndex ? keys[index] : nil
        }

        mutating func insert(_ key: RunKey) {
            keys.insert(key, at: place { Line.isBefore($0, key) })
        }

        /// - Returns: Whether it stood there.
        @discardableResult
        mutating func remove(_ key: RunKey) -> Bool {
            let index = place { Line.isBefore($0, key) }
            guard index < keys.endIndex, keys[index] == key else { return false }
            if index == keys.startIndex { keys.removeFirst() } else { keys.remove(at: index) }
            return true
        }

        /// The first place whose key `isLeft` does not hold for; it holds for a beginning of the line.
        private func place(where isLeft: (RunKey) -> Bool) -> Int {
            var (low, high) = (keys.startIndex, keys.endIndex)
            while low < high {
                let middle = low + (high - low) / 2
                if isLeft(keys[middle]) { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}
