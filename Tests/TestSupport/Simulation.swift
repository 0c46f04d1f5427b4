package import Scheduling
package import Timetable

/// The whole scheduler on a virtual clock: the real core, a model of the ledger, an executor that follows a script, and crashes.
///
/// A test writes job files, lets time pass and reads the ledger as a user would. Every step is checked, see `SimulationCheck`.
package struct Simulation: Sendable {
    /// Where in a step the scheduler dies.
    package enum Crash: Sendable {
        /// Nothing of the step is durable.
        case beforeCommit
        /// The records are durable; only so many of the deeds were done.
        case afterCommit(deeds: Int)
    }

    package private(set) var now: Instant
    package private(set) var ledger = SimulationLedger()
    package var executor = SimulationExecutor()
    /// The job files as they stand.
    package private(set) var files: [Job] = []
    package private(set) var answers: [Answer] = []
    /// How many steps the scheduler took, in all its lives.
    package private(set) var steps = 0
    /// Tells whether the scheduler dies in a step and how long it is gone.
    package var crash: @Sendable (_ step: Int) -> (Crash, downtime: Duration)? = { _ in nil }
    /// Hears of every commit, once it is made.
    package var onCommit: @Sendable (_ records: [LedgerRecord], _ simulation: Simulation) -> Void = { _, _ in }
    /// What whoever asks for a run of a job gives it.
    package var given: [JobName: [String: String]] = [:]
    /// Prints every step.
    package var trace = false
    var check = SimulationCheck()

    let settings: Scheduler.Settings
    /// nil while the scheduler is down.
    private(set) var scheduler: Scheduler?
    private var commits = 0
    private var hasStarted = false
    private var isBack: Instant?
    private var edits: [(at: Instant, files: [Job])] = []
    private var requests: [(at: Instant, wish: Wish)] = []
    private var clockSteps: [(at: Instant, by: Duration)] = []
    /// The newest time that this life of the scheduler has looked at.
    private var seenAt: Instant?
    /// Every text of a job that was ever in force.
    private(set) var definitions: [String: Job] = [:]
    private var lastToken: UInt64 = 0

    package init(at now: Instant, capacities: [String: PoolCapacity] = [:], slotsPerStep: Int = 5_000, slotsAhead: Int = 500) {
        self.now = now
        var settings = Scheduler.Settings(capacities: capacities)
        settings.slotsPerStep = slotsPerStep
        settings.slotsAhead = slotsAhead
        self.settings = settings
    }

    /// Everything that went wrong: it must be empty.
    package var faults: [String] { ledger.refusals + check.faults }
    package var isUp: Bool { scheduler != nil }
    package var nextWake: Instant? { scheduler?.nextWake }
    /// The core itself while it is up, to look into it.
    package var core: Scheduler? { scheduler }
    package var graph: JobGraph { scheduler?.graph ?? JobGraph() }

    // MARK: what a test does

    /// Starts the scheduler; `jobs` are the files that it finds, without them those that it left.
    package mutating func start(_ jobs: [Job]? = nil) {
        if let jobs { files = jobs }
        for file in files { definitions[file.version] = file }
        isBack = nil
        hasStarted = false
        executor.reattach()
        check.restart()
        let inForce = ledger.controls.values.filter { $0.removedAt == nil }.compactMap { definitions[$0.version] }
        var state = ledger.state
        for run in state.openRuns where run.state.isActive { state.handedOverAs[run.key] = run.version.flatMap { definitions[$0] } }
        scheduler = Scheduler(restoring: state, graph: JobGraph.build(inForce).graph, settings: settings)
        seenAt = ledger.seenAt
        lookAtClock()
        if !isUp { return }
        handOverAgain()
        while isUp, let next = executor.next, next.at <= now { tellNext() }
        if isUp { take(.start(JobGraph.build(files).graph)) }
    }

    /// The scheduler dies between two steps.
    package mutating func die() { scheduler = nil }

    /// Time passes while the scheduler is down.
    package mutating func stayDown(until instant: Instant) { now = max(now, instant) }

    package mutating func define(_ jobs: [Job]) {
        edit(at: now, jobs)
        pass(until: now)
    }

    package mutating func edit(at instant: Instant, _ jobs: [Job]) { edits.append((instant, jobs)) }
    /// The clock is set by so much as soon as it reads `instant`, whether the scheduler is up or down.
    package mutating func setClock(at instant: Instant, by shift: Duration) { clockSteps.append((instant, shift)) }

    /// The clock is set now, whether the scheduler is up or down.
    package mutating func setClock(to instant: Instant) {
        moveClock(by: instant - now)
        if isUp { take(.tick) }
    }

    package mutating func request(_ wish: Wish, at instant: Instant) { requests.append((instant, wish)) }

    /// `rota run JOB`.
    @discardableResult
    package mutating func run(_ job: JobName, parameters: [String: String] = [:]) -> Answer? {
        given[job] = parameters
        return ask(.run(job, parameters: parameters))
    }

    /// Asks the scheduler; nil when it died before it answered.
    @discardableResult
    package mutating func ask(_ request: Request) -> Answer? {
        let request = ledger.completed(request, in: graph)
        lastToken += 1
        let count = answers.count
        take(.request(token: lastToken, request))
        return answers.count > count ? answers.last : nil
    }

    /// The oldest active run of `job` comes to its end now.
    package mutating func end(_ job: JobName, _ state: RunState = .succeeded, handedOn: [String: String] = [:]) {
        let active = ledger.order.first { $0.job == job && ledger.runs[$0]?.state.isActive == true }
        guard let active else { return check.fault("no run of \(job) is active at \(now.rfc3339)") }
        executor.end(active, with: Outcome(state: state, startedAt: ledger.runs[active]?.startedAt, endedAt: now, handedOn: handedOn))
        if isUp { pass(until: now) }
    }

    package mutating func pass(_ duration: Duration) { pass(until: now + duration) }

    /// Lets everything happen that happens up to `end`, in order.
    package mutating func pass(until end: Instant) {
        var idle = 0
        // A scheduler that breaks a rule at every step would be told of it for ever.
        while let next = nextHappening, next <= end, check.faults.count < 1_000 {
            idle = next > now ? 0 : idle + 1
            if idle > 20_000 { return check.fault("time stands still at \(now.rfc3339)") }
            now = max(now, next)
            happen()
        }
        now = max(now, end)
        if isUp { take(.tick) }
    }

    /// One step of the core with whatever follows from it.
    package mutating func take(_ event: Event) {
        let wasUp = isUp
        lookAtClock()
        // Whoever died of that hears nothing more.
        if wasUp, !isUp { return }
        seenAt = max(seenAt ?? now, now)
        step(event)
        while let wanted = scheduler?.slotsWanted { step(.slots(wanted, ledger.precedents(of: wanted))) }
    }

    private mutating func step(_ event: Event) {
        guard var core = scheduler else { return check.fault("the scheduler is down") }
        // The only copy: a second one would make each step copy whatever it changes.
        scheduler = nil
        steps += 1
        let crash = crash(steps)
        let actions = core.handle(event, at: now)
        if trace { printStep(event, actions, crash: crash?.0) }
        if case .beforeCommit = crash?.0 { return goDown(for: crash?.downtime) }
        scheduler = core
        let records = actions.compactMap { action -> LedgerRecord? in if case .record(let record) = action { record } else { nil } }
        let deeds = actions.filter { if case .record = $0 { false } else { true } }
        if let misplaced = actions.dropFirst(records.count).first(where: { if case .record = $0 { true } else { false } }) {
            check.fault("a record after a deed: \(misplaced)")
        }
        ledger.commit(records, at: now)
        commits += 1
        onCommit(records, self)
        for case .update(let run) in records where !run.state.isOpen { executor.forget(run.key) }
        checked { $0.step(event, records: records, deeds: deeds, in: $1) }
        if case .afterCommit(let count) = crash?.0 {
            for deed in deeds.prefix(count) { act(deed) }
            return goDown(for: crash?.downtime)
        }
        for deed in deeds { act(deed) }
        if case .start = event { hasStarted = true }
        if hasStarted { checked { $0.waiting(in: $1) } }
    }

    /// Lets the only copy of the check look: with a second one inside of what it looks at, it would copy whatever it notes.
    private mutating func checked(_ look: (inout SimulationCheck, Simulation) -> Void) {
        var check = SimulationCheck()
        swap(&check, &self.check)
        look(&check, self)
        self.check = check
    }

    // MARK: what happens by itself

    private var nextHappening: Instant? {
        guard isUp else { return [isBack, isBack == nil ? nil : clockSteps.first?.at].compactMap(\.self).min() }
        return [scheduler?.nextWake, executor.next?.at, edits.first?.at, requests.first?.at, clockSteps.first?.at].compactMap(\.self).min()
    }

    private mutating func happen() {
        if let step = clockSteps.first, step.at <= now {
            clockSteps.removeFirst()
            moveClock(by: step.by)
            if isUp { take(.tick) }
        } else if !isUp {
            while let edit = edits.first, edit.at <= now {
                files = edit.files
                edits.removeFirst()
            }
            start()
        } else if let next = executor.next, next.at <= now {
            tellNext()
        } else if let edit = edits.first, edit.at <= now {
            edits.removeFirst()
            files = edit.files
            for file in files { definitions[file.version] = file }
            take(.definitions(JobGraph.build(files).graph))
        } else if let request = requests.first, request.at <= now {
            // Whoever gets no answer asks again, unless what was asked for is in the ledger.
            let count = commits
            if let asked = request.wish.request(in: ledger, at: now, giving: given) { ask(asked) }
            if commits > count || request.wish.request(in: ledger, at: now) == nil { requests.removeFirst() }
        } else {
            take(.tick)
        }
    }

    private mutating func tellNext() {
        guard let next = executor.next, let event = executor.tell(next.key, next.report) else { return }
        take(event)
    }

    private mutating func moveClock(by shift: Duration) {
        executor.setClock(from: now, by: shift)
        now = now + shift
        check.clockMoved(to: now)
        isBack = isBack.map { $0 + shift }
    }

    /// As a session does at the beginning of each turn.
    private mutating func lookAtClock() {
        guard isUp, let before = seenAt, now < before else { return }
        seenAt = now
        step(.clockSetBack(from: before, ledger.rowsAhead(of: now)))
    }

    private mutating func goDown(for downtime: Duration?) {
        scheduler = nil
        isBack = now + (downtime ?? .zero)
    }

    /// What was committed as handed over and never was: the intent stands.
    private mutating func handOverAgain() {
        for key in ledger.order where ledger.open.contains(key) {
            guard let run = ledger.runs[key], run.state.isActive, let job = run.version.flatMap({ definitions[$0] }) else { continue }
            executor.launch(run, job, at: now)
            if let reason = run.killWanted { executor.kill(key, reason: reason, at: now) }
        }
    }

    private mutating func act(_ deed: Action) {
        switch deed {
        case .record: break
        case .launch(let run, let shared): executor.launch(run, shared.job, at: now)
        case .handOverAgain(let key, _):
            if let run = ledger.runs[key], let job = run.version.flatMap({ definitions[$0] }) { executor.launch(run, job, at: now) }
        case .kill(let key, _, let reason): executor.kill(key, reason: reason, at: now)
        case .answer(_, let answer): answers.append(answer)
        }
    }
}
