import JobFiles
import RunHistory
import Scheduling
import Timetable

/// How far the slots of each job are accounted for once the ledger is made anew: up to now, whatever it was before.
struct JobAccounts {
    let rebuild: LedgerRebuild
    let reading: Reading
    /// The rows of runs and jobs were all read: the numbers of their endings go together.
    let isWhole: Bool
    let now: Instant

    private var end: Instant { now - Instant.resolution }

    /// A control row for every job that anything is known of, so that none is registered anew: a registration may owe a slot.
    func all() throws(LedgerError) -> (controls: [JobControl], gaps: [Gap]) {
        let known = try rebuild.controls()
        let runs = try rebuild.jobsOfRuns()
        let texts = try texts()
        var controls: [JobControl] = []
        var gaps: [Gap] = []
        for control in known {
            if control.removedAt == nil { gaps += try self.gaps(of: control, texts) }
            controls.append(accounted(control, newestDue: runs[control.job]?.newestDue))
        }
        let names = Set(known.map(\.job))
        for (name, shared) in reading.graph.jobs where !names.contains(name) {
            controls.append(accounted(JobControl(registering: shared.job, at: now), newestDue: runs[name]?.newestDue))
        }
        for (name, run) in runs where !names.contains(name) && reading.graph[name] == nil {
            var control = JobControl(job: name, version: run.version ?? "unknown", schedule: nil, registeredAt: now, accountedUntil: end)
            control.removedAt = now
            controls.append(accounted(control, newestDue: run.newestDue))
        }
        return (controls, gaps)
    }

    private func accounted(_ control: JobControl, newestDue: Instant?) -> JobControl {
        var control = control
        control.registeredAt = min(control.registeredAt, now)
        control.accountedUntil = max(control.accountedUntil, end, newestDue ?? .distantPast)
        if let newestDue { control.lastFreeDue = max(control.lastFreeDue ?? .distantPast, newestDue) }
        guard !isWhole else { return control }
        // Numbers of endings are given out anew; the parents of a join `latest` count from here.
        (control.lastSuccess, control.lastFailure, control.lastDone) = (0, 0, 0)
        control.consumed = [:]
        return control
    }

    /// What the jobs were when the old ledger was last written.
    private func texts() throws(LedgerError) -> [String: Job] {
        let calendars = Calendars()
        let jobs = try rebuild.definitionsInForce().compactMap { Definition.parse(canonical: $0.canonical, calendars: calendars) }
        return Dictionary(jobs.map { ($0.version, $0) }) { first, _ in first }
    }

    /// The slots up to now that have neither run nor gap; none where the schedule that they belong to is not known any more.
    private func gaps(of control: JobControl, _ texts: [String: Job]) throws(LedgerError) -> [Gap] {
        guard let schedule = schedule(of: control, texts) else { return [] }
        let start = max(control.accountedUntil, try rebuild.lastGap(of: control.job) ?? .distantPast)
        var gaps: [Gap] = []
        var from = start
        for due in try rebuild.dues(of: control.job, after: start).filter({ $0 <= end }) + [now] {
            let slots = schedule.count(after: from, through: due - Instant.resolution)
            if slots > 0, let first = schedule.next(after: from)?.due, let last = schedule.previous(before: due)?.due {
                gaps.append(
                    Gap(
                        job: control.job, firstDue: first, lastDue: last, slots: slots, state: .missed,
                        reason: "\(LedgerRebuild.reason): nothing is known of these slots", decidedAt: now))
            }
            from = due
        }
        return gaps
    }

    private func schedule(of control: JobControl, _ texts: [String: Job]) -> Schedule? {
        var job = texts[control.version]
        if job == nil, let current = reading.graph[control.job], JobControl(registering: current, at: now).schedule == control.schedule {
            job = current
        }
        guard let schedule = job?.schedule else { return nil }
        return control.anchor.map { schedule.anchored(at: $0) } ?? schedule
    }
}
