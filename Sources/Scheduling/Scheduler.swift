package import Timetable

/// The scheduler core: events in, actions out. It knows no clock, file, task or lock.
///
/// Begin with what the ledger holds (`init(restoring:…)`), hand in the outcomes that recovery found, then `Event.start`; from then on slots
/// are judged whenever an event or a tick comes in. Before each wait ask `nextWake`. The same facts lead to the same actions, before
/// and after a restart: whatever is not in the ledger is not needed.
///
/// A step costs O(log n) in the number of jobs for each slot, run and waiting run that it touches; jobs at rest cost nothing.
package struct Scheduler: Sendable {
    /// What the operator sets, as far as the core needs it.
    package struct Settings: Sendable {
        /// How many runs fit into each pool, and how much else they may take together; a pool without an entry has no limit.
        package var capacities: [String: PoolCapacity]
        /// Slots first looked at later than this after their due are judged by the catch-up policy; younger ones are merely late.
        package var catchUpAfter: Duration = .seconds(60)
        /// At most this many slots are looked at in one step, so that a flood delays no answer; the next step comes at once.
        package var slotsPerStep = 5_000
        /// So many slots of a backfill stand in line ahead of their turns, and so many runs come to it in one step.
        package var slotsAhead = 500

        package init(capacities: [String: PoolCapacity] = [:]) {
            self.capacities = capacities
        }
    }

    package internal(set) var graph: JobGraph
    let settings: Settings
    var controls: [JobName: JobControl] = [:]
    /// Of each job in force that has one, the schedule with its anchor pinned.
    var schedules: [JobName: Schedule] = [:]
    /// All open runs.
    var runs = OpenRuns()
    var turns: [JobName: Turn] = [:]
    var flows: [FlowKey: OpenFlow] = [:]
    var pools: Pools
    /// When slots are due.
    var alarms = PriorityQueue<Alarm>()
    /// When waiting runs are to be looked at again. A flood of slots never holds these up: a run whose window is over must not start meanwhile.
    var waitAlarms = PriorityQueue<WaitAlarm>()
    /// Launching runs that their executor could not take, as far as that is known in this life.
    var refused: [RunKey: Refusal] = [:]
    var refusalAlarms = PriorityQueue<RefusalAlarm>()
    /// For each executor how many hand-overs it refused since the last sign of life of one of its runs.
    var refusalsInARow: [String: Int] = [:]
    /// For each open run how many runs of its due were lost one after the other before it, each run again by `onUnknown: rerun`; none is 0.
    var reruns: [RunKey: Int]
    /// For each job with a schedule the slot that its alarm is set to; an alarm for another one is stale.
    var nextDue: [JobName: Instant] = [:]
    /// For each waiting run that something comes to at an instant, that instant; an alarm for another one is stale.
    var waitingUntil: [RunKey: Instant] = [:]
    var promiseAlarms = PriorityQueue<PromiseAlarm>()
    /// When the next promise of a run or a member breaks; an alarm for another instant is stale.
    var breaksAt: [Promised: Instant] = [:]
    /// When the next run may start of those that wait only because their pool starts so many in a second.
    var startsAt: Instant?
    /// Plans asked for since the graph changed.
    var plans: [JobName: FlowOutline] = [:]
    package internal(set) var pauses: Pauses
    var orders: SlotOrders
    var backfills: [Int64: Backfill] = [:]
    /// Those that have not come to all of their slots.
    var beginning: Set<Int64> = []
    var lastEnding: Int64
    var ahead = DuesAhead()
    var hasStarted = false
    /// How many waiting runs were looked at so far: what the steps cost, whatever the machine.
    package internal(set) var judgements = 0
    var step = Step(now: .distantPast)

    /// A point in time at which a job is to be looked at.
    struct Alarm: Comparable, Sendable {
        let at: Instant
        let job: JobName

        static func < (left: Alarm, right: Alarm) -> Bool {
            if left.at != right.at { return left.at < right.at }
            return left.job < right.job
        }
    }

    /// - Parameter graph: The definitions that were in force when the ledger was last written.
    package init(restoring ledger: LedgerState, graph: JobGraph, settings: Settings) {
        self.graph = graph
        self.settings = settings
        pools = Pools(capacities: settings.capacities)
        pauses = Pauses(ledger.pauses)
        orders = SlotOrders(ledger.orders, headOf: graph.head)
        lastEnding = ledger.lastEnding
        reruns = ledger.reruns
        controls = Dictionary(uniqueKeysWithValues: ledger.controls.map { ($0.job, $0) })
        for backfill in ledger.backfills { know(backfill) }
        for flow in ledger.openFlows { flows[flow.key] = OpenFlow(flow) }
        for run in ledger.openRuns {
            runs[run.key] = run
            if run.state.isActive {
                turns[run.key.job, default: Turn()].active.append(run.key)
                let holding = holding(of: run, handedOverAs: ledger.handedOverAs[run.key])
                pools.take(run.key, holding)
            } else {
                turns[run.key.job, default: Turn()].addWaiting(run)
            }
        }
        for name in graph.order { pinSchedule(of: name) }
        restorePromiseAlarms()
        for (name, dues) in ledger.duesAhead {
            let seenAt = ledger.seenAt ?? .distantPast
            let had = dues.filter { $0 > seenAt || schedules[name]?.contains($0) == true }
            if !had.isEmpty { ahead.insert(had, of: name) }
        }
        alarms = PriorityQueue(nextDue.map { Alarm(at: $1, job: $0) })
    }

    /// The instant at which a tick is needed next, if nothing else happens before; nil for never. It may lie in the past: then at once.
    package var nextWake: Instant? {
        guard hasStarted else { return nil }
        let slotsAt = slotsWantedAt ?? .distantFuture
        if slotsAt <= step.now { return .distantPast }
        var earliest = min(slotsAt, alarms.first?.at ?? .distantFuture, waitAlarms.first?.at ?? .distantFuture)
        earliest = min(earliest, refusalAlarms.first?.at ?? .distantFuture, promiseAlarms.first?.at ?? .distantFuture)
        earliest = min(earliest, startsAt ?? .distantFuture)
        return earliest == .distantFuture ? nil : earliest
    }

    /// The run of that key while it has not ended; nil else.
    package func openRun(_ key: RunKey) -> Run? { runs[key] }

    /// Whether there are rows of dues that have not come, or were not looked at a second time: the clock was set back.
    package var isBehindItsLedger: Bool { !ahead.isEmpty }

    /// What is ordered about slots, by job, then due.
    package var slotOrders: [SlotOrder] { orders.all }

    /// The schedule of a job in force with its anchor pinned; nil for a job without one.
    package func schedule(of name: JobName) -> Schedule? { schedules[name] }

    /// Takes `event` in, and everything that became due by `now`.
    ///
    /// - Returns: All records first; whoever carries the actions out commits these in one transaction before the rest.
    package mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        step.begin(at: now)
        switch event {
        case .start(let graph): start(with: graph)
        case .tick: break
        case .clockSetBack(let farthest, let rows): setClockBack(from: farthest, rows)
        case .definitions(let graph): if hasStarted { replaceDefinitions(by: graph) }
        case .started(let key, let at, let node): noteStart(of: key, at: at, node: node)
        case .pending(let key, let reason): notePending(key, reason: reason)
        case .notHandedOver(let key, let reason): noteRefusal(of: key, reason: reason)
        case .ended(let key, let outcome): finish(key, with: outcome)
        case .slots(let wanted, let precedents): if hasStarted { begin(wanted, knowing: precedents) }
        case .request(let token, let request): answer(request, token: token)
        }
        if hasStarted {
            ringAlarms()
            ringPromises()
            forgetDuesAhead()
            judgeTouchedJobs()
        }
        return takeActions()
    }

    /// From now on no slot is judged and nothing is launched; ends are still taken in. What waits, waits in the ledger for the next start.
    package mutating func stop() { hasStarted = false }

    private mutating func ringAlarms() {
        while let alarm = refusalAlarms.first, alarm.at <= step.now {
            _ = refusalAlarms.popFirst()
            if refused[alarm.key]?.alarmAt == alarm.at { lookAtRefused(alarm.key) }
        }
        ringWaitAlarms()
        while let alarm = alarms.first, alarm.at <= step.now, step.slots < settings.slotsPerStep {
            _ = alarms.popFirst()
            if nextDue[alarm.job] == alarm.at { accountSlots(of: alarm.job) }
        }
    }

    /// Judging a job may launch a run, which changes the judgement of the job's others: goes on until nothing changes.
    private mutating func judgeTouchedJobs() {
        repeat {
            for (name, wholly) in step.takeTouched() { judge(name, wholly: wholly) }
            fillPools()
        } while step.hasTouched
    }
}
