/// Occurrences that lie one elapsed time apart: those of periods without months, in which no clock change plays a part.
///
/// Every question is answered by one division.
struct UniformSeries: Sendable {
    /// Occurrence 0, in microseconds of POSIX time.
    let anchor: Int64
    /// Microseconds; positive.
    let period: Int64
    /// The occurrences there are; none when `lowest` is above `highest`.
    ///
    /// All are instants from `firstSlot` to `lastSlot`.
    let lowest: Int64
    let highest: Int64

    /// `occurrences` bounds the numbers; those outside the range of slots are dropped.
    init(anchor: Instant, period: Int64, occurrences: OccurrenceRange) {
        self.anchor = anchor.microseconds
        self.period = max(period, 1)
        let first = -(self.anchor - Instant.firstSlot.microseconds).floored(by: self.period)
        let last = (Instant.lastSlot.microseconds - self.anchor).floored(by: self.period)
        lowest = max(occurrences.lowest ?? first, first)
        highest = min(occurrences.highest ?? last, last)
    }

    func next(after instant: Instant) -> Slot? {
        slot(max(lowest, lastOccurrence(notAfter: instant) + 1))
    }

    func previous(before instant: Instant) -> Slot? {
        guard instant > .firstSlot else { return nil }
        return slot(min(highest, lastOccurrence(notAfter: Instant(microseconds: instant.microseconds - 1))))
    }

    func count(after start: Instant, through end: Instant) -> Int {
        guard lowest <= highest, start < end else { return 0 }
        let last = min(highest, lastOccurrence(notAfter: end))
        return Int(max(0, last - max(lowest - 1, lastOccurrence(notAfter: start))))
    }

    func occurrence(_ number: Int64) -> Instant? { slot(number)?.due }

    private func lastOccurrence(notAfter instant: Instant) -> Int64 {
        (instant.clampedToSlots.microseconds - anchor).floored(by: period)
    }

    private func slot(_ occurrence: Int64) -> Slot? {
        guard occurrence >= lowest, occurrence <= highest else { return nil }
        return Slot(due: Instant(microseconds: anchor + occurrence * period), occurrence: occurrence)
    }
}

/// Which occurrences a text asks for; nil means without end on that side.
struct OccurrenceRange {
    let lowest: Int64?
    let highest: Int64?

    /// `count` of them from occurrence 0 on.
    init(from count: Int64?) {
        lowest = 0
        highest = count.map { $0 - 1 }
    }

    /// `count` of them that end with occurrence 0.
    init(upTo count: Int64?) {
        lowest = count.map { 1 - $0 }
        highest = 0
    }
}

extension Instant {
    /// The instant itself, or the nearest one within a microsecond of the range of slots, so that arithmetic cannot overflow.
    var clampedToSlots: Instant {
        min(max(self, Instant(microseconds: Self.firstSlot.microseconds - 1)), Instant(microseconds: Self.lastSlot.microseconds + 1))
    }
}
