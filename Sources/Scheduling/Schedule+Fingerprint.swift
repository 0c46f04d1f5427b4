package import Timetable

extension Schedule {
    /// A text by which a schedule is known again when its file returns: its words as written, its zone and its DST rule, and of its
    /// limits, which may be thousands of days, a hash.
    ///
    /// The anchor of a schedule without a start of its own is no part of it; it stands beside it in the control row. What a schedule does
    /// not have leaves no trace: ledgers hold texts of times when there were no limits.
    var fingerprint: String {
        var lines = recurrences.map(\.text) + ["zone=\(zone.name)", "gap=\(daylight.gap.rawValue)", "fold=\(daylight.fold.rawValue)"]
        if !limits.isEmpty { lines.append("limits=\(String(limits.stableHash, radix: 16))") }
        if delay != .zero { lines.append("delay=\(delay.wholeMicroseconds)") }
        return lines.joined(separator: "\n")
    }
}

extension Schedule? {
    /// Whether both texts say the same, though perhaps by other rules of their zones: the tz database may have changed between them.
    package func saysTheSame(as other: Schedule?) -> Bool {
        self == other || self?.fingerprint == other?.fingerprint
    }
}
