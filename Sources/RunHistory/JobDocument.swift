package import Scheduling
package import Timetable

/// The wire shape of a job in force, for `rota list --json` and the REST API alike: keys are added, never changed.
package struct JobDocument: Encodable, Sendable {
    private let stored: StoredJob
    private let job: Job?

    /// - Parameter job: What the stored text says; nil when this version of Rota cannot read it.
    package init(_ stored: StoredJob, job: Job?) {
        self.stored = stored
        self.job = job
    }

    private enum Key: String, CodingKey {
        case name, description, schedule, zone, after, runOn, disabled, labels, nextDue, definition, file, line, registeredAt,
            accountedUntil
        case removedAt, successes, failures, lastRun, paused, pool, priority, cpus, memory, gres, slurm, container, mounts,
            parameters, expect, usualSeconds
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(stored.control.job.text, forKey: .name)
        try container.encode(job?.description, forKey: .description)
        try container.encode(job?.schedule?.recurrences.map(\.text) ?? [], forKey: .schedule)
        try container.encode(job?.schedule?.zone.name, forKey: .zone)
        try container.encode(job?.after.map { ["job": $0.parent.text, "on": $0.on.rawValue] } ?? [], forKey: .after)
        try container.encode(job?.runOn, forKey: .runOn)
        try container.encode(job?.disabled, forKey: .disabled)
        try container.encode(job?.labels ?? [:], forKey: .labels)
        try container.encode(job.flatMap(stored.nextDue(of:))?.rfc3339, forKey: .nextDue)
        try container.encode(stored.definition.version, forKey: .definition)
        try container.encode(stored.definition.file, forKey: .file)
        try container.encode(stored.definition.line, forKey: .line)
        try container.encode(stored.control.registeredAt.rfc3339, forKey: .registeredAt)
        try container.encode(stored.control.accountedUntil.rfc3339, forKey: .accountedUntil)
        try container.encode(stored.control.removedAt?.rfc3339, forKey: .removedAt)
        try container.encode(stored.control.successes, forKey: .successes)
        try container.encode(stored.control.failures, forKey: .failures)
        try container.encode(stored.newest.map { HistoryDocument(.run($0)) }, forKey: .lastRun)
        try container.encode(stored.pause(of: job).map(PauseDocument.init), forKey: .paused)
        try container.encode(job?.pool, forKey: .pool)
        try container.encode(job?.priority, forKey: .priority)
        try container.encode(job?.cpus, forKey: .cpus)
        try container.encode(job?.memory, forKey: .memory)
        try container.encode(job?.gres ?? [], forKey: .gres)
        try container.encode(job?.slurm ?? [:], forKey: .slurm)
        try container.encode(job?.container?.image, forKey: .container)
        try container.encode(job?.container?.mounts ?? [], forKey: .mounts)
        try container.encode(job?.parameters ?? [:], forKey: .parameters)
        try container.encode(job.flatMap { ExpectationDocument($0.expect) }, forKey: .expect)
        try container.encode(stored.control.typicalDuration?.inSeconds, forKey: .usualSeconds)
    }
}

/// What a job promises; absent values are null.
private struct ExpectationDocument: Encodable {
    private let expect: Expectation

    /// nil when it promises nothing.
    init?(_ expect: Expectation) {
        if expect == Expectation() { return nil }
        self.expect = expect
    }

    private enum Key: String, CodingKey { case startWithinSeconds, endBy, zone, durationSeconds }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(expect.startWithin?.inSeconds, forKey: .startWithinSeconds)
        try container.encode(expect.endByText, forKey: .endBy)
        try container.encode(expect.zone.name, forKey: .zone)
        try container.encode(expect.duration?.inSeconds, forKey: .durationSeconds)
    }
}

extension StoredJob {
    /// The job's schedule with its start pinned to the registration, if it has none of its own.
    package func schedule(of job: Job) -> Schedule? {
        control.anchor.map { job.schedule?.anchored(at: $0) } ?? job.schedule
    }

    /// The pause that holds the job; nil when none does.
    ///
    /// - Parameter job: What the stored text says; of one that cannot be read no labels are known.
    package func pause(of job: Job?) -> Pause? { pauses.holding(control.job, labels: job?.labels ?? [:]) }
}
