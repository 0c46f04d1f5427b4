import Timetable

/// `rota mark-success`: somebody knows better than the ledger, or did by hand what a run should have done.
extension Scheduler {
    /// It is an ending like any other: edges are met, children are freed, a flow that a lost run holds goes on.
    mutating func markSuccess(_ key: RunKey, _ precedent: Precedent?, by who: String) -> Answer {
        guard let precedent, precedent.newest.key.job == key.job, precedent.newest.key.due == key.due else { return .unknownRun(key) }
        let newest = precedent.newest
        if newest.state == .succeeded { return .already("the run succeeded" + (newest.reason.map { ", " + $0 } ?? "")) }
        let marked: RunKey
        if newest.state.isOpen {
            guard let open = runs[newest.key] else { return .refused("the run has come to its end at this moment; ask again") }
            guard open.state == .waiting else { return refusal(ofActive: open) }
            marked = open.key
            end(open, .succeeded, reason: "marked by \(who)")
        } else {
            marked = addMark(after: newest, precedent.flow, by: who)
        }
        step.write(.change(Change(kind: "request.mark-success", job: key.job, run: marked, who: who)))
        step.touch(key.job)
        return .accepted(marked)
    }

    private mutating func addMark(after newest: Run, _ flow: LedgerState.Flow?, by who: String) -> RunKey {
        var run = nextAttempt(after: newest, .mark, readyAt: step.now)
        run.state = .succeeded
        run.reason = "marked by \(who)"
        run.endedAt = step.now
        run.isByHand = true
        if let flow { reopen(flow) }
        addRemovedMembers(to: run.flow) { _ in true }
        settle(run, isNew: true)
        advance(run.flow)
        return run.key
    }
}
