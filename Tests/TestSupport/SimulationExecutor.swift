package import Scheduling
import Timetable

/// An executor on the virtual clock: what it carries out goes on while the scheduler is down.
///
/// It is idempotent by key, as every executor is, and knows how often each command really started.
package struct SimulationExecutor: Sendable {
    /// What becomes of one run.
    package struct Course: Sendable {
        package var startsAfter: Duration
        /// How long the command takes; nil when the test ends it.
        package var lasts: Duration?
        package var state: RunState
        /// How often the executor cannot take it before it can.
        package var refusals: Int
        /// Of a command that failed.
        package var exitCode: Int?
        /// What the command leaves for those after it.
        package var handedOn: [String: String]
        /// Why it came to that end.
        package var reason: String?
        /// How it ends when somebody kills it: the command may have come to an end of its own just before.
        package var endWhenKilled = RunState.killed

        package init(
            startsAfter: Duration = .zero, lasts: Duration? = nil, state: RunState = .succeeded, refusals: Int = 0, exitCode: Int? = 1,
            handedOn: [String: String] = [:], reason: String? = nil
        ) {
            self.startsAfter = startsAfter
            self.lasts = lasts
            self.state = state
            self.refusals = refusals
            self.exitCode = exitCode
            self.handedOn = handedOn
            self.reason = reason
        }
    }

    struct Task {
        var startsAt: Instant
        var outcome: Outcome?
        /// Happened before the clock was set back, and was not told yet.
        var isStartPast = false
        var isEndPast = false
        var isStartTold = false
        var isEndTold = false
        var end = RunState.killed
    }

    package enum Report: Sendable {
        case started, ended, refused
    }

    /// What becomes of a run that is handed over.
    package var course: @Sendable (Run, Job) -> Course = { _, _ in Course() }
    /// Per key how often a command was started.
    package private(set) var starts: [RunKey: Int] = [:]
    /// Every hand-over, in order.
    package private(set) var launched: [RunKey] = []
    package private(set) var killed: [RunKey] = []
    private(set) var tasks: [RunKey: Task] = [:]
    /// What is to be told, and some of what was to be told once.
    private var queue = SimulationQueue()
    /// Hand-overs that were refused, when, and not told yet.
    private(set) var untold: [RunKey: Instant] = [:]
    /// Per key how many hand-overs were refused.
    package private(set) var refusals: [RunKey: Int] = [:]

    /// Why a hand-over was refused.
    package static let refusal = "no-resources: scripted"

    init() {}

    mutating func launch(_ run: Run, _ job: Job, at now: Instant) {
        guard tasks[run.key] == nil else { return }
        launched.append(run.key)
        let course = course(run, job)
        if refusals[run.key] ?? 0 < course.refusals {
            refusals[run.key, default: 0] += 1
            untold[run.key] = now
            putInLine(run.key)
            return
        }
        let startsAt = now + course.startsAfter
        var task = Task(startsAt: startsAt)
        if course.state == .couldNotStart {
            task.outcome = Outcome(state: .couldNotStart, reason: course.reason ?? "scripted", endedAt: startsAt)
            task.isStartTold = true
        } else {
            starts[run.key, default: 0] += 1
            task.outcome = course.lasts.map {
                Outcome(
                    state: course.state, reason: course.reason, exitCode: course.state == .succeeded ? 0 : course.exitCode,
                    startedAt: startsAt, endedAt: startsAt + $0, handedOn: course.handedOn)
            }
        }
        task.end = course.endWhenKilled
        tasks[run.key] = task
        putInLine(run.key)
    }

    mutating func kill(_ key: RunKey, reason: String, at now: Instant) {
        killed.append(key)
        guard let task = tasks[key], !task.isEndTold else { return }
        let outcome = Outcome(
            state: task.end, reason: task.end == .killed ? reason : nil, exitCode: task.end == .failed ? 1 : nil,
            startedAt: min(task.startsAt, now), endedAt: now + .milliseconds(3))
        end(key, with: outcome)
    }

    /// The clock is set: what is still to happen happens after the same time, and what has happened bears the time of the old clock.
    mutating func setClock(from now: Instant, by shift: Duration) {
        untold = untold.mapValues { min($0, now + shift) }
        for (key, task) in tasks {
            var moved = task
            if task.startsAt > now { moved.startsAt = task.startsAt + shift } else { moved.isStartPast = true }
            if var outcome = task.outcome {
                if outcome.endedAt > now {
                    outcome.endedAt = outcome.endedAt + shift
                    outcome.startedAt = outcome.startedAt.map { $0 > now ? $0 + shift : $0 }
                } else {
                    moved.isEndPast = true
                }
                moved.outcome = outcome
            }
            tasks[key] = moved
        }
        putAllInLine()
    }

    /// Gives a run its end, unless it has come to an earlier one.
    package mutating func end(_ key: RunKey, with outcome: Outcome) {
        guard let task = tasks[key], !task.isEndPast, task.outcome.map({ $0.endedAt > outcome.endedAt }) ?? true else { return }
        tasks[key]?.outcome = outcome
        putInLine(key)
    }

    /// The next thing to tell: starts and ends in the order in which they happen.
    var next: SimulationQueue.Happening? { queue.first }

    /// What is to be told next of one run.
    private func happening(of key: RunKey) -> SimulationQueue.Happening? {
        if let at = untold[key] { return .init(at: at, key: key, report: .refused) }
        guard let task = tasks[key] else { return nil }
        if !task.isStartTold, task.isStartPast || task.outcome.map({ task.startsAt <= $0.endedAt }) ?? true {
            return .init(at: task.isStartPast ? .distantPast : task.startsAt, key: key, report: .started)
        }
        guard !task.isEndTold, let outcome = task.outcome else { return nil }
        return .init(at: task.isEndPast ? .distantPast : outcome.endedAt, key: key, report: .ended)
    }

    /// To be called whenever something of `keys` has changed: what was in the queue of them before is passed over.
    private mutating func putInLine(_ keys: some Sequence<RunKey>) {
        for key in keys {
            if let happening = happening(of: key) { queue.insert(happening) }
        }
        while let first = queue.first, happening(of: first.key) != first { queue.removeFirst() }
    }

    private mutating func putInLine(_ key: RunKey) { putInLine(CollectionOfOne(key)) }

    private mutating func putAllInLine() {
        queue = SimulationQueue()
        putInLine(Array(untold.keys) + tasks.keys)
    }

    /// Tells it: the same thing is told again only after `reattach`.
    mutating func tell(_ key: RunKey, _ report: Report) -> Event? {
        defer { putInLine(key) }
        if report == .refused {
            untold[key] = nil
            return .notHandedOver(key, reason: Self.refusal)
        }
        guard let task = tasks[key] else { return nil }
        switch report {
        case .refused: return nil
        case .started:
            tasks[key]?.isStartTold = true
            return .started(key, at: task.startsAt, node: "simulation")
        case .ended:
            tasks[key]?.isEndTold = true
            return task.outcome.map { .ended(key, $0) }
        }
    }

    /// The scheduler is back: whatever it did not write down is told again.
    mutating func reattach() {
        untold = [:]
        tasks = tasks.mapValues { task in
            var untold = task
            untold.isStartTold = task.outcome?.state == .couldNotStart
            untold.isEndTold = false
            return untold
        }
        putAllInLine()
    }

    /// The end of `key` is durable.
    mutating func forget(_ key: RunKey) {
        tasks[key] = nil
        putInLine(key)
    }
}
