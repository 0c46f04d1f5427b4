import Daemon
import RunHistory
import Scheduling
import Timetable

/// What a backfill would do, read off the ledger without asking the scheduler.
struct BackfillPreview: Encodable {
    let order: BackfillOrder
    let choice: BackfillChoice
    private let slots: JobSlots
    private let expected: Duration?
    private let sample: String?

    /// - Throws: `CommandFailure` when there is nothing that could be run.
    init(
        of name: JobName, from: InstantArgument, to: EndArgument?, onlyMissed: Bool, maxRunning: Int, in reader: LedgerReader
    ) throws {
        let slots = try JobSlots(of: name, in: reader)
        guard let schedule = slots.schedule else {
            throw CommandFailure(
                .unwell,
                "`\(name)` has no slots: nothing but a request or the ends of its parents makes it due; `rota run \(name)` runs it once")
        }
        let now = SystemClock().now()
        let first = from.instant(in: schedule.zone)
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
        (expected, sample) = try Self.expectation(slots, maxRunning: maxRunning, runs: choice.chosen.count, in: reader)
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

    /// The medians of the job and of those below it, for each slot, side by side as far as they may be.
    private static func expectation(
        _ slots: JobSlots, maxRunning: Int, runs: Int, in reader: LedgerReader
    ) throws -> (Duration?, String?) {
        let sinceEver = Instant(seconds: 0)
        guard let own = try reader.statistics(of: slots.job.name, since: sinceEver, limit: 1_000).jobs.first?.duration else {
            return (nil, nil)
        }
        var flow = own.p50
        for name in slots.scope.below {
            flow = flow + (try reader.statistics(of: name, since: sinceEver, limit: 1_000).jobs.first?.duration?.p50 ?? .zero)
        }
        let atATime = slots.job.overlap == .allow || !slots.scope.below.isEmpty ? maxRunning : 1
        let whole = max(flow * runs / atATime, slots.job.overlap == .allow ? .zero : own.p50 * runs)
        return (whole, "a run takes \(own.p50.words), a whole flow \(flow.words) (medians)")
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
            ("left alone", leftAlone.isEmpty ? nil : leftAlone.joined(separator: ", ")),
            ("with them", slots.scope.below.isEmpty ? nil : slots.scope.below.map(\.text).joined(separator: ", ")),
            ("at a time", "\(order.maxRunning)\(one)"),
            ("takes", expected.map { "about \($0.words): \(sample ?? "")" } ?? "not known: it never ran"),
        ])
    }

    private var leftAlone: [String] {
        [
            choice.busy > 0 ? "\(choice.busy) on their way" : nil, choice.ran > 0 ? "\(choice.ran) that ran" : nil,
            choice.unknown > 0 ? "\(choice.unknown) of which nobody knows any more whether they ran" : nil,
        ].compactMap(\.self)
    }

    private enum Key: String, CodingKey {
        case job, from, to, slots, first, last, again, busy, ran, unknown, below, onlyMissed, maxRunning, expectedSeconds
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
        try container.encode(expected?.inSeconds, forKey: .expectedSeconds)
    }
}
