import Timetable

/// What is below a run that is run once more: `rota retry --downstream`, and backfills of slots that ran.
///
/// Who had his run there is marked in the flow's row with the attempt that is out of date, and for whose sake. He is pending for his children
/// until he has another, which he gets when his edges are met by the new ones.
extension Scheduler {
    /// Everybody below this run who had his own owes another.
    mutating func markStale(below run: Run) {
        guard let flow = flows[run.flow] else { return }
        setStale(flow.staleMarks(below: run.key.job), of: run.flow)
    }

    /// A run that never began puts nothing out of date: whoever is below it keeps what he had, unless another above him runs once more.
    mutating func keepDescendants(of run: Run) {
        guard let flow = flows[run.flow], !flow.stale.isEmpty else { return }
        setStale(flow.stale.mapValues { $0.filter { $0.key != run.key.job } }.filter { !$0.value.isEmpty }, of: run.flow)
    }

    /// Who is out of date runs again by itself: another attempt now would stand in the place of the one that follows the new ones.
    func refusalOfStale(_ newest: Run) -> Answer? {
        guard let flow = flows[newest.flow], flow.isStale(newest.key.job, in: graph) else { return nil }
        let makers = flow.stale[newest.key.job].map { $0.keys.sorted().map { "`\($0)`" }.joined(separator: ", ") } ?? ""
        return .refused(
            "the run of `\(newest.key.job)` due \(newest.key.due.rfc3339) is out of date and runs again by itself after \(makers); "
                + "`rota why \(newest.key.job) --due \(newest.key.due.rfc3339)` tells what it waits for")
    }

    private mutating func setStale(_ stale: StaleMarks, of key: FlowKey) {
        guard let flow = flows[key], flow.stale != stale else { return }
        flows[key]?.stale = stale
        flows[key]?.lookAtAllAgain()
        step.write(.markStale(key, stale))
    }

    /// Somebody below whose run is on its way: it may follow what is out of date, and two attempts of one due never run at a time.
    func openDescendant(of run: Run, _ flow: LedgerState.Flow?) -> Run? {
        (flows[run.flow] ?? flow.map { OpenFlow($0) })?.openDescendant(of: run.key.job)
    }

    func refusal(toRerun busy: Run) -> Answer {
        .refused(
            "the run of `\(busy.key.job)` below it is \(busy.state.rawValue); wait for its end, or `rota kill` it first, and what is below runs again"
        )
    }
}

extension Run {
    /// Somebody asked for this attempt, and it came to its end before anything was started.
    var hasNeverBegun: Bool { isByHand && executor == nil && !state.isOpen && state != .succeeded }
}
