import Daemon
import Execution
import Foundation
import GRDB
import Logging
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// A commit that fails is unknown: nothing of its step is done, and everything goes on from what the ledger then holds.
struct BrokenLedgerTests {
    private let hourly = ["hourly.yaml": "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n"]

    /// Lets every insertion of a run fail, until `mend`.
    private func breakLedger(of fixture: DaemonFixture) async throws {
        try await ledgerFile(fixture.state + "/rota.db").write { db in
            try db.execute(sql: "CREATE TRIGGER broken BEFORE INSERT ON run BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END")
        }
    }

    private func mend(_ fixture: DaemonFixture) async throws {
        try await ledgerFile(fixture.state + "/rota.db").write { db in try db.execute(sql: "DROP TRIGGER broken") }
        fixture.clock.advance(by: .seconds(2))
    }

    // catalogue 29, 31
    @Test(.timeLimit(.minutes(1))) func aFailedCommitLaunchesNothingAndIsRecoveredFrom() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        let daemon = try fixture.start()
        _ = await daemon.request(.run("nobody", parameters: [:]), who: "test")
        try await breakLedger(of: fixture)
        fixture.clock.advance(by: .seconds(3_600))
        let answer = await daemon.request(.run("hourly", parameters: [:]), who: "test")
        #expect(answer.isUnavailable && fixture.executor.unclaimed.isEmpty)
        guard case .failing(let detail) = daemon.health else {
            await fixture.stop()
            Issue.record("the daemon is \(daemon.health)")
            return
        }
        #expect(detail.contains("on fire"))
        try await mend(fixture)
        let launch = await fixture.executor.nextLaunch()
        #expect(launch.due == "2026-03-01T01:00:00Z")
        while !Task.isCancelled, daemon.health != .scheduling { await Task.yield() }
        await fixture.stop()
    }

    // catalogue 29, 35: only a sync that failed needs all readers gone.
    @Test(.timeLimit(.minutes(1))) func aLongReaderMakesNoOutageOfAFailedCommit() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        let daemon = try fixture.start()
        _ = await daemon.request(.run("nobody", parameters: [:]), who: "test")
        try await breakLedger(of: fixture)
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        let reader = try DatabaseQueue(path: fixture.state + "/rota.db", configuration: configuration)
        try await reader.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN")
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM run")
        }
        fixture.clock.advance(by: .seconds(3_600))
        #expect(await daemon.request(.run("hourly", parameters: [:]), who: "test").isUnavailable)
        try await mend(fixture)
        #expect(await fixture.executor.nextLaunch().due == "2026-03-01T01:00:00Z")
        await fixture.stop()
        try await reader.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") }
    }

    /// What was edited while the scheduler ran stays edited, whatever happens to the ledger.
    @Test(.timeLimit(.minutes(1))) func aFailedCommitDoesNotBringOldDefinitionsBack() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        var log = Logger(label: "test")
        log.logLevel = .critical
        let daemon = try Daemon.open(fixture.configuration, clock: SystemClock(), log: log)
        let task = Task { await daemon.run() }
        try fixture.folder.write("command: 'true'\n", to: "jobs/new.yaml")
        while !Task.isCancelled, await daemon.request(.run("new", parameters: [:]), who: "test") == .unknownJob("new") {
            await Task.yield()
        }
        try await breakLedger(of: fixture)
        #expect(await daemon.request(.run("new", parameters: [:]), who: "test").isUnavailable)
        try await mend(fixture)
        var answer = await daemon.request(.run("new", parameters: [:]), who: "test")
        while answer.isUnavailable { answer = await daemon.request(.run("new", parameters: [:]), who: "test") }
        #expect(answer.isAccepted, "\(answer)")
        daemon.stop()
        await task.value
    }

    @Test(.timeLimit(.minutes(1))) func aStopIsHeardAlsoWhileTheLedgerFails() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        let daemon = try fixture.start()
        _ = await daemon.request(.run("nobody", parameters: [:]), who: "test")
        try await breakLedger(of: fixture)
        fixture.clock.advance(by: .seconds(3_600))
        _ = await daemon.request(.run("hourly", parameters: [:]), who: "test")
        await fixture.stop()
        #expect(daemon.health == .stopped && fixture.executor.unclaimed.isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func whoeverAsksAStoppedSchedulerIsAnswered() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        let daemon = try fixture.start()
        await fixture.stop()
        #expect(await daemon.request(.run("hourly", parameters: [:]), who: "test").isUnavailable)
    }

    // catalogue 40: a ledger that vanished does not begin anew under a running scheduler.
    @Test(.timeLimit(.minutes(1))) func aLedgerThatIsDeletedStopsLaunching() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        let daemon = try fixture.start()
        _ = await daemon.request(.run("nobody", parameters: [:]), who: "test")
        for name in ["rota.db", "rota.db-wal", "rota.db-shm"] { try? fixture.folder.remove("state/" + name) }
        fixture.clock.advance(by: .seconds(3_600))
        let answer = await daemon.request(.run("hourly", parameters: [:]), who: "test")
        #expect(answer.isUnavailable && fixture.executor.unclaimed.isEmpty, "\(answer)")
        #expect(!FileManager.default.fileExists(atPath: fixture.state + "/rota.db"))
        await fixture.stop()
    }
}

extension RequestAnswer {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
    var isRefused: Bool { if case .refused = self { true } else { false } }
    var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
}
