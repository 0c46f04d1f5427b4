/// Reads JSON strictly (RFC 8259), with the place of every value.
///
/// Several values may follow one another.
struct JSONText {
    private let bytes: [UInt8]
    private var offset = 0
    private var place = Place.start
    private var depth = 0
    /// What is wrong, but does not keep the rest from being read.
    private var flaws: [Mistake] = []

    struct Mistake: Error {
        var place: Place
        var message: String
    }

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// The jobs of `text`: its values, and the items of those that are lists.
    ///
    /// A mistake is reported and ends the reading; what stood before it is returned.
    static func documents(in text: String, _ findings: Findings) -> [Document] {
        var reader = JSONText(text)
        var documents: [Document] = []
        do throws(Mistake) {
            if reader.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.offset = 3 }
            reader.skipSpace()
            while reader.offset < reader.bytes.count {
                try reader.document(into: &documents)
                reader.skipSpace()
            }
        } catch {
            reader.flaws.append(error)
        }
        for flaw in reader.flaws { findings.error(flaw.place, "not valid JSON: \(flaw.message)") }
        return documents
    }

    /// The one value that `text` is; nil when it is not exactly one.
    static func value(of text: String) -> Element? {
        var reader = JSONText(text)
        guard let value = try? reader.value() else { return nil }
        reader.skipSpace()
        return reader.offset == reader.bytes.count && reader.flaws.isEmpty ? value : nil
    }

    private mutating func document(into documents: inout [Document]) throws(Mistake) {
        guard peek == UInt8(ascii: "[") else { return try append(to: &documents) }
        try items { reader throws(Mistake) in try reader.append(to: &documents) }
    }

    private mutating func append(to documents: inout [Document]) throws(Mistake) {
        skipSpace()
        let start = offset
        let root = try value()
        documents.append(Document(root: root, source: String(decoding: bytes[start..<offset], as: UTF8.self)))
    }

    // MARK: Values

    private mutating func value() throws(Mistake) -> Element {
        skipSpace()
        let start = place
        let flawsBefore = flaws.count
        switch peek {
        case UInt8(ascii: "{"):
            let members = try members()
            return Element(content: .map(members), place: start, isFlawed: flaws.count > flawsBefore)
        case UInt8(ascii: "["):
            var list: [Element] = []
            try items { reader throws(Mistake) in list.append(try reader.value()) }
            return Element(content: .list(list), place: start, isFlawed: flaws.count > flawsBefore)
        case UInt8(ascii: "\""): return Element(content: .text(try string()), place: start)
        default: return Element(content: try word(), place: start)
        }
    }

    /// Reads `[`, items as `item` reads them, and `]`.
    private mutating func items(_ item: (inout JSONText) throws(Mistake) -> Void) throws(Mistake) {
        try enter("[")
        if take("]") { return leave() }
        repeat { try item(&self) } while take(",")
        guard take("]") else { throw mistake("expected `,` or `]`") }
        leave()
    }

    private mutating func members() throws(Mistake) -> [Element.Member] {
        try enter("{")
        var members: [Element.Member] = []
        var keys: Set<String> = []
        if take("}") {
            leave()
            return members
        }
        repeat {
            skipSpace()
            let start = place
            guard peek == UInt8(ascii: "\"") else { throw mistake("expected a key in double quotes") }
            let key = try string()
            guard take(":") else { throw mistake("expected `:`") }
            let member = Element.Member(key: key, place: start, value: try value())
            if keys.insert(key).inserted {
                members.append(member)
            } else {
                flaws.append(Mistake(place: start, message: "the key `\(key.shortened)` is given twice"))
            }
        } while take(",")
        guard take("}") else { throw mistake("expected `,` or `}`") }
        leave()
        return members
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() throws(Mistake) -> Element.Content {
        let start = offset
        while let byte = peek, Self.isWord(byte) { advance() }
        let word = String(decoding: bytes[start..<offset], as: UTF8.self)
        if word == "null" { return .null }
        if word == "true" || word == "false" || (decimal(word) != nil && word.utf8.first != UInt8(ascii: "+")) { return .text(word) }
        if word.isEmpty { throw mistake(offset < bytes.count ? "expected a value" : "the text ends where a value was expected") }
        throw Mistake(
            place: Place(line: place.line, column: place.column - word.utf8.count),
            message: "`\(word.shortened)` is no value; a text stands in double quotes"
        )
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "+-._".utf8.contains(byte)
        }
    }

    // MARK: Strings

    private mutating func string() throws(Mistake) -> String {
        advance()
        let start = offset
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { advance() }
        if peek == UInt8(ascii: "\"") {
            defer { advance() }
            return String(decoding: bytes[start..<offset], as: UTF8.self)
        }
        var text = Array(bytes[start..<offset])
        while let byte = peek, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw mistake("a line break, tab or other control character inside a text must be escaped") }
            if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: Array(String(try escape()).utf8))
            } else {
                text.append(byte)
                advance()
            }
        }
        guard take("\"") else { throw mistake("the text ends inside a string") }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func escape() throws(Mistake) -> Unicode.Scalar {
        let start = place
        advance()
        guard let byte = peek else { throw mistake("the text ends inside a string") }
        advance()
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "u"): break
        default: throw Mistake(place: start, message: "unknown escape; JSON has \\n \\t \\r \\b \\f \\\" \\\\ \\/ and \\u0000")
        }
        var code = try fourDigits()
        if (0xD800..<0xDC00).contains(code), peek == UInt8(ascii: "\\") {
            advance()
            if peek == UInt8(ascii: "u") { advance() }
            let low = try fourDigits()
            code = (0xDC00..<0xE000).contains(low) ? 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) : 0xD800
        }
        guard let scalar = Unicode.Scalar(code) else { throw Mistake(place: start, message: "half of a surrogate pair") }
        return scalar
    }

    private mutating func fourDigits() throws(Mistake) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw mistake("expected four hexadecimal digits")
            }
            code = code * 16 + UInt32(digit)
            advance()
        }
        return code
    }

    // MARK: Bytes

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func advance() {
        let byte = bytes[offset]
        offset += 1
        if byte == UInt8(ascii: "\n") {
            place = Place(line: place.line + 1, column: 1)
        } else if byte & 0xC0 != 0x80 {
            place.column += 1
        }
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { advance() }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard peek == UInt8(ascii: character) else { return false }
        advance()
        return true
    }

    private mutating func enter(_ bracket: Unicode.Scalar) throws(Mistake) {
        depth += 1
        guard depth <= 100 else { throw mistake("nested more than 100 deep") }
        _ = take(bracket)
    }

    private mutating func leave() { depth -= 1 }

    private func mistake(_ message: String) -> Mistake { Mistake(place: place, message: message) }
}
