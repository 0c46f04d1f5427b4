import Timetable

/// What the flow of the due tells: whom a member waits for, and who kept it from running.
extension WhyFacts {
    /// The edges that count for the job in the flow of the due.
    var edges: [Edge] { flow?.plan.members.first { $0.job == job }?.after ?? [] }

    /// A member that has no row yet.
    func tellOwed(_ why: inout Why) {
        guard let flow else { return }
        why.say(
            .parents, at: flow.key.due,
            "It is to run in the flow `\(flow.key.head)` of \(words(flow.key.due)), when its parents have ended there.")
        if let order { tellOrder(order, &why) }
        for name in awaited(by: job) {
            guard let row = newestRow(of: name) else {
                why.say(.parents, "`\(name)` has not begun there.")
                why.advise("rota why \(name) --due \(flow.key.due.rfc3339)")
                continue
            }
            why.say(.parents, at: row.run.startedAt ?? row.run.readyAt, "It waits for `\(name)`: \(words(row)) is \(stateWords(row.run)).")
            why.advise(row.run.state == .lost ? "rota retry \(row.id)" : "rota why \(row.id)")
            if row.run.state == .lost { why.advise("rota mark-success \(row.id)") }
        }
    }

    /// Whoever above `name` must come to an end first: the nearest that are on their way, or are waited for by somebody.
    private func awaited(by name: JobName) -> [JobName] {
        var found: [JobName] = []
        var seen: Set<JobName> = []
        var open = [name]
        while let next = open.popLast() {
            for edge in flow?.plan.members.first(where: { $0.job == next })?.after ?? [] where seen.insert(edge.parent).inserted {
                let run = newestRow(of: edge.parent)?.run
                if run == nil, isMember(edge.parent) { open.append(edge.parent) } else if !isOver(run) { found.append(edge.parent) }
            }
        }
        return found.sorted()
    }

    private func isMember(_ name: JobName) -> Bool { flow?.plan.members.contains { $0.job == name } ?? false }

    private func isOver(_ run: Run?) -> Bool {
        guard let run else { return false }
        return !run.state.isOpen && !run.isHeld(under: graph[run.key.job]?.onUnknown)
    }

    private func newestRow(of name: JobName) -> Row? {
        let run = flow?.runs.filter { $0.key.job == name }.max { $0.key.attempt < $1.key.attempt }
        return run.map { Row(id: flowIDs[$0.key] ?? "?", run: $0) }
    }

    private func stateWords(_ run: Run) -> String {
        let since = run.startedAt.map { " since \(moment($0))" } ?? ""
        let reason = run.reason.map { " (\($0))" } ?? ""
        if run.state == .lost { return "lost, and waits for somebody to decide (`onUnknown: hold`)" }
        return run.state.rawValue + since + reason
    }

    // MARK: skipped: upstream

    /// Names whoever came to an end that some edge above does not take, however far above.
    func tellUpstream(_ why: inout Why) {
        let culprits = culprits(above: job)
        guard let flow, !culprits.isEmpty else {
            return why.say(
                .parents, at: newest?.run.endedAt, "It was skipped: a parent came to an end in this flow that its `after` does not take.")
        }
        var told: Set<RunKey> = []
        for (edge, child) in culprits {
            guard let row = newestRow(of: edge.parent), told.insert(row.run.key).inserted else { continue }
            let wanted = edge.on == .success ? "to succeed" : edge.on == .failure ? "to fail" : "to come to an end"
            let via = child == job ? "" : " of `\(child)`"
            why.say(
                .parents, at: row.run.endedAt,
                "It was skipped in the flow `\(flow.key.head)` of \(words(flow.key.due)): the `after`\(via) wants `\(edge.parent)` \(wanted), and \(words(row)) \(ending(of: row.run))."
            )
            why.advise("rota retry \(row.id)")
        }
        why.advise("rota run \(job)")
    }

    private func culprits(above name: JobName) -> [(edge: Edge, child: JobName)] {
        var found: [(Edge, JobName)] = []
        var seen: Set<JobName> = []
        var open = [name]
        while let next = open.popLast() {
            for edge in flow?.plan.members.first(where: { $0.job == next })?.after ?? [] {
                guard let run = newestRow(of: edge.parent)?.run, isOver(run), !meets(run, edge.on) else { continue }
                if !run.isSkippedUpstream {
                    found.append((edge, next))
                } else if seen.insert(edge.parent).inserted {
                    open.append(edge.parent)
                }
            }
        }
        return found
    }

    private func meets(_ run: Run, _ condition: EdgeCondition) -> Bool {
        let parent = graph[run.key.job]
        return run.isWithdrawn || run.meets(condition, softError: parent?.softError ?? false, onUnknown: parent?.onUnknown ?? .skip)
    }
}
