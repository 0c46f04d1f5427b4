import Timetable

extension Scheduler {
    /// The runs of one job that have not ended, in the order of their turns: by due, then attempt.
    struct Turn: Sendable {
        /// Launching or running.
        var active: [RunKey] = []
        private var waiting = Line()
        /// Of backfills: they give way to whatever else of the job waits, or what is due now would stand behind all that was due.
        private var backlog = Line()
        /// Of the waiting ones those that the overlap policy may coalesce or skip.
        private(set) var displaceable = Line()
        /// Of the waiting ones those that only wait for a place in a pool.
        var offered: Set<RunKey> = []
        /// Came since the job was judged; some may have ended again.
        private(set) var newcomers: [RunKey] = []

        var isEmpty: Bool { active.isEmpty && waiting.isEmpty && backlog.isEmpty }
        /// Of those that wait, the first in turn, and all of them.
        var first: RunKey? { waiting.first ?? backlog.first }
        var all: [RunKey] { waiting.all + backlog.all }
        /// The same without those of backfills.
        var current: [RunKey] { waiting.all }

        /// Who waits behind `key`, whether that still waits or not; without one the first of all.
        func next(after key: RunKey?) -> RunKey? {
            guard let key else { return first }
            return backlog.contains(key) ? backlog.next(after: key) : waiting.next(after: key) ?? backlog.first
        }

        /// The run of that due that has not ended; nil when there is none.
        func open(_ job: JobName, at due: Instant) -> RunKey? {
            let before = RunKey(job: job, due: due, attempt: 0)
            let candidates = [waiting.next(after: before), backlog.next(after: before)].compactMap(\.self) + active
            return candidates.first { $0.due == due }
        }

        mutating func addWaiting(_ run: Run) {
            if run.backfill == nil { waiting.insert(run.key) } else { backlog.insert(run.key) }
            if run.isSubjectToOverlap { displaceable.insert(run.key) }
            newcomers.append(run.key)
        }

        mutating func remove(_ key: RunKey) {
            active.removeAll { $0 == key }
            if waiting.remove(key) { displaceable.remove(key) } else { backlog.remove(key) }
            offered.remove(key)
        }

        /// The overlap policy does not judge it any more.
        mutating func exempt(_ key: RunKey) { displaceable.remove(key) }

        /// Those behind `key` that a judgement may not pass over, in order: whoever is new, and where one run excludes the next whoever was
        /// offered.
        mutating func takeNewcomers(withOffered: Bool, after key: RunKey?) -> [RunKey] {
            defer { newcomers = [] }
            let keys = withOffered ? newcomers + offered.subtracting(newcomers) : newcomers
            let (late, others) = (keys.filter(backlog.contains), keys.filter { !backlog.contains($0) })
            let sorted = others.sorted(by: Line.isBefore) + late.sorted(by: Line.isBefore)
            guard let key else { return sorted }
            let isLate = backlog.contains(key)
            return sorted.filter { other in
                let otherIsLate = backlog.contains(other)
                return otherIsLate == isLate ? Line.isBefore(key, other) : otherIsLate
            }
        }
    }

    /// Keys of one job, sorted by due, then attempt. Its ends are cheap to change, whatever its length.
    struct Line: Sendable {
        private var keys: ArraySlice<RunKey> = []

        var isEmpty: Bool { keys.isEmpty }
        var first: RunKey? { keys.first }
        var all: [RunKey] { Array(keys) }

        static func isBefore(_ left: RunKey, _ right: RunKey) -> Bool { (left.due, left.attempt) < (right.due, right.attempt) }

        func contains(_ key: RunKey) -> Bool {
            let index = place { Line.isBefore($0, key) }
            return index < keys.endIndex && keys[index] == key
        }

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
