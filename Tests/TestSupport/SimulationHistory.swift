package import Scheduling
package import Timetable

extension Simulation {
    /// What a user reads in `rota history JOB`, oldest first: `02:00:00 succeeded`, `02:00:00 #2 failed`, `02:01:00 waiting: overlap`,
    /// and for a gap `02:00:00–09:59:00 ×480 missed: catch-up`. Another day than 2026-03-01 is named.
    ///
    /// Before it everything that is wrong with the simulation as a whole.
    package func history(_ job: JobName) -> [String] {
        var whole = self
        whole.checkWhole()
        return whole.faults + lines(of: job)
    }

    private func lines(of job: JobName) -> [String] {
        let rows = ledger.rows(of: job).map { run in
            let attempt = run.key.attempt == 1 ? "" : " #\(run.key.attempt)"
            return (
                run.key.due, run.key.attempt, "\(run.key.due.short)\(attempt) \(run.state.rawValue)" + (run.reason.map { ": " + $0 } ?? "")
            )
        }
        let gaps = ledger.gaps(of: job).map { gap in
            let slots = gap.slots == 1 ? gap.firstDue.short : "\(gap.firstDue.short)–\(gap.lastDue.short) ×\(gap.slots)"
            return (gap.firstDue, 0, "\(slots) \(gap.state.rawValue): \(gap.reason)")
        }
        return (rows + gaps).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
    }

    /// The one row of `job` at `due` with the highest attempt.
    package func row(_ job: JobName, _ due: Instant) -> Run? { ledger.rows(of: job).last { $0.key.due == due } }

    /// The newest due of a job that no slot explains: by hand or by the join `latest`.
    package func newest(_ job: JobName) -> Run? { ledger.rows(of: job).last }
}

extension Instant {
    /// The time of day, with the date when it is not 2026-03-01.
    package var short: String {
        let text = rfc3339
        guard text.hasPrefix("2026-03-01T"), text.hasSuffix("Z") else { return text }
        return String(text.dropFirst(11).dropLast())
    }
}
