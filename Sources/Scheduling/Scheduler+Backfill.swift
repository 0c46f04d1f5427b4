import Timetable

/// `rota backfill`: slots of the past are run. Which ones is decided in one step, and stands in one row; they get their runs as their turns
/// come, see `Scheduler+BackfillSlots.swift`.
extension Scheduler {
    // MARK: beginning

    mutating func backfill(_ order: BackfillOrder, _ survey: BackfillSurvey, by who: String) -> Answer {
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
        let choice = BackfillChoice(of: slots(of: schedule, after: after, through: through), knowing: survey, for: order)
        if choice.chosen.isEmpty { return .already("there is nothing to run: " + choice.reasons.map(\.text).joined(separator: "; ")) }
        if let refusal = choice.refusal(with: scope) { return .refused(refusal) }
        let id = (backfills.keys.max() ?? 0) + 1
        begin(Backfill(id: id, asking: order, slots: SlotSequence(choice.chosen), by: who, at: step.now))
        return .backfilling(id, slots: choice.chosen.count, leftAlone: count - choice.chosen.count)
    }

    private mutating func begin(_ backfill: Backfill) {
        know(backfill)
        step.write(.backfill(backfill))
        let detail = "backfill \(backfill.id), \(backfill.slots) \(backfill.slots == 1 ? "slot" : "slots")"
        step.write(.change(Change(kind: "request.backfill", job: backfill.job, who: backfill.by, detail: detail)))
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
        if order.first > order.last { return .refused("the time begins after its end; the earlier one comes first") }
        if order.last > step.now {
            return .refused("\(order.last.rfc3339) has not come yet; what is still to come runs by itself when it is due")
        }
        return order.maxRunning < 1 ? .refused("at least one run must be allowed at a time") : nil
    }

    private func noSlots(of name: JobName, _ order: BackfillOrder, _ schedule: Schedule) -> String {
        let reasons = order.absences(in: schedule).map(\.text)
        let words = reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")
        return "`\(name)` has no slot from \(order.first.rfc3339) to \(order.last.rfc3339) that has come" + words
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

    // MARK: cancelling

    /// Nothing more of it begins, not even what is below the runs that are under way, and no retry. Slots that it has not come to are what
    /// they were; the row tells which.
    mutating func cancelBackfill(_ id: Int64, kill: Bool, by who: String) -> Answer {
        guard var backfill = backfills[id] else {
            return .refused("there is no backfill \(id); `rota backfill --list` tells which there are")
        }
        let open = runs.values.filter { $0.backfill == id }.sorted { ($0.key.due, $0.key.job) < ($1.key.due, $1.key.job) }
        let active = open.filter { $0.state.isActive }
        let toKill = kill ? active.filter { $0.killWanted == nil } : []
        let withdrawn = backfill.cancelledAt == nil ? backfill.pending.count : 0
        if open.isEmpty, withdrawn == 0, !isOwed(id) {
            return .already("the backfill \(id) is over" + (backfill.cancelledBy.map { ", cancelled by \($0)" } ?? ""))
        }
        if open.count == active.count, toKill.isEmpty, let earlier = backfill.cancelledBy {
            return .already("the backfill \(id) is cancelled already, by \(earlier)")
        }
        if backfill.cancelledAt == nil {
            backfill.cancelledAt = step.now
            backfill.cancelledBy = who
            know(backfill)
            step.write(.backfill(backfill))
            forgetOrders(about: backfill.pending, of: backfill.job)
        }
        let reason = backfill.cancellation ?? "backfill cancelled"
        for run in open where run.state == .waiting {
            end(run, .skipped, reason: reason)
            step.touch(run.key.job)
        }
        for run in toKill { requestKill(of: run.key, reason: reason) }
        step.write(.change(Change(kind: "request.cancel", job: backfill.job, who: who, detail: "backfill \(id)")))
        return .cancelled(id, withdrawn: withdrawn + open.count - active.count, active: active.count - toKill.count)
    }

    /// Whether a flow waits with a run of it, a lost one perhaps, and others are to follow.
    private func isOwed(_ id: Int64) -> Bool {
        flows.values.contains { $0.newest.values.contains { $0.backfill == id } }
    }
}
