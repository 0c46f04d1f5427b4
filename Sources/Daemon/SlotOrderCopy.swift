import Foundation
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
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try StateFile.replace(path, with: String(decoding: encoder.encode(orders.map(Entry.init)), as: UTF8.self))
    }

    /// nil when there is none that can be read whole.
    func read() -> [SlotOrder]? {
        guard let data = FileManager.default.contents(atPath: path), let entries = try? JSONDecoder().decode([Entry].self, from: data)
        else {
            return nil
        }
        let orders = entries.compactMap(\.order)
        return orders.count == entries.count ? orders : nil
    }
}

extension StateFolder {
    var slotOrderCopy: SlotOrderCopy { SlotOrderCopy(path: path + "/slot-orders") }
}
