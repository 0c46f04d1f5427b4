/// Something in a file that a user should look at: where it stands, how bad it is, and what would be right.
///
/// `description` is what every program that prints problems prints: `jobs/etl.yaml:3:9: error: unknown key …`.
package struct Problem: Error, Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// What stands there is not taken; the last good version, if there was one, stays in force.
        case error
        /// What stands there is taken, but part of it has no effect.
        case warning
    }

    /// The path as the user would write it.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, counted in Unicode scalars.
    package var column: Int
    package var severity: Severity
    package var message: String

    package init(file: String, line: Int = 1, column: Int = 1, severity: Severity = .error, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.message = message
    }
}

extension Problem: Comparable {
    package static func < (left: Problem, right: Problem) -> Bool {
        (left.file, left.line, left.column, left.message) < (right.file, right.line, right.column, right.message)
    }
}

extension Problem: CustomStringConvertible {
    package var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }
}
