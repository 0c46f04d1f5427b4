/// A point in time: whole microseconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX time).
///
/// The range is that of `Int64`: about ±292 000 years. Arithmetic saturates at `distantPast` and `distantFuture` instead of
/// trapping, so that no schedule text, however strange, can stop the scheduler.
package struct Instant: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Whole seconds since 1970-01-01T00:00:00Z; saturates.
    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    package static let epoch = Instant(microseconds: 0)
    package static let distantPast = Instant(microseconds: .min)
    package static let distantFuture = Instant(microseconds: .max)

    /// The smallest difference between two instants.
    package static let resolution = Duration.microseconds(1)

    package static func < (left: Instant, right: Instant) -> Bool {
        left.microseconds < right.microseconds
    }

    package static func + (instant: Instant, elapsed: Duration) -> Instant {
        let (sum, overflow) = instant.microseconds.addingReportingOverflow(elapsed.wholeMicroseconds)
        return overflow ? (elapsed < .zero ? .distantPast : .distantFuture) : Instant(microseconds: sum)
    }

    package static func - (instant: Instant, elapsed: Duration) -> Instant {
        instant + (.zero - elapsed)
    }

    /// The time that elapsed from `earlier` to `later`; negative when they stand the other way round.
    package static func - (later: Instant, earlier: Instant) -> Duration {
        let (difference, overflow) = later.microseconds.subtractingReportingOverflow(earlier.microseconds)
        return .microseconds(overflow ? (later < earlier ? Int64.min : .max) : difference)
    }
}

extension Duration {
    /// Microseconds, rounded towards zero; saturates at the range of `Int64`.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return overflow || overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds with their fraction, for people and for JSON.
    package var inSeconds: Double {
        Double(wholeMicroseconds) / 1_000_000
    }
}
