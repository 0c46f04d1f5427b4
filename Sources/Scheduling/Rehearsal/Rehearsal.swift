package import Timetable

/// What would come to pass: the real core on a virtual clock, with an executor that carries everything out as it is assumed to go.
///
/// Begin with what the ledger holds, or with an empty one, `start`, and let time `pass`. What comes to its end is told as it happens, and
/// not kept, so that a year takes no more memory than its busiest moment.
package struct Rehearsal: Sendable {
    /// What is told as it happens.
    package enum Happening: Sendable {
        /// A run came to its end, also one that was skipped or missed.
        case ended(Run)
        /// Slots that nobody will run.
        case gap(Gap)
    }

    package private(set) var now: Instant
    /// How full it became.
    package private(set) var load: RehearsalLoad
    private var scheduler: Scheduler
    private let assumptions: Assumptions
    /// What is carried out, and how it will end.
    private var underWay: [RunKey: Course] = [:]
    /// The ends to come, the next one first; one that is not that of the run's course any more is stale.
    private var ends = PriorityQueue<End>()

    private struct Course: Sendable {
        let startedAt: Instant
        var endsAt: Instant
        var state: RunState
        let place: RehearsalLoad.Place
    }

    private struct End: Comparable, Sendable {
        let at: Instant
        let key: RunKey

        static func < (left: End, right: End) -> Bool {
            if left.at != right.at { return left.at < right.at }
            if left.key.due != right.key.due { return left.key.due < right.key.due }
            if left.key.job != right.key.job { return left.key.job < right.key.job }
            return left.key.attempt < right.key.attempt
        }
    }

    /// - Parameters:
    ///   - ledger: Runs that are under way in it end when they have taken as long as their job is assumed to take, but not before `now`.
    ///   - graph: The definitions that were in force when the ledger was last written.
    package init(
        at now: Instant, restoring ledger: LedgerState = LedgerState(), graph: JobGraph = JobGraph(), settings: Scheduler.Settings,
        assumptions: Assumptions
    ) {
        self.now = now
        self.assumptions = assumptions
        load = RehearsalLoad(capacities: settings.capacities)
        scheduler = Scheduler(restoring: ledger, graph: graph, settings: settings)
        for run in ledger.openRuns where run.state.isActive {
            guard let job = ledger.handedOverAs[run.key] ?? graph[run.key.job] else { continue }
            carryOut(run, of: job, from: run.startedAt ?? now)
        }
    }

    package var graph: JobGraph { scheduler.graph }

    /// Of each job in force that has one, the schedule with its anchor pinned.
    package var schedules: [JobName: Schedule] { scheduler.schedules }

    /// The runs that have not ended yet, by due; those that are carried out are `running`.
    package var openRuns: [Run] {
        scheduler.runs.values.map { run in
            var run = run
            if run.state.isActive {
                run.state = .running
                run.startedAt = underWay[run.key]?.startedAt
            }
            return run
        }.sorted { ($0.key.due, $0.key.job, $0.key.attempt) < ($1.key.due, $1.key.job, $1.key.attempt) }
    }

    /// Starts the scheduler with these definitions; comes once, first of all.
    package mutating func start(with graph: JobGraph, tell: (Happening) -> Void) { take(.start(graph), tell) }

    /// From now on these definitions are in force.
    package mutating func define(_ graph: JobGraph, tell: (Happening) -> Void) { take(.definitions(graph), tell) }

    /// From now on `load` is measured; what was before does not count.
    package mutating func beginToMeasure() { load.begin(at: now) }

    /// Lets everything happen that happens before `end`, in order.
    package mutating func pass(until end: Instant, tell: (Happening) -> Void) {
        while let next = nextHappening, next < end {
            now = max(now, next)
            if let first = ends.first, first.at <= now {
                _ = ends.popFirst()
                if let course = underWay[first.key], course.endsAt == first.at { finish(first.key, course, tell) }
            } else {
                take(.tick, tell)
            }
        }
        now = max(now, end)
    }

    private var nextHappening: Instant? {
        guard let wake = scheduler.nextWake else { return ends.first?.at }
        return ends.first.map { min($0.at, wake) } ?? wake
    }

    // MARK: steps

    private mutating func take(_ event: Event, _ tell: (Happening) -> Void) {
        let actions = scheduler.handle(event, at: now)
        var waiting: [Run] = []
        for action in actions {
            switch action {
            case .record(.insert(let run)), .record(.update(let run)):
                if !run.state.isOpen {
                    leave(run)
                    tell(.ended(run))
                } else if run.waitsForPool {
                    waiting.append(run)
                }
            case .record(.gap(let gap)): tell(.gap(gap))
            case .launch(let run, let shared): carryOut(run, of: shared.job, from: now)
            case .kill(let key, _, _): kill(key)
            // Nobody asks, and the executor refuses nobody.
            case .record, .handOverAgain, .answer: break
            }
        }
        // Only now has everybody their place who gets one in this step.
        for run in waiting {
            if let job = scheduler.graph[run.key.job] { load.wait(run, job, at: now) }
        }
        // What ran before makes attempts of other numbers, and nothing else.
        if let wanted = scheduler.slotsWanted { take(.slots(wanted, BackfillPrecedents()), tell) }
    }

    /// That the command has started is told with its end: no rule asks for it in between, and it would be half as many steps again.
    private mutating func finish(_ key: RunKey, _ course: Course, _ tell: (Happening) -> Void) {
        var outcome = Outcome(state: course.state, startedAt: course.startedAt, endedAt: course.endsAt)
        outcome.exitCode = course.state == .succeeded ? 0 : course.state == .failed ? 1 : nil
        take(.ended(key, outcome), tell)
    }

    // MARK: the executor

    private mutating func carryOut(_ run: Run, of job: Job, from start: Instant) {
        let course = assumptions.course(of: job)
        let endsAt = run.killWanted == nil ? max(now, start + course.lasts) : now
        let state = run.killWanted == nil ? course.state : .killed
        let place = RehearsalLoad.Place(job)
        underWay[run.key] = Course(startedAt: start, endsAt: endsAt, state: state, place: place)
        ends.insert(End(at: endsAt, key: run.key))
        load.enter(run.key, place, at: now)
    }

    /// Commands obey at once.
    private mutating func kill(_ key: RunKey) {
        guard underWay[key] != nil else { return }
        underWay[key]?.endsAt = now
        underWay[key]?.state = .killed
        ends.insert(End(at: now, key: key))
    }

    private mutating func leave(_ run: Run) {
        load.leave(run.key, underWay.removeValue(forKey: run.key)?.place, at: now)
    }
}

extension Rehearsal {
    /// How runs are assumed to go.
    package struct Assumptions: Sendable {
        /// How long the commands of these jobs take.
        package var durations: [JobName: Duration]
        /// How long those of all others take.
        package var usual: Duration
        /// Jobs of which every attempt fails; all others succeed.
        package var failing: Set<JobName>

        package init(durations: [JobName: Duration] = [:], usual: Duration = .seconds(60), failing: Set<JobName> = []) {
            self.durations = durations
            self.usual = usual
            self.failing = failing
        }

        /// What becomes of a command: one that would take longer than its timeout is ended then.
        func course(of job: Job) -> (lasts: Duration, state: RunState) {
            let lasts = durations[job.name] ?? usual
            if let timeout = job.timeout, timeout < lasts { return (timeout, .timedOut) }
            return (lasts, failing.contains(job.name) ? .failed : .succeeded)
        }
    }
}

extension Run {
    /// Whether only places keep it waiting, as its row tells.
    var waitsForPool: Bool { state == .waiting && reason?.hasPrefix("pool: ") == true }
}
