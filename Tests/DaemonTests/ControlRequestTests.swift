import Daemon
import Execution
import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// Kill, retry and pause through the loop, the ledger and an executor.
struct ControlRequestTests {
    private let onRequest = ["a.yaml": "command: 'true'\n"]

    /// Runs `a` and waits until it was handed over.
    private func begun(_ daemon: Daemon, _ fixture: DaemonFixture) async throws -> (id: String, key: RunKey) {
        guard case .accepted(let id, let key) = await daemon.request(.run("a", parameters: [:]), who: "test") else {
            throw CancellationError()
        }
        _ = await fixture.executor.nextLaunch()
        return (id, key)
    }

    private func audit(_ fixture: DaemonFixture) throws -> [String] {
        try ledgerFile(fixture.state + "/rota.db").read { db in
            try Row.fetchAll(db, sql: "SELECT kind, who FROM change WHERE kind LIKE 'request.%' ORDER BY seq").map {
                "\($0["kind"] as String) \($0["who"] as String)"
            }
        }
    }

    @Test func aKillReachesTheExecutorAndTheRowTellsWho() async throws {
        let fixture = try DaemonFixture(jobs: onRequest)
        let daemon = try fixture.start()
        let run = try await begun(daemon, fixture)
        #expect(await daemon.request(.kill(run.key, by: "ada"), who: "test") == .accepted(id: run.id, run.key))
        let end = await fixture.ends.next()
        #expect(end.id == run.id && end.run.state == .killed && end.run.reason == "by ada")
        #expect(await daemon.request(.kill(run.key, by: "ada"), who: "test").isRefused)
        #expect(try audit(fixture) == ["request.run test", "request.kill ada"])
        await fixture.stop()
    }

    @Test func aRunThatWaitsIsKilledUnderItsId() async throws {
        let fixture = try DaemonFixture(jobs: onRequest)
        let daemon = try fixture.start()
        _ = try await begun(daemon, fixture)
        guard case .accepted(let id, let key) = await daemon.request(.run("a", parameters: [:]), who: "test") else {
            throw CancellationError()
        }
        #expect(await daemon.request(.kill(key, by: "ada"), who: "test") == .accepted(id: id, key))
        #expect(await fixture.ends.next().id == id)
        await fixture.stop()
    }

    /// Whatever comes in one turn: each retry is judged by a ledger that holds what came before.
    @Test func retriesOfOneMomentMakeOneAttempt() async throws {
        let fixture = try DaemonFixture(jobs: onRequest)
        let daemon = try fixture.start()
        let run = try await begun(daemon, fixture)
        fixture.executor.report(.ended(run: run.id, Ending(kind: .exited, exitCode: 1, endedAt: DaemonFixture.start)))
        _ = await fixture.ends.next()
        async let first = daemon.request(.retry(run.key, by: "ada"), who: "test")
        async let second = daemon.request(.retry(run.key, by: "bob"), who: "test")
        let answers = await [first, second]
        #expect(answers.count { $0.isAccepted } == 1 && answers.count { $0.isRefused } == 1, "\(answers)")
        let launch = await fixture.executor.nextLaunch()
        #expect(launch.environment["ROTA_ATTEMPT"] == "2" && launch.environment["ROTA_TRIGGER"] == "retry")
        #expect(try fixture.reader().newestAttempt(of: run.key.job, due: run.key.due)?.run.key.attempt == 2)
        await fixture.stop()
    }

    @Test func aPauseSurvivesARestart() async throws {
        let fixture = try DaemonFixture(jobs: onRequest)
        var daemon = try fixture.start()
        #expect(await daemon.request(.pause(.job("a"), by: "ada"), who: "test") == .paused(jobs: 1))
        await fixture.stop()
        daemon = try fixture.start()
        guard case .already(let text) = await daemon.request(.pause(.job("a"), by: "bob"), who: "test") else {
            await fixture.stop()
            Issue.record("it is paused anew")
            return
        }
        #expect(text.contains("by ada since"))
        #expect(try fixture.reader().job("a")?.pause(of: nil)?.by == "ada")
        #expect(await daemon.request(.resume(.job("a"), by: "bob"), who: "test") == .resumed(jobs: 1, stillPaused: 0))
        #expect(try audit(fixture) == ["request.pause ada", "request.resume bob"])
        await fixture.stop()
    }
}
