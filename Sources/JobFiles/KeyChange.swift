/// One key of a job's definition that says something else than before.
package struct KeyChange: Hashable, Sendable {
    /// With the keys around it: `retries.limit`.
    package let key: String
    /// As a person would write it; nil where the key was not there.
    package let before: String?
    /// The same for now.
    package let after: String?

    /// What became of the keys of one canonical text in another, in the order of their names.
    ///
    /// Maps are compared key by key, lists as a whole.
    package static func all(from before: String, to after: String) -> [KeyChange] {
        let (old, new) = (values(of: before), values(of: after))
        return Set(old.keys).union(new.keys).sorted().compactMap { key in
            old[key] == new[key] ? nil : KeyChange(key: key, before: old[key], after: new[key])
        }
    }

    /// Whether two canonical texts differ in nothing but the name of the job.
    package static func isRenaming(from before: String, to after: String) -> Bool {
        all(from: before, to: after).map(\.key) == ["name"]
    }

    /// The values of all keys, empty for what is no canonical text.
    private static func values(of canonical: String) -> [String: String] {
        guard let root = JSONText.value(of: canonical) else { return [:] }
        var values: [String: String] = [:]
        collect(root, at: "", into: &values)
        return values
    }

    private static func collect(_ element: Element, at path: String, into values: inout [String: String]) {
        guard case .map(let members) = element.content, !members.isEmpty else { return values[path] = text(of: element, at: path) }
        for member in members { collect(member.value, at: path.isEmpty ? member.key : path + "." + member.key, into: &values) }
    }

    /// A single schedule is a list in the canonical text, and no list in any file.
    private static func text(of element: Element, at path: String) -> String {
        guard path == "schedule" || path == "cron", case .list(let items) = element.content, items.count == 1 else {
            return element.asWritten
        }
        return items[0].asWritten
    }
}

extension Element {
    /// The value in the short form of YAML: `[a, b]`, `{ job: a, on: done }`, scalars as they are.
    fileprivate var asWritten: String {
        switch content {
        case .text(let text): text
        case .nothing, .null: "null"
        case .list(let items): "[" + items.map(\.asWritten).joined(separator: ", ") + "]"
        case .map(let members):
            members.isEmpty ? "{}" : "{ " + members.map { $0.key + ": " + $0.value.asWritten }.joined(separator: ", ") + " }"
        }
    }
}
