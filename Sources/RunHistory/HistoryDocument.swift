package import Scheduling
import Timetable

/// The wire shape of a history entry, for `rota history --json` and the REST API alike: keys are added, never changed.
///
/// Absent values are null. Instants are RFC 3339 in UTC.
package struct HistoryDocument: Encodable, Sendable {
    private let entry: HistoryEntry

    package init(_ entry: HistoryEntry) { self.entry = entry }

    private enum Key: String, CodingKey {
        case id, job, due, attempt, trigger, state, reason, waitingSince, startedAt, endedAt, latenessSeconds, exitCode, signal, executor,
            node
        case definition, flow, readyAt, retry, lastDue, slots, outputRemovedAt, backfill, parameters, handedOn, promises, breaches
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch entry {
        case .run(let stored): try encode(stored, into: &container)
        case .gap(let stored): try encode(stored, into: &container)
        }
    }

    private func encode(_ stored: StoredRun, into container: inout KeyedEncodingContainer<Key>) throws {
        let run = stored.run
        try container.encode(stored.id, forKey: .id)
        try container.encode(run.key.job.text, forKey: .job)
        try container.encode(run.key.due.rfc3339, forKey: .due)
        try container.encode(run.key.attempt, forKey: .attempt)
        try container.encode(run.trigger.rawValue, forKey: .trigger)
        try container.encode(run.state.rawValue, forKey: .state)
        try container.encode(run.reason, forKey: .reason)
        try container.encode(run.waitingSince.rfc3339, forKey: .waitingSince)
        try container.encode(run.startedAt?.rfc3339, forKey: .startedAt)
        try container.encode(run.endedAt?.rfc3339, forKey: .endedAt)
        try container.encode(run.lateness?.inSeconds, forKey: .latenessSeconds)
        try container.encode(run.exitCode, forKey: .exitCode)
        try container.encode(run.signal, forKey: .signal)
        try container.encode(run.executor, forKey: .executor)
        try container.encode(run.node, forKey: .node)
        try container.encode(run.version, forKey: .definition)
        try container.encode(run.flow.text, forKey: .flow)
        try container.encode(run.readyAt.rfc3339, forKey: .readyAt)
        try container.encode(run.retry, forKey: .retry)
        try container.encode(stored.outputRemovedAt?.rfc3339, forKey: .outputRemovedAt)
        try container.encode(run.backfill, forKey: .backfill)
        try container.encode(run.parameters, forKey: .parameters)
        try container.encode(run.handedOn, forKey: .handedOn)
        try container.encode(Promised(run.promises), forKey: .promises)
        try container.encode(run.breaches.map(\.rawValue).sorted(), forKey: .breaches)
        try container.encodeNil(forKey: .lastDue)
        try container.encode(1, forKey: .slots)
    }

    private func encode(_ stored: StoredGap, into container: inout KeyedEncodingContainer<Key>) throws {
        let gap = stored.gap
        try container.encode(gap.job.text, forKey: .job)
        try container.encode(gap.firstDue.rfc3339, forKey: .due)
        try container.encode(gap.lastDue.rfc3339, forKey: .lastDue)
        try container.encode(gap.slots, forKey: .slots)
        try container.encode(RunTrigger.schedule.rawValue, forKey: .trigger)
        try container.encode(gap.state.rawValue, forKey: .state)
        try container.encode(gap.reason, forKey: .reason)
        let absent: [Key] = [
            .id, .attempt, .waitingSince, .startedAt, .endedAt, .latenessSeconds, .exitCode, .signal, .executor, .node, .definition, .flow,
            .readyAt, .retry, .outputRemovedAt, .backfill, .parameters, .handedOn, .promises,
        ]
        for key in absent { try container.encodeNil(forKey: key) }
        try container.encode(stored.breaches.map(\.rawValue).sorted(), forKey: .breaches)
    }
}

/// What was promised of a run; absent values are null.
private struct Promised: Encodable {
    private let promises: Promises

    /// nil when nothing was.
    init?(_ promises: Promises) {
        if promises.isEmpty { return nil }
        self.promises = promises
    }

    private enum Key: String, CodingKey { case startBy, endBy, durationSeconds }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(promises.startBy?.rfc3339, forKey: .startBy)
        try container.encode(promises.endBy?.rfc3339, forKey: .endBy)
        try container.encode(promises.duration?.inSeconds, forKey: .durationSeconds)
    }
}

extension FlowKey {
    /// `<head>@<due>`, as history shows a flow and takes it as a filter.
    package var text: String { "\(head)@\(due.rfc3339)" }

    /// Reads what `text` wrote; nil for anything else.
    package init?(text: String) {
        guard let at = text.firstIndex(of: "@"), let head = JobName(String(text[..<at])),
            let due = Instant(rfc3339: String(text[text.index(after: at)...]))
        else { return nil }
        self.init(head: head, due: due)
    }
}
