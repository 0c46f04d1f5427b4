extension CronExpression {
    /// The expression in one way of writing it: numbers without names, ascending, `H` and words such as `@daily` written out; six fields
    /// when seconds matter.
    ///
    /// Read again it asks for the same times, and its canonical text is the same.
    var canonicalText: String {
        let fields = [
            Self.text(of: minutes, isStar: minutesAreStar, .minute), Self.text(of: hours, isStar: hoursAreStar, .hour),
            dayOfMonth.canonicalText, Self.text(of: months, .month),
            dayOfWeek.canonicalText,
        ]
        return ((seconds == 1 ? [] : [Self.text(of: seconds, .second)]) + fields).joined(separator: " ")
    }

    /// Of a field in which a star means nothing but its numbers: `*`, `*/5`, or a list of numbers and ranges.
    fileprivate static func text(of set: UInt64, _ field: CronField) -> String {
        let text = text(of: set, isStar: set.holds(field.all.lowerBound), field)
        return text.contains(",") || !text.hasPrefix("*") || set.nonzeroBitCount < 3 ? parts(of: set).joined(separator: ",") : text
    }

    /// `1`, `3-5`: three in a row or more become a range.
    fileprivate static func parts(of set: UInt64) -> [String] {
        var parts: [String] = []
        var rest = set
        while rest != 0 {
            let first = rest.trailingZeroBitCount
            let length = (~(rest >> UInt64(first))).trailingZeroBitCount
            let taken = length > 2 ? length : 1
            parts.append(taken > 1 ? "\(first)-\(first + taken - 1)" : "\(first)")
            rest &= ~(((1 << UInt64(taken)) - 1) << UInt64(first))
        }
        return parts
    }

    /// The parts of a field in which a star at the beginning means more than its numbers, so that it must stay.
    fileprivate static func text(of set: UInt64, isStar: Bool, _ field: CronField, besides others: [String] = []) -> String {
        var (first, rest): ([String], UInt64) = ([], set)
        // A field that begins with a star holds the numbers of some step, if only the first.
        if isStar, let step = (1...field.range.upperBound).first(where: { steps(of: $0, field) & ~set == 0 }) {
            (first, rest) = ([step == 1 ? "*" : "*/\(step)"], set & ~steps(of: step, field))
        }
        return (first + parts(of: rest) + others).joined(separator: ",")
    }

    private static func steps(of step: Int, _ field: CronField) -> UInt64 {
        stride(from: field.all.lowerBound, through: field.all.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }
}

extension CronExpression.DaysOfMonth {
    fileprivate var canonicalText: String {
        var others = beforeLast.bits.map { $0 == 0 ? "L" : "L-\($0)" }
        others += nearestWeekday.bits.map { "\($0)W" }
        if lastWeekday { others.append("LW") }
        return CronExpression.text(of: days, isStar: isStar, .dayOfMonth, besides: others)
    }
}

extension CronExpression.DaysOfWeek {
    fileprivate var canonicalText: String {
        let others = nth.bits.map { "\($0 / 8)#\($0 % 8)" } + last.bits.map { "\($0)L" }
        return CronExpression.text(of: days, isStar: isStar, .dayOfWeek, besides: others)
    }
}
