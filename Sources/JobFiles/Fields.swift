internal import Scheduling
internal import Timetable

/// The values of one map, taken key by key under the type that the key asks for.
///
/// A value that is not of its type is reported and counts as absent. Each value taken goes into `canonical` as well, so that what
/// is hashed is exactly what was understood. In the lenient form (Chronos) `null` and nothing are the same as no key at all.
struct Fields {
    let findings: Findings
    let place: Place
    /// Goes before the keys in messages: `retries.` within `retries`.
    let path: String
    let isLenient: Bool
    private let members: [String: Element.Member]
    private(set) var canonical: [String: CanonicalValue] = [:]

    init(_ map: [Element.Member], at place: Place, path: String = "", isLenient: Bool = false, _ findings: Findings) {
        self.findings = findings
        self.place = place
        self.path = path
        self.isLenient = isLenient
        members = Dictionary(map.map { ($0.key, $0) }) { first, _ in first }
    }

    /// Reports each key that is not in `known`, with the one that was probably meant.
    func refuseKeys(besides known: [String], of what: @autoclosure () -> String) {
        for member in members.values where !known.contains(member.key) {
            let what = what()
            let near = suggestion(for: member.key, among: known)
            let advice =
                member.key == "<<"
                ? "merge keys are not supported, write the keys out"
                : near.map { "did you mean `\($0)`?" } ?? (known.count > 8 ? "\(what) has no such key" : "\(what) has \(known.asWords)")
            findings.error(member.place, "unknown key `\(path)\(member.key.shortened)`; \(advice)")
        }
    }

    // MARK: Untyped

    func has(_ key: String) -> Bool { members[key].map { Self.isValue($0.value) } ?? false }

    var keys: [String] { members.keys.sorted() }

    var unsortedKeys: some Collection<String> { members.keys }

    /// Where the key stands; the beginning of the map when it does not.
    func placeOfKey(_ key: String) -> Place { members[key]?.place ?? place }

    /// Where the value stands; the beginning of the map when there is none.
    func placeOfValue(_ key: String) -> Place { members[key]?.value.place ?? place }

    /// The value as it stands there; nil when it is absent.
    ///
    /// A key after which nothing was written is reported.
    func element(_ key: String) -> Element? {
        guard let member = members[key] else { return nil }
        if case .nothing = member.value.content, !isLenient {
            findings.error(member.place, "`\(path)\(key)` has no value; write one, or take the key out")
        }
        return Self.isValue(member.value) ? member.value : nil
    }

    mutating func record(_ key: String, _ value: CanonicalValue) { canonical[key] = value }

    private static func isValue(_ element: Element) -> Bool {
        switch element.content {
        case .nothing, .null: false
        case .text, .list, .map: true
        }
    }

    // MARK: Scalars

    /// Any text without a NUL character.
    mutating func text(_ key: String) -> String? {
        guard let text = scalar(key, "a text") else { return nil }
        canonical[key] = .text(text)
        return text
    }

    mutating func nonEmptyText(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        guard !text.allSatisfy(\.isWhitespace) else {
            findings.error(placeOfValue(key), "`\(path)\(key)` is empty")
            return nil
        }
        return text
    }

    /// The name of a pool or an executor: made as names of jobs are.
    mutating func word(_ key: String) -> String? {
        guard let text = nonEmptyText(key) else { return nil }
        if JobName(text) == nil { findings.error(placeOfValue(key), "`\(path)\(key)` must be one name, not `\(text.shortened)`") }
        return text
    }

    /// `true` or `false`.
    mutating func flag(_ key: String) -> Bool? {
        value(key, "`true` or `false`", CanonicalValue.flag) { [isLenient] text in
            switch isLenient ? text.lowercased() : text {
            case "true": true
            case "false": false
            default: nil
            }
        }
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)", { .number(Double($0)) }) { [isLenient] text in
            guard let number = Int(text) ?? (isLenient ? decimal(text).flatMap { Int(exactly: $0) } : nil) else { return nil }
            return range.contains(number) ? number : nil
        }
    }

    /// A decimal number in `range`; `wording` says which: `a number above 0`.
    mutating func number(_ key: String, in range: ClosedRange<Double>, _ wording: String) -> Double? {
        value(key, wording, CanonicalValue.number) { text in decimal(text).flatMap { range.contains($0) ? $0 : nil } }
    }

    mutating func bytes(_ key: String) -> Int64? {
        value(key, ByteSize.wording, { .number(Double($0)) }, ByteSize.bytes)
    }

    /// An amount of at least `least` bytes; `wording` says so: `an amount from 64KiB such as 10MiB`. `0` is read where `none` allows it.
    mutating func bytes(_ key: String, atLeast least: Int64, orNone none: Bool = false, _ wording: String) -> Int64? {
        value(key, wording, { .number(Double($0)) }) { text in
            if none, text == "0" { return 0 }
            return ByteSize.bytes(in: text).flatMap { $0 >= least ? $0 : nil }
        }
    }

    mutating func choice<Choice: RawRepresentable & Sendable>(_ key: String, _ choices: [Choice]) -> Choice?
    where Choice.RawValue == String {
        value(key, choices.map(\.rawValue).asWords, { .text($0.rawValue) }) { Choice(rawValue: $0) }
    }

    /// One of `words`; `other` is what may stand there besides, for the message.
    mutating func choice(_ key: String, among words: [String], or other: String) -> String? {
        let known = words.map { "`\($0)`" }.joined(separator: ", ")
        return value(key, "\(known) or \(other)", CanonicalValue.text) { words.contains($0) ? $0 : nil }
    }

    /// Permissions as `umask` takes them: three octal digits, with or without a 0 before them.
    ///
    /// Fewer are refused: whoever writes 18 or 22 may mean them to be decimal.
    mutating func permissions(_ key: String) -> Int? {
        value(key, "three octal digits such as \"027\"", Self.canonicalPermissions) { text in
            guard text.utf8.count == 3 || (text.utf8.count == 4 && text.hasPrefix("0")) else { return nil }
            return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) } ? Int(text, radix: 8) : nil
        }
    }

    private static func canonicalPermissions(_ bits: Int) -> CanonicalValue {
        .text(String(String(bits + 0o1000, radix: 8).dropFirst()))
    }

    /// An ISO 8601 duration of fixed length: `PT1H30M`, `P1D`.
    mutating func duration(_ key: String) -> Duration? {
        guard let text = scalar(key, "a duration such as PT1H") else { return nil }
        canonical[key] = .text(text)
        do {
            return try Period.elapsed(parsing: text)
        } catch {
            findings.error(in: text, at: placeOfValue(key), column: error.column, "`\(path)\(key)`: \(error.message)")
            return nil
        }
    }

    // MARK: Lists and maps

    /// A list of texts; a single text counts as a list of one.
    mutating func texts(_ key: String, _ what: String) -> [Placed<String>]? {
        guard let element = element(key) else { return nil }
        var items: [Placed<String>] = []
        switch element.content {
        case .text(let text): items = [Placed(value: text, place: element.place)]
        case .list(let list):
            for item in list {
                guard case .text(let text) = item.content else {
                    findings.error(item.place, "`\(path)\(key)` must hold \(what), not \(item.kind)")
                    return nil
                }
                items.append(Placed(value: text, place: item.place))
            }
        case .map, .nothing, .null:
            findings.error(element.place, "`\(path)\(key)` must be \(what) or a list of such, not \(element.kind)")
            return nil
        }
        if let bad = items.first(where: { $0.value.utf8.contains(0) }) {
            findings.error(bad.place, "`\(path)\(key)` holds a NUL character")
            return nil
        }
        canonical[key] = .list(items.map { .text($0.value) })
        return items
    }

    /// A map of texts, in the order of the file.
    mutating func textMap(_ key: String) -> [(key: Placed<String>, value: String)]? {
        guard let element = element(key) else { return nil }
        guard case .map(let members) = element.content else {
            findings.error(element.place, "`\(path)\(key)` must be a map of texts, not \(element.kind)")
            return nil
        }
        var texts: [(key: Placed<String>, value: String)] = []
        for member in members {
            guard case .text(let text) = member.value.content else {
                let advice =
                    Self.isValue(member.value) ? "must be a text, not \(member.value.kind)" : "has no value; write \"\" for an empty text"
                findings.error(
                    Self.isValue(member.value) ? member.value.place : member.place, "`\(path)\(key).\(member.key.shortened)` \(advice)")
                continue
            }
            if text.utf8.contains(0) {
                findings.error(member.value.place, "`\(path)\(key).\(member.key.shortened)` holds a NUL character")
            }
            texts.append((Placed(value: member.key, place: member.place), text))
        }
        canonical[key] = .map(Dictionary(texts.map { ($0.key.value, .text($0.value)) }) { first, _ in first })
        return texts
    }

    /// The fields of a map within this one; `read` takes them, and what it took is recorded.
    mutating func map<Result>(_ key: String, known: [String], read: (inout Fields) -> Result) -> Result? {
        guard let element = element(key) else { return nil }
        guard case .map(let members) = element.content else {
            findings.error(element.place, "`\(path)\(key)` must be a map with \(known.asWords), not \(element.kind)")
            return nil
        }
        var fields = Fields(members, at: element.place, path: "\(path)\(key).", isLenient: isLenient, findings)
        fields.refuseKeys(besides: known, of: "`\(path)\(key)`")
        let result = read(&fields)
        canonical[key] = .map(fields.canonical)
        return result
    }

    // MARK: Parts

    /// The text of a scalar; reports anything else, and NUL characters.
    private func scalar(_ key: String, _ wording: @autoclosure () -> String) -> String? {
        guard let element = element(key) else { return nil }
        guard case .text(let text) = element.content else {
            findings.error(element.place, "`\(path)\(key)` must be \(wording()), not \(element.kind)")
            return nil
        }
        guard !text.utf8.contains(0) else {
            findings.error(element.place, "`\(path)\(key)` holds a NUL character")
            return nil
        }
        return text
    }

    private mutating func value<Value>(
        _ key: String, _ wording: @autoclosure () -> String, _ canonicalise: (Value) -> CanonicalValue, _ parse: (String) -> Value?
    ) -> Value? {
        guard let text = scalar(key, wording()) else { return nil }
        guard let value = parse(text) else {
            findings.error(placeOfValue(key), "`\(path)\(key)` must be \(wording()), not `\(text.shortened)`")
            return nil
        }
        canonical[key] = canonicalise(value)
        return value
    }
}

/// A value and where it stands.
struct Placed<Value: Sendable>: Sendable {
    var value: Value
    var place: Place
}

extension [String] {
    /// `a`, `b` or `c`, each in backquotes.
    var asWords: String {
        let words = map { "`\($0)`" }
        return words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
    }
}
