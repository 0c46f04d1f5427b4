import Daemon
import Execution
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// A backfill of more slots than one step takes, through the loop and a real ledger.
struct LargeBackfillTests {
    private let hour = Duration.seconds(3_600)

    /// It answers before most of its slots have a row, and a start goes on from what the row says. catalogue 74
    @Test(.timeLimit(.minutes(3))) func itGoesOnAfterARestartWhereItWas() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "schedule: R/2025-01-01T00:30:00Z/PT1H\noverlap: allow\ncommand: 'true'\n"])
        let daemon = try fixture.start()
        let slots = 1_200
        let order = BackfillOrder(
            job: "a", first: DaemonFixture.start - hour * slots, last: DaemonFixture.start, maxRunning: 100)
        #expect(await daemon.request(.backfill(order, by: "ada"), who: "ada") == .backfilling(1, slots: slots, leftAlone: 0))
        let first = await fixture.executor.nextLaunch()
        await fixture.stop()
        let begun = try #require(try fixture.reader().backfill(1))
        #expect(begun.progress == .running && begun.backfill.pending.count > 0 && begun.slots.values.reduce(0, +) < slots)
        // Once it answers, the executor reports to it.
        _ = await (try fixture.start()).request(.resume(.everything, by: "ada"), who: "ada")
        var launch = first
        for number in 1...slots {
            fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: 0, endedAt: DaemonFixture.start)))
            if number < slots { launch = await fixture.executor.nextLaunch() }
        }
        while try fixture.reader().backfill(1)?.progress == .running {
            try Task.checkCancellation()
            await Task.yield()
        }
        let ended = try #require(try fixture.reader().backfill(1))
        #expect(ended.slots == [.succeeded: slots] && ended.backfill.pending.isEmpty && ended.progress == .done)
        #expect(fixture.executor.unclaimed.isEmpty, "nothing is launched twice")
        await fixture.stop()
    }
}
