import Timetable

extension Scheduler {
    /// The runs of one job that have not ended, in the order of their turns: by due, then attempt.
    struct Turn: Sendable {
        /// Launching or running.
        var active: [RunKey] = []
        private var waiting = Queue()
        /// Of backfills: they give way to whatever else of the job waits, or what is due now would stand behind all that was due.
        private var backlog = Queue()
        /// Of the waiting ones those that the overlap policy may coalesce or skip.
        private(set) var displaceable = Line()
        /// Of the waiting ones those that only wait for a place in a pool, with the numbers of their tickets.
        var offered: [RunKey: Int] = [:]
        /// Came since the job was judged, or are to be looked at again; some may have ended meanwhile.
        private(set) var newcomers: [RunKey] = []
        /// How many runs of each backfill stand in line, and how many rest.
        private var late: (inLine: [Int64: Int], resting: [Int64: Int]) = ([:], [:])

        /// Those in line, and those that rest: no turn concerns them, however often it is somebody's, until they are woken.
        private struct Queue: Sendable {
            var line = Line()
            var resting = Line()

            var isEmpty: Bool { line.isEmpty && resting.isEmpty }
            var firstInTurn: RunKey? { [line.first, resting.first].compactMap(\.self).min(by: Line.isBefore) }
            var all: [RunKey] { line.merged(with: resting) }

            /// - Returns: Whether it stood in line.
            mutating func rest(_ key: RunKey) -> Bool {
                guard line.remove(key) else { return false }
                resting.insert(key)
                return true
            }

            /// - Returns: Whether it rested.
            mutating func wake(_ key: RunKey) -> Bool {
                guard resting.remove(key) else { return false }
                line.insert(key)
                return true
            }

            mutating func wakeAll() {
                if !resting.isEmpty { self = Queue(line: Line(sorted: all)) }
            }
        }

        /// Where somebody stands in line.
        struct Place {
            let key: RunKey
            fileprivate let isLate: Bool

            fileprivate func isBefore(_ other: Place) -> Bool {
                isLate == other.isLate ? Line.isBefore(key, other.key) : other.isLate
            }
        }

        var isEmpty: Bool { active.isEmpty && waiting.isEmpty && backlog.isEmpty }
        /// Whether the overlap policy has something to judge.
        var mayCoalesce: Bool { !active.isEmpty && !displaceable.isEmpty }
        /// Of those that wait, in line or at rest, the first in turn.
        var firstInTurn: RunKey? { waiting.firstInTurn ?? backlog.firstInTurn }
        /// All that wait, in the order of their turns.
        var all: [RunKey] { waiting.all + backlog.all }
        /// The same without those of backfills.
        var current: [RunKey] { waiting.all }

        /// Who stands in line behind `place`, whether somebody still stands there or not; without one the first of all.
        func next(after place: Place?) -> Place? {
            if place?.isLate != true, let key = waiting.line.next(after: place?.key) { return Place(key: key, isLate: false) }
            return backlog.line.next(after: place?.isLate == true ? place?.key : nil).map { Place(key: $0, isLate: true) }
        }

        /// The run of that due that has not ended; nil when there is none.
        func open(_ job: JobName, at due: Instant) -> RunKey? {
            let before = RunKey(job: job, due: due, attempt: 0)
            let lines = [waiting.line, waiting.resting, backlog.line, backlog.resting]
            return (lines.compactMap { $0.next(after: before) } + active).first { $0.due == due }
        }

        /// How many runs of a backfill stand in line.
        func inLine(of backfill: Int64) -> Int { late.inLine[backfill] ?? 0 }

        mutating func addWaiting(_ run: Run) {
            if let backfill = run.backfill {
                backlog.line.insert(run.key)
                late.inLine[backfill, default: 0] += 1
            } else {
                waiting.line.insert(run.key)
            }
            if run.isSubjectToOverlap { displaceable.insert(run.key) }
            newcomers.append(run.key)
        }

        mutating func remove(_ run: Run) {
            offered[run.key] = nil
            if let backfill = run.backfill {
                if backlog.line.remove(run.key) { return late.inLine[backfill, default: 0] -= 1 }
                if backlog.resting.remove(run.key) { return late.resting[backfill, default: 0] -= 1 }
            } else if waiting.line.remove(run.key) || waiting.resting.remove(run.key) {
                displaceable.remove(run.key)
                return
            }
            active.removeAll { $0 == run.key }
        }

        /// It is handed over.
        ///
        /// - Returns: Whether others wait, whose turn may be another by that.
        mutating func begin(_ run: Run) -> Bool {
            remove(run)
            active.append(run.key)
            return !waiting.isEmpty || !backlog.isEmpty
        }

        /// The overlap policy does not judge it any more.
        mutating func exempt(_ key: RunKey) { displaceable.remove(key) }

        /// It steps out of the line.
        mutating func rest(_ run: Run) {
            offered[run.key] = nil
            guard let backfill = run.backfill else { return _ = waiting.rest(run.key) }
            guard backlog.rest(run.key) else { return }
            late.inLine[backfill, default: 0] -= 1
            late.resting[backfill, default: 0] += 1
        }

        /// Something changed that concerns this one alone: it is judged anew, in line again if it rested.
        mutating func wake(_ run: Run) {
            newcomers.append(run.key)
            guard let backfill = run.backfill else { return _ = waiting.wake(run.key) }
            guard backlog.wake(run.key) else { return }
            late.inLine[backfill, default: 0] += 1
            late.resting[backfill, default: 0] -= 1
        }

        /// Something changed that concerns them all.
        mutating func wakeAll() {
            waiting.wakeAll()
            backlog.wakeAll()
            late = (late.inLine.merging(late.resting) { $0 + $1 }, [:])
        }

        /// Those in line behind `place` that a judgement may not pass over, in order: whoever is new, and where one run excludes the next
        /// whoever was offered.
        mutating func takeNewcomers(withOffered: Bool, after place: Place?) -> [RunKey] {
            let fresh = newcomers
            newcomers = []
            let offered = withOffered ? offered.keys.filter { isBehind(place, $0) } : []
            let keys = fresh.filter { isBehind(place, $0) } + (offered.isEmpty ? [] : Set(offered).subtracting(fresh))
            if keys.count < 2 { return keys }
            let (late, others) = (keys.filter(backlog.line.contains), keys.filter(waiting.line.contains))
            return others.sorted(by: Line.isBefore) + late.sorted(by: Line.isBefore)
        }

        /// Whether `key` still waits for its turn, which comes after that of `place`.
        private func isBehind(_ place: Place?, _ key: RunKey) -> Bool {
            guard let place else { return true }
            if place.isLate == false, Line.isBefore(place.key, key) { return true }
            let isLate = backlog.line.contains(key)
            return place.isLate == isLate ? Line.isBefore(place.key, key) : isLate
        }
    }
}
