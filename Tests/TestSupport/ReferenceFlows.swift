package import Scheduling
package import Timetable

/// What becomes of jobs that come after one another, worked out a second time: slowly, by the rules of docs/flows.md, and without a line of
/// the scheduler's own.
///
/// It knows no step, queue, place or ledger. It works out all rows of a job from the rows of its parents, and that for all jobs again and
/// again until nothing changes any more. It holds for jobs with `overlap: allow` and without windows, for which there is always a place.
package struct ReferenceFlows {
    /// What is compared of a run.
    package struct Row: Hashable, Sendable {
        package let key: RunKey
        package var flow: FlowKey
        package var trigger: RunTrigger
        package var state: RunState
        package var reason: String?
        package var retry = 0
        package var readyAt: Instant
        package var startedAt: Instant?
        package var endedAt: Instant
        /// For each parent when the end came that the run used up.
        var consumedEnds: [JobName: Instant] = [:]
        package var consumed: [JobName: Int64] = [:]
        package var ending: Int64?
    }

    private let jobs: [Job]
    private let byName: [JobName: Job]
    private let slots: [JobName: [Instant]]
    private let requests: [JobName: [Instant]]
    private let course: (RunKey) -> SimulationExecutor.Course
    private var heads: [JobName: JobName] = [:]
    /// Of each job its children that join flows.
    private var joining: [JobName: [JobName]] = [:]
    /// For each job that may begin a flow those that owe a run in it.
    private var members: [JobName: Set<JobName>] = [:]
    /// The same the other way round.
    private var headsAbove: [JobName: [JobName]] = [:]
    /// By job and due all attempts, in order.
    private var rows: [JobName: [Instant: [Row]]] = [:]

    /// - Parameters:
    ///   - slots: The slots of each job that has a schedule.
    ///   - requests: When somebody asks for a run of which job.
    package init(
        _ jobs: [Job], slots: [JobName: [Instant]], requests: [(job: JobName, at: Instant)],
        course: @escaping (RunKey) -> SimulationExecutor.Course
    ) {
        self.jobs = jobs
        self.slots = slots
        self.course = course
        byName = Dictionary(uniqueKeysWithValues: jobs.map { ($0.name, $0) })
        self.requests = Dictionary(grouping: requests, by: \.job).mapValues { $0.map(\.at) }
        untilNothingChanges { $0.findHeads() }
        for job in jobs where joinsFlow(job) {
            for edge in job.after { joining[edge.parent, default: []].append(job.name) }
        }
        for name in Set(heads.values).union(self.requests.keys) {
            members[name] = membersBelow(name)
            for member in members[name] ?? [] { headsAbove[member, default: []].append(name) }
        }
        untilNothingChanges { $0.findRows() }
        countEndings()
    }

    /// Every row of every job.
    package var allRows: [Row] { rows.values.flatMap { $0.values.flatMap(\.self) } }

    /// Slots that wait for parents which come to no new end any more.
    package var waiting: Set<RunKey> {
        var waiting: Set<RunKey> = []
        for (job, dues) in slots {
            for due in dues where rows[job]?[due] == nil { waiting.insert(RunKey(job: job, due: due, attempt: 1)) }
        }
        return waiting
    }

    /// For each flow with members whether somebody still owes a run in it.
    package var flows: [FlowKey: Bool] {
        var flows: [FlowKey: Bool] = [:]
        let waiting = Dictionary(grouping: waiting, by: \.job)
        for (head, below) in members where !below.isEmpty {
            for due in begun(by: head) + (waiting[head] ?? []).map(\.due) {
                let flow = FlowKey(head: head, due: due)
                flows[flow] = ([head] + below).contains { end(of: $0, in: flow) == nil }
            }
        }
        return flows
    }

    private mutating func untilNothingChanges(_ round: (inout ReferenceFlows) -> Bool) {
        while round(&self) {}
    }

    // MARK: who belongs to whom

    private func joinsFlow(_ job: Job) -> Bool {
        let above = Set(job.after.map { heads[$0.parent] ?? $0.parent })
        return job.schedule == nil && !job.isChronos && job.join != .latest && above.count == 1
    }

    private mutating func findHeads() -> Bool {
        let before = heads
        for job in jobs {
            heads[job.name] = joinsFlow(job) ? job.after.first.flatMap { heads[$0.parent] ?? $0.parent } : job.name
        }
        return heads != before
    }

    private func membersBelow(_ head: JobName) -> Set<JobName> {
        var (found, parents): (Set<JobName>, [JobName]) = ([], [head])
        while let parent = parents.popLast() {
            for child in joining[parent] ?? [] where found.insert(child).inserted { parents.append(child) }
        }
        return found
    }

    // MARK: rows

    private mutating func findRows() -> Bool {
        var hasChanged = false
        for job in jobs {
            let found = rows(of: job)
            if found != rows[job.name] ?? [:] {
                rows[job.name] = found
                hasChanged = true
            }
        }
        return hasChanged
    }

    private func rows(of job: Job) -> [Instant: [Row]] {
        var found: [Instant: [Row]] = [:]
        for at in requests[job.name] ?? [] { found[at] = attempts(at: job, due: at, .manual, readyAt: at) }
        if joinsFlow(job) {
            for head in headsAbove[job.name] ?? [] {
                for due in begun(by: head) { found[due] = memberRows(of: job, in: FlowKey(head: head, due: due)) ?? found[due] }
            }
        } else if !job.after.isEmpty {
            for (due, attempts) in latestRows(of: job) { found[due] = attempts }
        } else {
            for slot in slots[job.name] ?? [] { found[slot] = attempts(at: job, due: slot, .schedule, readyAt: slot) }
        }
        return found
    }

    /// The dues at which runs of `head` began flows of their own.
    private func begun(by head: JobName) -> [Instant] {
        (rows[head] ?? [:]).filter { $1.first?.flow.head == head }.map(\.key)
    }

    /// nil as long as nothing is decided.
    private func memberRows(of job: Job, in flow: FlowKey) -> [Row]? {
        let edges = job.after.filter { $0.parent == flow.head || members[flow.head]?.contains($0.parent) == true }
        let ends = edges.map { (edge: $0, end: end(of: $0.parent, in: flow)) }
        let unmet = ends.compactMap { edge, end in end.flatMap { isMet(edge, by: $0) ? nil : $0.endedAt } }
        if let first = unmet.min() {
            let key = RunKey(job: job.name, due: flow.due, attempt: 1)
            return [Row(key: key, flow: flow, trigger: .upstream, state: .skipped, reason: "upstream", readyAt: first, endedAt: first)]
        }
        if ends.contains(where: { $0.end == nil }) { return nil }
        guard let last = ends.compactMap(\.end?.endedAt).max() else { return nil }
        return attempts(at: job, due: flow.due, .upstream, flow: flow, readyAt: last)
    }

    /// Goes through slots and ends in the order in which they come: whoever is first in line goes when each parent has a new end.
    private func latestRows(of job: Job) -> [Instant: [Row]] {
        let parents = Set(job.after.map(\.parent))
        var comings: [(at: Instant, end: Row?)] = parents.flatMap { endings(of: $0) }.map { ($0.endedAt, $0) }
        comings += (slots[job.name] ?? []).map { ($0, nil) }
        var line: [Instant] = []
        var (newest, used): ([JobName: Instant], [JobName: Instant]) = ([:], [:])
        var found: [Instant: [Row]] = [:]
        for (at, end) in comings.sorted(by: { ($0.at, $0.end?.key.words ?? "") < ($1.at, $1.end?.key.words ?? "") }) {
            if let end {
                for edge in job.after where edge.parent == end.key.job && isMet(edge, by: end) { newest[edge.parent] = at }
                if job.schedule == nil { line = [at] }
            } else {
                line.append(at)
            }
            while let due = line.first, parents.allSatisfy({ newest[$0] ?? .distantPast > used[$0] ?? .distantPast }) {
                line.removeFirst()
                used = newest
                let isSlot = job.schedule != nil
                found[due] = attempts(
                    at: job, due: due, isSlot ? .schedule : .latest, readyAt: isSlot ? due : at, launchedAt: at, consumed: used)
            }
        }
        return found
    }

    // MARK: attempts

    /// All attempts at one due, each with its end: the first when it is ready, the others as the policies have it.
    private func attempts(
        at job: Job, due: Instant, _ trigger: RunTrigger, flow: FlowKey? = nil, readyAt: Instant, launchedAt: Instant? = nil,
        consumed: [JobName: Instant] = [:]
    ) -> [Row] {
        var attempts: [Row] = []
        var (ready, launch, retry, lost) = (readyAt, launchedAt ?? readyAt, 0, 0)
        while true {
            let key = RunKey(job: job.name, due: due, attempt: attempts.count + 1)
            let course = course(key)
            var row = Row(
                key: key, flow: flow ?? FlowKey(head: job.name, due: due), trigger: attempts.isEmpty ? trigger : .retry,
                state: course.state,
                readyAt: ready, endedAt: launch + course.startsAfter)
            row.retry = retry
            row.consumedEnds = consumed
            if course.state == .couldNotStart {
                row.reason = "scripted"
            } else {
                row.startedAt = row.endedAt
                row.endedAt = row.endedAt + (course.lasts ?? .zero)
            }
            switch row.state {
            case .lost where job.onUnknown == .rerun && lost < 10:
                lost += 1
                ready = row.endedAt
            case .lost where job.onUnknown == .rerun:
                row.reason = "not run again: 10 runs of this due were lost one after the other before it"
                return attempts + [row]
            case .failed where retry < job.retries.limit, .timedOut where retry < job.retries.limit,
                .couldNotStart where retry < job.retries.limit:
                lost = 0
                var wait = job.retries.delay
                for _ in 0..<retry { wait = wait * Int(job.retries.backoff) }
                retry += 1
                ready = row.endedAt + wait
            default: return attempts + [row]
            }
            attempts.append(row)
            launch = ready
        }
    }

    // MARK: ends

    /// How it ended there for good; nil while it has not, or waits for somebody.
    private func end(of job: JobName, in flow: FlowKey) -> Row? {
        guard let last = rows[job]?[flow.due]?.last, last.flow == flow else { return nil }
        return isHeld(last) ? nil : last
    }

    /// A lost run waits for somebody, unless its job says that nobody need look.
    private func isHeld(_ row: Row) -> Bool { row.state == .lost && byName[row.key.job]?.onUnknown != .skip }

    /// What counts as an end: somebody did something, and it is known what came of it.
    private func endings(of job: JobName) -> [Row] {
        (rows[job] ?? [:]).values.compactMap(\.last).filter { $0.state != .skipped && !isHeld($0) }
    }

    private func isMet(_ edge: Edge, by row: Row) -> Bool {
        let isSoft = byName[row.key.job]?.softError == true
        switch (edge.on, row.state) {
        case (.success, .succeeded), (.done, .succeeded): return true
        case (.success, .failed): return isSoft
        case (.failure, .failed), (.failure, .timedOut), (.failure, .couldNotStart), (.failure, .lost): return true
        case (.done, .failed), (.done, .timedOut), (.done, .couldNotStart), (.done, .lost), (.done, .killed): return true
        default: return false
        }
    }

    /// The numbers of all endings in the order in which they came, and for each run those that it used up.
    private mutating func countEndings() {
        let ordered = jobs.flatMap { endings(of: $0.name) }.sorted { ($0.endedAt, $0.key.words) < ($1.endedAt, $1.key.words) }
        var numbers: [RunKey: Int64] = [:]
        var byEnd: [JobName: [Instant: Int64]] = [:]
        for (place, row) in ordered.enumerated() {
            numbers[row.key] = Int64(place + 1)
            byEnd[row.key.job, default: [:]][row.endedAt] = Int64(place + 1)
        }
        for name in rows.keys {
            rows[name] = rows[name]?.mapValues { attempts in
                attempts.map { row in
                    var counted = row
                    counted.ending = numbers[row.key]
                    for (parent, end) in row.consumedEnds { counted.consumed[parent] = byEnd[parent]?[end] }
                    counted.consumedEnds = [:]
                    return counted
                }
            }
        }
    }
}

extension ReferenceFlows.Row {
    /// The same of a row of the ledger; nil while it is open.
    package init?(_ run: Run) {
        guard let endedAt = run.endedAt else { return nil }
        self.init(
            key: run.key, flow: run.flow, trigger: run.trigger, state: run.state, reason: run.reason, retry: run.retry,
            readyAt: run.readyAt,
            startedAt: run.startedAt, endedAt: endedAt, consumed: run.consumed, ending: run.ending)
    }

    /// In a line, for messages.
    package var words: String {
        let times = [readyAt, startedAt, endedAt].map { $0?.rfc3339 ?? "-" }.joined(separator: " ")
        let used = consumed.sorted { $0.key < $1.key }.map { "\($0):\($1)" }.joined(separator: ",")
        return "\(key.words) of \(flow.head) \(trigger) \(state) \(reason ?? "") \(times) retry \(retry) ending \(ending ?? 0) used \(used)"
    }
}
