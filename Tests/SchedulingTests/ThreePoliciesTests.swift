import Scheduling
import TestSupport
import Testing
import Timetable

/// Catch-up, overlap and start window are three policies, each judged by itself, and each holds through a crash.
struct ThreePoliciesTests {
    /// Slots each minute; the scheduler is down from 01:00:30 until 01:05:30, while the run of 01:00 goes on until somebody ends it.
    private func back(_ catchUp: CatchUp, _ overlap: Overlap, startWithin: Duration?, crashing: Bool) -> Simulation {
        var simulation = Simulation(at: "00:59:30")
        simulation.start([
            job("a", "R6/2026-03-01T01:00:00Z/PT1M") { job in
                (job.catchUp, job.overlap, job.startWithin) = (catchUp, overlap, startWithin)
            }
        ])
        simulation.pass(until: "01:00:30")
        simulation.die()
        simulation.stayDown(until: "01:05:30")
        simulation.start()
        if crashing { crash(&simulation) }
        simulation.pass(.zero)
        return simulation
    }

    private func crash(_ simulation: inout Simulation) {
        simulation.die()
        simulation.start()
        simulation.pass(.zero)
    }

    @Test(arguments: [false, true]) func catchUpDecidesWhichSlotsThereAre(crashing: Bool) {
        #expect(
            back(.latest, .queue, startWithin: nil, crashing: crashing).history("a") == [
                "01:00:00 running", "01:01:00–01:03:00 ×3 missed: catch-up", "01:04:00 skipped: overlap", "01:05:00 waiting: overlap",
            ])
        #expect(
            back(.none, .queue, startWithin: nil, crashing: crashing).history("a") == [
                "01:00:00 running", "01:01:00–01:04:00 ×4 missed: catch-up", "01:05:00 waiting: overlap",
            ])
        #expect(
            back(.all, .queue, startWithin: nil, crashing: crashing).history("a") == ["01:00:00 running"]
                + (1...5).map { "01:0\($0):00 waiting: overlap" })
    }

    @Test(arguments: [false, true]) func overlapDecidesWhoWaits(crashing: Bool) {
        let caughtUp = ["01:00:00 running", "01:01:00–01:03:00 ×3 missed: catch-up"]
        #expect(
            back(.latest, .skip, startWithin: nil, crashing: crashing).history("a")
                == caughtUp + ["01:04:00 skipped: overlap", "01:05:00 skipped: overlap"])
        #expect(
            back(.latest, .allowUpTo(2), startWithin: nil, crashing: crashing).history("a").suffix(2)
                == ["01:04:00 running", "01:05:00 waiting: overlap"])
    }

    @Test(arguments: [false, true]) func theWindowDecidesWhoIsTooLate(crashing: Bool) {
        var simulation = back(.all, .queue, startWithin: .seconds(120), crashing: crashing)
        #expect(
            simulation.history("a") == ["01:00:00 running"] + (1...3).map { "01:0\($0):00 missed: startWithin" }
                + ["01:04:00 waiting: overlap", "01:05:00 waiting: overlap"])
        if crashing { crash(&simulation) }
        simulation.pass(until: "01:06:01")
        if crashing { crash(&simulation) }
        simulation.end("a")
        #expect(
            simulation.history("a").suffix(2) == ["01:04:00 missed: startWithin", "01:05:00 running"],
            "who waited its turn too long is too late for it")
    }

    /// None of the three gives an answer of another: the same slots, window and runs under each pair of the others.
    @Test(arguments: [Overlap.queue, .skip, .allow, .replace, .allowUpTo(2)], [false, true]) func noneChangesWhatAnotherMisses(
        overlap: Overlap, crashing: Bool
    ) {
        let history = back(.none, overlap, startWithin: .seconds(600), crashing: crashing).history("a")
        #expect(history.contains("01:01:00–01:04:00 ×4 missed: catch-up"))
        let windows = back(.all, overlap, startWithin: .seconds(120), crashing: crashing).history("a")
        #expect(windows.filter { $0.hasSuffix("missed: startWithin") }.count == 3)
    }
}
