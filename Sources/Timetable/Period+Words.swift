extension Period {
    /// `every day`, `every 2 weeks`, `every month and 2 days`, `every 1 hour and 30 minutes`.
    var inWords: String {
        let years = months / 12
        let isWeeks = days % 7 == 0
        let seconds = elapsed / WallTime.second
        var parts = [
            (years, "year"), (months % 12, "month"), (isWeeks ? days / 7 : days, isWeeks ? "week" : "day"), (seconds / 3600, "hour"),
            (seconds / 60 % 60, "minute"),
        ].filter { $0.0 != 0 }.map { count, unit in count == 1 ? unit : "\(count) \(unit)s" }
        let rest = elapsed % WallTime.minute
        if rest != 0 { parts.append(rest == WallTime.second ? "second" : "\(Self.decimal(rest)) seconds") }
        if parts.count > 1, parts[0].first?.isNumber != true { parts[0] = "1 " + parts[0] }
        for index in parts.indices.dropFirst() where parts[index].first?.isNumber != true { parts[index] = "1 " + parts[index] }
        return "every " + list(parts)
    }

    /// Seconds with their fraction, without trailing zeros.
    private static func decimal(_ microseconds: Int64) -> String {
        var fraction = String(microseconds % WallTime.second + WallTime.second).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(microseconds / WallTime.second)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}

/// `a`, `a and b`, `a, b and c`.
func list(_ words: [String]) -> String {
    guard let last = words.last else { return "" }
    return words.count == 1 ? last : words.dropLast().joined(separator: ", ") + " and " + last
}
