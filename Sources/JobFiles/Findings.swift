/// What is found wrong while one file is read, in the order of discovery.
final class Findings {
    let file: String
    private let text: String
    private var lines: [Substring]?
    private(set) var problems: [Problem] = []
    /// How many of the problems are errors.
    private(set) var errors = 0

    init(file: String, text: String) {
        self.file = file
        self.text = text
    }

    /// - Parameter place: Where whatever is missing is told.
    func linesWithErrors(besides place: Place) -> Set<Int> {
        Set(problems.filter { $0.severity == .error && ($0.line, $0.column) != (place.line, place.column) }.map(\.line))
    }

    func error(_ place: Place, _ message: String) {
        errors += 1
        add(place, .error, message)
    }

    func warning(_ place: Place, _ message: String) {
        add(place, .warning, message)
    }

    /// Messages may quote the file; they stay on one line.
    private func add(_ place: Place, _ severity: Problem.Severity, _ message: String) {
        problems.append(Problem(file: file, line: place.line, column: place.column, severity: severity, message: message.onOneLine))
    }

    /// Reports an error at the character number `column` (from 1) of the text `text`, which stands at `place`.
    ///
    /// Exact for plain and quoted texts on one line; for others (blocks, escapes) it is the place of the whole text.
    func error(in text: String, at place: Place, column: Int, _ message: String) {
        error(Place(line: place.line, column: place.column + offset(of: text, at: place, column: column)), message)
    }

    /// nil beyond the end of a line.
    func character(at place: Place) -> Unicode.Scalar? {
        let lines = lines ?? splitLines()
        guard lines.indices.contains(place.line - 1) else { return nil }
        return lines[place.line - 1].unicodeScalars.dropFirst(place.column - 1).first
    }

    private func offset(of text: String, at place: Place, column: Int) -> Int {
        let lines = lines ?? splitLines()
        guard !text.isEmpty, lines.indices.contains(place.line - 1) else { return 0 }
        let rest = lines[place.line - 1].unicodeScalars.dropFirst(place.column - 1)
        if rest.starts(with: text.unicodeScalars) { return column - 1 }
        return rest.dropFirst().starts(with: text.unicodeScalars) ? column : 0
    }

    private func splitLines() -> [Substring] {
        let split = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        lines = split
        return split
    }
}
