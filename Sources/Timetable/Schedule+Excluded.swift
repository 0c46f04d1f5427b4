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
    /// It takes as long as a look at the range's days, however many slots lie in them.
    package func excluded(after start: Instant, through end: Instant, atMost most: Int) -> [ExcludedOccurrence] {
        storage.slots.excluded(after: start - delay, through: end - delay, atMost: most).map {
            ExcludedOccurrence(due: $0.due + delay, limit: $0.limit)
        }
    }

    /// How many occurrences in (`start`, `end`] the limits take away; `Int.max` at most.
    package func excludedCount(after start: Instant, through end: Instant) -> Int {
        guard storage.isLimited else { return 0 }
        return storage.slots.union.count(after: start - delay, through: end - delay) - count(after: start, through: end)
    }
}
