import Daemon
import Execution
import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// Retention as the loop carries it out, while years pass. catalogue 41
struct RetentionRoundTests {
    private let day = Duration.seconds(86_400)
    private let daily = [
        "daily.yaml": "schedule: R/2026-03-01T12:00:00Z/P1D\ncommand: 'true'\n",
        "child.yaml": "after: [daily]\ncommand: 'true'\n",
    ]

    /// Starts it and waits until its jobs are registered: slots that come before are not owed.
    @discardableResult
    private func start(_ fixture: DaemonFixture) async throws -> Daemon {
        let daemon = try fixture.start()
        _ = await daemon.request(.run("nobody", parameters: [:]), who: "test")
        return daemon
    }

    /// Lets one day pass, in which each of the two jobs has a run that ends well.
    private func passDay(_ fixture: DaemonFixture) async {
        fixture.clock.advance(by: day)
        for _ in 0..<2 {
            let launch = await fixture.executor.nextLaunch()
            fixture.executor.report(
                .ended(run: launch.run, Ending(kind: .exited, exitCode: 0, startedAt: fixture.clock.now(), endedAt: fixture.clock.now())))
            _ = await fixture.ends.next()
        }
    }

    private func runs(_ fixture: DaemonFixture, _ job: String = "daily") throws -> [StoredRun] {
        try fixture.reader().history(HistoryFilter(job: JobName(job), limit: 1_000)).compactMap { entry in
            if case .run(let stored) = entry { stored } else { nil }
        }
    }

    /// Lets the loop go on, a second at a time, until `condition` holds.
    private func goOn(_ fixture: DaemonFixture, until condition: () throws -> Bool) async rethrows {
        while try !condition() && !Task.isCancelled {
            fixture.clock.advance(by: .seconds(1))
            await Task.yield()
        }
    }

    @Test(.timeLimit(.minutes(1))) func monthsLeaveWhatTheRuleKeeps() async throws {
        let fixture = try DaemonFixture(jobs: daily, retention: RetentionRule(runs: day * 10, logs: day * 3))
        try await start(fixture)
        for _ in 0..<40 { await passDay(fixture) }
        // The eleventh day back is no more than ten days old as long as its own hour has not come again.
        try await goOn(fixture) { try runs(fixture).count <= 11 && runs(fixture, "child").count <= 11 }
        let kept = try runs(fixture)
        #expect(kept.count >= 10)
        try await goOn(fixture) { try runs(fixture).count { $0.outputRemovedAt == nil } <= 4 }
        #expect(try runs(fixture).first?.outputRemovedAt == nil)
        let job = try #require(try fixture.reader().jobs().first { $0.control.job.text == "daily" })
        #expect(job.control.successes == 40)
        let whole = fixture.executor.discarded.filter { $0.data == .everything }.map(\.run)
        let left = try runs(fixture).count + runs(fixture, "child").count
        #expect(whole.count == 2 * 40 - left)
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func whatNobodyWantsRemovedStaysForEver() async throws {
        let fixture = try DaemonFixture(jobs: daily)
        try await start(fixture)
        for _ in 0..<12 { await passDay(fixture) }
        #expect(try runs(fixture).count == 12 && fixture.executor.discarded.isEmpty)
        await fixture.stop()
    }

    /// Files go first: a commit that fails then leaves rows whose files are gone, and the next round removes them.
    @Test(.timeLimit(.minutes(1))) func aFailedCommitAfterTheFilesLeavesNothingForEver() async throws {
        let fixture = try DaemonFixture(jobs: daily, retention: RetentionRule(runs: day * 2, logs: nil))
        let daemon = try await start(fixture)
        await passDay(fixture)
        try await ledgerFile(fixture.state + "/rota.db").write { db in
            try db.execute(sql: "CREATE TRIGGER broken BEFORE DELETE ON run BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END")
        }
        await passDay(fixture)
        await passDay(fixture)
        await goOn(fixture) { if case .failing = daemon.health { true } else { false } }
        let first = try #require(fixture.executor.discarded.first)
        #expect(first.data == .everything)
        #expect(try fixture.reader().run(id: first.run)?.run.state == .succeeded)
        try await ledgerFile(fixture.state + "/rota.db").write { db in try db.execute(sql: "DROP TRIGGER broken") }
        try await goOn(fixture) { try fixture.reader().run(id: first.run) == nil }
        #expect(try fixture.reader().hasGivenOut(first.run))
        #expect(fixture.executor.discarded.count { $0.run == first.run } >= 2)
        await fixture.stop()
    }

    /// An open run and all that its flow reads stay, however old they are.
    @Test(.timeLimit(.minutes(1))) func anOpenFlowOutlivesTheRule() async throws {
        let fixture = try DaemonFixture(jobs: daily, retention: RetentionRule(runs: day * 2, logs: day))
        try await start(fixture)
        fixture.clock.advance(by: day)
        let head = await fixture.executor.nextLaunch()
        fixture.executor.report(.ended(run: head.run, Ending(kind: .exited, exitCode: 0, endedAt: fixture.clock.now())))
        _ = await fixture.ends.next()
        let child = await fixture.executor.nextLaunch()
        for _ in 0..<20 {
            fixture.clock.advance(by: day)
            let launch = await fixture.executor.nextLaunch()
            fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: 0, endedAt: fixture.clock.now())))
            _ = await fixture.ends.next()
        }
        try await goOn(fixture) { try fixture.reader().run(id: head.run)?.outputRemovedAt != nil }
        #expect(try fixture.reader().run(id: head.run)?.run.state == .succeeded)
        #expect(try fixture.reader().run(id: child.run)?.run.state == .launching)
        await fixture.stop()
    }
}
