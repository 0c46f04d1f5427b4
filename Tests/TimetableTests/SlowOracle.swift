import Timetable

/// Works out slots the slow way: one after the other from the anchor, with a calendar that counts days one by one, and finds the instants
/// of a wall time by trying every offset of the days around it.
///
/// It shares nothing with the code under test but `Zone.offset(at:)`, which is held against the C library.
struct SlowOracle {
    let zone: Zone
    let daylight: DaylightRule

    /// Instants, in seconds, at which the zone's clock shows `wall`, after the rule; ascending.
    func instants(showing wall: Int64) -> [Int64] {
        let probes = Array(stride(from: wall - 30 * 3600, through: wall + 30 * 3600, by: 7200))
        let offsets = Set(probes.map { offset($0) })
        let found = offsets.map { wall - $0 }.filter { $0 + offset($0) == wall }.sorted()
        if found.isEmpty {
            guard daylight.gap == .shift, let before = probes.last(where: { $0 + offset($0) < wall }) else { return [] }
            return [wall - offset(before)]
        }
        return switch daylight.fold {
        case .first: [found[0]]
        case .last: [found[found.count - 1]]
        case .both: found
        }
    }

    private func offset(_ seconds: Int64) -> Int64 { Int64(zone.offset(at: Instant(seconds: seconds))) }

    /// Slots of `anchor + k × (months, days, elapsed seconds)` in (`start`, `end`], all in seconds.
    func slots(
        anchor: SlowDate, secondOfDay: Int64, months: Int, days: Int, elapsed: Int64, count: Int, after start: Int64, through end: Int64
    ) -> [Int64] {
        var slots: Set<Int64> = []
        for occurrence in 0..<count {
            let date = anchor.adding(months: months * occurrence)
            let wall = (date.dayNumber + Int64(days * occurrence)) * 86_400 + secondOfDay
            guard wall + Int64(occurrence) * elapsed - 30 * 3600 <= end else { break }
            slots.formUnion(instants(showing: wall).map { $0 + Int64(occurrence) * elapsed })
        }
        return slots.filter { start < $0 && $0 <= end }.sorted()
    }
}

/// A date that knows only how long the months are.
struct SlowDate {
    var year: Int
    var month: Int
    var day: Int

    static func length(_ month: Int, _ year: Int) -> Int {
        [31, year % 400 == 0 || year % 4 == 0 && year % 100 != 0 ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    func adding(months: Int) -> SlowDate {
        var sum = self
        for _ in 0..<months {
            sum.month += 1
            if sum.month == 13 { (sum.year, sum.month) = (sum.year + 1, 1) }
        }
        sum.day = min(day, Self.length(sum.month, sum.year))
        return sum
    }

    /// Days since 1970-01-01, for later years.
    var dayNumber: Int64 {
        var number = day - 1
        for year in 1970..<year { number += Self.length(2, year) + 337 }
        for month in 1..<month { number += Self.length(month, year) }
        return Int64(number)
    }
}

/// SplitMix64: small, and the same on every machine, so that a printed seed repeats a failure.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
