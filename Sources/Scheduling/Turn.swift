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

        /// Those in line, and those that rest: no turn concerns them, however often it is somebody's, until they are woken.
        private struct Queue: Sendable {
            var line = Line()
            var resting = Line()

            var isEmpty: Bool { line.isEmpty && resting.isEmpty }
            var first: RunKey? { line.first ?? resting.first }
            var all: [RunKey] { line.merged(with: resting) }

            mutating func remove(_ key: RunKey) -> Bool { line.remove(key) || resting.remove(key) }
            mutating func rest(_ key: RunKey) { if line.remove(key) { resting.insert(key) } }
            mutating func wake(_ key: RunKey) { if resting.remove(key) { line.insert(key) } }

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
        /// Somebody who waits, in line or at rest; nil when nobody does.
        var anybody: RunKey? { waiting.first ?? backlog.first }
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

        mutating func addWaiting(_ run: Run) {
            if run.backfill == nil { waiting.line.insert(run.key) } else { backlog.line.insert(run.key) }
            if run.isSubjectToOverlap { displaceable.insert(run.key) }
            newcomers.append(run.key)
        }

        mutating func remove(_ key: RunKey) {
            active.removeAll { $0 == key }
            if waiting.remove(key) { displaceable.remove(key) } else { _ = backlog.remove(key) }
            offered[key] = nil
        }

        /// It is handed over.
        ///
        /// - Returns: Whether others wait, whose turn may be another by that.
        mutating func begin(_ key: RunKey) -> Bool {
            remove(key)
            active.append(key)
            return !waiting.isEmpty || !backlog.isEmpty
        }

        /// The overlap policy does not judge it any more.
        mutating func exempt(_ key: RunKey) { displaceable.remove(key) }

        /// It steps out of the line.
        mutating func rest(_ key: RunKey) {
            waiting.rest(key)
            backlog.rest(key)
            offered[key] = nil
        }

        /// Something changed that concerns this one alone: it is judged anew, in line again if it rested.
        mutating func wake(_ key: RunKey) {
            waiting.wake(key)
            backlog.wake(key)
            newcomers.append(key)
        }

        /// Something changed that concerns them all.
        mutating func wakeAll() {
            waiting.wakeAll()
            backlog.wakeAll()
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
