import Timetable

/// `rota backfill`: slots of the past are run, all of them noted in one step.
///
/// Each gets a waiting run, the next attempt where the slot has some. They give way to what is due now, take their places in a pool of
/// the backfill's own beside the others, and bring those below them along, who go with the backfill as well.
extension Scheduler {
    // MARK: beginning

    mutating func backfill(_ order: BackfillOrder, _ precedents: BackfillPrecedents, by who: String) -> Answer {
        guard let job = graph[order.job] else { return .unknownJob(order.job) }
        if job.disabled { return refusal(of: job) }
        if let refusal = refusal(of: order) { return refusal }
        let scope = BackfillScope(of: job.name, in: graph)
        guard let schedule = schedules[scope.head], let accountedUntil = accountForSlotsAtRest(of: scope.head) else {
            return .refused(
                "`\(job.name)` has no slots: nothing but a request or the ends of its parents makes it due; `rota run \(job.name)` runs it once"
            )
        }
        // What is not accounted for yet comes by itself.
        let (after, through) = (order.first - Instant.resolution, min(order.last, accountedUntil))
        let count = schedule.count(after: after, through: through)
        if count == 0 { return .refused(noSlots(of: job.name, order, schedule)) }
        if count > BackfillOrder.most {
            return .refused("these are \(count) slots, and a backfill takes at most \(BackfillOrder.most); give a shorter time")
        }
        let choice = BackfillChoice(of: slots(of: schedule, after: after, through: through), knowing: precedents, for: order)
        if choice.chosen.isEmpty { return .already(nothingToRun(choice, of: count)) }
        if let refusal = choice.refusal(with: scope) { return .refused(refusal) }
        let id = (backfills.keys.max() ?? 0) + 1
        begin(Backfill(id: id, asking: order, slots: choice.chosen.count, by: who, at: step.now), choice.chosen, precedents)
        return .backfilling(id, slots: choice.chosen.count, leftAlone: count - choice.chosen.count)
    }

    /// Of a job at rest slots are accounted for a minute at a time. What somebody ordered about one of them has its row by that, and is not known to
    /// whoever read the ledger before.
    ///
    /// - Returns: Up to where slots may be backfilled.
    private mutating func accountForSlotsAtRest(of head: JobName) -> Instant? {
        guard let job = graph.jobs[head], let before = controls[head]?.accountedUntil else { return nil }
        guard restReason(of: job) != nil, orders.of(head, after: before, through: step.now).isEmpty else { return before }
        accountSlots(of: head)
        return controls[head]?.accountedUntil
    }

    private func refusal(of order: BackfillOrder) -> Answer? {
        if order.first > order.last { return .refused("the time begins after its end; `--from` is the earlier one") }
        if order.last > step.now {
            return .refused("\(order.last.rfc3339) has not come yet; what is still to come runs by itself when it is due")
        }
        return order.maxRunning < 1 ? .refused("at least one run must be allowed at a time") : nil
    }

    private func noSlots(of name: JobName, _ order: BackfillOrder, _ schedule: Schedule) -> String {
        let nearest = [schedule.previous(before: order.first)?.due, schedule.next(after: order.last)?.due].compactMap(\.self)
        let words = nearest.isEmpty ? "" : "; the nearest are \(nearest.map(\.rfc3339).joined(separator: " and "))"
        return "`\(name)` has no slot from \(order.first.rfc3339) to \(order.last.rfc3339) that has come" + words
    }

    private func nothingToRun(_ choice: BackfillChoice, of count: Int) -> String {
        if choice.busy > 0 { return "all \(count) slots are on their way already, or ran" }
        if choice.unknown > 0 {
            return "of \(choice.unknown) of the \(count) slots nobody knows any more whether they ran, the others did; "
                + "without --only-missed they run"
        }
        return "all \(count) slots ran already; without --only-missed they run again"
    }

    private func slots(of schedule: Schedule, after: Instant, through: Instant) -> [Instant] {
        var slots: [Instant] = []
        var cursor = after
        while let due = schedule.next(after: cursor)?.due, due <= through {
            slots.append(due)
            cursor = due
        }
        return slots
    }

    private mutating func begin(_ backfill: Backfill, _ slots: [Instant], _ precedents: BackfillPrecedents) {
        know(backfill)
        step.write(.backfill(backfill))
        step.write(
            .change(
                Change(
                    kind: "request.backfill", job: backfill.job, who: backfill.by, detail: "backfill \(backfill.id), \(slots.count) slots"))
        )
        let whole = FlowOutline(graph.flowPlan(from: backfill.job))
        for due in slots {
            let taken = precedents.taken.filter { $0.value.contains(due) }.keys
            let outline = taken.isEmpty ? whole : FlowOutline(whole.plan.without(Set(taken)))
            begin(due, of: backfill, knowing: precedents.slots[due], outline)
        }
    }

    /// - Parameter outline: Of the flow that the slot gets when it has none.
    private mutating func begin(
        _ due: Instant, of backfill: Backfill, knowing known: BackfillPrecedents.Known?, _ outline: FlowOutline
    ) {
        let key = RunKey(job: backfill.job, due: due, attempt: (known?.newest?.key.attempt ?? 0) + 1)
        let flow = known?.flow?.key ?? FlowKey(head: backfill.job, due: due)
        var run = Run(key: key, flow: flow, trigger: .backfill, readyAt: step.now, waitingSince: step.now)
        run.isByHand = true
        run.backfill = backfill.id
        if let known, let old = known.flow {
            reopen(known.newest == nil ? narrow(old, to: backfill.job) : old)
            markStale(below: run)
        } else if !outline.plan.members.isEmpty {
            flows[flow] = OpenFlow(outline)
            step.write(.openFlow(flow, outline.plan))
        }
        if let member = flows[flow]?.outline.plan.members.first(where: { $0.job == backfill.job }) {
            inherit(&run, as: member)
        }
        addWaiting(run)
        guard known?.flow != nil else { return }
        addRemovedMembers(to: flow) { _ in true }
        advance(flow)
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
    }

    // MARK: cancelling

    /// Nothing more of it begins, not even what is below the runs that are under way, and no retry.
    mutating func cancelBackfill(_ id: Int64, kill: Bool, by who: String) -> Answer {
        guard var backfill = backfills[id] else {
            return .refused("there is no backfill \(id); `rota backfill --list` tells which there are")
        }
        let open = runs.values.filter { $0.backfill == id }.sorted { ($0.key.due, $0.key.job) < ($1.key.due, $1.key.job) }
        let active = open.filter { $0.state.isActive }
        let toKill = kill ? active.filter { $0.killWanted == nil } : []
        if open.isEmpty, !isOwed(id) {
            return .already("the backfill \(id) is over" + (backfill.cancelledBy.map { ", cancelled by \($0)" } ?? ""))
        }
        if open.count == active.count, toKill.isEmpty, let earlier = backfill.cancelledBy {
            return .already("the backfill \(id) is cancelled already, by \(earlier)")
        }
        if backfill.cancelledAt == nil {
            backfill.cancelledAt = step.now
            backfill.cancelledBy = who
            backfills[id] = backfill
            step.write(.backfill(backfill))
        }
        let reason = backfill.cancellation ?? "backfill cancelled"
        for run in open where run.state == .waiting {
            end(run, .skipped, reason: reason)
            step.touch(run.key.job)
        }
        for run in toKill { requestKill(of: run.key, reason: reason) }
        step.write(.change(Change(kind: "request.cancel", job: backfill.job, who: who, detail: "backfill \(id)")))
        return .cancelled(id, withdrawn: open.count - active.count, active: active.count - toKill.count)
    }

    /// Whether a flow waits with a run of it, a lost one perhaps, and others are to follow.
    private func isOwed(_ id: Int64) -> Bool {
        flows.values.contains { $0.newest.values.contains { $0.backfill == id } }
    }
}
