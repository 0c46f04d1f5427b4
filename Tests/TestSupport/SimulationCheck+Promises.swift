import Scheduling
import Timetable

// What was promised is told exactly once when it is broken, and never else.

/// What is told of a promise, as often as it may be.
struct ToldBreach: Hashable, Sendable {
    let kind: String
    let job: JobName?
    let run: RunKey?
    /// Of what has no run.
    let detail: String?
}

extension SimulationCheck {
    mutating func checkBreaches(_ records: [LedgerRecord], in simulation: Simulation) {
        for case .change(let change) in records where change.kind.hasPrefix("breach.") {
            let told = ToldBreach(kind: change.kind, job: change.job, run: change.run, detail: change.run == nil ? change.detail : nil)
            if !toldBreaches.insert(told).inserted { fault("\(change.kind) of \(change.run?.words ?? change.detail ?? "") is told twice") }
            if change.who != nil { fault("\(change.kind) is told by \(change.who ?? "")") }
            guard let key = change.run else { continue }
            let breaches = simulation.ledger.runs[key]?.breaches ?? []
            let stands = breaches.contains { "breach.\($0.rawValue)" == change.kind }
            if !stands { fault("the row of \(key.words) hides \(change.kind)") }
        }
        for record in records {
            switch record {
            case .insert(let run), .update(let run):
                for breach in run.breaches where !isTold(breach, of: run, in: simulation.ledger) {
                    fault("\(breach) of \(run.key.words) stands in the row and was not told")
                }
            default: break
            }
        }
    }

    /// The end of a due may have been told of an earlier attempt, or of the flow before there was a row.
    private func isTold(_ breach: Breach, of run: Run, in ledger: SimulationLedger) -> Bool {
        let kind = "breach.\(breach.rawValue)"
        let attempts = breach == .endBy ? 1...run.key.attempt : run.key.attempt...run.key.attempt
        let keys = attempts.map { RunKey(job: run.key.job, due: run.key.due, attempt: $0) }
        if keys.contains(where: { toldBreaches.contains(ToldBreach(kind: kind, job: $0.job, run: $0, detail: nil)) }) { return true }
        return breach == .endBy && ledger.flows[run.flow]?.promises[run.key.job]?.isBroken == true
    }

    /// A row is promised what the definition says by which it was made.
    mutating func checkPromises(of run: Run, in simulation: Simulation) {
        if let endBy = run.promises.endBy, endBy <= run.key.due || endBy - run.key.due > .seconds(26 * 3_600) {
            fault("\(run.key.words) is to end by \(endBy.rfc3339)")
        }
        if run.trigger == .mark, !run.promises.isEmpty { fault("\(run.key.words) was marked, and something is promised of it") }
        guard run.trigger != .retry, run.trigger != .mark else { return }
        let expected = [simulation.graph, inForceBefore].map { $0[run.key.job]?.expect ?? Expectation() }
        if !expected.contains(where: { $0.duration == run.promises.duration }) { fault("\(run.key.words) may take another time") }
        let starts = run.isBoundToWindow ? expected.map { $0.startWithin.map { run.readyAt + $0 } } : [nil]
        if !starts.contains(run.promises.startBy) { fault("\(run.key.words) is to start by another time") }
    }
}

extension Simulation {
    /// As long as reports may be on their way, and after a start, or a step of the clock, the executor is given time to tell what happened meanwhile.
    private static let slack = Duration.seconds(3)

    /// Whether a time has run out for what has not happened yet: nil while that cannot be said.
    private func isOver(_ moment: Instant, of run: Run) -> Bool? {
        if now <= moment { return false }
        if run.state.isActive, now <= max(moment, check.begunAt, check.clockSetAt) + Self.slack { return nil }
        return isUp ? true : nil
    }

    mutating func checkPromises() {
        for run in ledger.runs.values where !run.promises.isEmpty {
            expect(.startWithin, of: run, startIsBroken(run))
            expect(.duration, of: run, durationIsBroken(run))
            let isNewest = ledger.runs[RunKey(job: run.key.job, due: run.key.due, attempt: run.key.attempt + 1)] == nil
            // A breach that an earlier attempt told stays with the due.
            if isNewest, !run.breaches.contains(.endBy) { expect(.endBy, of: run, endIsBroken(run)) }
            if run.breaches.contains(.endBy), run.key.attempt == 1, run.trigger != .upstream { expect(.endBy, of: run, endIsBroken(run)) }
        }
        for (key, flow) in ledger.flows where flow.isOpen && isUp {
            for (job, promise) in flow.promises where promise.endBy < now && !promise.isBroken && ledger.newest(of: job, in: key) == nil {
                check.fault("\(job) has no row in the flow \(key.head) \(key.due.rfc3339), and nobody was told")
            }
        }
    }

    private mutating func expect(_ breach: Breach, of run: Run, _ isBroken: Bool?) {
        guard let isBroken, isBroken != run.breaches.contains(breach) else { return }
        let told = ToldBreach(kind: "breach.\(breach.rawValue)", job: run.key.job, run: run.key, detail: nil)
        if !isBroken, check.toldByAnotherClock.contains(told) { return }
        let words = isBroken ? "broken and not told" : "told and not broken"
        check.fault("\(breach) of \(run.key.words) (\(run.state)) is \(words) at \(now.rfc3339)")
    }

    private func startIsBroken(_ run: Run) -> Bool? {
        guard let startBy = run.promises.startBy else { return false }
        if run.state == .missed { return true }
        return (run.startedAt ?? run.endedAt).map { $0 > startBy } ?? isOver(startBy, of: run)
    }

    private func durationIsBroken(_ run: Run) -> Bool? {
        guard let duration = run.promises.duration, let startedAt = run.startedAt else { return false }
        // Of a lost one nobody knows how long it ran; it may have been told before.
        if run.state == .lost { return nil }
        return run.endedAt.map { $0 - startedAt > duration } ?? isOver(startedAt + duration, of: run)
    }

    private func endIsBroken(_ run: Run) -> Bool? {
        guard let endBy = run.promises.endBy else { return false }
        guard let endedAt = run.endedAt else { return isOver(endBy, of: run) }
        switch run.state {
        case .succeeded: return endedAt > endBy
        // An edit may have changed what a failure counts.
        case .failed: return definitions.values.contains { $0.name == run.key.job && $0.softError } ? nil : true
        case .timedOut, .couldNotStart, .lost, .missed: return true
        // What breaks nothing by its end may have been open when the time was over.
        case .killed where run.killWanted == "replaced": return endedAt > endBy ? nil : false
        case .killed: return true
        case .skipped where run.reason == "upstream": return true
        case .skipped: return endedAt > endBy ? nil : false
        case .waiting, .launching, .running: return nil
        }
    }
}
