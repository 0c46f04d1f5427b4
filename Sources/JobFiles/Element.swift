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
    /// Fit for a message of one line: control characters are shown as `�`, and what is long is cut.
    var shortened: String {
        var scalars = UnicodeScalarView()
        for scalar in unicodeScalars {
            if scalars.count == 60 { return String(scalars) + "…" }
            scalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }
}
