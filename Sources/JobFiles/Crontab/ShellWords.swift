/// The simple commands of a shell text, for people who ask which programs it runs: words without their quotes, variables as they stand.
///
/// Rough on purpose: it knows quotes, backslashes, operators and redirections, and takes no part in expansions.
struct ShellWords {
    private(set) var commands: [[String]] = []
    private var words: [String] = []
    private var word: String?
    /// The next word is where a redirection leads.
    private var isTarget = false

    init(_ text: String) {
        var rest = Array(text)[...]
        while let character = rest.popFirst() {
            switch character {
            case "'": append(Self.takeQuoted(&rest, until: "'"))
            case "\"": append(Self.takeQuoted(&rest, until: "\""))
            case "\\": append(rest.popFirst().map { String($0) } ?? "")
            case " ", "\t", "\n": endWord()
            case "#" where word == nil: rest = []
            case "<", ">":
                // `2>` is no word of its own.
                if word?.allSatisfy(\.isNumber) ?? false { word = nil }
                endWord()
                isTarget = true
                rest = rest.drop { "<>&|".contains($0) }
            case ";", "&", "|", "(", ")", "`": endCommand()
            case "$" where rest.first == "(":
                append("$")
                rest = rest.dropFirst(Self.lengthOfSubstitution(rest))
            default: append(String(character))
            }
        }
        endCommand()
    }

    private static func takeQuoted(_ rest: inout ArraySlice<Character>, until quote: Character) -> String {
        var text = ""
        while let character = rest.popFirst(), character != quote {
            if character == "\\", quote == "\"", let next = rest.popFirst() {
                text.append(next)
            } else {
                text.append(character)
            }
        }
        return text
    }

    /// Of `(…)`, the parentheses counted.
    private static func lengthOfSubstitution(_ rest: ArraySlice<Character>) -> Int {
        var depth = 0
        for (index, character) in rest.enumerated() {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth == 0 { return index + 1 }
        }
        return rest.count
    }

    private mutating func append(_ text: String) { word = (word ?? "") + text }

    private mutating func endWord() {
        if let word, !isTarget { words.append(word) }
        if word != nil { isTarget = false }
        word = nil
    }

    private mutating func endCommand() {
        endWord()
        isTarget = false
        if !words.isEmpty { commands.append(words) }
        words = []
    }
}
