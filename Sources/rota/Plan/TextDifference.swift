/// What differs between two values of one key, for people.
enum TextDifference {
    private static let width = 60
    private static let context = 1

    /// Of one line each, `before → after`, both cut to what differs; of several, those that go and come with a line around them.
    static func lines(from before: String?, to after: String?) -> [String] {
        let (old, new) = (before ?? "", after ?? "")
        guard old.contains("\n") || new.contains("\n") else { return ["\(shown(before, beside: after)) → \(shown(after, beside: before))"] }
        return unified(lines(of: old), lines(of: new))
    }

    private static func shown(_ value: String?, beside other: String?) -> String {
        guard let value else { return "(none)" }
        if value.isEmpty { return "\"\"" }
        guard value.count > width else { return Terminal.oneLine(value) }
        let same = zip(value, other ?? "").prefix { $0 == $1 }.count
        let start = max(0, min(same - width / 3, value.count - width))
        let part = String(value.dropFirst(start).prefix(width))
        return (start > 0 ? "…" : "") + Terminal.oneLine(part) + (start + width < value.count ? "…" : "")
    }

    private static func lines(of text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func unified(_ old: [String], _ new: [String]) -> [String] {
        var (removed, inserted): (Set<Int>, Set<Int>) = ([], [])
        for change in new.difference(from: old) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var all: [(mark: String, line: String)] = []
        var (from, to) = (0, 0)
        while from < old.count || to < new.count {
            if removed.contains(from) {
                all.append(("-", old[from]))
                from += 1
            } else if inserted.contains(to) {
                all.append(("+", new[to]))
                to += 1
            } else {
                all.append((" ", old[from]))
                from += 1
                to += 1
            }
        }
        return cut(all)
    }

    /// Keeps of the lines that are the same those beside one that is not.
    private static func cut(_ all: [(mark: String, line: String)]) -> [String] {
        var lines: [String] = []
        var isCut = false
        for (place, (mark, line)) in all.enumerated() {
            let around = max(0, place - context)...min(all.count - 1, place + context)
            if all[around].contains(where: { $0.mark != " " }) {
                lines.append("\(mark) \(Terminal.oneLine(String(line.prefix(160))))")
                isCut = false
            } else if !isCut {
                lines.append("  …")
                isCut = true
            }
        }
        return lines
    }
}
