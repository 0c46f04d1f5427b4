/// What becomes of local times that a change of the clock leaves out or repeats: the job's `dst:`.
package struct DaylightRule: Hashable, Sendable {
    /// A local time that does not exist, because the clock was put forward over it.
    package enum Gap: String, Hashable, Sendable, CaseIterable {
        /// It is moved later by the length of the gap: 02:30 becomes 03:30.
        case shift
        /// It does not come.
        case skip
    }

    /// A local time that comes twice, because the clock was put back over it.
    package enum Fold: String, Hashable, Sendable, CaseIterable {
        case first, last, both
    }

    /// What was asked for; nil leaves it to the usual: `shift`, and `first`, but cron lines with wildcards go by elapsed time.
    package let statedGap: Gap?
    package let statedFold: Fold?

    package init(gap: Gap? = nil, fold: Fold? = nil) {
        statedGap = gap
        statedFold = fold
    }

    package var gap: Gap { statedGap ?? .shift }
    package var fold: Fold { statedFold ?? .first }
}
