package import Timetable

extension JobControl {
    /// The control row of a job that is registered at `now`, and owes its slots from then on.
    package init(registering job: Job, at now: Instant) {
        self.init(
            job: job.name, version: job.version, schedule: job.schedule?.fingerprint, registeredAt: now,
            accountedUntil: now - Instant.resolution)
        if job.schedule?.needsAnchor == true { anchor = now }
    }
}
