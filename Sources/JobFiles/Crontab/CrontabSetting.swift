/// A line of a crontab that sets a variable: `NAME = value`.
///
/// The rules are those of crontab(5): blanks around the sign are optional, unquoted values lose blanks at their end, a name or a value may
/// stand in quotes, single or double, that match and that nothing follows, and nothing is expanded. The one thing that only cronie takes is
/// a value that is missing (`MAILTO=`).
struct CrontabSetting: Hashable {
    var name: String
    var value: String
    /// Of the value, from 1.
    var column: Int

    /// nil for a line that is no setting, which cron then reads as times and a command.
    init?(_ line: String) {
        var rest = line.unicodeScalars[...]
        rest = rest.drop { Self.isBlank($0) }
        guard let name = Self.takeName(&rest) else { return nil }
        rest = rest.drop { Self.isBlank($0) }
        guard rest.popFirst() == "=" else { return nil }
        rest = rest.drop { Self.isBlank($0) }
        column = line.unicodeScalars.count - rest.count + 1
        guard let value = Self.value(rest) else { return nil }
        self.name = name
        self.value = value
    }

    private static func takeName(_ rest: inout Substring.UnicodeScalarView) -> String? {
        if let quote = takeQuote(&rest) {
            let name = rest.prefix { $0 != quote }
            rest = rest.dropFirst(name.count)
            guard rest.popFirst() != nil, !name.contains("=") else { return nil }
            return String(name)
        }
        let name = rest.prefix { !isBlank($0) && $0 != "=" }
        rest = rest.dropFirst(name.count)
        return name.isEmpty ? nil : String(name)
    }

    private static func value(_ rest: Substring.UnicodeScalarView) -> String? {
        var rest = rest
        if let quote = takeQuote(&rest) {
            let value = rest.prefix { $0 != quote }
            rest = rest.dropFirst(value.count)
            guard rest.popFirst() != nil, rest.allSatisfy(isBlank) else { return nil }
            return String(value)
        }
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return String(rest)
    }

    private static func takeQuote(_ rest: inout Substring.UnicodeScalarView) -> Unicode.Scalar? {
        guard let first = rest.first, first == "'" || first == "\"" else { return nil }
        return rest.popFirst()
    }

    /// What isspace(3) says in the C locale; no line holds a newline.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || ("\t"..."\r").contains(scalar) }
}
