/// Something that a user should know about a line of a crontab.
package struct CrontabRemark: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        /// Good to know; the job does what it did under cron.
        case note
        /// Something that is a little different now, or that was never right.
        case warning
        /// Why the line, or a part of it, could not be carried over.
        case error
    }

    package var severity: Severity
    /// From 1, counted in Unicode scalars.
    package var column: Int
    /// One sentence without a full stop: what, and what would be right.
    package var message: String

    static func note(_ message: String, column: Int = 1) -> CrontabRemark {
        CrontabRemark(severity: .note, column: column, message: message.onOneLine)
    }

    static func warning(_ message: String, column: Int = 1) -> CrontabRemark {
        CrontabRemark(severity: .warning, column: column, message: message.onOneLine)
    }

    static func error(_ message: String, column: Int = 1) -> CrontabRemark {
        CrontabRemark(severity: .error, column: column, message: message.onOneLine)
    }
}
