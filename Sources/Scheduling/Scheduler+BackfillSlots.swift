package import Timetable

/// The slots of a backfill get their runs as their turns come: some hundreds stand in line, the others in the backfill's row. So a large one
/// costs a step no more than a small one, a start reads nothing of what it has not come to, and whatever dies on the way goes on from the row.
///
/// Each run is the next attempt where its slot has some. They give way to what is due now, take their places in a pool of the backfill's own
/// beside the others, and bring those below them along, who go with the backfill as well.
extension Scheduler {
    /// Slots of a backfill whose turn comes: what the ledger holds of them is to be handed in as `Event.slots`, before anything else that
    /// waits; nil when there are none.
    package var slotsWanted: BackfillSlots? {
        guard hasStarted, !beginning.isEmpty else { return nil }
        for id in beginning.sorted() {
            guard let backfill = backfills[id], let first = firstWanted(of: backfill), first <= step.now else { continue }
            let scope = BackfillScope(of: backfill.job, in: graph)
            let slots = backfill.pending.prefix(max(1, settings.slotsAhead / (1 + scope.below.count))).prefix { $0 <= step.now }
            return BackfillSlots(backfill: id, scope: scope, slots: Array(slots))
        }
        return nil
    }

    /// When slots are wanted next; nil when something else has to happen before that. Of a clock that was set back that may be later: what
    /// is still to come is waited for, or it would run before it is due.
    var slotsWantedAt: Instant? {
        beginning.compactMap { id in backfills[id].flatMap { firstWanted(of: $0) } }.min()
    }

    /// The first slot that the backfill has still to come to, if there is room for it in the line.
    private func firstWanted(of backfill: Backfill) -> Instant? {
        let hasRoom = turns[backfill.job]?.inLine(of: backfill.id) ?? 0 < settings.slotsAhead
        return hasRoom ? backfill.pending.first : nil
    }

    mutating func begin(_ wanted: BackfillSlots, knowing precedents: BackfillPrecedents) {
        guard var backfill = backfills[wanted.backfill], backfill.isBeginning,
            backfill.pending.prefix(wanted.slots.count) == wanted.slots
        else { return }
        backfill.pending.removeFirst(wanted.slots.count)
        know(backfill)
        let whole = FlowOutline(graph.flowPlan(from: backfill.job))
        for due in wanted.slots {
            let known = precedents.slots[due]
            if isTaken(due, of: backfill, known) {
                backfill.passedOver += 1
                continue
            }
            let taken = precedents.taken.filter { $0.value.contains(due) }.keys
            let outline = taken.isEmpty ? whole : FlowOutline(whole.plan.without(Set(taken)))
            begin(due, of: backfill, knowing: known, outline)
        }
        know(backfill)
        step.write(.backfill(backfill))
        forgetOrders(about: SlotSequence(wanted.slots), of: backfill.job)
    }

    /// Since the slot was chosen, somebody else may have asked for a run of it.
    private func isTaken(_ due: Instant, of backfill: Backfill, _ known: BackfillPrecedents.Known?) -> Bool {
        if known?.isBusy(below: backfill.job) == true || openRun(of: backfill.job, at: due) != nil { return true }
        return backfill.onlyMissed && known?.hasRun == true
    }

    /// - Parameter outline: Of the flow that the slot gets when it has none.
    private mutating func begin(
        _ due: Instant, of backfill: Backfill, knowing known: BackfillPrecedents.Known?, _ outline: FlowOutline
    ) {
        let key = RunKey(job: backfill.job, due: due, attempt: (known?.newest?.key.attempt ?? 0) + 1)
        let flow = known?.flow?.key ?? FlowKey(head: backfill.job, due: due)
        // The clock may have been set back since somebody asked.
        let askedAt = min(backfill.at, step.now)
        var run = Run(key: key, flow: flow, trigger: .backfill, readyAt: askedAt, waitingSince: askedAt)
        run.isByHand = true
        run.backfill = backfill.id
        // A skip begins nothing: the flow stays closed, and whoever retries the row has what it would have run with.
        if orders[run.key.job, due]?.kind == .skip { inherit(&run, from: flows[flow] ?? known?.flow.map { OpenFlow($0) }) }
        if takeOrder(of: &run) { return advance(flow) }
        if let known, let old = known.flow {
            reopen(known.newest == nil ? narrow(old, to: backfill.job) : old)
            markStale(below: run)
        } else if !outline.plan.members.isEmpty {
            flows[flow] = OpenFlow(outline)
            step.write(.openFlow(flow, outline.plan))
        }
        inherit(&run, from: flows[flow])
        addFirst(run)
        guard known?.flow != nil else { return }
        addRemovedMembers(to: flow) { _ in true }
        advance(flow)
    }

    /// In the middle of a flow it gets what every member gets.
    private mutating func inherit(_ run: inout Run, from flow: OpenFlow?) {
        guard let member = flow?.outline.plan.members.first(where: { $0.job == run.key.job }) else { return }
        inherit(&run, as: member, of: flow)
    }

    /// A flow that never came to this job: from here on only it and those below it owe something, and edges from the others count as met.
    private mutating func narrow(_ flow: LedgerState.Flow, to job: JobName) -> LedgerState.Flow {
        var narrow = flow
        narrow.plan = flow.plan.narrowed(to: job)
        step.write(.replanFlow(flow.key, narrow.plan))
        return narrow
    }

    /// The backfill that what somebody asks for after this run goes with: none once it is cancelled, or nothing below would ever follow.
    func backfillGoingOn(of run: Run) -> Int64? {
        run.backfill.flatMap { backfills[$0]?.cancelledAt == nil ? $0 : nil }
    }

    mutating func know(_ backfill: Backfill) {
        backfills[backfill.id] = backfill
        pools.add(Backfill.pool(backfill.id), PoolCapacity(runs: Int64(backfill.maxRunning)))
        if backfill.isBeginning { beginning.insert(backfill.id) } else { beginning.remove(backfill.id) }
    }

    /// Whether a backfill has still to come to that slot.
    func isPending(_ job: JobName, _ due: Instant) -> Bool {
        beginning.contains { id in backfills[id].map { $0.job == job && $0.pending.contains(due) } ?? false }
    }

    /// What is ordered about slots that a backfill does not come to any more.
    mutating func forgetOrders(about slots: SlotSequence, of job: JobName) {
        for order in orders.of(job) where slots.contains(order.due) { forgetIfOver(order) }
    }
}
