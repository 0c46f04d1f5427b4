import RunHistory
import Scheduling
import Timetable

/// The line that is printed for a run that ended: job, due, lateness, outcome, duration.
enum EndLine {
    static func text(of stored: StoredRun) -> String {
        let run = stored.run
        var parts = [
            stored.id, run.key.job.text, "due \(run.key.due.rfc3339)", run.lateness.map { "late \($0.words)" } ?? "not started",
            Terminal.painted(run.state.rawValue),
        ]
        if let took = run.took { parts.append("took \(took.words)") }
        if run.key.attempt > 1 { parts.append("attempt \(run.key.attempt)") }
        if run.state != .succeeded, let why = run.why { parts.append("(\(why))") }
        return parts.joined(separator: "  ")
    }
}
