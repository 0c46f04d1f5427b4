import Timetable

/// `rota skip`, `hold` and `release`: what somebody orders about one slot that comes, or about a run that waits.
///
/// A hold goes before every other judgement but `disabled` and the removal of the job: nothing else is asked of a run that is held. Once it
/// is released it is a run that somebody asked for: no pause and no overlap policy skips it, and its start window begins anew.
extension Scheduler {
    // MARK: what is asked

    mutating func skip(_ name: JobName, _ due: Instant, _ precedent: Precedent?, by who: String) -> Answer {
        switch target(of: name, due, precedent) {
        case .waiting(let run):
            end(run, .skipped, reason: "by \(who)")
            note("request.skip", run, by: who)
            return .accepted(run.key)
        case .slot: return order(.skip, name, due, isNamed: true, by: who)
        case .ended(let run) where run.state == .skipped:
            return .already("the run is skipped already" + (run.reason.map { ": " + $0 } ?? ""))
        case .ended(let run): return .refused("the run has ended: \(run.state.rawValue); only what waits or is still to come is skipped")
        case .none(let answer): return answer
        }
    }

    mutating func hold(_ name: JobName, _ named: Instant?, _ precedent: Precedent?, by who: String) -> Answer {
        guard let due = named ?? dueToHold(of: name) else {
            return graph[name] == nil
                ? .unknownJob(name)
                : .refused("no run of `\(name)` waits, and no slot of it comes; `rota pause \(name)` holds all that will")
        }
        switch target(of: name, due, precedent) {
        case .waiting(let run): return hold(run, isNamed: named != nil, by: who)
        case .slot: return order(.hold, name, due, isNamed: named != nil, by: who)
        case .ended(let run): return .refused("the run has ended: \(run.state.rawValue); only what waits or is still to come is held")
        case .none(let answer): return answer
        }
    }

    mutating func release(_ name: JobName, _ due: Instant?, _ precedent: Precedent?, by who: String) -> Answer {
        guard graph[name] != nil || controls[name] != nil else { return .unknownJob(name) }
        let found = due.map { due in [orders[name, due]].compactMap(\.self) } ?? orders.of(name).filter { $0.kind == .hold }
        if found.isEmpty { return refusal(toRelease: name, due, precedent) }
        var freed = 0
        for order in found {
            drop(order)
            let detail = "due \(order.due.rfc3339), \(order.kind.rawValue)"
            let held = openRun(of: name, at: order.due)
            step.write(.change(Change(kind: "request.release", job: name, run: held?.key, who: who, detail: detail)))
            guard var run = held else { continue }
            freed += 1
            run.readyAt = max(step.now, run.notBefore ?? step.now)
            run.reason = nil
            store(run)
            wake(run.key)
        }
        return .released(orders: found.count, runs: freed)
    }

    private func refusal(toRelease name: JobName, _ due: Instant?, _ precedent: Precedent?) -> Answer {
        if let lost = precedent?.newest, lost.isHeld(under: graph[name]?.onUnknown) {
            return .refused(
                "nobody holds the run, it is lost, and nobody knows how it ended; `rota retry` runs it again, `rota mark-success` takes it for a success"
            )
        }
        if let due { return .already("nothing of `\(name)` is held or to be skipped at \(due.rfc3339)") }
        let skips = orders.of(name).map { "`rota release \(name) --due \($0.due.rfc3339)`" }
        let words = skips.isEmpty ? "" : "; what is to be skipped is taken back by name: \(skips.prefix(3).joined(separator: ", "))"
        return .already("nothing of `\(name)` is held" + words)
    }

    /// - Parameter isNamed: Whether somebody named the due, or was given this one.
    private mutating func order(_ kind: SlotOrder.Kind, _ name: JobName, _ due: Instant, isNamed: Bool, by who: String) -> Answer {
        if let earlier = orders[name, due], earlier.kind == kind {
            let words = kind == .hold ? "held" : "to be skipped"
            return .already("the slot \(due.rfc3339) of `\(name)` is \(words) already" + wayOut(of: earlier, isNamed: isNamed))
        }
        insert(SlotOrder(job: name, due: due, kind: kind, by: who, since: step.now))
        step.write(.change(Change(kind: "request.\(kind.rawValue)", job: name, who: who, detail: "due \(due.rfc3339)")))
        return .ordered(name, due)
    }

    private mutating func hold(_ run: Run, isNamed: Bool, by who: String) -> Answer {
        let (name, due) = (run.key.job, run.key.due)
        if let earlier = orders[name, due] {
            return .already("the run of `\(name)` due \(due.rfc3339) is held already" + wayOut(of: earlier, isNamed: isNamed))
        }
        let order = SlotOrder(job: run.key.job, due: run.key.due, kind: .hold, by: who, since: step.now)
        insert(order)
        var held = run
        held.isByHand = true
        held.reason = order.reason
        store(held)
        turns[run.key.job]?.exempt(run.key)
        note("request.hold", run, by: who)
        wake(run.key)
        return .accepted(run.key)
    }

    /// Who ordered it, and what he may want who orders it once more.
    private func wayOut(of earlier: SlotOrder, isNamed: Bool) -> String {
        let ordered = ", by \(earlier.by) since \(earlier.since.rfc3339); "
        if !isNamed { return ordered + "`rota hold \(earlier.job) --due T` holds another one" }
        return ordered + "`rota release \(earlier.job) --due \(earlier.due.rfc3339)` \(earlier.kind == .hold ? "ends" : "takes back") that"
    }

    private mutating func note(_ kind: String, _ run: Run, by who: String) {
        step.write(.change(Change(kind: kind, job: run.key.job, run: run.key, who: who)))
        step.touch(run.key.job)
    }

    // MARK: what is meant

    private enum Target {
        case waiting(Run)
        /// It is still to come.
        case slot
        case ended(Run)
        case none(Answer)
    }

    private mutating func target(of name: JobName, _ due: Instant, _ precedent: Precedent?) -> Target {
        guard graph[name] != nil else { return .none(.unknownJob(name)) }
        let head = graph.head(of: name)
        // It may have come at this very moment.
        if due <= step.now, nextSlot(of: head).map({ $0 <= step.now }) == true { accountSlots(of: head) }
        if let run = openRun(of: name, at: due) { return run.state == .waiting ? .waiting(run) : .none(refusal(toOrder: run)) }
        if isPending(name, due) { return .slot }
        if let newest = precedent?.newest { return .ended(newest) }
        if owes(name, at: due) { return .slot }
        guard let schedule = schedules[head] else {
            return .none(
                .refused(
                    "nothing of `\(name)` waits with that due, and it has no slots of its own; `rota show \(name)` tells what makes it due")
            )
        }
        guard schedule.contains(due) else { return .none(.refused(notASlot(due, of: name, schedule))) }
        return due > controls[head]?.accountedUntil ?? .distantPast
            ? .slot : .none(.refused("that slot of `\(name)` is over; `rota history \(name)` tells what became of it"))
    }

    private func refusal(toOrder active: Run) -> Answer {
        .refused("the run of `\(active.key.job)` due \(active.key.due.rfc3339) is \(active.state.rawValue); `rota kill` ends it")
    }

    private func notASlot(_ due: Instant, of name: JobName, _ schedule: Schedule) -> String {
        let nearest = [schedule.previous(before: due)?.due, schedule.next(after: due)?.due].compactMap(\.self).map(\.rfc3339)
        let words = nearest.isEmpty ? "it has none" : "the nearest \(nearest.count == 1 ? "is" : "are") \(list(nearest))"
        return "\(due.rfc3339) is no slot of `\(name)`; \(words)"
    }

    /// The run that waits now, else the one that its parents are still to free, else the next slot that is not to be skipped. What is held
    /// already is meant as well: who asks twice holds one of them.
    private mutating func dueToHold(of name: JobName) -> Instant? {
        let head = graph.head(of: name)
        if turns[name]?.firstInTurn == nil, nextSlot(of: head).map({ $0 <= step.now }) == true { accountSlots(of: head) }
        if let waiting = turns[name]?.firstInTurn { return waiting.due }
        let owed = flows.filter { $1.owes(name) && orders[name, $0.due]?.kind != .skip }.keys.map(\.due).min()
        if let owed { return owed }
        guard let schedule = schedules[head], var due = nextSlot(of: head) else { return nil }
        while orders[name, due]?.kind == .skip {
            guard let next = schedule.next(after: due)?.due else { return nil }
            due = next
        }
        return due
    }

    func openRun(of name: JobName, at due: Instant) -> Run? { turns[name]?.open(name, at: due).flatMap { runs[$0] } }

    /// Whether the job has a run to come at that due: of a backfill, in the flow of its head, or in one of whoever was its head before an edit.
    private func owes(_ name: JobName, at due: Instant) -> Bool {
        if isPending(name, due) { return true }
        if flows[FlowKey(head: graph.head(of: name), due: due)]?.owes(name) == true { return true }
        return flows.contains { $0.due == due && $1.owes(name) }
    }

    // MARK: what becomes of an order

    /// The run of a slot, or of a member of a flow, is made: an order about its due is carried out.
    ///
    /// - Returns: Whether the run was skipped, so that there is nothing more to do.
    mutating func takeOrder(of run: inout Run) -> Bool {
        guard let order = orders[run.key.job, run.key.due] else { return false }
        switch order.kind {
        case .skip:
            drop(order)
            addEnded(run, reason: order.reason)
            return true
        case .hold:
            run.isByHand = true
            run.reason = order.reason
            return false
        }
    }

    private mutating func insert(_ order: SlotOrder) {
        orders.insert(order, head: graph.head(of: order.job))
        step.write(.order(order))
        // Of a job at rest the alarm may be put off.
        guard let alarm = nextDue[order.job], order.due < alarm, schedules[order.job]?.contains(order.due) == true,
            let control = controls[order.job], control.accountedUntil < order.due
        else { return }
        nextDue[order.job] = order.due
        alarms.insert(Alarm(at: order.due, job: order.job))
    }

    mutating func drop(_ order: SlotOrder) {
        orders.remove(order)
        step.write(.orderIsOver(order.job, order.due))
    }

    /// Orders about slots that came to nothing go with them: a slot that is none any more, or that a rule passed over.
    mutating func forgetOrders(headedBy head: JobName, after start: Instant, through end: Instant) {
        guard !orders.isEmpty else { return }
        for order in orders.headed(by: head, after: start, through: end) { forgetIfOver(order) }
    }

    /// The definitions changed: dues may come from another head, or not at all.
    mutating func forgetAllOrdersThatAreOver() {
        orders.regroup(headOf: graph.head)
        for order in orders.all { forgetIfOver(order) }
    }

    mutating func forgetIfOver(_ order: SlotOrder) {
        if isOver(order) { void(order) }
    }

    /// It ends, and nothing came of it.
    mutating func void(_ order: SlotOrder) {
        drop(order)
        let detail = "due \(order.due.rfc3339), \(order.kind.rawValue) by \(order.by)"
        step.write(.change(Change(kind: "order.void", job: order.job, detail: detail)))
    }

    private func isOver(_ order: SlotOrder) -> Bool {
        if openRun(of: order.job, at: order.due) != nil { return false }
        guard graph[order.job] != nil else { return order.due <= step.now }
        let head = graph.head(of: order.job)
        // Where there are no slots none is to come.
        let until = schedules[head] == nil ? .distantFuture : controls[head]?.accountedUntil ?? .distantPast
        return order.due <= until && !owes(order.job, at: order.due)
    }
}
