import Scheduling
import Timetable

/// Backfills: whatever was chosen has its run, was left to somebody else who asked for it, or is still to come.
extension Simulation {
    mutating func checkBackfills() {
        for backfill in ledger.backfills.values {
            let rows = ledger.rows(of: backfill.job).filter { $0.trigger == .backfill && $0.backfill == backfill.id }
            let dues = Set(rows.map(\.key.due))
            if dues.count != rows.count { check.fault("backfill \(backfill.id) ran a slot twice") }
            if dues.count + backfill.passedOver + backfill.pending.count != backfill.slots {
                check.fault(
                    "backfill \(backfill.id) of \(backfill.slots) slots has \(dues.count) runs, \(backfill.passedOver) left to others, \(backfill.pending.count) to come"
                )
            }
            if let early = dues.first(where: backfill.pending.contains) {
                check.fault("backfill \(backfill.id) comes to \(early) once more")
            }
        }
        if let wanted = core?.slotsWanted { check.fault("nobody told backfill \(wanted.backfill) of its slots") }
    }
}

extension SimulationLedger {
    /// Whether a backfill has still to come to that slot.
    func isPending(_ job: JobName, _ due: Instant) -> Bool {
        backfills.values.contains { $0.job == job && $0.isBeginning && $0.pending.contains(due) }
    }

    /// Of what backfills have not come to, or of the open runs, the last; as often the one as the other.
    func lastOpenDue(of job: JobName) -> Instant? {
        let pending = backfills.values.filter { $0.job == job && $0.isBeginning }.compactMap { $0.pending.prefix(.max).last }.max()
        if let pending, order.count % 2 == 0 { return pending }
        return rows(of: job).last(where: \.state.isOpen)?.key.due
    }
}
