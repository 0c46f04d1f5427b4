package import Scheduling
package import Timetable

/// The wire shape of what came of a request that controls runs or jobs, as the REST API answers and the commands read and print it: keys are
/// added, never changed; absent values are null.
package struct ControlDocument: Codable, Sendable {
    /// Whether anything changed: false when it was so already.
    package let changed: Bool
    package var id: String?
    package var job: String?
    package var due: String?
    package var attempt: Int?
    package var jobs: Int?
    package var stillPaused: Int?
    package var backfill: Int64?
    package var slots: Int?
    package var leftAlone: Int?
    package var withdrawn: Int?
    package var active: Int?
    package var orders: Int?
    package var runs: Int?
    package var detail: String?

    package init(
        changed: Bool = true, id: String? = nil, job: JobName? = nil, due: Instant? = nil, attempt: Int? = nil, jobs: Int? = nil,
        stillPaused: Int? = nil, backfill: Int64? = nil, slots: Int? = nil, leftAlone: Int? = nil, withdrawn: Int? = nil,
        active: Int? = nil, orders: Int? = nil, runs: Int? = nil, detail: String? = nil
    ) {
        (self.changed, self.id, self.job, self.due, self.attempt) = (changed, id, job?.text, due?.rfc3339, attempt)
        (self.jobs, self.stillPaused, self.detail) = (jobs, stillPaused, detail)
        (self.backfill, self.slots, self.leftAlone) = (backfill, slots, leftAlone)
        (self.withdrawn, self.active, self.orders, self.runs) = (withdrawn, active, orders, runs)
    }

    /// Of the run that was asked about, or made.
    package init(id: String?, key: RunKey) {
        self.init(id: id, job: key.job, due: key.due, attempt: key.attempt)
    }

    private enum CodingKeys: String, CodingKey {
        case changed, id, job, due, attempt, jobs, stillPaused, backfill, slots, leftAlone, withdrawn, active, orders, runs, detail
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(changed, forKey: .changed)
        try container.encode(id, forKey: .id)
        try container.encode(job, forKey: .job)
        try container.encode(due, forKey: .due)
        try container.encode(attempt, forKey: .attempt)
        try container.encode(jobs, forKey: .jobs)
        try container.encode(stillPaused, forKey: .stillPaused)
        try container.encode(backfill, forKey: .backfill)
        try container.encode(slots, forKey: .slots)
        try container.encode(leftAlone, forKey: .leftAlone)
        try container.encode(withdrawn, forKey: .withdrawn)
        try container.encode(active, forKey: .active)
        try container.encode(orders, forKey: .orders)
        try container.encode(runs, forKey: .runs)
        try container.encode(detail, forKey: .detail)
    }
}
