import Daemon
import RunHistory
import Scheduling
import Timetable

/// What a backfill would do, read off the ledger without asking the scheduler.
struct BackfillPreview: Encodable {
    let order: BackfillOrder
    let choice: BackfillChoice
    private let slots: JobSlots
    private let estimate: BackfillEstimate
    /// Why there are no slots to run, or fewer than one may expect.
    private let reasons: [BackfillReason]

    /// - Throws: `CommandFailure` when there is nothing that could be run.
    init(
        of name: JobName, from: InstantArgument, to: EndArgument?, onlyMissed: Bool, maxRunning: Int, in reader: LedgerReader
    ) throws {
        let slots = try JobSlots(of: name, in: reader)
        if slots.job.disabled {
            throw CommandFailure(.unwell, "the job `\(name)` is disabled; take `disabled: true` out of its file to run it")
        }
        guard let schedule = slots.schedule else {
            throw CommandFailure(
                .unwell,
                "`\(name)` has no slots: nothing but a request or the ends of its parents makes it due; `rota run \(name)` runs it once")
        }
        let first = from.instant(in: schedule.zone)
        let now = SystemClock().now()
        let last = to?.end(from: first, in: schedule.zone) ?? now
        // A date includes its day, of which today's is not over.
        let order = BackfillOrder(
            job: name, first: first, last: last > now && last - now < .seconds(86_400) ? now : last, onlyMissed: onlyMissed,
            maxRunning: maxRunning)
        if let late = [order.first, order.last].first(where: { $0 > now }) {
            throw CommandFailure(.unwell, "\(late.rfc3339) has not come yet; what is still to come runs by itself when it is due")
        }
        if order.first > order.last { throw CommandFailure(.usage, "--from is later than --to; the earlier one comes first") }
        let count = schedule.count(after: order.first - Instant.resolution, through: order.last)
        if count > BackfillOrder.most {
            throw CommandFailure(
                .unwell, "these are \(count) slots, and a backfill takes at most \(BackfillOrder.most); give a shorter time")
        }
        self.order = order
        self.slots = slots
        choice = BackfillChoice(
            of: Self.dues(of: schedule, in: order), knowing: try reader.survey(of: order, slots.scope), for: order)
        if let refusal = choice.refusal(with: slots.scope) { throw CommandFailure(.unwell, refusal) }
        reasons = order.absences(in: schedule) + choice.reasons
        estimate = try BackfillEstimate(of: slots, times: choice.chosen.count, maxRunning: maxRunning, in: reader)
    }

    private static func dues(of schedule: Schedule, in order: BackfillOrder) -> [Instant] {
        var dues: [Instant] = []
        var cursor = order.first - Instant.resolution
        while let due = schedule.next(after: cursor)?.due, due <= order.last {
            dues.append(due)
            cursor = due
        }
        return dues
    }

    func tell() {
        let zone = slots.schedule?.localZone
        func local(_ instant: Instant?) -> String? { instant.map { zone?.local($0) ?? $0.rfc3339 } }
        let one =
            slots.job.overlap == .allow ? "" : "; of `\(order.job)` one at a time anyway, for its `overlap: \(slots.job.overlap.text)`"
        Show.print([
            ("job", order.job.text),
            ("slots", "\(choice.chosen.count)" + (slots.scope.head == order.job ? "" : ", those of `\(slots.scope.head)`")),
            ("first", local(choice.chosen.first)),
            ("last", local(choice.chosen.last)),
            ("ran before", choice.again > 0 ? "\(choice.again), which run again" : nil),
            ("left out", reasons.isEmpty ? nil : reasons.map(\.text).joined(separator: "; ")),
            ("with them", choice.chosen.isEmpty || slots.scope.below.isEmpty ? nil : slots.scope.below.map(\.text).joined(separator: ", ")),
            ("at a time", choice.chosen.isEmpty ? nil : "\(order.maxRunning)\(one)"),
            ("takes", choice.chosen.isEmpty ? nil : estimate.words),
        ])
    }

    private enum Key: String, CodingKey {
        case job, from, to, slots, first, last, again, busy, ran, unknown, below, onlyMissed, maxRunning, expectedSeconds
        case expectedBy, reasons
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(order.job.text, forKey: .job)
        try container.encode(order.first.rfc3339, forKey: .from)
        try container.encode(order.last.rfc3339, forKey: .to)
        try container.encode(choice.chosen.count, forKey: .slots)
        try container.encode(choice.chosen.first?.rfc3339, forKey: .first)
        try container.encode(choice.chosen.last?.rfc3339, forKey: .last)
        try container.encode(choice.again, forKey: .again)
        try container.encode(choice.busy, forKey: .busy)
        try container.encode(choice.ran, forKey: .ran)
        try container.encode(choice.unknown, forKey: .unknown)
        try container.encode(slots.scope.below.map(\.text), forKey: .below)
        try container.encode(order.onlyMissed, forKey: .onlyMissed)
        try container.encode(order.maxRunning, forKey: .maxRunning)
        try container.encode(estimate.whole?.inSeconds, forKey: .expectedSeconds)
        try container.encode(estimate.basis, forKey: .expectedBy)
        try container.encode(reasons.map(Reason.init), forKey: .reasons)
    }

    private struct Reason: Encodable {
        let rule: String
        let text: String

        init(_ reason: BackfillReason) { (rule, text) = (reason.rule.rawValue, reason.text) }
    }
}
