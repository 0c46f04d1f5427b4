/// A line of a crontab that has times and a command, cut into its parts; nothing in them has been judged.
struct CrontabEntry {
    struct Word: Equatable {
        var text: String
        /// From 1.
        var column: Int
    }

    /// A `-` before the first field, which keeps the command out of the log of SUSE's cron and of cronie.
    var isQuiet = false
    /// Five, or one that begins with `@`.
    var times: [Word]
    /// In the form of the system: whom the command runs as.
    var user: Word?
    /// All the rest of the line.
    var command: Word

    /// - Throws: What is missing or stands in a wrong place.
    init(_ line: String, isSystem: Bool) throws(CrontabRemark) {
        var cutter = Cutter(line)
        isQuiet = cutter.takeDash()
        let count = cutter.isAtWord ? 1 : 5
        times = []
        while times.count < count, let word = cutter.word() { times.append(word) }
        guard times.count == count else { throw Self.incomplete(line, times) }
        if isSystem { user = cutter.word() }
        guard !isSystem || user != nil, let command = cutter.rest() else { throw cutter.missingCommand(isSystem: isSystem) }
        self.command = command
        if count == 5, command.text.hasPrefix("*") || user?.text.hasPrefix("*") ?? false {
            throw .error(
                "cron takes five fields of times (minute, hour, day, month, weekday), and this seems to be a sixth",
                column: user?.column ?? command.column)
        }
    }

    private static func incomplete(_ line: String, _ words: [Word]) -> CrontabRemark {
        if words.first?.text == "export" {
            return .error("cron knows no `export`; write NAME=value", column: words.first?.column ?? 1)
        }
        let isSetting = words.first?.text.contains("=") ?? false
        let advice =
            isSetting
            ? "a value in quotes ends with the quote that it began with, and nothing follows"
            : "write NAME=value, or five fields of times (minute, hour, day, month, weekday) and a command"
        return .error("this is no line of a crontab; \(advice)", column: words.first?.column ?? 1)
    }
}

extension CrontabRemark: Error {}

/// Cuts a line into words at blanks and tabs.
private struct Cutter {
    private let scalars: [Unicode.Scalar]
    private var position = 0

    init(_ line: String) {
        scalars = Array(line.unicodeScalars)
        skipBlanks()
    }

    var isAtWord: Bool { position < scalars.count && scalars[position] == "@" }

    mutating func takeDash() -> Bool {
        guard position < scalars.count, scalars[position] == "-" else { return false }
        position += 1
        return true
    }

    mutating func word() -> CrontabEntry.Word? {
        let start = position
        while position < scalars.count, !Self.isBlank(scalars[position]) { position += 1 }
        defer { skipBlanks() }
        return start < position ? word(start..<position) : nil
    }

    func rest() -> CrontabEntry.Word? {
        position < scalars.count ? word(position..<scalars.count) : nil
    }

    func missingCommand(isSystem: Bool) -> CrontabRemark {
        let message =
            isSystem
            ? "a user and a command are expected behind the times; if lines of this file have no user there, add --no-system"
            : "a command is expected behind the times"
        return .error(message, column: scalars.count + 1)
    }

    private func word(_ range: Range<Int>) -> CrontabEntry.Word {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return CrontabEntry.Word(text: String(text), column: range.lowerBound + 1)
    }

    private mutating func skipBlanks() {
        while position < scalars.count, Self.isBlank(scalars[position]) { position += 1 }
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }
}
