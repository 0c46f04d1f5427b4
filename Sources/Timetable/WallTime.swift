/// A date and time of day as a clock on the wall shows it, without the zone that the wall stands in.
///
/// It counts microseconds since 1970-01-01T00:00:00 on that clock, so that days all have 24 hours and differences are plain
/// subtractions. Which instant it is, and how many, says `Zone.resolve`.
struct WallTime: Hashable, Comparable, Sendable {
    let microseconds: Int64

    init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    init(dayNumber: Int, microsecondOfDay: Int64 = 0) {
        microseconds = Int64(dayNumber) * Self.day + microsecondOfDay
    }

    static let second: Int64 = 1_000_000
    static let minute = 60 * second
    static let hour = 60 * minute
    static let day = 24 * hour

    var dayNumber: Int { Int(microseconds.floored(by: Self.day)) }
    var microsecondOfDay: Int64 { microseconds.flooredRemainder(by: Self.day) }
    var date: CivilDate { CivilDate(dayNumber: dayNumber) }

    static func < (left: WallTime, right: WallTime) -> Bool {
        left.microseconds < right.microseconds
    }
}
