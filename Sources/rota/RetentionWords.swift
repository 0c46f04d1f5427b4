import RunHistory
import Timetable

/// What the commands say of retention, by the settings of the scheduler that runs now or ran last.
struct RetentionWords {
    struct Document: Encodable {
        struct Last: Encodable {
            let beganAt: String
            let at: String
            let runs: Int
            let outputs: Int
            let gaps: Int
            let changes: Int
            let definitions: Int
        }

        /// A duration, or `never`; null when no scheduler with this version has run yet.
        let runs: String?
        let logs: String?
        let last: Last?
    }

    private let rule: SettingsDocument.Retention?
    private let last: RemovalRound?

    init(_ reader: LedgerReader) throws {
        rule = try reader.scheduler().flatMap { SettingsDocument(text: $0.settings) }?.retention
        last = try reader.lastRemoval()
    }

    /// ` (logs: P30D in the settings)`; empty when the rule is not known, or another by now.
    func rule(_ key: String, _ age: KeyPath<SettingsDocument.Retention, String>) -> String {
        guard let age = rule?[keyPath: age], age != "never" else { return "" }
        return " (`retention: { \(key): \(age) }`)"
    }

    var line: String {
        let kept = rule.map { "runs \($0.runs), logs \($0.logs)" } ?? "not known"
        guard let last else { return kept + "; nothing was removed yet" }
        let counts = [
            last.removed.runs.of("run"), last.removed.outputs.of("output"), last.removed.gaps.of("gap"), last.removed.changes.of("change"),
            last.removed.definitions.of("definition"),
        ].filter { !$0.hasPrefix("0 ") }
        return kept + "; removed last at \(last.at.rfc3339): " + counts.joined(separator: ", ")
    }

    var document: Document {
        Document(
            runs: rule?.runs, logs: rule?.logs,
            last: last.map { last in
                Document.Last(
                    beganAt: last.beganAt.rfc3339, at: last.at.rfc3339, runs: last.removed.runs, outputs: last.removed.outputs,
                    gaps: last.removed.gaps, changes: last.removed.changes, definitions: last.removed.definitions)
            })
    }
}
