/// A value of canonical JSON: keys sorted by their bytes, no space, one way to write each value.
///
/// Two definitions are the same version exactly when their canonical texts are equal, however their files write them.
enum CanonicalValue: Sendable {
    case text(String)
    case number(Double)
    case flag(Bool)
    /// For a value that is to be given later.
    case null
    case list([CanonicalValue])
    case map([String: CanonicalValue])

    var json: String {
        var json = ""
        write(to: &json)
        // What grew piece by piece has up to twice its room, and is kept for as long as its job.
        return String(decoding: json.utf8, as: UTF8.self)
    }

    private func write(to json: inout String) {
        switch self {
        case .text(let text): Self.write(text, to: &json)
        case .null: json += "null"
        case .flag(let flag): json += flag ? "true" : "false"
        case .number(let number): json += Self.digits(of: number)
        case .list(let values):
            json += "["
            for (index, value) in values.enumerated() {
                if index > 0 { json += "," }
                value.write(to: &json)
            }
            json += "]"
        case .map(let members):
            json += "{"
            for (index, key) in members.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }).enumerated() {
                if index > 0 { json += "," }
                Self.write(key, to: &json)
                json += ":"
                members[key]?.write(to: &json)
            }
            json += "}"
        }
    }

    /// Whole numbers without a fraction, so that 1 and 1.0 are the same.
    private static func digits(of number: Double) -> String {
        Int64(exactly: number).map(String.init) ?? "\(number)"
    }

    /// Runs of characters that stand for themselves are taken as a whole: a calendar is long.
    private static func write(_ text: String, to json: inout String) {
        json += "\""
        var rest = text.utf8[...]
        while let index = rest.firstIndex(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            json += Substring(rest[..<index])
            json += escape(of: rest[index])
            rest = rest[rest.index(after: index)...]
        }
        json += Substring(rest)
        json += "\""
    }

    private static func escape(of byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\""): return "\\\""
        case UInt8(ascii: "\\"): return "\\\\"
        case UInt8(ascii: "\n"): return "\\n"
        case UInt8(ascii: "\t"): return "\\t"
        case UInt8(ascii: "\r"): return "\\r"
        default:
            let digits = String(byte, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
    }
}
