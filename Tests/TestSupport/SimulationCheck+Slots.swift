import Scheduling
import Timetable

// What must hold of the whole ledger whenever a simulation pauses.

extension Simulation {
    /// Checks what only the ledger as a whole can show; `faults` holds what was found.
    package mutating func checkWhole() {
        let gaps = Dictionary(grouping: ledger.gaps, by: \.job)
        let chronos = Set(definitions.values.filter(\.isChronos).map(\.name))
        for name in check.eras.keys.sorted() { checkSlots(of: name, gaps: gaps[name] ?? [], isChronos: chronos.contains(name)) }
        for key in ledger.flows.keys { checkFlow(key) }
        checkPromises()
        checkBackfills()
        for key in ledger.open where isUp && ledger.runs[key]?.killWanted != nil && !executor.killed.contains(key) {
            check.fault("the kill of \(key.words) was never sent")
        }
        for (key, count) in executor.starts where count > 1 { check.fault("the command of \(key.words) was started \(count) times") }
    }

    /// Each slot since registration has exactly one explanation.
    private mutating func checkSlots(of name: JobName, gaps: [Gap], isChronos: Bool) {
        guard let control = ledger.controls[name] else { return }
        let rows = Dictionary(grouping: ledger.rows(of: name).filter { $0.trigger == .schedule }, by: \.key.due)
        var unclaimed = Set(rows.keys)
        var counted: [Instant: Set<Instant>] = [:]
        for era in check.eras[name] ?? [] {
            let through = era.through ?? control.accountedUntil
            var cursor = era.from - Instant.resolution
            while let due = era.schedule.next(after: cursor)?.due, due <= through {
                cursor = due
                unclaimed.remove(due)
                let tellingOfIt = gaps.filter {
                    ($0.firstDue...$0.lastDue).contains(due) && check.wasDecided($0, in: era)
                }
                for gap in tellingOfIt { counted[gap.firstDue, default: []].insert(due) }
                let explanations = tellingOfIt.count + (rows[due]?.count ?? 0)
                // On the very instant of an edit the job may have had a run of that due already, in a flow; of several, in one of them.
                let isLater = due > control.registeredAt || check.edits[due] ?? 0 > 1
                let isInDoubt = due == era.from && isLater && explanations == 0
                // It may have had a run of that due in a flow, before the clock was set back and it got that schedule.
                let wasInFlow = explanations == 0 && check.hadBefore[name]?.contains(due) == true
                if explanations != 1, !isInDoubt, !wasInFlow {
                    check.fault("the slot \(due.rfc3339) of \(name) has \(explanations) explanations")
                }
            }
            if era.through == nil, isUp, let job = graph[name] {
                let late = now - (job.disabled || isPaused(job) ? Duration.seconds(60) : .zero)
                if let due = era.schedule.next(after: control.accountedUntil)?.due, due <= late {
                    check.fault("the slot \(due.rfc3339) of \(name) is not accounted for")
                }
            }
        }
        for gap in gaps where counted[gap.firstDue]?.count != gap.slots && !check.isLeftWhole(gap) {
            check.fault("the gap of \(name) at \(gap.firstDue.rfc3339) counts \(gap.slots) slots, not \(counted[gap.firstDue]?.count ?? 0)")
        }
        unclaimed.subtract(check.hadBefore[name] ?? [])
        for due in unclaimed where !(isChronos && due < control.registeredAt && unclaimed.count == 1) {
            check.fault("\(name) at \(due.rfc3339) was never owed")
        }
    }

    /// A flow closes when nobody owes a run any more, and not before.
    private mutating func checkFlow(_ key: FlowKey) {
        guard let flow = ledger.flows[key] else { return }
        let rows = ledger.rows(of: key)
        let newest = Dictionary(rows.map { ($0.key.job, $0) }) { $0.key.attempt > $1.key.attempt ? $0 : $1 }
        let head = newest[key.head]?.state
        if flow.isOpen {
            let isHeld = rows.contains { row in
                guard row.state == .lost, let policy = graph[row.key.job]?.onUnknown else { return false }
                return policy == .hold || policy == .rerun && row.killWanted == nil
            }
            if isUp, !isHeld, !newest.values.contains(where: { $0.state.isOpen }) {
                check.fault("nobody moves the flow \(key.head) \(key.due.rfc3339)")
            }
            return
        }
        if newest.values.contains(where: { $0.state.isOpen }) {
            check.fault("the flow \(key.head) \(key.due.rfc3339) closed with an open run")
        }
        guard head != .skipped, head != .missed else { return }
        for member in flow.plan.members where newest[member.job] == nil {
            if isUp, graph[member.job] != nil { check.fault("\(member.job) has no row in the closed flow \(key.head) \(key.due.rfc3339)") }
        }
    }
}
