/// A calendar period of ISO 8601-1:2019, 5.5.2: what lies between two occurrences.
///
/// Its three parts differ in kind and are never turned into one another: months vary in length and end early where the month does,
/// days keep the time of day on the wall clock, and the rest is elapsed time.
package struct Period: Hashable, Sendable {
    /// Years count as twelve.
    let months: Int64
    /// Weeks count as seven.
    let days: Int64
    /// Elapsed time in microseconds.
    let elapsed: Int64

    init(months: Int64 = 0, days: Int64 = 0, elapsed: Int64 = 0) {
        self.months = months
        self.days = days
        self.elapsed = elapsed
    }

    var isZero: Bool { months == 0 && days == 0 && elapsed == 0 }

    /// The length on average over the 400 years after which the calendar repeats itself, where a month has 30.436875 days.
    var averageMicroseconds: Int64 {
        months * 2_629_746 * WallTime.second + days * WallTime.day + elapsed
    }

    /// Nothing longer is accepted, so that no arithmetic with periods can overflow.
    static let longestYears: Int64 = 10_000
}
