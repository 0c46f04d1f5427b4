/// The text form of the files in a run's folder: a line that names the format, one `key value` line a fact, and the line `end`.
///
/// In values, a newline is written `\n` and a backslash `\\`. Keys may repeat. Readers ignore keys that they do not know, and take a
/// text without its head or its end mark for absent.
struct Record {
    var fields: [(key: String, value: String)] = []

    init() {}

    /// Reads a text; nil when it is no complete record under that head.
    ///
    /// Lines after the end mark are facts added later; the last one counts only with its newline.
    init?(_ bytes: [UInt8], head: String) {
        let newline = UInt8(ascii: "\n")
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)[...]
        guard lines.popLast() != nil, let first = lines.popFirst(), first.elementsEqual(head.utf8) else { return nil }
        var isComplete = false
        for line in lines {
            if line.elementsEqual("end".utf8) {
                isComplete = true
            } else {
                fields.append(Self.field(line))
            }
        }
        guard isComplete else { return nil }
    }

    subscript(key: String) -> String? {
        fields.first { $0.key == key }?.value
    }

    func all(_ key: String) -> [String] {
        fields.filter { $0.key == key }.map(\.value)
    }

    mutating func add(_ key: String, _ value: String?) {
        guard let value else { return }
        fields.append((key, value))
    }

    mutating func add(_ key: String, _ value: (some BinaryInteger)?) {
        add(key, value.map { String($0) })
    }

    func bytes(head: String) -> [UInt8] {
        var bytes = Array(head.utf8)
        bytes.append(UInt8(ascii: "\n"))
        for (key, value) in fields {
            bytes.append(contentsOf: key.utf8)
            bytes.append(UInt8(ascii: " "))
            Self.escape(value, into: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        bytes.append(contentsOf: "end\n".utf8)
        return bytes
    }

    private static func escape(_ value: String, into bytes: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: "\\\\".utf8)
            default: bytes.append(byte)
            }
        }
    }

    private static func field(_ line: ArraySlice<UInt8>) -> (key: String, value: String) {
        let space = line.firstIndex(of: UInt8(ascii: " ")) ?? line.endIndex
        var value: [UInt8] = []
        var isEscaped = false
        for byte in line[space...].dropFirst() {
            if isEscaped {
                value.append(byte == UInt8(ascii: "n") ? UInt8(ascii: "\n") : byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else {
                value.append(byte)
            }
        }
        return (String(decoding: line[..<space], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }
}
