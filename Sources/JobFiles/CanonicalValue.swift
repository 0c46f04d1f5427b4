/// A value of canonical JSON: keys sorted by their bytes, no space, one way to write each value.
///
/// Two definitions are the same version exactly when their canonical texts are equal, however their files write them.
enum CanonicalValue: Sendable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([CanonicalValue])
    case map([String: CanonicalValue])

    var json: String {
        var json = ""
        write(to: &json)
        return json
    }

    private func write(to json: inout String) {
        switch self {
        case .text(let text): Self.write(text, to: &json)
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

    private static func write(_ text: String, to json: inout String) {
        json += "\""
        defer { json += "\"" }
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            json += text
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case "\t": json += "\\t"
            case "\r": json += "\\r"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
    }
}
