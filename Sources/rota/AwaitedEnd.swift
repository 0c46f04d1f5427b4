import Daemon
import RunHistory
import Scheduling
import Timetable

/// Waiting for the end of runs, as `--wait` does: by looking at the ledger, since what it says is durable.
///
/// A scheduler that is restarted meanwhile is waited for as well.
struct AwaitedEnd {
    let reader: LedgerReader

    /// The end of this very run.
    func of(run id: String) throws -> StoredRun {
        try untilEnded { try reader.run(id: id) }
    }

    /// The end of the newest attempt at the due of this run, retries included.
    func ofDue(of id: String) throws -> StoredRun {
        let first = try reader.run(id: id)
        return try untilEnded { try first.flatMap { try reader.newestAttempt(of: $0.run.key.job, due: $0.run.key.due) } }
    }

    /// Prints an end, and fails unless it is a success.
    static func tell(_ end: StoredRun, json: Bool) throws {
        if json { try Terminal.json(HistoryDocument(.run(end))) } else { Terminal.say(EndLine.text(of: end)) }
        guard end.run.state != .succeeded else { return }
        throw CommandFailure(.unwell, "the run \(end.id) ended as \(end.run.state.rawValue)\(end.run.why.map { ": \($0)" } ?? "")")
    }

    private func untilEnded(_ look: () throws -> StoredRun?) throws -> StoredRun {
        let clock = SystemClock()
        var pause = Duration.milliseconds(20)
        while true {
            guard let run = try look() else { throw CommandFailure(.ourFault, "the run is not in the ledger any more") }
            if !run.run.state.isOpen { return run }
            clock.wait(until: clock.now() + pause, descriptors: [])
            pause = min(pause * 2, .milliseconds(250))
        }
    }
}
