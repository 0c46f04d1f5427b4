import RunHistory
import Timetable

/// A ledger can be made there, and what is committed to it is durable: write-ahead log, forced to the disk, read back.
struct CommitCheck: Check {
    private let name = "state.commit"

    func findings(_ premises: Premises) -> [Finding] {
        guard let trial = premises.trial else {
            return [
                .warning(name, "a commit could not be tried: no folder can be made here", "run this as the user who runs the scheduler")
            ]
        }
        let place = trial.isInStateFolder ? "" : " in \(trial.path), not in the state folder"
        do {
            let time = try commit(in: trial.path, at: premises.now)
            let text = "a durable commit takes \(time.words)\(place)"
            guard time < .milliseconds(200) else {
                return [.warning(name, text, "use a faster disk for the state folder: each launch waits for one")]
            }
            return [.ok(name, text)]
        } catch {
            return [.error(name, "\(error)", "use a file system of this machine that SQLite can keep a write-ahead log on")]
        }
    }

    /// The median of five.
    private func commit(in folder: String, at now: Instant) throws(LedgerError) -> Duration {
        let ledger = try Ledger.open(at: folder + "/rota.db", machine: "", now: now)
        defer { ledger.close() }
        var times: [Duration] = []
        for _ in 0..<5 {
            let start = ContinuousClock.now
            _ = try ledger.commit([], boot: "", at: now) { try $0.change("doctor") }
            times.append(ContinuousClock.now - start)
        }
        return times.sorted()[2]
    }
}
