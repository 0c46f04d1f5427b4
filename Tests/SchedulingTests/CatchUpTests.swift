import Scheduling
import TestSupport
import Testing
import Timetable

/// Catch-up: slots first looked at more than 60 s after their due.
struct CatchUpTests {
    private func back(at instant: Instant, _ policy: CatchUp, schedule: Schedule = "R/2026-01-01T00:00:00Z/PT1M") -> Simulation {
        var simulation = Simulation(at: "00:59:30")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([job("a", schedule) { $0.catchUp = policy }])
        simulation.die()
        simulation.stayDown(until: instant)
        simulation.start()
        return simulation
    }

    /// catalogue 42, 48
    @Test func latestKeepsTheNewestOverdueSlotAndTellsTheOthersInOneRow() {
        var simulation = back(at: "09:00:30", .latest)
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["01:00:00–08:58:00 ×479 missed: catch-up", "08:59:00 succeeded", "09:00:00 succeeded"])
    }

    @Test func noneMissesAllOverdueSlotsInOneRow() {
        var simulation = back(at: "09:00:30", .none)
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["01:00:00–08:59:00 ×480 missed: catch-up", "09:00:00 succeeded"])
    }

    @Test func allRunsEveryOverdueSlotInOrderAndCoalescesNone() {
        var simulation = back(at: "01:05:30", .all)
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == (0...5).map { "01:0\($0):00 succeeded" })
        let starts = simulation.ledger.rows(of: "a").compactMap(\.startedAt)
        #expect(starts == starts.sorted() && Set(starts).count == 6, "overlap: queue runs them one after another")
    }

    @Test func ofAllAtMostTheNewestAreRunAndTheOthersToldInOneRow() {
        var simulation = Simulation(at: "00:59:30")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([
            job("a", "R/2026-01-01T00:00:00Z/PT1M") { job in
                job.catchUp = .all
                job.maxCatchUp = 2
            }
        ])
        simulation.die()
        simulation.stayDown(until: "01:05:30")
        simulation.start()
        simulation.pass(.seconds(10))
        #expect(
            simulation.history("a") == [
                "01:00:00–01:02:00 ×3 missed: maxCatchUp", "01:03:00 succeeded", "01:04:00 succeeded", "01:05:00 succeeded",
            ], "the slot of 01:05 is merely late")
    }

    @Test func asManyAsMayBeRunAreAllRun() {
        var simulation = Simulation(at: "00:59:30")
        simulation.start([
            job("a", "R2/2026-03-01T01:00:00Z/PT1M") { job in
                (job.catchUp, job.maxCatchUp, job.overlap) = (.all, 2, .allow)
            }
        ])
        simulation.die()
        simulation.stayDown(until: "02:00:00")
        simulation.start()
        simulation.pass(.zero)
        #expect(simulation.history("a") == ["01:00:00 running", "01:01:00 running"])
    }

    /// What is left of a flood when the scheduler dies in the middle of it is judged once more, and no more than so many are run.
    @Test func aBoundedFloodStaysBoundedThroughACrash() {
        var simulation = Simulation(at: "00:00:00", slotsPerStep: 10)
        simulation.executor.course = { _, _ in .init(lasts: .milliseconds(1)) }
        simulation.start([
            job("a", "R/2026-01-01T00:00:00Z/PT1S") { job in
                (job.catchUp, job.maxCatchUp, job.overlap) = (.all, 50, .allow)
            }
        ])
        simulation.die()
        simulation.stayDown(until: "01:00:00.500000")
        simulation.start()
        simulation.die()
        simulation.start()
        simulation.pass(.zero)
        let rows = simulation.ledger.rows(of: "a").filter(\.isCaughtUp)
        #expect(rows.count == 50 && rows.first?.key.due == "00:58:11" && rows.last?.key.due == "00:59:00")
        #expect(simulation.ledger.gaps(of: "a").map(\.reason) == ["maxCatchUp"])
    }

    @Test(arguments: CatchUp.allCases) func aSlotOfSixtySecondsAgoIsMerelyLate(policy: CatchUp) {
        var simulation = back(at: "01:01:00", policy, schedule: "R1/2026-03-01T01:00:00Z/PT1M")
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["01:00:00 succeeded"])
    }

    @Test func aSlotOfMoreThanSixtySecondsAgoIsCaughtUpOrMissed() {
        let simulation = back(at: "01:01:00.000001", .none, schedule: "R1/2026-03-01T01:00:00Z/PT1M")
        #expect(simulation.history("a") == ["01:00:00 missed: catch-up"])
    }

    /// catalogue 10, 42: a stopped process is no different from one that was down.
    @Test func aClockThatStepsForwardIsCaughtUpOnce() {
        var simulation = Simulation(at: "00:59:30")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([job("a", "R/2026-01-01T00:00:00Z/PT1M")])
        simulation.stayDown(until: "2026-03-02T01:00:30Z")
        simulation.pass(.seconds(70))
        #expect(
            simulation.history("a") == [
                "01:00:00–2026-03-02T00:58:00Z ×1439 missed: catch-up", "2026-03-02T00:59:00Z succeeded", "2026-03-02T01:00:00Z succeeded",
                "2026-03-02T01:01:00Z succeeded",
            ])
    }

    @Test func aCaughtUpSlotCountsItsWindowFromItsDue() {
        var simulation = Simulation(at: "00:59:30")
        simulation.start([job("a", "R1/2026-03-01T01:00:00Z/PT1M") { $0.startWithin = .seconds(600) }])
        simulation.die()
        simulation.stayDown(until: "01:10:01")
        simulation.start()
        #expect(simulation.history("a") == ["01:00:00 missed: startWithin"])
    }

    /// A flood is taken in steps; in the end everything is accounted for, and each slot once.
    @Test func threeThousandOverdueSlotsAreTakenInManySmallSteps() {
        var simulation = Simulation(at: "00:00:00", slotsPerStep: 100)
        simulation.start([
            job("a", "R/2026-01-01T00:00:00Z/PT1S") { $0.catchUp = .all }, job("b", "R/2026-01-01T00:00:00Z/PT10M"),
        ])
        simulation.die()
        simulation.stayDown(until: "00:50:00")
        simulation.start()
        #expect(simulation.ledger.rows(of: "a").count <= 101)
        simulation.pass(.zero)
        #expect(simulation.ledger.rows(of: "a").count == 3_001)
        #expect(simulation.row("b", "00:50:00") != nil, "nobody waits for the end of the flood")
    }
}
