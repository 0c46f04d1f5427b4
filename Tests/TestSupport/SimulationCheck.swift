import Scheduling
import Timetable

/// What must hold in every simulation, read off the ledger and the definitions by rules that share no code with the core.
struct SimulationCheck: Sendable {
    /// The time in which one schedule of one job is in force.
    struct Era: Sendable {
        let schedule: Schedule
        var from: Instant
        var through: Instant?
        /// The steps in which it began and ended.
        let firstStep: Int
        var lastStep: Int?
    }

    var faults: [String] = []
    var eras: [JobName: [Era]] = [:]
    /// How often definitions came into force at an instant.
    private(set) var edits: [Instant: Int] = [:]
    /// Of each gap the step that decided it.
    var gapSteps: [FlowKey: Int] = [:]
    /// Gaps of schedules of before, which began before the instant that the clock was set back to, and tell of slots beyond it.
    var leftWhole: Set<FlowKey> = []
    /// Dues of each job that had a run when the clock was set back before them.
    var hadBefore: [JobName: Set<Instant>] = [:]
    /// Each time that something was paused, until when if that is over.
    var rests: [(scope: PauseScope, since: Instant, until: Instant?)] = []
    /// What each run takes that is with its executor.
    private var held: [RunKey: Demand] = [:]
    /// The same of each run that its executor could not take: it may keep its places for a while, or have given them back.
    private var kept: [RunKey: Demand] = [:]
    /// When each pool that starts only so many in a second handed its runs over, since the last restart.
    var starts: [String: [Instant]] = [:]
    /// Those among `held` that a start handed over without asking for places: whether they had given theirs back is not in the ledger.
    private var unasked: Set<RunKey> = []

    /// What was told of promises, each thing once.
    var toldBreaches: Set<ToldBreach> = []
    /// Those among them that were told before the clock was set.
    var toldByAnotherClock: Set<ToldBreach> = []
    /// What the clock read when it was last set.
    var clockSetAt = Instant.distantPast
    /// When the scheduler was last begun.
    private(set) var begunAt = Instant.distantPast
    /// The definitions that were in force when the step began.
    private(set) var inForceBefore = JobGraph()
    /// Of each run that came after others in its flow, the definitions by which that was decided.
    private var madeUnder: [RunKey: [JobGraph]] = [:]

    mutating func fault(_ text: String) { faults.append(text) }

    /// After the commit of a step, before its deeds.
    mutating func step(_ event: Event, records: [LedgerRecord], deeds: [Action], in simulation: Simulation) {
        if case .clockSetBack = event { setClockBack(in: simulation) }
        switch event {
        case .start, .definitions, .clockSetBack:
            edits[simulation.now, default: 0] += 1
            putInForce(simulation, by: event)
        default: break
        }
        for case .gap(let gap) in records { gapSteps[FlowKey(head: gap.job, due: gap.firstDue)] = simulation.steps }
        if case .start = event { begunAt = simulation.now }
        keepRests(records, at: simulation.now)
        checkBreaches(records, in: simulation)
        for case .insert(let run) in records {
            if run.trigger == .upstream { madeUnder[run.key] = [simulation.graph, inForceBefore] }
            checkAttempt(run, of: event, in: simulation)
            checkRest(run, in: simulation)
            checkParameters(of: run, in: simulation)
            checkPromises(of: run, in: simulation)
            checkCatchUp(run, in: simulation)
            checkCancel(of: run, in: simulation)
        }
        for case .update(let run) in records { checkOverlap(run, in: simulation) }
        for case .gap(let gap) in records { checkCatchUp(gap, in: simulation) }
        if case .ended(let key, _) = event { checkRetry(of: key, in: simulation) }
        for case .kill(let key, _, let reason) in deeds where simulation.ledger.runs[key]?.killWanted != reason {
            fault("\(key.words) is killed, and the ledger does not say so")
        }
        if case .notHandedOver(let key, _) = event, let demand = held.removeValue(forKey: key) {
            kept[key] = demand
            unasked.remove(key)
        }
        for case .update(let run) in records where !run.state.isOpen {
            checkEnd(run, of: event, in: simulation)
            (held[run.key], kept[run.key]) = (nil, nil)
        }
        var launched: [(Run, Job)] = []
        for case .launch(let run, let shared) in deeds {
            let job = shared.job
            held[run.key] = Demand(job, simulation.capacities(of: run), backfill: run.backfill)
            launched.append((run, job))
        }
        for case .handOverAgain(let key, _) in deeds {
            if let demand = kept.removeValue(forKey: key) { held[key] = demand }
            checkSecondTry(key, in: simulation)
        }
        for (run, job) in launched {
            checkLaunch(run, job, in: simulation)
            noteStart(job, in: simulation)
        }
        if !launched.isEmpty { checkOrder(of: launched, records, in: simulation) }
        if !deeds.isEmpty { checkCapacities(in: simulation) }
        inForceBefore = simulation.graph
    }

    // MARK: hand-overs that were refused

    /// The scheduler starts anew: whatever is launching is handed over again.
    mutating func restart() {
        starts = [:]
        for (key, demand) in kept { held[key] = demand }
        unasked.formUnion(kept.keys)
        kept = [:]
    }

    private mutating func checkSecondTry(_ key: RunKey, in simulation: Simulation) {
        if simulation.executor.tasks[key] != nil || simulation.executor.starts[key] != nil {
            fault("\(key.words) is handed over again though its executor has it")
        }
        if simulation.ledger.runs[key]?.state != .launching { fault("\(key.words) is handed over again and is not launching") }
        if held[key] == nil { fault("\(key.words) is handed over again and was not refused") }
    }

    /// Given up is only what nobody has, when its window is over.
    private mutating func checkEnd(_ run: Run, of event: Event, in simulation: Simulation) {
        guard run.executor != nil, run.state == .missed else { return }
        if simulation.executor.tasks[run.key] != nil { fault("\(run.key.words) is missed though its executor has it") }
        let window = simulation.graph[run.key.job]?.startWithin
        let isOver = window.map { simulation.now > run.readyAt + $0 } ?? false
        if !run.isBoundToWindow || !isOver { fault("\(run.key.words) is given up too early") }
    }

    // MARK: capacities

    private mutating func checkCapacities(in simulation: Simulation) {
        if simulation.settings.capacities.isEmpty { return }
        let used = Demand.sum(held.filter { !unasked.contains($0.key) }.values)
        for (pool, capacity) in simulation.allCapacities {
            for thing in PoolResource.held where used[pool]?[thing] ?? 0 > capacity[thing] ?? .max {
                fault("of \(thing.rawValue) of the pool \(pool) \(used[pool]?[thing] ?? 0) are taken")
            }
        }
    }

    /// Nobody waits for what there is: whoever waits for places finds none of a pool; for the rest, too little is left by those who run and
    /// by whoever stands first before it among those that need the same things.
    private mutating func checkQueues(in simulation: Simulation) {
        let waiting = simulation.ledger.inPoolQueue.compactMap { simulation.ledger.runs[$0] }
        if waiting.isEmpty { return }
        let capacities = simulation.allCapacities
        var taken = Demand.sum(Array(held.values) + Array(kept.values))
        let takenSurely = Demand.sum(held.values)
        var blocked: Set<[String]> = []
        let ranked = waiting.compactMap { run in simulation.graph[run.key.job].map { (run, $0) } }.sorted { left, right in
            let (first, second) = (Self.rank(left.0, left.1), Self.rank(right.0, right.1))
            if first != second { return first < second }
            return (left.0.key.due, left.0.key.job, left.0.key.attempt) < (right.0.key.due, right.0.key.job, right.0.key.attempt)
        }
        for (run, job) in ranked {
            let demand = Demand(job, capacities, backfill: run.backfill)
            guard !blocked.contains(demand.kind) else { continue }
            blocked.insert(demand.kind)
            func isFull(_ taken: Demand.Sum) -> Bool {
                demand.amounts.contains { pool, amounts in
                    amounts[.runs] ?? 0 > 0 && taken[pool]?[.runs] ?? 0 >= capacities[pool]?[.runs] ?? .max
                }
            }
            if isFull(takenSurely) || demand.amounts.keys.contains(where: { isStarting($0, in: simulation) }) { continue }
            if isFull(taken) {
                // What was refused may have given its places back: then this one stands before those that need the same things.
                taken = Demand.sum([demand.withoutPlaces], onto: taken)
                continue
            }
            let isShort = demand.amounts.contains { pool, amounts in
                amounts.contains { thing, amount in (taken[pool]?[thing] ?? 0) + amount > capacities[pool]?[thing] ?? .max }
            }
            if !isShort { fault("\(run.key.words) waits at \(simulation.now.rfc3339) for what there is") }
            taken = Demand.sum([demand.withoutPlaces], onto: taken)
        }
    }

    /// Of those that need the same things nobody is passed: whoever waited for a place when the step began, and still does, stands behind
    /// everybody who got one.
    private mutating func checkOrder(of launched: [(Run, Job)], _ records: [LedgerRecord], in simulation: Simulation) {
        var changed: Set<RunKey> = []
        for case .insert(let run) in records { changed.insert(run.key) }
        for case .update(let run) in records { changed.insert(run.key) }
        let capacities = simulation.allCapacities
        for key in simulation.ledger.inPoolQueue where !changed.contains(key) {
            guard let run = simulation.ledger.runs[key], let job = simulation.graph[key.job] else { continue }
            let kind = Demand(job, capacities, backfill: run.backfill).kind
            for (winner, other) in launched where Self.rank(run, job) < Self.rank(winner, other) {
                let isOfOneKind = Demand(other, capacities, backfill: winner.backfill).kind == kind
                if isOfOneKind { fault("\(key.words) is passed by \(winner.key.words)") }
            }
        }
    }

    /// Ten minutes of waiting are worth a step of priority.
    private static func rank(_ run: Run, _ job: Job) -> Instant {
        max(run.waitingSince, run.notBefore ?? run.waitingSince) + .seconds(600 * (9 - job.priority))
    }

    /// Whether the pool has started as many in the last second as it may.
    private func isStarting(_ pool: String, in simulation: Simulation) -> Bool {
        guard let most = simulation.settings.capacities[pool]?.maxStartsPerSecond else { return false }
        return (starts[pool] ?? []).count { $0 + .seconds(1) > simulation.now } >= most
    }

    private mutating func noteStart(_ job: Job, in simulation: Simulation) {
        for pool in job.pools where simulation.settings.capacities[pool]?.maxStartsPerSecond != nil {
            if isStarting(pool, in: simulation) { fault("the pool \(pool) starts too many at \(simulation.now.rfc3339)") }
            starts[pool, default: []].append(simulation.now)
        }
    }

    // MARK: launches

    private mutating func checkLaunch(_ run: Run, _ job: Job, in simulation: Simulation) {
        let (key, now) = (run.key, simulation.now)
        if simulation.executor.tasks[key] != nil || simulation.executor.starts[key] != nil {
            fault("\(key.words) is launched a second time")
        }
        if job.disabled { fault("\(key.words) is launched though disabled") }
        if simulation.isPaused(job), !run.isByHand { fault("\(key.words) is launched though paused") }
        if simulation.ledger.orders[FlowKey(head: key.job, due: key.due)]?.kind == .hold { fault("\(key.words) is launched though held") }
        if let notBefore = run.notBefore, notBefore > now { fault("\(key.words) is launched before its time") }
        if run.isBoundToWindow, let window = job.startWithin, now > run.readyAt + window {
            fault("\(key.words) is launched after its window")
        }
        let active = simulation.ledger.openRuns(of: key.job).filter(\.state.isActive)
        if active.count > job.overlap.mostAtOnce { fault("\(active.count) runs of \(key.job) are active") }
        checkEdges(of: run, in: simulation)
    }

    private mutating func checkEdges(of run: Run, in simulation: Simulation) {
        // What somebody asks for by name depends on nothing.
        guard !run.isByHand, run.flow.head != run.key.job, let flow = simulation.ledger.flows[run.flow] else { return }
        guard let member = flow.member(run.key.job) else {
            return fault("\(run.key.words) is no member of its flow")
        }
        let first = simulation.firstOfChain(run)
        for edge in member.after {
            // What an edit says since then takes nothing back.
            let faults = ((madeUnder[first] ?? []) + [simulation.graph]).map { fault(of: edge, to: run, first, $0, in: simulation) }
            if let found = faults.last, let text = found, faults.allSatisfy({ $0 != nil }) { fault(text) }
        }
    }

    private func fault(of edge: Edge, to run: Run, _ first: RunKey, _ graph: JobGraph, in simulation: Simulation) -> String? {
        let parent = graph[edge.parent]
        // Who came before it then: what is retried by hand later takes nothing back.
        guard let row = simulation.ledger.newest(of: edge.parent, in: run.flow, before: first) else {
            return parent == nil ? nil : "\(run.key.words) before its parent \(edge.parent)"
        }
        let isGone = row.reason == "removed" || parent == nil && row.state == .lost
        let isMet = row.meetsByTable(edge.on, softError: parent?.softError ?? false, isLostAFailure: parent?.onUnknown ?? .skip == .skip)
        return isGone || !row.state.isOpen && isMet ? nil : "\(run.key.words) though \(edge.parent) is \(row.state), not \(edge.on)"
    }

    private mutating func checkAttempt(_ run: Run, of event: Event, in simulation: Simulation) {
        let limit = simulation.graph[run.key.job]?.retries.limit ?? 0
        let before = simulation.ledger.runs[RunKey(job: run.key.job, due: run.key.due, attempt: run.key.attempt - 1)]
        // An edit may lower the limit; a run after a lost one is no retry.
        if run.trigger == .retry, run.retry > limit, run.retry != before?.retry {
            fault("\(run.key.words) is retry \(run.retry) of \(limit)")
        }
        if before?.killWanted != nil || before?.state == .killed, before?.isRetriedAfterCancel(by: simulation.graph[run.key.job]) != true {
            // What is below a run that is run once more may have been killed before.
            if !event.isRerun, run.trigger != .upstream { fault("\(run.key.words) comes by itself after a kill") }
        }
        if run.trigger == .retry, !run.isByHand || run.retry > 0, let before, let job = simulation.graph[run.key.job] {
            checkSequel(of: before, by: job)
        }
        if run.key.attempt > 1, before?.state.isOpen ?? true { fault("\(run.key.words) without an end of the attempt before") }
    }

    // MARK: pauses

    private mutating func keepRests(_ records: [LedgerRecord], at now: Instant) {
        for case .pause(let pause) in records { rests.append((pause.scope, pause.since, nil)) }
        for case .resume(let scope) in records {
            if let place = rests.lastIndex(where: { $0.scope == scope }) { rests[place].until = now }
        }
    }

    /// No slot that came due while its job was paused is ever run by itself. Labels that edits change are left out.
    private mutating func checkRest(_ run: Run, in simulation: Simulation) {
        guard run.trigger == .schedule, run.state != .skipped, !run.isByHand, let job = simulation.graph[run.key.job] else { return }
        let due = run.key.due
        for rest in rests where rest.since < due && due <= rest.until ?? .distantFuture {
            if case .label("rank", _) = rest.scope { continue }
            if rest.scope.holds(job) { fault("\(run.key.words) came due while paused with \(rest.scope.words)") }
        }
    }

    // MARK: waiting

    /// After a whole step: whoever waits, waits for the reason that the row tells. A flood is not looked through at every step.
    mutating func waiting(in simulation: Simulation) {
        guard simulation.isUp, simulation.ledger.open.count < 200 else { return }
        for key in simulation.ledger.open {
            guard let run = simulation.ledger.runs[key], run.state == .waiting else { continue }
            if let wrong = wrongReason(of: run, in: simulation) {
                fault("\(key.words) waits at \(simulation.now.rfc3339): \(run.reason ?? "no reason"), but \(wrong)")
            }
        }
        checkQueues(in: simulation)
        checkOrders(in: simulation)
    }

    private func wrongReason(of run: Run, in simulation: Simulation) -> String? {
        guard let job = simulation.graph[run.key.job] else { return "the job is gone" }
        if job.disabled { return "the job is disabled" }
        if simulation.isPaused(job), !run.isByHand { return "the job is paused" }
        if let order = simulation.ledger.orders[FlowKey(head: run.key.job, due: run.key.due)], order.kind == .hold {
            return run.reason == "held by \(order.by)" ? nil : "it is held"
        }
        if run.isBoundToWindow, let window = job.startWithin, simulation.now > run.readyAt + window { return "its window is over" }
        let words = (run.reason ?? "").split(separator: ":", maxSplits: 1).map { $0.drop { $0 == " " } }
        switch words.first {
        case "retry": return run.notBefore.map { $0 > simulation.now } == true ? nil : "its time has come"
        case "parents": return run.trigger == .schedule && !job.after.isEmpty ? nil : "it has no parents to wait for"
        case "pool":
            let needed = Demand(job, simulation.allCapacities, backfill: run.backfill).words
            return words.last.map(String.init) == needed ? nil : "it needs \(needed)"
        case "overlap":
            let others = simulation.ledger.openRuns(of: run.key.job).count { other in
                other.key != run.key && (other.state.isActive || simulation.isBefore(other.key, run))
            }
            if others < job.overlap.mostAtOnce { return "not enough other runs are in its way" }
            return wrongOverlap(of: run, by: job, in: simulation)
        default: return "that is no reason"
        }
    }

    // MARK: schedules

    private mutating func putInForce(_ simulation: Simulation, by event: Event) {
        for name in Set(eras.keys).union(simulation.graph.order) {
            let pinned = simulation.graph[name]?.schedule.map { schedule in
                simulation.ledger.controls[name]?.anchor.map { schedule.anchored(at: $0) } ?? schedule
            }
            let last = eras[name]?.last
            var from = simulation.now
            if let last, last.through == nil {
                if last.schedule == pinned, last.schedule.anchor == pinned?.anchor { continue }
                // Its beginning went back with the clock, and what was accounted for of it stays so.
                if case .clockSetBack = event { from = (simulation.ledger.controls[name]?.accountedUntil ?? from) + Instant.resolution }
                // By new rules of a zone, slots may be owed that lie before now, and others have had their turn.
                if let pinned, Optional(pinned).saysTheSame(as: last.schedule) {
                    let (late, until) = last.schedule.handOver(to: pinned, accountedUntil: simulation.now)
                    from = late.first ?? until + Instant.resolution
                }
                var ended = last
                ended.through = simulation.now
                ended.lastStep = simulation.steps
                eras[name]?.removeLast()
                eras[name]?.append(ended)
            }
            if let pinned { eras[name, default: []].append(Era(schedule: pinned, from: from, firstStep: simulation.steps)) }
        }
    }
}

extension Event {
    /// Somebody asks for another attempt of what has ended.
    fileprivate var isRerun: Bool {
        switch self {
        case .request(_, .retry), .request(_, .markSuccess), .slots: true
        default: false
        }
    }
}

extension Simulation {
    /// With those of backfills.
    fileprivate var allCapacities: [String: PoolCapacity] {
        ledger.backfills.reduce(into: settings.capacities) { $0["backfill \($1.key)"] = PoolCapacity(runs: Int64($1.value.maxRunning)) }
    }

    fileprivate func capacities(of run: Run) -> [String: PoolCapacity] { run.backfill == nil ? settings.capacities : allCapacities }

    /// Whose turn comes first: backfills give way.
    fileprivate func isBefore(_ other: RunKey, _ run: Run) -> Bool {
        let otherIsBackfill = ledger.runs[other]?.backfill != nil
        if otherIsBackfill != (run.backfill != nil) { return !otherIsBackfill }
        return (other.due, other.attempt) < (run.key.due, run.key.attempt)
    }

    /// The attempt that this one retries by itself, in one or more steps; itself when it retries none.
    fileprivate func firstOfChain(_ run: Run) -> RunKey {
        guard run.trigger == .retry,
            let before = ledger.runs[RunKey(job: run.key.job, due: run.key.due, attempt: run.key.attempt - 1)]
        else { return run.key }
        return firstOfChain(before)
    }

    /// Whether some pause in the ledger holds the job.
    func isPaused(_ job: Job) -> Bool {
        ledger.pauses.keys.contains { scope in
            switch scope {
            case .job(let name): name == job.name
            case .label(let key, let value): job.labels.contains { $0.key == key && (value ?? $0.value) == $0.value }
            case .everything: true
            }
        }
    }
}

extension Job {
    var pools: [String] { pool == runOn ? [runOn] : [runOn] + (pool.map { [$0] } ?? []) }
}

extension Run {
    /// By manual runs, backfills and retries have no start window.
    var isBoundToWindow: Bool { [.schedule, .upstream, .latest].contains(trigger) && backfill == nil }
}

/// What a run of a job takes of each pool with a capacity.
private struct Demand {
    var amounts: [String: [PoolResource: Int64]] = [:]
    /// The things that are counted, in the order in which a job names its pools.
    var kind: [String] = []
    var words = ""

    init(_ job: Job, _ capacities: [String: PoolCapacity], backfill: Int64?) {
        var pools: [String] = []
        for pool in job.pools + (backfill.map { ["backfill \($0)"] } ?? []) {
            guard let capacity = capacities[pool] else { continue }
            let cpus = job.cpus.map { Int64(($0 * 1000).rounded()) }
            var wanted: [(PoolResource, Int64?)] = [(.runs, capacity.runs == nil ? nil : 1)]
            wanted.append((.cpus, capacity.milliCPUs.flatMap { all in cpus.map { min(all, $0) } }))
            wanted.append((.memory, capacity.memory.flatMap { all in job.memory.map { min(all, $0) } }))
            let counted = wanted.compactMap { thing, amount in amount.map { (thing, $0) } }
            if counted.isEmpty, capacity.maxStartsPerSecond == nil { continue }
            amounts[pool] = Dictionary(uniqueKeysWithValues: counted)
            kind += counted.map { "\(pool) \($0.0.rawValue)" } + (capacity.maxStartsPerSecond == nil ? [] : ["\(pool) starts"])
            let others = (counted.map(\.0.rawValue).filter { $0 != "runs" } + (capacity.maxStartsPerSecond == nil ? [] : ["starts"]))
                .joined(separator: ", ")
            pools.append(others.isEmpty ? pool : "\(pool) (\(others))")
        }
        words = pools.joined(separator: ", ")
    }

    var withoutPlaces: Demand {
        var rest = self
        rest.amounts = amounts.mapValues { $0.filter { $0.key != .runs } }
        return rest
    }

    typealias Sum = [String: [PoolResource: Int64]]

    static func sum(_ demands: some Sequence<Demand>, onto before: Sum = [:]) -> Sum {
        demands.reduce(into: before) { sum, demand in
            for (pool, amounts) in demand.amounts {
                for (thing, amount) in amounts { sum[pool, default: [:]][thing, default: 0] += amount }
            }
        }
    }
}
