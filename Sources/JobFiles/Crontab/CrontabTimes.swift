internal import Timetable

/// The times of a line of a crontab as a cron line of ours.
///
/// They stay as they are where both mean the same. Rewritten are what only one of the two can say:
///
/// | cron | here | |
/// |---|---|---|
/// | `10~40`, `~` | `H(10-40)`, `H(0-59)` | cronie draws a time at each of its starts, Rota one for good, from the job's name |
/// | `*/60` | `0` | a step beyond the field's end takes the first number only |
struct CrontabTimes {
    /// With single blanks between the fields.
    let cron: String
    private(set) var remarks: [CrontabRemark] = []

    /// - Throws: Why Rota cannot follow these times.
    init(_ words: [CrontabEntry.Word]) throws(CrontabRemark) {
        if words.first?.text == "@reboot" {
            throw .error(
                "@reboot names no time, but the start of the machine; make it a service of the system manager (systemd: a unit with "
                    + "WantedBy=multi-user.target)", column: words.first?.column ?? 1)
        }
        guard words.count == 5 else {
            cron = words.first?.text ?? ""
            try check(words)
            return
        }
        var fields: [String] = []
        for (word, field) in zip(words, CrontabField.all) {
            var field = FieldTranslation(word, field)
            fields.append(try field.translated())
            remarks += field.remarks
        }
        cron = fields.joined(separator: " ")
        try check(words)
    }

    /// Holds the result against the parser of the timetable.
    private func check(_ words: [CrontabEntry.Word]) throws(CrontabRemark) {
        do {
            // What `H` is drawn from makes no difference to whether a text is right.
            _ = try Recurrence(cron: cron)
        } catch {
            throw .error(error.message, column: Self.column(of: error.column, in: cron, words))
        }
    }

    /// Where a character of the cron line stands in the line of the crontab: exact in fields that were not rewritten.
    private static func column(of column: Int, in cron: String, _ words: [CrontabEntry.Word]) -> Int {
        let before = cron.unicodeScalars.prefix(column - 1)
        let field = before.count { $0 == " " }
        guard words.indices.contains(field) else { return words.last?.column ?? 1 }
        let offset = before.reversed().prefix { $0 != " " }.count
        return words[field].column + min(offset, max(words[field].text.unicodeScalars.count - 1, 0))
    }
}

/// One of the five fields, with the numbers that cron counts there.
private struct CrontabField {
    let name: String
    let range: ClosedRange<Int>
    /// What `~` alone means; 7 is the same day as 0.
    let drawn: ClosedRange<Int>
    /// Whether the field goes by other rules when it begins with `*`: the two fields of days do.
    let mindsStar: Bool

    private init(_ name: String, _ range: ClosedRange<Int>, drawn: ClosedRange<Int>? = nil, mindsStar: Bool = false) {
        self.name = name
        self.range = range
        self.drawn = drawn ?? range
        self.mindsStar = mindsStar
    }

    static let all = [
        CrontabField("minute", 0...59), CrontabField("hour", 0...23), CrontabField("day of the month", 1...31, mindsStar: true),
        CrontabField("month", 1...12), CrontabField("day of the week", 0...7, drawn: 0...6, mindsStar: true),
    ]
}

/// The translation of one field, part by part.
private struct FieldTranslation {
    private let word: CrontabEntry.Word
    private let field: CrontabField
    private(set) var remarks: [CrontabRemark] = []

    init(_ word: CrontabEntry.Word, _ field: CrontabField) {
        self.word = word
        self.field = field
    }

    mutating func translated() throws(CrontabRemark) -> String {
        var parts: [String] = []
        for part in word.text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            if !part.contains("~") { tellWhatCronDoesNotKnow(part) }
            parts.append(try translated(part))
        }
        return parts.joined(separator: ",")
    }

    private mutating func translated(_ part: String) throws(CrontabRemark) -> String {
        let pieces = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let base = pieces.first else { return part }
        if base.contains("~") {
            let drawn = try drawn(base)
            remarks.append(
                .note(
                    "cronie draws the \(field.name) anew at each of its starts; `\(drawn)` draws it once, from the job's name",
                    column: word.column))
            return ([drawn] + pieces.dropFirst()).joined(separator: "/")
        }
        guard pieces.count == 2, let step = Int(pieces[1]), step > 0 else { return part }
        return stepped(part, base, step)
    }

    /// `H(n-m)` for `n~m`, where either may be missing.
    private func drawn(_ base: String) throws(CrontabRemark) -> String {
        let ends = base.split(separator: "~", omittingEmptySubsequences: false).map(String.init)
        guard ends.count == 2 else {
            throw .error("`\(base.shortened)` is no range to draw from; write for example 10~40", column: word.column)
        }
        let first = ends[0].isEmpty ? "\(field.drawn.lowerBound)" : ends[0]
        let last = ends[1].isEmpty ? "\(field.drawn.upperBound)" : ends[1]
        return "H(\(first)-\(last))"
    }

    /// A step that reaches beyond the end of the field leaves its first number.
    private mutating func stepped(_ part: String, _ base: String, _ step: Int) -> String {
        guard step > field.range.upperBound else { return part }
        let first = base == "*" ? "\(field.range.lowerBound)" : String(base.prefix { $0 != "-" })
        // `*/31` is the first only, too, and begins with the star that a field of days goes by.
        let short = base == "*" && field.mindsStar ? "*/\(field.range.upperBound)" : first
        remarks.append(
            .note(
                "`\(part.shortened)` in the \(field.name) leaves only \(first), in cron as here, and is written as `\(short)`",
                column: word.column))
        return short
    }

    /// What Rota takes and cron refuses never ran there.
    private mutating func tellWhatCronDoesNotKnow(_ part: String) {
        let pieces = part.split(separator: "/", maxSplits: 1).map(String.init)
        let isSteppedNumber = pieces.count == 2 && pieces[0] != "*" && !pieces[0].contains("-")
        let isForeign = part.contains { "?#LlWwHh".contains($0) } && !Self.isName(part)
        guard isSteppedNumber || isForeign else { return }
        remarks.append(
            .warning(
                "cron refuses `\(part.shortened)` in the \(field.name), so this line may never have run; Rota takes it", column: word.column
            ))
    }

    /// Whether the letters are those of months and days: `JUL`, `thu-sat`, `mar/2`.
    private static func isName(_ part: String) -> Bool {
        part.split { "-/".contains($0) }.allSatisfy { word in
            word.allSatisfy(\.isNumber) || word == "*" || (word.count == 3 && word.allSatisfy(\.isLetter))
        }
    }
}
