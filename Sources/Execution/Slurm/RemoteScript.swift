internal import Scheduling

/// A script for the shell of a login node. What it answers comes in parts, each of which begins with a line that nothing else can print.
///
/// The whole of it is one function: a connection that breaks in the middle of it leaves a text that no shell begins to carry out, and never
/// half of a command.
struct RemoteScript {
    /// How the parts of the answer are known: drawn anew for each script, and told to nobody but the shell that reads it.
    let mark: String
    private var lines: [String] = []

    /// - Parameter folder: Where it works; it answers `gone` and nothing else where there is no such folder.
    init(in folder: String? = nil) {
        mark = "rota-" + (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
        add("umask 077")
        // To its output alone, or to its errors as well.
        add(#"m() { printf '\n%s %s\n' \#(mark) "$*"; }"#)
        add(#"b() { m "$@"; m "$@" >&2; }"#)
        if let folder { add("cd -- \(folder.shellWord) 2>/dev/null || { m gone; return 0; }") }
    }

    mutating func add(_ text: String) { lines.append(text) }

    /// The rest of a command that has these lines to read; none of them may be the mark.
    mutating func add(_ command: String, reading input: String) {
        add("\(command) <<'\(mark)'")
        add((input.hasSuffix("\n") ? String(input.dropLast()) : input) + "\n\(mark)")
    }

    /// Complete only with its last line: what has no `done` at its end was cut off.
    var text: String { "main() {\n\(lines.joined(separator: "\n"))\nb done\n}\nmain\n" }
}

/// What came back.
struct RemoteAnswer {
    struct Part: Hashable {
        /// What the part is, and of what.
        var words: [String]
        var bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// Of ssh as a whole.
    let answer: CommandAnswer
    let parts: [Part]
    /// By the words of their parts.
    private let errors: [String: String]
    private let mark: String

    init(_ answer: CommandAnswer, mark: String) {
        self.answer = answer
        self.mark = mark
        parts = Self.parts(of: answer.bytes, mark)
        let said = Self.parts(of: Array(answer.errors.utf8), mark).map { ($0.words.joined(separator: " "), $0.text) }
        errors = Dictionary(said) { first, _ in first }
    }

    func errors(of part: Part) -> String { errors[part.words.joined(separator: " ")] ?? "" }

    /// What went wrong, in one line, where it did not come to its end.
    var complaint: String { plain.complaint(of: "ssh") }

    /// Of ssh as a whole, without the marks in what it said.
    var plain: CommandAnswer {
        var plain = answer
        plain.errors = answer.errors.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix(mark) }.joined(separator: "\n")
        return plain
    }

    /// Whether the script came to its end, and all that it said is here.
    var isWhole: Bool { answer.hasSucceeded && parts.last?.words == ["done"] }
    /// Whether the folder in which it was to work is not there.
    var isWithoutFolder: Bool { answer.hasSucceeded && parts.last?.words == ["gone"] }

    /// Before each mark stands a newline that belongs to it.
    private static func parts(of bytes: [UInt8], _ mark: String) -> [Part] {
        let head = Array("\n\(mark) ".utf8)
        var places: [(start: Int, body: Int, words: [String])] = []
        var place = 0
        while let newline = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) {
            place = newline + 1
            guard bytes.count - newline > head.count, bytes[newline..<newline + head.count].elementsEqual(head),
                let end = bytes[(newline + head.count)...].firstIndex(of: UInt8(ascii: "\n"))
            else { continue }
            let words = String(decoding: bytes[(newline + head.count)..<end], as: UTF8.self).split(separator: " ").map { String($0) }
            places.append((newline, end + 1, words))
            // An empty part is followed at once by the newline of the next.
            place = end + 1
        }
        return places.enumerated().map { number, part in
            let end = number + 1 < places.count ? places[number + 1].start : bytes.count
            return Part(words: part.words, bytes: Array(bytes[part.body..<max(part.body, end)]))
        }
    }
}
