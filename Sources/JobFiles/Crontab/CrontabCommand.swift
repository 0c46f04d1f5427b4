internal import Scheduling

/// What cron gives the shell of a line: a command, and what the command reads from its standard input.
///
/// The first `%` without a backslash ends the command; behind it, `%` is a newline, and one is added at the end if it is missing. `\%` is
/// a percent sign in both.
struct CrontabCommand: Hashable {
    /// What stands behind `-c`, byte for byte.
    var text: String
    /// Empty without a `%`; else it ends with a newline.
    let input: String

    init(_ written: String, dialect: CronDialect) {
        let bytes = Array(written.utf8)
        let (text, rest) = Self.text(bytes, dialect)
        self.text = String(decoding: text, as: UTF8.self)
        input = String(decoding: Self.input(rest), as: UTF8.self)
    }

    private static let percent = UInt8(ascii: "%")
    private static let backslash = UInt8(ascii: "\\")

    private static func text(_ bytes: [UInt8], _ dialect: CronDialect) -> ([UInt8], rest: ArraySlice<UInt8>) {
        var text: [UInt8] = []
        var isEscaped = false
        for (index, byte) in bytes.enumerated() {
            if isEscaped {
                if byte == percent || (byte == backslash && dialect.joinsBackslashes) { text.removeLast() }
                isEscaped = false
            } else if byte == percent {
                return (text, bytes[(index + 1)...])
            } else {
                isEscaped = byte == backslash
            }
            text.append(byte)
        }
        return (text, [])
    }

    private static func input(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var input: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            if isEscaped, byte == percent { input.removeLast() }
            input.append(byte == percent && !isEscaped ? UInt8(ascii: "\n") : byte)
            isEscaped = byte == backslash
        }
        // After a backslash at the very end cron may forget the newline; nobody can mean that.
        if let last = input.last, last != UInt8(ascii: "\n") { input.append(UInt8(ascii: "\n")) }
        return input
    }
}

extension CrontabCommand {
    /// What a job runs: a text for `/bin/sh -c`, or words.
    enum Job: Hashable {
        case text(String)
        case words([String])
    }

    /// The same as `shell -c text`, with the input, for a job: that has an empty standard input of its own.
    func job(shell: String) -> Job {
        if !input.isEmpty { return .text(withInput(shell: shell)) }
        return shell == "/bin/sh" ? .text(text) : .words([shell, "-c", text])
    }

    /// A here-document, whose delimiter is quoted so that the shell leaves what stands in it alone.
    private func withInput(shell: String) -> String {
        let command = shell == "/bin/sh" && isSimple ? text : "exec \(Self.word(shell)) -c \(text.shellWord)"
        return "\(command) <<'\(delimiter)'\n\(input)\(delimiter)\n"
    }

    private var delimiter: String {
        let lines = Set(input.split(separator: "\n").map(String.init))
        var delimiter = "END"
        var number = 1
        while lines.contains(delimiter) {
            number += 1
            delimiter = "END\(number)"
        }
        return delimiter
    }

    /// Whether the text is one command with plain or quoted words, behind which a redirection stands for all of it.
    private var isSimple: Bool {
        var quote: Character?
        for character in text {
            if let open = quote {
                if character == open { quote = nil }
                if open == "\"", "`\\".contains(character) { return false }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if ";&|<>(){}#`\\\n".contains(character) {
                return false
            }
        }
        let first = text.split(separator: " ").first.map(String.init) ?? ""
        // Reserved words begin what is no simple command; `$` could bring anything.
        let isProgram = first.allSatisfy { $0.isLetter || $0.isNumber || "/._-+".contains($0) }
        return quote == nil && isProgram && !text.contains("$(") && !["if", "while", "until", "for", "case", "time"].contains(first)
    }

    private static func word(_ text: String) -> String {
        text.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "/._-+".contains($0) } ? text : text.shellWord
    }
}
