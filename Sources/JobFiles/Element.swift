/// A piece of a file: what stands there, and where.
///
/// YAML and JSON are both read into this. No scalar has a type yet: `NO`, `10:30` and `1e3` are texts, and the key under which
/// they stand says what they mean.
struct Element: Sendable {
    enum Content: Sendable {
        case text(String)
        /// Nothing at all was written: `key:`.
        case nothing
        /// `null` or `~`, the ways to say that there is no value.
        case null
        case list([Element])
        /// Keys are unique.
        case map([Member])
    }

    struct Member: Sendable {
        var key: String
        var place: Place
        var value: Element
    }

    var content: Content
    var place: Place
    /// Whether a mistake within it has been reported already, so that what can still be read of it is not to be used.
    var isFlawed = false

    /// Of a list what it holds; anything else counts as a list of one.
    var items: [Element] {
        if case .list(let items) = content { items } else { [self] }
    }

    /// What it is, for messages: `must be a text, not a list`.
    var kind: String {
        switch content {
        case .text(let text): "`\(text.shortened)`"
        case .nothing, .null: "nothing"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

/// A place in a file; both numbers begin with 1, columns are counted in Unicode scalars.
struct Place: Hashable, Sendable {
    var line: Int
    var column: Int

    static let start = Place(line: 1, column: 1)
}

/// One job's part of a file.
struct Document: Sendable {
    var root: Element
    /// The text that was read for it, comments included.
    var source: String
}

extension String {
    /// Fit to be quoted in a message: on one line, and what is long is cut.
    var shortened: String {
        let start = unicodeScalars.prefix(61)
        return start.count > 60 ? String(start.dropLast()).onOneLine + "…" : onOneLine
    }

    /// Control characters and line breaks are shown as `�`.
    var onOneLine: String {
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: scalars.append("\u{FFFD}")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}
