package import Timetable

/// What is kept about a job besides its definition and its runs: registration and progress. One control row.
package struct JobControl: Hashable, Sendable {
    package let job: JobName
    /// The version of the definition in force, or last in force.
    package var version: String
    /// The schedule's own words with zone and DST rule, to tell whether it is the same one when a file returns; nil without a schedule.
    package var schedule: String?
    package var registeredAt: Instant
    /// Every slot up to here has its run or its gap. Moves back only with the clock, see `Scheduler.setClockBack`.
    package var accountedUntil: Instant
    /// The start of a schedule that has none of its own: the instant of its registration.
    package var anchor: Instant?
    /// Since when no file defines the job; nil while one does.
    package var removedAt: Instant?
    package var successes = 0
    package var failures = 0
    /// For each edge condition the number of the newest ending that meets it; 0 when there was none.
    package var lastSuccess: Int64 = 0
    package var lastFailure: Int64 = 0
    package var lastDone: Int64 = 0
    /// For a job that joins `latest`: for each parent the number of the newest ending that is used up.
    package var consumed: [JobName: Int64] = [:]
    /// The newest due of a run that is no slot (manual, latest), so that the next such due can be told from it.
    package var lastFreeDue: Instant?
    /// How long the last successful runs took, in milliseconds, the newest last; kept of a job that promises something about it.
    package var durations: [Int64] = []

    package init(job: JobName, version: String, schedule: String?, registeredAt: Instant, accountedUntil: Instant) {
        self.job = job
        self.version = version
        self.schedule = schedule
        self.registeredAt = registeredAt
        self.accountedUntil = accountedUntil
    }

    func lastEnding(meeting condition: EdgeCondition) -> Int64 {
        switch condition {
        case .success: lastSuccess
        case .failure: lastFailure
        case .done: lastDone
        }
    }
}

/// Successive slots of one job with one fate, decided in one step.
package struct Gap: Hashable, Sendable {
    package var job: JobName
    package var firstDue: Instant
    package var lastDue: Instant
    package var slots: Int
    /// `skipped` or `missed`.
    package var state: RunState
    package var reason: String
    package var decidedAt: Instant

    package init(job: JobName, firstDue: Instant, lastDue: Instant, slots: Int, state: RunState, reason: String, decidedAt: Instant) {
        self.job = job
        self.firstDue = firstDue
        self.lastDue = lastDue
        self.slots = slots
        self.state = state
        self.reason = reason
        self.decidedAt = decidedAt
    }
}
