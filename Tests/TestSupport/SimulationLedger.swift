package import Scheduling
package import Timetable

/// The ledger as a value: it takes records exactly as the schema of `migrations/` does and tells what the schema would refuse.
///
/// What cannot be said in SQL, but must hold all the same, is checked here too: progress never moves back, a closed flow stays closed.
package struct SimulationLedger: Sendable {
    package struct Flow: Hashable, Sendable {
        package var plan: FlowPlan { didSet { places = Self.places(in: plan) } }
        package var isOpen = true
        package var stale: StaleMarks = [:]
        package var promises: [JobName: FlowPromise] = [:]
        private var places: [JobName: Int]

        init(plan: FlowPlan) {
            self.plan = plan
            places = Self.places(in: plan)
        }

        func member(_ job: JobName) -> FlowPlan.Member? { places[job].map { plan.members[$0] } }

        private static func places(in plan: FlowPlan) -> [JobName: Int] {
            Dictionary(zip(plan.members.map(\.job), plan.members.indices)) { first, _ in first }
        }
    }

    private struct Seat: Hashable {
        let job: JobName
        let flow: FlowKey
    }

    /// In the order of their insertion, as run ids count them.
    package private(set) var order: [RunKey] = []
    package private(set) var runs: [RunKey: Run] = [:]
    package private(set) var gaps: [Gap] = []
    package private(set) var controls: [JobName: JobControl] = [:]
    package private(set) var flows: [FlowKey: Flow] = [:]
    package private(set) var open: Set<RunKey> = []
    package private(set) var pauses: [PauseScope: Pause] = [:]
    package private(set) var orders: [FlowKey: SlotOrder] = [:]
    package private(set) var backfills: [Int64: Backfill] = [:]
    package private(set) var changes: [Change] = []
    /// Everything that the schema would have refused, in words.
    package private(set) var refusals: [String] = []
    /// The newest time that it knows of.
    package private(set) var seenAt: Instant?
    /// What is committed tells that the clock was set back.
    private var mayMoveBack = false
    private var endings: Set<Int64> = []
    private var gapStarts: Set<FlowKey> = []
    private var openDues: Set<FlowKey> = []
    /// Named by runs of the step before their rows came.
    private var unknownBackfills: Set<Int64> = []
    private var members: [FlowKey: [RunKey]] = [:]
    /// The place of each row in `order`.
    private var places: [RunKey: Int] = [:]
    /// Of each job its rows in the order of their insertion.
    private var keys: [JobName: [RunKey]] = [:]
    /// Of each job in a flow its attempts in the order of their insertion.
    private var attempts: [Seat: [RunKey]] = [:]
    /// Of each job its open runs.
    private var openOf: [JobName: Set<RunKey>] = [:]
    /// The open runs that wait for a place.
    private(set) var inPoolQueue: Set<RunKey> = []

    package init() {}

    /// Commits the records of one step.
    package mutating func commit(_ records: [LedgerRecord], at now: Instant) {
        if !records.isEmpty { seenAt = now }
        mayMoveBack = records.contains { if case .clockSetBack = $0 { true } else { false } }
        for record in records {
            switch record {
            case .insert(let run): insert(run)
            case .update(let run): update(run)
            case .gap(let gap): insert(gap)
            case .cutGap(let gap, let left): cut(gap, to: left)
            case .clockSetBack(let farthest): if farthest <= now { refuse("the clock was not set back") }
            case .control(let control): put(control)
            case .openFlow(let key, let plan):
                if flows[key] != nil { refuse("a second flow of \(key.head) at \(key.due)") }
                if FlowPlan(text: plan.text) != plan { refuse("the plan of \(key.head) does not survive its text") }
                flows[key] = Flow(plan: plan)
            case .closeFlow(let key):
                if flows[key]?.isOpen != true { refuse("the flow \(key.head) at \(key.due) is not open") }
                flows[key]?.isOpen = false
                flows[key]?.stale = [:]
            case .reopenFlow(let key):
                if flows[key]?.isOpen != false { refuse("the flow \(key.head) at \(key.due) is not closed") }
                flows[key]?.isOpen = true
            case .promises(let key, let promises):
                if flows[key] == nil { refuse("a promise of the flow \(key.head) at \(key.due), which has no row") }
                let old = flows[key]?.promises ?? [:]
                for (job, promise) in old where promise.isBroken && promises[job]?.isBroken != true {
                    refuse("the broken promise of \(job) in the flow \(key.head) at \(key.due) is taken back")
                }
                flows[key]?.promises = promises
            case .pause(let pause):
                if pauses.updateValue(pause, forKey: pause.scope) != nil { refuse("pause_once: \(pause.scope.words)") }
            case .resume(let scope):
                if pauses.removeValue(forKey: scope) == nil { refuse("there is no pause of \(scope.words)") }
            case .order(let order): orders[FlowKey(head: order.job, due: order.due)] = order
            case .orderIsOver(let job, let due):
                if orders.removeValue(forKey: FlowKey(head: job, due: due)) == nil { refuse("there is no order of \(job) at \(due)") }
            case .markStale(let key, let stale):
                if flows[key]?.isOpen != true { refuse("the flow \(key.head) at \(key.due) is not open, and somebody is stale") }
                flows[key]?.stale = stale
            case .replanFlow(let key, let plan):
                if flows[key] == nil { refuse("there is no flow \(key.head) at \(key.due)") }
                flows[key]?.plan = plan
            case .backfill(let backfill): backfills[backfill.id] = backfill
            case .change(let change):
                if let key = change.run, runs[key] == nil { refuse("a change of \(key.words), which has no row") }
                changes.append(change)
            }
        }
        for backfill in unknownBackfills where backfills[backfill] == nil { refuse("FOREIGN KEY backfill: there is no \(backfill)") }
        unknownBackfills = []
    }

    private mutating func refuse(_ text: String) { refusals.append(text) }

    private mutating func insert(_ run: Run) {
        if runs[run.key] != nil { return refuse("UNIQUE (job, due, attempt): \(run.key.words)") }
        places[run.key] = order.count
        order.append(run.key)
        members[run.flow, default: []].append(run.key)
        keys[run.key.job, default: []].append(run.key)
        attempts[Seat(job: run.key.job, flow: run.flow), default: []].append(run.key)
        store(run, old: nil)
    }

    private mutating func update(_ run: Run) {
        guard let old = runs[run.key] else { return refuse("there is no row of \(run.key.words)") }
        if !old.state.mayBecome(run.state) { refuse("\(run.key.words): \(old.state) may not become \(run.state)") }
        var written = run
        // These columns are written once, with the row.
        if old.flow != run.flow || old.trigger != run.trigger || old.isCaughtUp != run.isCaughtUp || old.parameters != run.parameters
            || old.backfill != run.backfill
        {
            refuse("\(run.key.words): an update changes what only an insertion writes")
            written = old
        }
        var promises = old.promises
        if mayMoveBack, let before = old.promises.startBy { promises.startBy = run.promises.startBy.map { min($0, before) } }
        if promises != run.promises { refuse("\(run.key.words) is promised something else later on") }
        // Rows of an earlier version do not tell; what is handed over now does.
        if old.state == .waiting, run.state.isActive, run.ranAs == nil { refuse("nobody knows as whom \(run.key.words) runs") }
        if old.ranAs != run.ranAs, old.state != .waiting { refuse("\(run.key.words) was handed over as somebody else") }
        if !old.breaches.isSubset(of: run.breaches) { refuse("\(run.key.words): what was broken is taken back") }
        if old.handedOn != run.handedOn, !old.state.isActive { refuse("\(run.key.words): values handed on without an end") }
        // And these once more when a waiting attempt is brought forward.
        let isTheSame =
            old.retry == run.retry && old.readyAt == run.readyAt && old.notBefore == run.notBefore && old.isByHand == run.isByHand
        if !isTheSame, !mayMoveBack, old.state != .waiting || !run.isByHand {
            refuse("\(run.key.words) is changed and nobody asked for it")
        }
        store(written, old: old)
    }

    private mutating func store(_ run: Run, old: Run?) {
        if run.key.attempt < 1 || run.retry < 0 { refuse("CHECK attempt, retry: \(run.key.words)") }
        if let backfill = run.backfill, backfills[backfill] == nil { unknownBackfills.insert(backfill) }
        if run.state.isOpen != (run.endedAt == nil) { refuse("CHECK ended_at: \(run.key.words) \(run.state)") }
        if run.state.isActive, run.executor == nil || run.version == nil { refuse("CHECK executor, version: \(run.key.words)") }
        if let ending = run.ending, old?.ending != ending, !endings.insert(ending).inserted { refuse("UNIQUE ending: \(run.key.words)") }
        runs[run.key] = run
        if run.state == .waiting, run.reason?.hasPrefix("pool") == true { inPoolQueue.insert(run.key) } else { inPoolQueue.remove(run.key) }
        keepOpen(run, wasOpen: old?.state.isOpen ?? false)
    }

    /// At most one open attempt at a slot.
    private mutating func keepOpen(_ run: Run, wasOpen: Bool) {
        guard run.state.isOpen != wasOpen else { return }
        let place = FlowKey(head: run.key.job, due: run.key.due)
        if wasOpen {
            open.remove(run.key)
            openOf[run.key.job]?.remove(run.key)
            openDues.remove(place)
        } else {
            open.insert(run.key)
            openOf[run.key.job, default: []].insert(run.key)
            if !openDues.insert(place).inserted { refuse("run_open: \(run.key.words)") }
        }
    }

    private mutating func insert(_ gap: Gap) {
        if !gapStarts.insert(FlowKey(head: gap.job, due: gap.firstDue)).inserted {
            refuse("PRIMARY KEY of gap: \(gap.job) \(gap.firstDue)")
        }
        if gap.slots < 1 || gap.firstDue > gap.lastDue { refuse("CHECK of gap: \(gap.job) \(gap.firstDue)") }
        if gap.state != .skipped && gap.state != .missed { refuse("CHECK state of gap: \(gap.job)") }
        gaps.append(gap)
    }

    private mutating func cut(_ gap: Gap, to left: Gap?) {
        guard mayMoveBack, let place = gaps.firstIndex(of: gap) else {
            return refuse("no gap of \(gap.job) to cut at \(gap.firstDue)")
        }
        guard let left else {
            gaps.remove(at: place)
            gapStarts.remove(FlowKey(head: gap.job, due: gap.firstDue))
            return
        }
        if left.slots < 1 || left.firstDue > left.lastDue { refuse("CHECK of gap: \(left.job) \(left.firstDue)") }
        gaps[place] = left
    }

    private mutating func put(_ control: JobControl) {
        if let old = controls[control.job], !mayMoveBack {
            if control.accountedUntil < old.accountedUntil { refuse("the progress of \(control.job) moves back") }
            if control.registeredAt != old.registeredAt { refuse("\(control.job) is registered a second time") }
        }
        controls[control.job] = control
    }
}

extension SimulationLedger {
    /// What a start of the scheduler reads, as `RestoredLedger` reads it.
    package var state: LedgerState {
        var state = LedgerState()
        state.controls = controls.values.sorted { $0.job < $1.job }
        state.openRuns = order.filter(open.contains).compactMap { runs[$0] }
        state.lastEnding = endings.max() ?? 0
        state.pauses = Array(pauses.values)
        state.orders = Array(orders.values)
        state.backfills = Array(backfills.values)
        state.seenAt = seenAt
        state.duesAhead = duesAhead
        for run in state.openRuns where lostBefore(run) > 0 { state.reruns[run.key] = lostBefore(run) }
        for (key, flow) in flows where flow.isOpen {
            state.openFlows.append(
                LedgerState.Flow(key: key, plan: flow.plan, runs: rows(of: key), stale: flow.stale, promises: flow.promises))
        }
        return state
    }

    /// As `RestoredLedger` reads them.
    private var duesAhead: [JobName: Set<Instant>] {
        var dues: [JobName: Set<Instant>] = [:]
        for key in runs.keys {
            let control = controls[key.job]
            let isUnaccounted = control.map { $0.schedule != nil && $0.removedAt == nil && key.due > $0.accountedUntil } ?? false
            if isUnaccounted || seenAt.map({ key.due > $0 }) == true { dues[key.job, default: []].insert(key.due) }
        }
        return dues
    }

    /// What lies after `now`, as `Ledger.rowsAhead` reads it.
    package func rowsAhead(of now: Instant) -> RowsAhead {
        let ahead = Dictionary(grouping: runs.keys.filter { $0.due > now }, by: \.job).mapValues { Set($0.map(\.due)) }
        return RowsAhead(dues: ahead, gaps: gaps.filter { $0.lastDue > now })
    }

    /// How many runs of the due were lost one after the other just before this one, since the last attempt that nobody made by itself.
    private func lostBefore(_ run: Run) -> Int {
        guard run.trigger == .retry, run.notBefore != nil,
            let before = runs[RunKey(job: run.key.job, due: run.key.due, attempt: run.key.attempt - 1)], before.state == .lost
        else { return 0 }
        return 1 + lostBefore(before)
    }

    /// What the ledger holds of the due of `key`, as `Ledger.precedent` reads it.
    package func precedent(of key: RunKey) -> Precedent? {
        let newest = rows(of: key.job).last { $0.key.due == key.due }
        return newest.map { newest in
            Precedent(newest: newest, flow: flow(newest.flow))
        }
    }

    /// All rows of a flow, in the order of their insertion.
    package func rows(of flow: FlowKey) -> [Run] { (members[flow] ?? []).compactMap { runs[$0] } }

    /// The newest attempt of `job` in a flow.
    package func newest(of job: JobName, in flow: FlowKey) -> Run? {
        rows(of: job, in: flow).max { $0.key.attempt < $1.key.attempt }
    }

    /// The attempt of `job` that was the newest in that flow when the row of `key` was made.
    package func newest(of job: JobName, in flow: FlowKey, before key: RunKey) -> Run? {
        let place = places[key] ?? 0
        return rows(of: job, in: flow).filter { places[$0.key] ?? 0 < place }.max { $0.key.attempt < $1.key.attempt }
    }

    private func rows(of job: JobName, in flow: FlowKey) -> [Run] { (attempts[Seat(job: job, flow: flow)] ?? []).compactMap { runs[$0] } }

    /// The open runs of a job.
    func openRuns(of job: JobName) -> [Run] { (openOf[job] ?? []).compactMap { runs[$0] } }

    /// All rows of a job by due and attempt.
    package func rows(of job: JobName) -> [Run] {
        (keys[job] ?? []).compactMap { runs[$0] }.sorted { ($0.key.due, $0.key.attempt) < ($1.key.due, $1.key.attempt) }
    }

    package func gaps(of job: JobName) -> [Gap] { gaps.filter { $0.job == job } }
}

extension RunKey {
    /// `job due attempt`, for messages.
    package var words: String { "\(job) \(due.rfc3339) \(attempt)" }
}
