/// Keeps texts out whose aliases would expand to a tree of another order of size ("billion laughs").
///
/// It is judged before the text is parsed, because the parser compares keys, and comparing is already walking. Each alias can
/// at most repeat what its anchor holds; with `m` aliases spread over `n` anchors, one inside the other, a text grows at most
/// by (m/n + 1)ⁿ. What looks like an anchor or an alias but stands in a comment or a command counts too: the bound is wide.
enum AliasBound {
    private static let largest = 50_000_000.0

    static func holds(for text: String) -> Bool {
        let (anchors, aliases) = names(in: text)
        guard !anchors.isEmpty, !aliases.isEmpty else { return true }
        let called = Set(aliases)
        let named = Set(anchors)
        let n = Double(anchors.count { called.contains($0) })
        let m = Double(aliases.count { named.contains($0) })
        guard n > 0 else { return true }
        var growth = 1.0
        for _ in 0..<Int(min(n, 64)) { growth *= m / n + 1 }
        return growth * Double(text.utf8.count) <= largest
    }

    /// What follows each `&` and each `*`, in the characters of which names of anchors are made.
    private static func names(in text: String) -> (anchors: [Substring], aliases: [Substring]) {
        var anchors: [Substring] = []
        var aliases: [Substring] = []
        let bytes = text.utf8
        var index = bytes.startIndex
        while let mark = bytes[index...].firstIndex(where: { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "*") }) {
            let start = bytes.index(after: mark)
            let end = bytes[start...].firstIndex { !isName($0) } ?? bytes.endIndex
            if start < end {
                if bytes[mark] == UInt8(ascii: "&") { anchors.append(text[start..<end]) } else { aliases.append(text[start..<end]) }
            }
            index = end
        }
        return (anchors, aliases)
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }
}
