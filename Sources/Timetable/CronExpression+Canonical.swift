extension CronExpression {
    /// The expression in one way of writing it: numbers without names, ascending, `H` and words such as `@daily` written out; six fields
    /// when seconds matter.
    ///
    /// Read again it asks for the same times, and its canonical text is the same.
    var canonicalText: String {
        let fields = [
            Self.text(of: minutes, .minute), Self.text(of: hours, .hour), dayOfMonth.canonicalText, Self.text(of: months, .month),
            dayOfWeek.canonicalText,
        ]
        return ((seconds == 1 ? [] : [Self.text(of: seconds, .second)]) + fields).joined(separator: " ")
    }

    /// `*`, `*/5`, or a list of numbers and ranges.
    fileprivate static func text(of set: UInt64, _ field: CronField) -> String {
        if set == whole(field) { return "*" }
        return stepped(set, field) ?? parts(of: set).joined(separator: ",")
    }

    fileprivate static func whole(_ field: CronField) -> UInt64 {
        field.all.reduce(0) { $0 | 1 << UInt64($1) }
    }

    /// `*/n` when that is the set; nil for others, and where the numbers themselves are no longer.
    fileprivate static func stepped(_ set: UInt64, _ field: CronField) -> String? {
        let members = Array(set.bits)
        guard members.count > 2, members[0] == field.all.lowerBound else { return nil }
        let step = members[1] - members[0]
        return members == Array(stride(from: field.all.lowerBound, through: field.all.upperBound, by: step)) ? "*/\(step)" : nil
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

    /// The parts of a day field; one that begins with a star joins the other day field by `and`, so that the star must stay.
    fileprivate static func text(ofDays days: UInt64, isStar: Bool, _ field: CronField, besides others: [String]) -> String {
        if isStar, days == whole(field) { return (["*"] + others).joined(separator: ",") }
        if others.isEmpty, isStar, let stepped = stepped(days, field) { return stepped }
        // A step as long as the field leaves its first number alone, which every field with a star has.
        let numbers = isStar ? ["*/\(field.range.upperBound)"] + parts(of: days & ~(1 << UInt64(field.all.lowerBound))) : parts(of: days)
        return (numbers + others).joined(separator: ",")
    }
}

extension CronExpression.DaysOfMonth {
    fileprivate var canonicalText: String {
        var others = beforeLast.bits.map { $0 == 0 ? "L" : "L-\($0)" }
        others += nearestWeekday.bits.map { "\($0)W" }
        if lastWeekday { others.append("LW") }
        return CronExpression.text(ofDays: days, isStar: isStar, .dayOfMonth, besides: others)
    }
}

extension CronExpression.DaysOfWeek {
    fileprivate var canonicalText: String {
        let others = nth.bits.map { "\($0 / 8)#\($0 % 8)" } + last.bits.map { "\($0)L" }
        return CronExpression.text(ofDays: days, isStar: isStar, .dayOfWeek, besides: others)
    }
}
