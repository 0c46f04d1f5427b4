import Timetable

/// From ends to children: the joins `flow` and `latest`.
extension Scheduler {
    /// Begins a flow, unless the head has nobody below it.
    mutating func openFlow(_ key: FlowKey) {
        let plan = plans[key.head] ?? graph.flowPlan(from: key.head)
        plans[key.head] = plan
        guard !plan.members.isEmpty else { return }
        flows[key] = OpenFlow(plan: plan)
        step.write(.openFlow(key, plan))
    }

    /// Gives every member of the flow whose edges are decided its run, and closes the flow when nobody owes one any more.
    ///
    /// Members stand parents before children, so that one pass carries a `skipped: upstream` to the bottom.
    mutating func advance(_ key: FlowKey) {
        guard let flow = flows[key] else { return }
        if let head = flow.newest[key.head], [.skipped, .missed].contains(head.state) { return close(key) }
        for member in flow.plan.members {
            guard let job = graph[member.job], let current = flows[key] else { continue }
            let newest = current.newest[member.job]
            if let newest, !newest.isSkippedUpstream { continue }
            switch current.verdict(on: member.after, in: graph) {
            case .pending: break
            case .met: addMember(job, to: key, attempt: (newest?.key.attempt ?? 0) + 1)
            case .impossible: if newest == nil { skipMember(job, of: key) }
            }
        }
        if flows[key]?.isComplete(in: graph) == true { close(key) }
    }

    private mutating func close(_ key: FlowKey) {
        flows[key] = nil
        step.write(.closeFlow(key))
    }

    private mutating func addMember(_ job: Job, to flow: FlowKey, attempt: Int) {
        let readyAt = flows[flow]?.newest.values.compactMap(\.endedAt).max() ?? step.now
        let key = RunKey(job: job.name, due: flow.due, attempt: attempt)
        let run = Run(key: key, flow: flow, trigger: .upstream, readyAt: readyAt, waitingSince: step.now)
        if job.disabled {
            addEnded(run, reason: "disabled")
        } else {
            addWaiting(run)
        }
    }

    private mutating func skipMember(_ job: Job, of flow: FlowKey) {
        let key = RunKey(job: job.name, due: flow.due, attempt: 1)
        addEnded(Run(key: key, flow: flow, trigger: .upstream, readyAt: step.now, waitingSince: step.now), reason: Run.skippedUpstream)
    }

    /// A row that is born ended; nobody waits for it.
    private mutating func addEnded(_ run: Run, reason: String) {
        var ended = run
        ended.state = .skipped
        ended.reason = reason
        ended.endedAt = step.now
        store(ended, isNew: true)
    }

    // MARK: latest

    /// An end of `parent` may be the last one that a child with the join `latest` waits for.
    mutating func offerToLatest(childrenOf parent: Job, endedAt: Instant) {
        for name in graph.children[parent.name] ?? [] where graph.joins[name] == .latest {
            guard let child = graph[name] else { continue }
            if child.schedule != nil {
                step.touch(name)
            } else if unmetParents(of: child).isEmpty {
                beginLatest(child, endedAt: endedAt)
            }
        }
    }

    /// Parents that have come to no end of the asked kind since the child's newest run.
    func unmetParents(of child: Job) -> [JobName] {
        child.after.filter { edge in
            guard let parent = controls[edge.parent] else { return false }
            return parent.lastEnding(meeting: edge.on) <= controls[child.name]?.consumed[edge.parent] ?? 0
        }.map(\.parent)
    }

    private mutating func beginLatest(_ child: Job, endedAt: Instant) {
        let due = freeDue(for: child, at: endedAt)
        let flow = FlowKey(head: child.name, due: due)
        var run = Run(
            key: RunKey(job: child.name, due: due, attempt: 1), flow: flow, trigger: .latest, readyAt: endedAt, waitingSince: step.now
        )
        run.consumed = consumeEndings(for: child)
        if child.disabled { return addEnded(run, reason: "disabled") }
        openFlow(flow)
        addWaiting(run)
    }

    /// What a job with a schedule and parents uses up when its slot's turn has come.
    mutating func withParentsConsumed(_ run: Run, of job: Job) -> Run {
        guard run.trigger == .schedule, run.key.attempt == 1, !job.after.isEmpty, run.consumed.isEmpty else { return run }
        var ready = run
        ready.consumed = consumeEndings(for: job)
        store(ready)
        return ready
    }

    private mutating func consumeEndings(for child: Job) -> [JobName: Int64] {
        var consumed: [JobName: Int64] = [:]
        for edge in child.after { consumed[edge.parent] = controls[edge.parent]?.lastEnding(meeting: edge.on) ?? 0 }
        controls[child.name]?.consumed = consumed
        step.writeControl(of: child.name)
        return consumed
    }

    // MARK: dues that are no slots

    /// The first instant from `wanted` on that is no slot of the job and no due of an earlier run of this kind.
    mutating func freeDue(for job: Job, at wanted: Instant) -> Instant {
        var due = max(wanted, controls[job.name]?.lastFreeDue.map { $0 + Instant.resolution } ?? wanted)
        while schedules[job.name]?.contains(due) == true { due = due + Instant.resolution }
        controls[job.name]?.lastFreeDue = due
        step.writeControl(of: job.name)
        return due
    }
}

extension Run {
    static let skippedUpstream = "upstream"

    var isSkippedUpstream: Bool { state == .skipped && reason == Run.skippedUpstream }
}
