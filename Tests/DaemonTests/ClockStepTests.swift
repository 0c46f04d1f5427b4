import Execution
import Foundation
import GRDB
import Logging
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

@testable import Daemon

/// The clock of the machine is set under the real loop and the real ledger. catalogue 42, 43, 48
struct ClockStepTests {
    private static let job = ["a.yaml": "schedule: R/2026-01-01T00:00:00Z/PT1H\ncommand: 'true'\n"]

    private func runNext(_ fixture: DaemonFixture) async -> Instant {
        let launch = await fixture.executor.nextLaunch()
        fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: 0, endedAt: fixture.clock.now())))
        _ = await fixture.ends.next()
        return launch.due
    }

    /// Returns once the loop has taken a turn at the time that the clock shows.
    private func turn(_ daemon: Daemon) async { _ = await daemon.request(.resume(.everything, by: "test"), who: "test") }

    /// A year ahead for a while: the slots that this made miss come again, and the one that ran in it does not.
    @Test(arguments: [false, true]) func aYearThatDidNotPassTakesNoSlotsWithIt(whileDown: Bool) async throws {
        let fixture = try DaemonFixture(jobs: Self.job)
        var daemon = try fixture.start()
        #expect(await runNext(fixture) == DaemonFixture.start)
        let ahead = DaemonFixture.start + .seconds(365 * 86_400 + 1_800)
        fixture.clock.set(ahead)
        #expect(await runNext(fixture) == ahead - .seconds(1_800))
        if whileDown { await fixture.stop() }
        fixture.clock.set(DaemonFixture.start + .seconds(1_800))
        if whileDown { daemon = try fixture.start() }
        await turn(daemon)
        #expect(try fixture.reader().history(HistoryFilter()).allSatisfy { if case .gap = $0 { false } else { true } })
        fixture.clock.advance(by: .seconds(1_800))
        #expect(await runNext(fixture) == DaemonFixture.start + .seconds(3_600))
        await fixture.stop()
        #expect(try fixture.reader().history(HistoryFilter()).count == 3)
    }

    /// catalogue 44
    @Test func aClockThatIsSlewedBackSetsNothingBack() async throws {
        let fixture = try DaemonFixture(jobs: Self.job)
        let daemon = try fixture.start()
        #expect(await runNext(fixture) == DaemonFixture.start)
        fixture.clock.set(DaemonFixture.start + .seconds(600))
        await turn(daemon)
        fixture.clock.set(DaemonFixture.start + .seconds(600) - .milliseconds(3))
        await turn(daemon)
        await fixture.stop()
        let steps = try await ledgerFile(fixture.state + "/rota.db").read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM change WHERE kind = 'clock.setBack'")
        }
        #expect(steps == 0)
    }

    @Test func aRestartAfterItFindsNothingToSetBackAnyMore() async throws {
        let fixture = try DaemonFixture(jobs: Self.job)
        let daemon = try fixture.start()
        #expect(await runNext(fixture) == DaemonFixture.start)
        fixture.clock.set(DaemonFixture.start + .seconds(3_600))
        #expect(await runNext(fixture) == DaemonFixture.start + .seconds(3_600))
        fixture.clock.set(DaemonFixture.start + .seconds(600))
        await turn(daemon)
        await fixture.stop()
        await turn(try fixture.start())
        await fixture.stop()
        let told = try await ledgerFile(fixture.state + "/rota.db").read { db in
            try String.fetchAll(db, sql: "SELECT detail FROM change WHERE kind = 'clock.setBack'")
        }
        #expect(told == ["from \((DaemonFixture.start + .seconds(3_600)).rfc3339)"])
    }
}
