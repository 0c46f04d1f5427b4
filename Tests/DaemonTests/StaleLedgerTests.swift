import Daemon
import Execution
import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// A ledger that is older than what happened, such as a backup: nothing is run again because of it, and nothing that was held is let go.
/// catalogue 34
struct StaleLedgerTests {
    private let jobs = [
        "hourly.yaml": "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n",
        "a.yaml": "overlap: allow\ncommand: 'true'\n",
    ]

    private func backUp(_ fixture: DaemonFixture) throws {
        try ledgerFile(fixture.state + "/rota.db").backup(to: DatabaseQueue(path: fixture.folder.path + "/backup.db"))
    }

    /// As docs/operating.md tells it.
    private func restore(_ fixture: DaemonFixture) throws {
        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.state + "/rota.db" + ending) }
        try FileManager.default.moveItem(atPath: fixture.folder.path + "/backup.db", toPath: fixture.state + "/rota.db")
    }

    /// Starts it and waits until its jobs are registered.
    private func start(_ fixture: DaemonFixture) async throws -> Daemon {
        let daemon = try fixture.start()
        #expect(await daemon.request(.run("nobody", parameters: [:]), who: "test") == .unknownJob("nobody"))
        return daemon
    }

    private func end(_ launch: Launch, of fixture: DaemonFixture) async {
        let now = fixture.clock.now()
        fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: 0, startedAt: now, endedAt: now)))
        _ = await fixture.ends.next()
    }

    private func states(_ fixture: DaemonFixture, of job: String) throws -> [RunState] {
        try fixture.reader().history(HistoryFilter(job: JobName(job))).compactMap {
            if case .run(let stored) = $0 { stored.run.state } else { nil }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aPauseThatABackupDoesNotKnowStaysInForce() async throws {
        let fixture = try DaemonFixture(jobs: jobs)
        let first = try await start(fixture)
        try backUp(fixture)
        _ = await first.request(.pause(.job("hourly"), by: "ada"), who: "test")
        await fixture.stop()
        try restore(fixture)

        let second = try await start(fixture)

        #expect(second.notice?.contains("it knew less than was noted beside it") == true, "\(second.notice ?? "no notice")")
        #expect(try fixture.reader().pauses().map(\.scope) == [.job("hourly")])
        fixture.clock.advance(by: .seconds(3_600))
        _ = await second.request(.run("nobody", parameters: [:]), who: "test")
        #expect(fixture.executor.unclaimed.isEmpty)
        await fixture.stop()

        // The new ledger knows as much as was noted.
        let third = try await start(fixture)
        #expect(StateFolder.rebuildNotices(in: fixture.state).count == 1, "\(third.notice ?? "")")
        #expect(try fixture.reader().pauses().map(\.scope) == [.job("hourly")])
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func pausesAreKeptWhereTheLedgerIsGoneAndNothingEverRan() async throws {
        let fixture = try DaemonFixture(jobs: jobs)
        _ = await (try await start(fixture)).request(.pause(.everything, by: "ada"), who: "test")
        await fixture.stop()
        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.state + "/rota.db" + ending) }
        let daemon = try await start(fixture)
        #expect(daemon.notice?.contains("it was gone") == true)
        #expect(try fixture.reader().pauses().map(\.scope) == [.everything])
        await fixture.stop()
    }

    /// A slot that somebody held or passed over does not run because its ledger was lost, or is a backup.
    @Test(.timeLimit(.minutes(1)), arguments: [false, true]) func ordersAboutSlotsAreKept(isGone: Bool) async throws {
        let fixture = try DaemonFixture(jobs: jobs)
        let first = try await start(fixture)
        try backUp(fixture)
        let (held, skipped) = (DaemonFixture.start + .seconds(3_600), DaemonFixture.start + .seconds(7_200))
        _ = await first.request(.hold("hourly", due: held, by: "ada"), who: "test")
        _ = await first.request(.skip("hourly", due: skipped, by: "ada"), who: "test")
        await fixture.stop()
        if isGone {
            for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.state + "/rota.db" + ending) }
        } else {
            try restore(fixture)
        }
        let second = try await start(fixture)
        #expect(second.notice != nil)
        #expect(try fixture.reader().orders().map(\.due) == [held, skipped])
        fixture.clock.advance(by: .seconds(7_300))
        _ = await second.request(.run("nobody", parameters: [:]), who: "test")
        #expect(fixture.executor.unclaimed.isEmpty)
        #expect(try states(fixture, of: "hourly").sorted { $0.rawValue < $1.rawValue } == [.skipped, .waiting])
        await fixture.stop()
        #expect(StateFolder.rebuildNotices(in: fixture.state).count == 1)
    }

    // The scripted executor has no folders: as if retention had removed them.
    @Test(.timeLimit(.minutes(1))) func whatABackupHasForOpenIsNotRunAgainWithoutItsFolder() async throws {
        let fixture = try DaemonFixture(jobs: jobs)
        fixture.capacities = ["local": PoolCapacity(runs: 1)]
        let daemon = try await start(fixture)
        for _ in 1...4 {
            #expect(await daemon.request(.run("a", parameters: [:]), who: "test").isAccepted)
            fixture.clock.advance(by: .milliseconds(1))
        }
        let first = await fixture.executor.nextLaunch()
        try backUp(fixture)
        #expect(try states(fixture, of: "a").sorted { $0.rawValue < $1.rawValue } == [.launching, .waiting, .waiting, .waiting])
        await end(first, of: fixture)
        for _ in 2...4 { await end(await fixture.executor.nextLaunch(), of: fixture) }
        await fixture.stop()
        try restore(fixture)

        _ = try await start(fixture)

        #expect(try states(fixture, of: "a").sorted { $0.rawValue < $1.rawValue } == [.lost, .missed, .missed, .missed])
        let reasons = try fixture.reader().history(HistoryFilter(job: "a")).compactMap {
            if case .run(let stored) = $0 { stored.run.reason } else { nil }
        }
        #expect(reasons.count == 4 && reasons.allSatisfy { $0.hasPrefix("ledger rebuilt: it may have run since") }, "\(reasons)")
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aSchedulerDoesNotGoOnWithABackupThatIsPutInUnderIt() async throws {
        let fixture = try DaemonFixture(jobs: jobs)
        let daemon = try await start(fixture)
        try backUp(fixture)
        _ = await daemon.request(.pause(.job("hourly"), by: "ada"), who: "test")
        try restore(fixture)
        let isRefused = wait {
            fixture.clock.advance(by: .seconds(10))
            if case .failing(let words) = daemon.health {
                return words.contains("restart `rota serve`") && fixture.clock.now() > DaemonFixture.start + .seconds(60)
            }
            return false
        }
        #expect(isRefused, "\(daemon.health)")
        await fixture.stop()
        _ = try await start(fixture)
        #expect(try fixture.reader().pauses().map(\.scope) == [.job("hourly")])
        await fixture.stop()
    }

    // A crash never makes it tell more than the ledger, and a mark of another ledger tells nothing.
    @Test(.timeLimit(.minutes(1))) func aMarkThatTellsNothingIsPassedBy() async throws {
        let fixture = try DaemonFixture(jobs: jobs)
        _ = try await start(fixture)
        await fixture.stop()
        let mark = try String(contentsOfFile: fixture.state + "/mark", encoding: .utf8)
        #expect(mark.hasPrefix("rota-mark ") && mark.hasSuffix("\n"))
        for text in ["", "rota-mark", "rota-mark abcdef 99999999\n", String(mark.dropLast()) + "9999", mark] {
            try text.write(toFile: fixture.state + "/mark", atomically: true, encoding: .utf8)
            let daemon = try await start(fixture)
            #expect(daemon.notice == nil, "\(text)")
            await fixture.stop()
        }
    }
}
