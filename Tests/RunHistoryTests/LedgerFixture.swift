import RunHistory
import Scheduling
import TestSupport
import Timetable

/// A ledger of a test's own on a real file.
struct LedgerFixture {
    let folder: TemporaryFolder
    let ledger: Ledger
    let now = Instant(seconds: 1_780_000_000)

    var path: String { folder.path + "/rota.db" }

    init() throws {
        folder = try TemporaryFolder()
        ledger = try Ledger.open(at: folder.path + "/rota.db", machine: "m1", now: now)
    }

    /// Commits records, knowing the definition `v1` of `job`.
    @discardableResult
    func commit(_ records: [LedgerRecord]) throws -> [RunKey: String] {
        try ledger.commit(records, boot: "boot-1", at: now) { notes in
            try notes.keep(version: "v1", job: Self.job, canonical: "{}", source: "name: a", file: "/jobs/a.yaml", line: 1)
        }
    }

    static let job = JobName("a")

    func run(due seconds: Int64, attempt: Int = 1, state: RunState = .waiting) -> Run {
        let due = Instant(seconds: seconds)
        var run = Run(
            key: RunKey(job: Self.job, due: due, attempt: attempt), flow: FlowKey(head: Self.job, due: due), trigger: .schedule,
            readyAt: due,
            waitingSince: now)
        run.state = state
        if state != .waiting, state != .skipped, state != .missed {
            run.executor = "local"
            run.version = "v1"
        }
        if !state.isOpen { run.endedAt = now }
        return run
    }
}
