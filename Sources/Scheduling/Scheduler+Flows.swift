import Timetable

/// From ends to children: the joins `flow` and `latest`.
extension Scheduler {
    /// Begins a flow, unless the head has nobody below it, or had nobody at that due, before it was registered: a slot that a job in the
    /// Chronos shape owes from before is its own alone. Who comes after it now may have had a run of that due after another.
    ///
    /// - Parameter isOwed: It comes by itself, so that a promise may be broken already.
    mutating func openFlow(_ key: FlowKey, isOwed: Bool = false) {
        if outline(from: key.head).plan.members.isEmpty { return }
        guard controls[key.head]?.registeredAt ?? .distantPast <= key.due else { return }
        let outline = outline(of: key)
        if outline.plan.members.isEmpty { return }
        flows[key] = OpenFlow(outline)
        step.write(.openFlow(key, outline.plan))
        promise(key, isOwed: isOwed)
    }

    /// The run that a flow begins with waits from now on. Whoever has nobody left to wait for is due with it.
    mutating func addFirst(_ run: Run) {
        addWaiting(run)
        if flows[run.flow]?.outline.hasFreeMembers == true { advance(run.flow) }
    }

    /// Whoever was registered after the flow's due owes nothing in it, nor whoever has a row of that due from the flow of another head,
    /// which it left on that very instant, nor who has had a run of that due before the clock was set back.
    private mutating func outline(of key: FlowKey) -> FlowOutline {
        let outline = outline(from: key.head)
        // Of dues that have rows before they have come: the flow of one of these may owe it.
        let owed = ahead.contains(key.due) ? membersOfOtherFlows(at: key) : []
        let others = outline.plan.members.map(\.job).filter { name in
            (controls[name]?.registeredAt ?? step.now) > key.due || controls[name]?.lastFreeDue == key.due
                || ahead.contains(key.due, of: name) || owed.contains(name)
        }
        return others.isEmpty ? outline : FlowOutline(outline.plan.without(Set(others)))
    }

    private mutating func outline(from head: JobName) -> FlowOutline {
        if let known = plans[head] { return known }
        let outline = FlowOutline(graph.flowPlan(from: head))
        plans[head] = outline
        return outline
    }

    /// Gives every member of the flow whose edges are decided its run, and closes the flow when nobody owes one any more.
    mutating func advance(_ key: FlowKey) {
        guard let count = flows[key]?.outline.plan.members.count else { return }
        flows[key]?.lookAtAllAgain()
        advance(key, places: Array(0..<count))
    }

    /// The same when nothing has changed in the flow but the run of `job`: looks only below it.
    mutating func advance(_ key: FlowKey, below job: JobName) {
        guard let places = flows[key]?.outline.children(of: job) else { return }
        advance(key, places: places)
    }

    /// Members stand parents before children, so that one pass in their order carries a `skipped: upstream` to the bottom.
    private mutating func advance(_ key: FlowKey, places: [Int]) {
        guard let outline = flows[key]?.outline else { return }
        if flows[key]?.hasNotBegun == true { return close(key) }
        var open = PriorityQueue(places)
        var last = -1
        while let place = open.popFirst() {
            if place == last { continue }
            last = place
            let member = outline.plan.members[place]
            if decide(member, of: key) {
                for child in outline.children(of: member.job) { open.insert(child) }
            }
        }
        if flows[key]?.isComplete(in: graph) == true { close(key) }
    }

    /// Writes the run of a member whose edges are decided.
    ///
    /// - Returns: Whether it is one that is born ended, so that its children can be decided too.
    private mutating func decide(_ member: FlowPlan.Member, of key: FlowKey) -> Bool {
        guard let shared = graph.jobs[member.job] else { return false }
        let newest = flows[key]?.newest[member.job]
        let isStale = flows[key]?.isStale(member.job, in: graph) == true
        if let newest, !newest.isSkippedUpstream, !isStale { return false }
        let attempt = (newest?.key.attempt ?? 0) + 1
        switch flows[key]?.verdict(on: member.after, in: graph) {
        case .met: return addMember(shared, member, to: key, attempt: attempt)
        case .impossible where newest == nil || isStale:
            addEnded(memberRun(of: member, in: key, attempt: attempt, readyAt: step.now), reason: Run.skippedUpstream)
            return true
        case .impossible, .pending, nil: return false
        }
    }

    private mutating func addMember(_ shared: SharedJob, _ member: FlowPlan.Member, to flow: FlowKey, attempt: Int) -> Bool {
        if attempt > 1 { flows[flow]?.lookAtAllAgain() }
        let freedAt = member.after.compactMap { flows[flow]?.newest[$0.parent]?.endedAt }.max() ?? step.now
        let readyAt = min(freedAt, step.now)
        var run = memberRun(of: member, in: flow, attempt: attempt, readyAt: readyAt)
        if takeOrder(of: &run) { return true }
        let rest = run.isByHand ? nil : restReason(of: shared) ?? run.backfill.flatMap { backfills[$0]?.cancellation }
        if let rest { addEnded(run, reason: rest) } else { addWaiting(run) }
        return rest != nil
    }

    /// It goes with the backfill of the parent whose end frees it, the last of them, and inherits what its parents hand on.
    private mutating func memberRun(of member: FlowPlan.Member, in flow: FlowKey, attempt: Int = 1, readyAt: Instant) -> Run {
        var run = Run(
            key: RunKey(job: member.job, due: flow.due, attempt: attempt), flow: flow, trigger: .upstream, readyAt: readyAt,
            waitingSince: step.now)
        let parents = member.after.compactMap { flows[flow]?.newest[$0.parent] }
        run.backfill = parents.max { ($0.ending ?? 0, $0.backfill ?? 0) < ($1.ending ?? 0, $1.backfill ?? 0) }?.backfill
        // It waits in the place of its backfill: a slot is brought to the bottom of its flow before the next one is begun.
        if let begun = run.backfill.flatMap({ backfills[$0]?.at }) { run.waitingSince = min(begun, step.now) }
        inherit(&run, as: member, of: flows[flow])
        return run
    }

    /// A member or the head of a flow that closed owes a run again. Who has, or is owed, a run of that due in the flow of another head by now
    /// owes none in this one.
    mutating func reopen(_ closed: LedgerState.Flow) {
        guard flows[closed.key] == nil, !closed.plan.members.isEmpty else { return }
        var flow = closed
        let others = flow.elsewhere.union(owedElsewhere(by: flow))
        if !others.isEmpty {
            flow.plan = flow.plan.without(others)
            step.write(.replanFlow(flow.key, flow.plan))
        }
        flows[flow.key] = OpenFlow(flow)
        step.write(.reopenFlow(flow.key))
        promiseAgain(flow.key)
    }

    private func owedElsewhere(by closed: LedgerState.Flow) -> Set<JobName> {
        let owed = Set(closed.plan.members.map(\.job)).subtracting(closed.runs.map(\.key.job))
        return owed.isEmpty ? [] : membersOfOtherFlows(at: closed.key).intersection(owed)
    }

    private func membersOfOtherFlows(at key: FlowKey) -> Set<JobName> {
        flows.reduce(into: []) { found, flow in
            if flow.key.due == key.due, flow.key.head != key.head { found.formUnion(flow.value.outline.plan.members.map(\.job)) }
        }
    }

    private mutating func close(_ key: FlowKey) {
        let members = orders.isEmpty ? [] : flows[key]?.outline.plan.members ?? []
        for job in flows[key]?.promises.keys ?? [:].keys { breaksAt[.member(job, key)] = nil }
        flows[key] = nil
        step.write(.closeFlow(key))
        for member in members {
            if let order = orders[member.job, key.due] { forgetIfOver(order) }
        }
    }

    /// A row that is born ended; nobody waits for it.
    mutating func addEnded(_ run: Run, reason: String) {
        var ended = run
        ended.state = .skipped
        ended.reason = reason
        ended.endedAt = step.now
        store(ended, isNew: true, isSettled: true)
    }

    /// Definitions changed: members that are gone are told so wherever they still owe their run, and what their rows or policies decide
    /// is decided again.
    mutating func advanceFlows(touchedBy changed: Set<JobName>) {
        guard !changed.isEmpty else { return }
        let touched = flows.filter {
            changed.contains($1.outline.plan.head) || $1.outline.plan.members.contains { changed.contains($0.job) }
        }
        for key in touched.keys.sorted(by: { ($0.due, $0.head) < ($1.due, $1.head) }) {
            addRemovedMembers(to: key, where: changed.contains)
            advance(key)
        }
    }

    /// Members that are gone and still owe their run in this flow are told so.
    mutating func addRemovedMembers(to key: FlowKey, where isConcerned: (JobName) -> Bool) {
        for member in flows[key]?.outline.plan.members ?? []
        where isConcerned(member.job) && graph[member.job] == nil && flows[key]?.newest[member.job] == nil {
            addEnded(memberRun(of: member, in: key, readyAt: step.now), reason: Run.removed)
            // It may be back at this very instant, with slots of its own.
            if key.due >= step.now {
                controls[member.job]?.lastFreeDue = key.due
                step.writeControl(of: member.job)
            }
        }
    }

    // MARK: latest

    /// An end of `parent` may be the last one that a child with the join `latest` waits for.
    mutating func offerToLatest(childrenOf parent: JobName, endedAt: Instant) {
        for name in graph.children[parent] ?? [] where graph.joins[name] == .latest {
            guard let child = graph.jobs[name] else { continue }
            let expectant = turns[name]?.current.filter { runs[$0]?.waitsForParents == true } ?? []
            for key in expectant { wake(key) }
            if expectant.isEmpty, child.job.schedule == nil, unmetParents(of: child).isEmpty {
                beginLatest(child, endedAt: endedAt)
            }
        }
    }

    /// Parents that have come to no end of the asked kind since the child's newest run.
    func unmetParents(of child: SharedJob) -> [JobName] {
        child.job.after.filter { edge in
            guard let parent = controls[edge.parent] else { return false }
            return parent.lastEnding(meeting: edge.on) <= controls[child.job.name]?.consumed[edge.parent] ?? 0
        }.map(\.parent)
    }

    private mutating func beginLatest(_ child: SharedJob, endedAt end: Instant) {
        let endedAt = min(end, step.now)
        let due = freeDue(for: child.job, at: endedAt)
        let flow = FlowKey(head: child.job.name, due: due)
        var run = Run(
            key: RunKey(job: child.job.name, due: due, attempt: 1), flow: flow, trigger: .latest, readyAt: endedAt, waitingSince: step.now
        )
        run.consumed = consumeEndings(for: child)
        if let rest = restReason(of: child) { return addEnded(run, reason: rest) }
        openFlow(flow, isOwed: true)
        addFirst(run)
    }

    /// What a job with a schedule and parents uses up when its slot's turn has come.
    mutating func withParentsConsumed(_ run: Run, of shared: SharedJob) -> Run {
        guard !shared.job.after.isEmpty, run.waitsForParents, graph.joins[shared.job.name] == .latest else { return run }
        var ready = run
        ready.consumed = consumeEndings(for: shared)
        store(ready)
        // The others have nothing to follow any more.
        step.touch(shared.job.name, wholly: true)
        return ready
    }

    private mutating func consumeEndings(for child: SharedJob) -> [JobName: Int64] {
        var consumed: [JobName: Int64] = [:]
        for edge in child.job.after { consumed[edge.parent] = controls[edge.parent]?.lastEnding(meeting: edge.on) ?? 0 }
        controls[child.job.name]?.consumed = consumed
        step.writeControl(of: child.job.name)
        return consumed
    }

    // MARK: dues that are no slots

    /// The first instant from `wanted` on that no slot of the job bears and no row of it, nor one that its flows give or may give it.
    ///
    /// The jobs of one head draw their free dues from one sequence: a run by hand in the middle of a flow never takes the place of the run
    /// that the flow owes.
    mutating func freeDue(for job: Job, at wanted: Instant) -> Instant {
        let family = Set([job.name, graph.head(of: job.name)])
        // Of rows ahead only those are known that lie beyond now.
        let isAmongRows = ahead.until.map { $0 >= wanted } ?? false
        var due = firstFreeDue(of: family, from: isAmongRows ? max(wanted, step.now) : wanted)
        while ahead.contains(due) || family.contains(where: { schedules[$0]?.contains(due) == true }) { due = due + Instant.resolution }
        for name in family {
            controls[name]?.lastFreeDue = due
            step.writeControl(of: name)
        }
        return due
    }
}

extension Scheduler {
    /// The first instant from `wanted` on behind every due that these jobs had so far.
    func firstFreeDue(of jobs: Set<JobName>, from wanted: Instant) -> Instant {
        jobs.compactMap { controls[$0] }.reduce(wanted) { due, control in
            max(due, max(control.accountedUntil, control.lastFreeDue ?? .distantPast) + Instant.resolution)
        }
    }
}

extension Run {
    /// Made by a slot, and no ending of a parent is used up for it yet; says nothing when its job joins none.
    var waitsForParents: Bool { state == .waiting && trigger == .schedule && key.attempt == 1 && consumed.isEmpty }

    static let skippedUpstream = "upstream"
    static let removed = "removed"

    var isSkippedUpstream: Bool { state == .skipped && reason == Run.skippedUpstream }
    /// The job was taken out of the definitions before the run could begin.
    var isWithdrawn: Bool { state == .skipped && reason == Run.removed }
}
