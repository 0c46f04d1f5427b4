/// Why a text is no schedule: where, what, and what would be right.
package struct ScheduleError: Error, Hashable, Sendable {
    /// 1-based, counted in characters of the schedule's text; the first one that cannot stand there.
    package let column: Int
    /// One sentence without a full stop: what is wrong, and what would be right.
    package let message: String

    package init(column: Int, message: String) {
        self.column = column
        self.message = message
    }
}

extension ScheduleError: CustomStringConvertible {
    package var description: String { "column \(column): \(message)" }
}
