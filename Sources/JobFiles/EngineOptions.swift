/// Reads options of a cluster engine: a map of their long names, each with a value, or `true` for one that takes none.
///
/// Which of them a task may have is known to those who hand it over.
enum EngineOptions {
    /// Flags have an empty value.
    static func read(_ key: String, from fields: inout Fields) -> [String: String] {
        guard let element = fields.element(key) else { return [:] }
        let path = fields.path + key
        guard case .map(let members) = element.content else {
            fields.findings.error(
                element.place, "`\(path)` must be a map of options such as { nice: 100, exclusive: true }, not \(element.kind)")
            return [:]
        }
        var options: [String: String] = [:]
        for member in members { options[member.key] = value(of: member, path, fields.findings) }
        fields.record(key, .map(options.mapValues { $0.isEmpty ? .flag(true) : .text($0) }))
        return options
    }

    private static func value(of member: Element.Member, _ path: String, _ findings: Findings) -> String? {
        let name = member.key.shortened
        guard isName(member.key) else {
            let advice = member.key.hasPrefix("-") ? "write it without dashes" : "names are written as after `--`, such as `mail-type`"
            findings.error(member.place, "`\(name)` is no name of an option; \(advice)")
            return nil
        }
        switch member.value.content {
        case .text("true"): return ""
        case .text("false"):
            findings.error(member.value.place, "`\(path).\(name)`: an option that is not wanted is left out; take it out")
        case .text(""):
            findings.error(member.value.place, "`\(path).\(name)` is empty; write a value, or true for an option without one")
        case .text(let text):
            guard text.utf8.contains(0) else { return text }
            findings.error(member.value.place, "`\(path).\(name)` holds a NUL character")
        case .nothing, .null:
            findings.error(member.place, "`\(path).\(name)` has no value; write one, or true for an option without one")
        case .list, .map:
            findings.error(member.value.place, "`\(path).\(name)` must be a text or true, not \(member.value.kind)")
        }
        return nil
    }

    /// `[a-z][a-z0-9-]*`: nothing that could be taken for an option and its value in one.
    private static func isName(_ text: String) -> Bool {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = text.utf8.first, letters.contains(first) else { return false }
        return text.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-") }
    }
}
