import Scheduling
import Timetable

/// Orders about slots.
extension SimulationCheck {
    /// An order is there for a slot that comes, for a run that has not ended, or for one that a flow owes, and outlives none of them.
    mutating func checkOrders(in simulation: Simulation) {
        let (ledger, graph) = (simulation.ledger, simulation.graph)
        for order in ledger.orders.values where order.due <= simulation.now && graph[order.job] != nil {
            let head = graph.joins[order.job] == .flow ? graph.heads[order.job] ?? order.job : order.job
            let isToCome = graph[head]?.schedule != nil && ledger.controls[head].map { order.due > $0.accountedUntil } ?? false
            let isOpen = ledger.openRuns(of: order.job).contains { $0.key.due == order.due }
            if !isToCome, !isOpen, !isOwed(order, in: ledger), !ledger.isPending(order.job, order.due) {
                fault("the order about \(order.job) at \(order.due.rfc3339) is still there at \(simulation.now.rfc3339)")
            }
        }
    }

    private func isOwed(_ order: SlotOrder, in ledger: SimulationLedger) -> Bool {
        ledger.flows.contains { key, flow in
            key.due == order.due && flow.isOpen && flow.member(order.job) != nil
                && ledger.newest(of: order.job, in: key) == nil
        }
    }
}
