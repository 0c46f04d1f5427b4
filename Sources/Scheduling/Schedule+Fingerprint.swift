package import Timetable

extension Schedule {
    /// A text by which a schedule is known again when its file returns: its words as written, its zone and its DST rule, and of its
    /// limits, which may be thousands of days, a hash.
    ///
    /// The anchor of a schedule without a start of its own is no part of it; it stands beside it in the control row. What a schedule does
    /// not have leaves no trace: ledgers hold texts of times when there were no limits.
    var fingerprint: String {
        var lines = recurrences.map(\.words) + ["zone=\(zone.name)", "gap=\(daylight.gap.rawValue)", "fold=\(daylight.fold.rawValue)"]
        let stated = [daylight.statedGap?.rawValue, daylight.statedFold?.rawValue].compactMap(\.self)
        if !stated.isEmpty { lines.append("stated=\(stated.joined(separator: ","))") }
        if !limits.isEmpty { lines.append("limits=\(String(limits.stableHash, radix: 16))") }
        if delay != .zero { lines.append("delay=\(delay.wholeMicroseconds)") }
        return lines.joined(separator: "\n")
    }
}

/// Whether schedules with these fingerprints have one anchor: what only takes slots away or delays them leaves it alone.
func haveOneAnchor(_ fingerprint: String, _ other: String) -> Bool {
    func layout(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { !$0.hasPrefix("limits=") && !$0.hasPrefix("delay=") }
    }
    return layout(fingerprint) == layout(other)
}

extension Schedule? {
    /// Whether both texts say the same, though perhaps by other rules of their zones: the tz database may have changed between them.
    package func saysTheSame(as other: Schedule?) -> Bool {
        isCopy(of: other) || self?.fingerprint == other?.fingerprint
    }

    /// Whether both are copies of one, or both are none; costs nothing.
    func isCopy(of other: Schedule?) -> Bool {
        guard let self, let other else { return self == nil && other == nil }
        return self.isCopy(of: other)
    }
}
