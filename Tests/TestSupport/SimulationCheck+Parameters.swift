import Scheduling

// What a run is given, read off the rows that were there when its own was made.

extension SimulationCheck {
    mutating func checkParameters(of run: Run, in simulation: Simulation) {
        if run.trigger == .retry || run.trigger == .mark {
            let before = simulation.ledger.runs[RunKey(job: run.key.job, due: run.key.due, attempt: run.key.attempt - 1)]
            if run.parameters != before?.parameters { fault("\(run.key.words) has other parameters than the attempt before") }
            return
        }
        // An edit of this very step may come before the row or after it.
        let expected = [simulation.graph, inForceBefore].map { expectedParameters(of: run, $0, in: simulation) }
        if !expected.contains(run.parameters) { fault("\(run.key.words) has the parameters \(run.parameters), not \(expected)") }
    }

    private func expectedParameters(of run: Run, _ graph: JobGraph, in simulation: Simulation) -> [String: String] {
        let own = (graph[run.key.job]?.parameters ?? [:]).compactMapValues(\.self)
        switch run.trigger {
        case .manual: return own.merging(simulation.given[run.key.job] ?? [:]) { $1 }
        case .upstream: return own.merging(inherited(by: run, graph, in: simulation)) { $1 }
        // Of a slot in the middle of a flow it gets what every member gets.
        case .backfill where run.flow.head != run.key.job: return own.merging(inherited(by: run, graph, in: simulation)) { $1 }
        case .schedule, .latest, .backfill, .retry, .mark: return own
        }
    }

    private func inherited(by run: Run, _ graph: JobGraph, in simulation: Simulation) -> [String: String] {
        let ledger = simulation.ledger
        let member = ledger.flows[run.flow]?.member(run.key.job)
        let parents = (member?.after ?? []).compactMap { ledger.newest(of: $0.parent, in: run.flow, before: run.key) }
        let head = ledger.newest(of: run.flow.head, in: run.flow, before: run.key).map { [$0] } ?? []
        let givers = (head + parents).map { ($0, $0.parameters) } + parents.map { ($0, $0.handedOn) }
        var (values, names, room): ([String: String], Set<String>, Int) = ([:], [], 64 << 10)
        // The newest first, as far as there is room.
        for (giver, given) in givers.reversed() {
            let child = graph[run.key.job]
            let isOneUser = (giver.ranAs ?? graph[giver.key.job].map { $0.user ?? "" }) == child?.user ?? ""
            for (name, value) in given.sorted(by: { $0.key < $1.key })
            where child == nil || isOneUser || child?.parameters.keys.contains(name) == true {
                let size = name.utf8.count + value.utf8.count + 2
                guard names.insert(name).inserted, size <= room else { continue }
                values[name] = value
                room -= size
            }
        }
        return values
    }
}
