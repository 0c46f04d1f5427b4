import Yams

/// Reads YAML, with the place of every value.
///
/// The only place of Yams. Nothing is resolved: `NO` stays `NO`. Aliases are followed, within a bound that keeps a small text
/// from becoming a huge tree.
struct YAMLText {
    private let text: String
    private let findings: Findings
    /// Elements that may still be made of this text; without aliases no text has more.
    private var left: Int
    private var keys: MaskedKeys
    /// Keys that stand a second time in their map; what is reached through several aliases counts once.
    private var repeated: [Place: String] = [:]

    /// The jobs of `text`: its documents, and the items of those that are lists.
    ///
    /// Empty documents are left out. A mistake is reported and ends the reading; what stood before it is returned. A key given twice
    /// ends nothing: it is reported, and what holds it is flawed.
    static func documents(in text: String, _ findings: Findings) -> [Document] {
        // With the encoding given, libyaml takes a byte order mark for a character.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        var reader = YAMLText(text: text, findings: findings, left: 0, keys: MaskedKeys(text: text))
        guard AliasBound.holds(for: text) else {
            findings.error(.start, "the aliases of this file (`*name`) stand for far more text than a job file may hold; write it out")
            return []
        }
        return reader.documents()
    }

    private mutating func documents() -> [Document] {
        var roots: [Element] = []
        do {
            while try !read(into: &roots) {}
        } catch let mistake as JSONText.Mistake {
            findings.error(mistake.place, mistake.message)
        } catch {
            report(error)
        }
        for (place, name) in repeated { findings.error(place, "the key `\(name.shortened)` is given twice; take one of them out") }
        return split(roots)
    }

    /// Reads all documents.
    ///
    /// - Returns: false when Yams stumbled over a key given twice, which the next reading will step over.
    private mutating func read(into roots: inout [Element]) throws -> Bool {
        roots = []
        repeated = [:]
        left = 2 * text.utf8.count + 10_000
        do {
            let parser = try Parser(yaml: keys.text, resolver: .basic, encoding: .utf8)
            while let node = try parser.nextRoot() {
                let root = try element(node, above: .start, depth: 0)
                if case .nothing = root.content { continue }
                roots.append(root)
            }
            return true
        } catch YamlError.duplicatedKeysInMapping(let names, let context) {
            // The place is that of the first occurrence of the first of these names.
            let place = Place(line: context.mark.line, column: context.mark.column)
            if let name = names.first, keys.mask(name, at: place) { return false }
            throw YamlError.duplicatedKeysInMapping(duplicates: names, context: context)
        }
    }

    private mutating func element(_ node: Node, above: Place, depth: Int) throws -> Element {
        let place = node.mark.map { Place(line: $0.line, column: $0.column) } ?? above
        left -= 1
        guard left > 0, depth < 100 else {
            throw JSONText.Mistake(
                place: place, message: left > 0 ? "nested more than 100 deep" : "too much text through aliases; write it out")
        }
        switch node {
        case .scalar(let scalar): return Element(content: Self.content(of: scalar), place: place)
        case .sequence(let sequence):
            var items: [Element] = []
            items.reserveCapacity(sequence.count)
            for item in sequence { items.append(try element(item, above: place, depth: depth + 1)) }
            return Element(content: .list(items), place: place, isFlawed: items.contains(where: \.isFlawed))
        case .mapping(let mapping): return try map(mapping, at: place, depth: depth)
        case .alias: throw JSONText.Mistake(place: place, message: "an alias that leads nowhere")
        }
    }

    /// Of a key given twice, the first counts.
    private mutating func map(_ mapping: Node.Mapping, at place: Place, depth: Int) throws -> Element {
        var members: [Element.Member] = []
        var names: Set<String> = []
        var isFlawed = false
        members.reserveCapacity(mapping.count)
        for (key, value) in mapping {
            let at = key.mark.map { Place(line: $0.line, column: $0.column) } ?? place
            guard let text = key.scalar?.string else {
                throw JSONText.Mistake(place: at, message: "a key must be a text, not a list or a map")
            }
            let name = keys.name(at: at) ?? text
            let member = Element.Member(key: name, place: at, value: try element(value, above: at, depth: depth + 1))
            if member.value.isFlawed { isFlawed = true }
            if names.insert(name).inserted {
                members.append(member)
            } else {
                repeated[at] = name
                isFlawed = true
            }
        }
        return Element(content: .map(members), place: place, isFlawed: isFlawed)
    }

    private static func content(of scalar: Node.Scalar) -> Element.Content {
        guard scalar.style == .plain else { return .text(scalar.string) }
        return switch scalar.string {
        case "": .nothing
        case "~", "null", "Null", "NULL": .null
        default: .text(scalar.string)
        }
    }

    // MARK: Mistakes

    private func report(_ error: any Error) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let place = Place(line: mark.line, column: mark.column)
            let hint = findings.character(at: place) == "\t" ? "; indent with spaces, not with tabs" : ""
            let circumstance = context.map { " (\($0.text), line \($0.mark.line))" } ?? ""
            findings.error(place, "not valid YAML: \(problem)\(circumstance)\(hint)")
        case YamlError.reader(let problem, let offset, _, _):
            findings.error(place(ofCharacter: offset ?? 0), "not valid YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(let duplicates, let context):
            // Only for keys that cannot be masked; Yams tells nothing but the place of the first occurrence.
            let keys = duplicates.prefix(3).map { "`\($0.shortened)`" }.joined(separator: ", ")
            findings.error(
                Place(line: context.mark.line, column: context.mark.column),
                duplicates.count > 1 ? "the keys \(keys) are given more than once" : "the key \(keys) is given more than once"
            )
        default:
            findings.error(.start, "not valid YAML")
        }
    }

    private func place(ofCharacter offset: Int) -> Place {
        let before = text.prefix(offset)
        let column = before.lastIndex(where: \.isNewline).map { before[$0...].unicodeScalars.count } ?? before.unicodeScalars.count + 1
        return Place(line: before.reduce(1) { $1.isNewline ? $0 + 1 : $0 }, column: column)
    }

    // MARK: Sources

    /// Gives each root the lines that belong to it.
    private func split(_ roots: [Element]) -> [Document] {
        if roots.count == 1, let root = roots.first {
            guard case .list = root.content else { return [Document(root: root, source: text)] }
        }
        if roots.isEmpty { return [] }
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let starts = roots.map { root in lines.prefix(root.place.line).lastIndex { $0.hasPrefix("---") } ?? 0 }
        return roots.indices.flatMap { index in
            let end = index + 1 < starts.count ? starts[index + 1] : lines.count
            return Self.documents(of: roots[index], in: lines[starts[index]..<end])
        }
    }

    private static func documents(of root: Element, in lines: ArraySlice<Substring>) -> [Document] {
        guard case .list(let items) = root.content else { return [Document(root: root, source: joined(lines))] }
        return items.indices.map { index in
            let first = items[index].place.line - 1
            let next = index + 1 < items.count ? items[index + 1].place.line - 1 : lines.endIndex
            let own = first < next && lines.indices.contains(first) ? lines[first..<min(next, lines.endIndex)] : lines
            return Document(root: items[index], source: joined(own))
        }
    }

    private static func joined(_ lines: ArraySlice<Substring>) -> String {
        var lines = lines
        if lines.first == "---" { lines.removeFirst() }
        while let last = lines.last, last.allSatisfy(\.isWhitespace) || last == "..." || last == "---" { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }
}
