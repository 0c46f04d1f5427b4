import Scheduling
import Timetable

/// What is ordered about slots, once more beside the ledger: a slot that is held or passed over must not run because its ledger was lost.
///
/// It has a file of its own, for that of the pauses is read by earlier versions too.
struct SlotOrderCopy {
    let path: String

    private struct Entry: Codable {
        let job: String
        let due: Int64
        let kind: String
        let by: String
        let since: Int64

        init(_ order: SlotOrder) {
            (job, kind, by) = (order.job.text, order.kind.rawValue, order.by)
            (due, since) = (order.due.microseconds, order.since.microseconds)
        }

        var order: SlotOrder? {
            guard let job = JobName(job), let kind = SlotOrder.Kind(rawValue: kind) else { return nil }
            return SlotOrder(job: job, due: Instant(microseconds: due), kind: kind, by: by, since: Instant(microseconds: since))
        }
    }

    /// Durable when it returns, as the copy of the pauses is.
    ///
    /// - Throws: When it cannot be written.
    func write(_ orders: [SlotOrder]) throws {
        try StateFile.replace(path, with: orders.map(Entry.init))
    }

    /// nil when there is none that can be read whole.
    func read() -> [SlotOrder]? { StateFile.read(path) { (entry: Entry) in entry.order } }
}

extension StateFolder {
    var slotOrderCopy: SlotOrderCopy { SlotOrderCopy(path: path + "/slot-orders") }
}
