/// How long what has ended is kept.
package struct RetentionRule: Hashable, Sendable {
    /// Rows and folders of runs, and gaps, changes and texts of that age; nil for ever.
    package var runs: Duration?
    /// What runs wrote; nil as long as the run itself.
    package var logs: Duration?

    package static let forever = RetentionRule(runs: nil, logs: nil)

    package init(runs: Duration?, logs: Duration?) {
        self.runs = runs
        self.logs = logs
    }
}
