extension Period {
    /// `every day`, `every 2 weeks`, `every 1 month and 2 days`, `every 1 hour and 30 minutes`.
    var inWords: String {
        let parts = parts
        if let only = parts.first, parts.count == 1, only.number == "1" { return "every " + only.unit }
        return "every " + lengthInWords
    }

    /// `1 day`, `1 hour and 30 minutes`.
    var lengthInWords: String {
        list(parts.map { part in "\(part.number) \(part.unit)" + (part.number == "1" ? "" : "s") })
    }

    /// Those that are not zero; weeks where the days make whole ones.
    private var parts: [(number: String, unit: String)] {
        let isWeeks = days % 7 == 0
        let seconds = elapsed / WallTime.second
        let parts = [
            (months / 12, "year"), (months % 12, "month"), (isWeeks ? days / 7 : days, isWeeks ? "week" : "day"),
            (seconds / 3600, "hour"), (seconds / 60 % 60, "minute"),
        ]
        let rest = elapsed % WallTime.minute
        return parts.filter { $0.0 != 0 }.map { ("\($0)", $1) } + (rest == 0 ? [] : [(Self.decimalSeconds(rest), "second")])
    }

    /// Seconds with their fraction, without trailing zeros.
    static func decimalSeconds(_ microseconds: Int64) -> String {
        var fraction = String(microseconds % WallTime.second + WallTime.second).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(microseconds / WallTime.second)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}

extension Duration {
    /// `1 hour and 30 minutes`; a day has 24 hours.
    package var inWords: String {
        let microseconds = wholeMicroseconds
        return Period(days: microseconds / WallTime.day, elapsed: microseconds % WallTime.day).lengthInWords
    }
}

/// `a`, `a and b`, `a, b and c`.
package func list(_ words: [String]) -> String {
    guard let last = words.last else { return "" }
    return words.count == 1 ? last : words.dropLast().joined(separator: ", ") + " and " + last
}
