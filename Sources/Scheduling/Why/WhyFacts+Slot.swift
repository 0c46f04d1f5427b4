import Timetable

/// What the schedule tells of a due that has no row of its own.
extension WhyFacts {
    /// That the schedule has a slot there, and what moved it.
    func tellSlot(_ why: inout Why) {
        guard let schedule, isScheduled else {
            why.say(.schedule, "It was a slot of the job's schedule at that time; by the definition in force it is none.")
            return
        }
        why.say(.schedule, at: due, "The schedule of `\(job)` (\(schedule.inWords)) \(due > now ? "has" : "had") a slot at \(words(due)).")
        switch schedule.clockChange(at: due) {
        case nil: break
        case .shifted(let by):
            why.say(
                .dst,
                "The local time asked for does not exist that day: the clock was put forward, and the slot moved by \(by.inWords) (`dst`).")
        case .firstOfTwo: why.say(.dst, "That local time comes twice that day; this is the first (`dst`).")
        case .lastOfTwo: why.say(.dst, "That local time comes twice that day; this is the second (`dst`).")
        }
    }

    func tellGap(_ gap: Gap, _ why: inout Why) {
        if gap.slots > 1 {
            why.say(
                .schedule, at: gap.decidedAt,
                "It is one of \(gap.slots) slots from \(words(gap.firstDue)) to \(words(gap.lastDue)) that were decided together.")
        }
        tellFate(Cause(gap.reason), gap.state, decidedAt: gap.decidedAt, reason: gap.reason, &why)
        adviseToRun(&why)
    }

    /// It was written in a time that has not come yet, by a schedule that is not in force: nobody can tell which of its slots lie where.
    func tellOutdated(_ gap: Gap, _ why: inout Why) {
        why.say(
            .scheduler, at: gap.decidedAt,
            "The history has it among \(gap.slots) slots from \(words(gap.firstDue)) to \(words(gap.lastDue)) that an earlier schedule \(gap.state.rawValue); the clock was set back since, and what the schedule in force has there is judged when it comes."
        )
    }

    /// What somebody asked for beside whatever became of the slot.
    func tell(_ coming: Backfill, _ why: inout Why) {
        why.say(
            .request, at: coming.at,
            "The backfill \(coming.id), which \(coming.by) asked for, has not come to it yet: it gets a run when those before it have had their turns."
        )
        why.advise("rota backfill --cancel \(coming.id)")
    }

    /// A slot that the scheduler has not looked at yet.
    func tellComing(_ why: inout Why) {
        why.say(.schedule, at: due, "It comes in \(length(from: now, to: due)).")
        tellWhatIsInForce(&why)
    }

    /// What will be asked first of a run that comes: the job, orders, pauses.
    func tellWhatIsInForce(_ why: inout Why) {
        guard control.removedAt == nil else {
            return why.say(
                .removed, at: control.removedAt,
                "No file defines the job since \(moment(control.removedAt ?? now)), so it will not be looked at.")
        }
        if definition?.disabled == true {
            why.say(.disabled, "It will be skipped as long as the job's file says `disabled: true`.")
        } else if let order {
            tellOrder(order, &why)
        } else if let pause = definition.flatMap({ pauses.holding($0) }) {
            why.say(.paused, at: pause.since, "It will be skipped as long as the job is paused \(pause.words).")
            why.advise(pause.scope.resumption)
        } else {
            tellWhatItWillMeet(&why)
        }
    }

    /// What somebody ordered about a run that is still to come goes before any other rule but `disabled`.
    func tellOrder(_ order: SlotOrder, _ why: inout Why) {
        let who = "\(order.by) ordered that at \(moment(order.since))"
        switch order.kind {
        case .skip: why.say(.skip, at: order.since, "It will be skipped: \(who).")
        case .hold: why.say(.hold, at: order.since, "Its run will wait until somebody releases it: \(who).")
        }
        why.advise("rota release \(job) --due \(due.rfc3339)")
    }

    private func tellWhatItWillMeet(_ why: inout Why) {
        let unmet = (definition?.after ?? []).filter { edge in
            parents[edge.parent].map { $0.lastEnding(meeting: edge.on) <= control.consumed[edge.parent] ?? 0 } ?? false
        }
        if !unmet.isEmpty {
            let names = unmet.map { "`\($0.parent)`" + ($0.on == .success ? "" : " (on \($0.on.rawValue))") }
            why.say(.parents, "It will wait for an end of \(list(names)), which has not come since the slot before.")
        }
        let active = others.filter(\.run.state.isActive)
        guard let first = active.first, active.count >= definition?.overlap.mostAtOnce ?? 1 else { return }
        let fate =
            switch definition?.overlap {
            case .skip: "it is skipped"
            case .replace: "that one is ended for it"
            default: "it waits for that end"
            }
        why.say(
            .overlap, at: first.run.startedAt,
            "\(words(first).capitalizedFirst) is \(first.run.state.rawValue); if it still is then, \(fate) (`overlap: \(overlapWord)`).")
    }

    /// A slot that has come, and has neither row nor gap.
    func tellUndecided(_ why: inout Why) {
        if due < control.registeredAt {
            why.say(
                .registration, at: control.registeredAt,
                "It lies before \(moment(control.registeredAt)), when the job was registered, and earlier slots are not owed.")
            adviseToRun(&why)
        } else if let order, due > control.accountedUntil, control.removedAt == nil, definition?.disabled != true {
            tellOrder(order, &why)
        } else if due > control.accountedUntil, control.removedAt == nil {
            let fate = definition?.catchUp == CatchUp.none ? "missed" : "run, or missed where a newer one is overdue as well"
            why.say(
                .catchUp, at: control.accountedUntil,
                "The scheduler has not looked at it yet: its slots are decided up to \(moment(control.accountedUntil)). If that takes more than a minute, `catchUp` decides: it is \(definition?.catchUp == .all ? "run" : fate)."
            )
        } else if let removedAt = control.removedAt, due >= removedAt {
            why.say(.removed, at: removedAt, "No file defined the job since \(moment(removedAt)), and slots in between are not owed.")
            adviseToRun(&why)
        } else {
            why.say(
                .retention,
                "The ledger has no row of it: retention removed it, or another schedule was in force at that time, or the job's file was gone."
            )
            why.advise("rota history \(job)")
            adviseToRun(&why)
        }
    }

    private func adviseToRun(_ why: inout Why) {
        guard control.removedAt == nil, definition?.disabled != true else { return }
        if schedule ?? headSchedule != nil { why.advise("rota backfill \(job) --from \(due.rfc3339) --to \(due.rfc3339)") }
        why.advise("rota run \(job)")
    }

    // MARK: no slot

    func tellNoSlot(_ why: inout Why) {
        guard let schedule else { return tellNoSchedule(&why) }
        tellAbsence(from: schedule, &why)
        let before = schedule.previous(before: due)?.due
        let after = schedule.next(after: due)?.due
        let nearest = [before.map { "the slot before is \(words($0))" }, after.map { "the next one is \(words($0))" }].compactMap(\.self)
        if !nearest.isEmpty { why.say(.schedule, "\(nearest.joined(separator: ", ").capitalizedFirst).") }
        for slot in [before, after].compactMap(\.self) { why.advise("rota why \(job) --due \(slot.rfc3339)") }
    }

    /// Why the schedule has no slot at this very instant.
    private func tellAbsence(from schedule: Schedule, _ why: inout Why) {
        let justBefore = due - Instant.resolution
        if let excluded = schedule.excluded(after: justBefore, through: due, atMost: 1).first {
            why.say(
                Why.Rule(rawValue: excluded.limit.rawValue) ?? .except,
                "\(words(due)) is no slot: `\(excluded.limit.rawValue)` takes it away.")
        } else if let left = timeLeftOut(of: schedule) {
            why.say(
                .dst,
                "\(words(due)) is no slot: the local time \(left.asked) does not exist that day, and `dst: { gap: skip }` leaves it out.")
        } else if let twin = twin(in: schedule) {
            why.say(.dst, "\(words(due)) is no slot: that local time comes twice that day, and `dst` takes the other one, \(words(twin)).")
        } else if schedule.previous(before: due) == nil {
            why.say(.schedule, "\(words(due)) is no slot: the schedule (\(schedule.inWords)) has not begun there.")
        } else if schedule.next(after: due) == nil {
            why.say(.schedule, "\(words(due)) is no slot: the schedule (\(schedule.inWords)) is over, all of its repetitions have come.")
        } else {
            why.say(.schedule, "\(words(due)) is no slot of the schedule of `\(job)`: \(schedule.inWords).")
        }
    }

    /// The local time that a clock put forward leaves out, if that is why.
    private func timeLeftOut(of schedule: Schedule) -> ChangedSlot? {
        // The change of the clock comes before the instant to which it would have moved the slot, by as much as it moves it.
        let changed = schedule.changedSlots(after: due - .seconds(2 * 86_400), through: due, atMost: 10_000)
        return changed.first { $0.due == due && $0.change == nil }
    }

    /// A slot with the same local time, before or after a clock that was put back.
    private func twin(in schedule: Schedule) -> Instant? {
        let zone = schedule.localZone
        func clock(_ instant: Instant) -> Substring { zone.local(instant).prefix(19) }
        return [schedule.previous(before: due)?.due, schedule.next(after: due)?.due].compactMap(\.self).first { clock($0) == clock(due) }
    }

    private func tellNoSchedule(_ why: inout Why) {
        let after = definition?.after ?? []
        if after.isEmpty {
            why.say(
                .schedule,
                "`\(job)` has no schedule and no parents: it runs when somebody asks for it, and nobody did so for \(words(due)).")
            why.advise("rota run \(job)")
        } else if let headSchedule {
            why.say(.parents, "`\(job)` has no schedule: it runs in the flows of `\(head)`, which has no slot at \(words(due)).")
            let nearest = [headSchedule.previous(before: due)?.due, headSchedule.next(after: due)?.due].compactMap(\.self)
            if !nearest.isEmpty {
                why.say(
                    .schedule,
                    "The nearest \(nearest.count == 1 ? "slot of `\(head)` is" : "slots of `\(head)` are") \(list(nearest.map(words))).")
            }
            for slot in nearest { why.advise("rota why \(job) --due \(slot.rfc3339)") }
        } else {
            tellEndsAwaited(&why)
        }
        why.advise("rota history \(job)")
    }

    /// Of a job that becomes due by the latest ends, or in flows that somebody begins: who has ended, and who has not.
    private func tellEndsAwaited(_ why: inout Why) {
        let edges = definition?.after ?? []
        let names = { (edges: [Edge]) in
            list(edges.map { "`\($0.parent)`" + ($0.on == .success ? "" : " (on \($0.on.rawValue))") })
        }
        why.say(.parents, "`\(job)` has no schedule: it becomes due by the ends of \(names(edges)), and no run of it bears \(words(due)).")
        let late = edges.filter { edge in
            parents[edge.parent].map { $0.lastEnding(meeting: edge.on) <= control.consumed[edge.parent] ?? 0 } ?? true
        }
        if head == job, !late.isEmpty {
            let ended = edges.filter { !late.contains($0) }
            let rest = ended.isEmpty ? "" : "; \(names(ended)) \(ended.count == 1 ? "has" : "have") ended"
            why.say(.parents, "It waits for an end of \(names(late)) since its run before\(rest).")
        }
        if let order { tellOrder(order, &why) }
        for edge in late.isEmpty ? edges : late { why.advise("rota why \(edge.parent)") }
    }

    // MARK: flows to come

    /// The head of the job's flows has a slot there, which has not come.
    func tellComingFlow(_ why: inout Why) {
        let after = definition?.after ?? []
        let parents = list(after.map { "`\($0.parent)`" }) + (after.count == 1 ? " has" : " have")
        why.say(
            .parents, at: due,
            "It will run in the flow `\(head)` of \(words(due)), which begins in \(length(from: now, to: due)), once \(parents) ended there."
        )
        tellWhatIsInForce(&why)
        why.advise("rota why \(head) --due \(due.rfc3339)")
    }

    /// That slot has come, and there is no flow of it.
    func tellNoFlow(_ why: inout Why) {
        why.say(
            .parents, at: due,
            "`\(head)` has a slot at \(words(due)), but no flow of it owes a run of `\(job)`: that run has not begun, was skipped or missed, or the job came later."
        )
        why.advise("rota why \(head) --due \(due.rfc3339)")
        adviseToRun(&why)
    }
}

extension String {
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
