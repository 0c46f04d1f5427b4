package import Timetable

/// Why a backfill runs no slot at all, or fewer than its time lets expect.
package struct BackfillReason: Hashable, Sendable {
    /// The words are part of `rota backfill --dry-run --json`: some may be added, none is changed.
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        // The schedule has no slot there.
        case schedule, notBefore, notAfter, except, between, dst
        // There is one, and it is left alone.
        case busy, ran, unknown
    }

    package let rule: Rule
    package let text: String

    init(_ rule: Rule, _ text: String) {
        self.rule = rule
        self.text = text
    }
}

extension BackfillOrder {
    /// What leaves slots out of the time that is asked for, in the order of time; where no slot is in it there is a reason.
    package func absences(in schedule: Schedule) -> [BackfillReason] {
        guard let begin = schedule.next(after: .distantPast)?.due, let end = schedule.previous(before: .distantFuture)?.due else {
            return [BackfillReason(.schedule, "the schedule has no slot at all")] + exclusions(in: schedule, from: first, through: last)
        }
        let within = exclusions(in: schedule, from: max(first, begin), through: min(last, end))
        let outside = [beginning(of: schedule, begin), ending(of: schedule, end)]
        let reasons = [outside[0]].compactMap(\.self) + within + [outside[1]].compactMap(\.self)
        let isBetweenSlots = outside == [nil, nil] && schedule.count(after: first - Instant.resolution, through: last) == 0
        return isBetweenSlots ? reasons + [neighbours(in: schedule)] : reasons
    }

    private func beginning(of schedule: Schedule, _ begin: Instant) -> BackfillReason? {
        guard first < begin else { return nil }
        let local = schedule.localZone.local(begin)
        let left = schedule.excluded(after: first - Instant.resolution, through: min(last, begin - Instant.resolution), atMost: 1)
        if left.first?.limit == .notBefore {
            return BackfillReason(.notBefore, "`notBefore` takes away what comes before \(local)")
        }
        // Who begins at the midnight before the first slot leaves nothing out.
        let period = schedule.next(after: begin).map { $0.due - begin } ?? .zero
        guard last < begin || begin - first > period else { return nil }
        return BackfillReason(.schedule, "the schedule begins with its slot at \(local)")
    }

    private func ending(of schedule: Schedule, _ end: Instant) -> BackfillReason? {
        guard end < last else { return nil }
        let local = schedule.localZone.local(end)
        if schedule.excluded(after: max(end, first - Instant.resolution), through: last, atMost: 1).first?.limit == .notAfter {
            return BackfillReason(.notAfter, "`notAfter` takes away what comes after \(local)")
        }
        let period = schedule.previous(before: end).map { end - $0.due } ?? .zero
        guard end < first || last - end > period else { return nil }
        return BackfillReason(.schedule, "the schedule ended with its slot at \(local)")
    }

    /// Of more than so many it is only said that there are more.
    private static let mostCounted = 10_000

    private func exclusions(in schedule: Schedule, from start: Instant, through end: Instant) -> [BackfillReason] {
        guard start <= end else { return [] }
        let justBefore = start - Instant.resolution
        let excluded = schedule.excluded(after: justBefore, through: end, atMost: Self.mostCounted + 1)
        let limits = [(Limit.except, BackfillReason.Rule.except), (.between, .between)].map { limit, rule in
            (rule, "`\(limit.rawValue)` takes", excluded.count { $0.limit == limit }, " away")
        }
        let isLeftOut = schedule.daylight.gap == .skip
        let changed = isLeftOut ? schedule.changedSlots(after: justBefore, through: end, atMost: Self.mostCounted) : []
        let clock = (BackfillReason.Rule.dst, "a clock that is put forward leaves", changed.count { $0.change == nil }, " out (`dst`)")
        return (limits + [clock]).filter { $0.2 > 0 }.map { rule, verb, count, away in
            let number = count > Self.mostCounted ? "more than \(Self.mostCounted) slots" : "\(count) \(count == 1 ? "slot" : "slots")"
            return BackfillReason(rule, "\(verb) \(number)\(away)")
        }
    }

    private func neighbours(in schedule: Schedule) -> BackfillReason {
        let nearest = [schedule.previous(before: first)?.due, schedule.next(after: last)?.due].compactMap(\.self)
        return BackfillReason(.schedule, "the nearest slots are \(list(nearest.map { schedule.localZone.local($0) }))")
    }
}

extension BackfillChoice {
    /// What is left alone of the slots that there are.
    package var reasons: [BackfillReason] {
        func told(_ rule: BackfillReason.Rule, _ count: Int, _ one: String, _ several: String) -> BackfillReason? {
            if count == 0 { return nil }
            return BackfillReason(rule, count == 1 ? "1 slot \(one)" : "\(count) slots \(several)")
        }
        let may = "may have run, for nothing is in the ledger of"
        return [
            told(.busy, busy, "is on its way already", "are on their way already"),
            told(
                .ran, ran, "ran already, and runs again without `--only-missed`", "ran already, and run again without `--only-missed`"),
            told(
                .unknown, unknown, "\(may) it any more; it runs without `--only-missed`",
                "\(may) them any more; they run without `--only-missed`"),
        ].compactMap(\.self)
    }
}
