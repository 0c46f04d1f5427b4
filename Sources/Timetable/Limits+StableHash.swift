extension Limits {
    /// A number drawn from all that the limits say, the same in every process and on every machine.
    ///
    /// Of a calendar its words count, not the instants that this machine's tz database makes of them.
    package var stableHash: UInt64 {
        var parts: [String] = []
        if let notBefore { parts.append("notBefore \(notBefore.words)") }
        if let notAfter { parts.append("notAfter \(notAfter.words)") }
        parts += exclusions.map(\.description)
        parts += windows.map { "window \($0.from) \($0.until) \($0.weekdays)" }
        return Timetable.stableHash(of: parts.joined(separator: "\n"), salt: 0)
    }
}

extension Exclusion {
    fileprivate var description: String {
        switch self {
        case .days(let days): "days \(days.lowerBound) \(days.upperBound)"
        case .weekdays(let bits): "weekdays \(bits)"
        case .yearly(let month, let day): "yearly \(month) \(day)"
        case .instants(let times): "instants \(times.lowerBound.microseconds) \(times.upperBound.microseconds)"
        case .calendar(let calendar): "calendar \(calendar.meaning)"
        }
    }
}
