/// A text of which Yams does not notice that it gives some keys twice.
///
/// Yams looks for such keys while it composes a map, throws away the whole rest of the text for them, tells where the first of the two
/// stands but not the second, and hands out no events of which the tree could be made without it. So the first one is given another
/// name here, by one letter that stands in no text (of a private use plane of Unicode) and that shifts nothing, and the text is composed
/// again. The second one is then found in the tree, beside everything else that is wrong.
struct MaskedKeys {
    private(set) var text: String
    private var names: [Place: String] = [:]
    /// How many keys may still be masked, each of which costs a reading of the whole text.
    private var left: Int

    init(text: String) {
        self.text = text
        left = max(1, min(100, (16 << 20) / max(1, text.utf8.count)))
    }

    /// Takes the key `name`, which stands at `place`, out of the sight of Yams.
    ///
    /// - Returns: Whether that worked; it does not with keys that have an anchor or a tag, are empty or begin with an escape, or when there
    ///   are too many.
    mutating func mask(_ name: String, at place: Place) -> Bool {
        guard left > 0, names[place] == nil, let letter = Unicode.Scalar(0xF0000 + UInt32(names.count)),
            let range = range(of: name, at: place)
        else { return false }
        left -= 1
        text.unicodeScalars.replaceSubrange(range, with: CollectionOfOne(letter))
        names[place] = name
        return true
    }

    /// The name of the key at `place`, if it was masked.
    func name(at place: Place) -> String? { names[place] }

    /// The first letter of the key, when it stands there as it is, plain or within quotes.
    private func range(of name: String, at place: Place) -> Range<String.Index>? {
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard let first = name.unicodeScalars.first, lines.indices.contains(place.line - 1) else { return nil }
        let rest = lines[place.line - 1].unicodeScalars.dropFirst(place.column - 1)
        let isQuoted = rest.first == "\"" || rest.first == "'"
        let key = isQuoted ? rest.dropFirst() : rest
        // Within quotes the rest of the name may be written otherwise, but not what begins an escape.
        let isFound = isQuoted ? key.first == first && first != rest.first && first != "\\" : key.starts(with: name.unicodeScalars)
        guard isFound, let start = key.indices.first else { return nil }
        return start..<key.index(after: start)
    }
}
