/// What takes a slot away from a schedule: one of the keys of a job's limits.
package enum Limit: String, Hashable, Sendable {
    case notBefore, notAfter, except, between
}

/// An occurrence that is no slot, because the limits take it away.
package struct ExcludedOccurrence: Hashable, Sendable {
    /// When the slot would be due.
    package let due: Instant
    package let limit: Limit
}

extension Schedule {
    /// Occurrences in (`start`, `end`] that the limits take away, ascending, `most` of them at most: for people who ask why nothing runs.
    ///
    /// Slots between them are walked, so that the range should hold no more of these than one wants to see.
    package func excluded(after start: Instant, through end: Instant, atMost most: Int) -> [ExcludedOccurrence] {
        guard storage.isLimited else { return [] }
        var excluded: [ExcludedOccurrence] = []
        var cursor = start - delay
        while excluded.count < most, let slot = storage.slots.union.next(after: cursor), slot.due + delay <= end {
            if let limit = storage.slots.limit(at: slot.due) { excluded.append(ExcludedOccurrence(due: slot.due + delay, limit: limit)) }
            cursor = slot.due
        }
        return excluded
    }

    /// How many occurrences in (`start`, `end`] the limits take away; `Int.max` at most.
    package func excludedCount(after start: Instant, through end: Instant) -> Int {
        guard storage.isLimited else { return 0 }
        return storage.slots.union.count(after: start - delay, through: end - delay) - count(after: start, through: end)
    }
}
