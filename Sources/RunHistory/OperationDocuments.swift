package import Scheduling
import Timetable

/// The wire shape of an order about a slot, for the commands and the REST API alike: keys are added, never changed.
package struct SlotOrderDocument: Encodable, Sendable {
    private let order: SlotOrder

    package init(_ order: SlotOrder) { self.order = order }

    private enum Key: String, CodingKey { case job, due, kind, by, since }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(order.job.text, forKey: .job)
        try container.encode(order.due.rfc3339, forKey: .due)
        try container.encode(order.kind.rawValue, forKey: .kind)
        try container.encode(order.by, forKey: .by)
        try container.encode(order.since.rfc3339, forKey: .since)
    }
}

/// The wire shape of a backfill and of how far it is: keys are added, never changed.
///
/// `state` is `running`, `done` or `cancelled`; `runs` counts the newest attempts of its slots by their states, `below` those of the jobs that
/// go with them. `pending` are slots that it has not come to, `passedOver` those that it found on their way when it did.
package struct BackfillDocument: Encodable, Sendable {
    private let stored: StoredBackfill

    package init(_ stored: StoredBackfill) { self.stored = stored }

    private enum Key: String, CodingKey {
        case id, job, from, to, slots, onlyMissed, maxRunning, by, at, cancelledAt, cancelledBy, state, ended, failed, runs, below
        case pending, passedOver
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        let backfill = stored.backfill
        try container.encode(backfill.id, forKey: .id)
        try container.encode(backfill.job.text, forKey: .job)
        try container.encode(backfill.first.rfc3339, forKey: .from)
        try container.encode(backfill.last.rfc3339, forKey: .to)
        try container.encode(backfill.slots, forKey: .slots)
        try container.encode(backfill.onlyMissed, forKey: .onlyMissed)
        try container.encode(backfill.maxRunning, forKey: .maxRunning)
        try container.encode(backfill.by, forKey: .by)
        try container.encode(backfill.at.rfc3339, forKey: .at)
        try container.encode(backfill.cancelledAt?.rfc3339, forKey: .cancelledAt)
        try container.encode(backfill.cancelledBy, forKey: .cancelledBy)
        try container.encode(stored.progress.rawValue, forKey: .state)
        try container.encode(stored.ended, forKey: .ended)
        try container.encode(stored.failed, forKey: .failed)
        try container.encode(words(stored.slots), forKey: .runs)
        try container.encode(words(stored.below), forKey: .below)
        try container.encode(backfill.isBeginning ? backfill.pending.count : 0, forKey: .pending)
        try container.encode(backfill.passedOver, forKey: .passedOver)
    }

    private func words(_ counts: [RunState: Int]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: counts.map { ($0.rawValue, $1) })
    }
}
