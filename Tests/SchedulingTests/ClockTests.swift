import Scheduling
import TestSupport
import Testing
import Timetable

/// Steps of the clock: no slot runs twice, none is forgotten, and nobody waits for a time that was wrong. catalogue 42, 43
struct ClockTests {
    private let hourly = job("a", "R/2026-01-01T00:00:00Z/PT1H")

    private func begun(at now: Instant = "09:30:00", _ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: now)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start(jobs)
        return simulation
    }

    /// While the scheduler is up, or before it starts.
    private func setBack(_ simulation: inout Simulation, to instant: Instant, whileDown: Bool) {
        if whileDown { simulation.die() }
        simulation.setClock(to: instant)
        if whileDown { simulation.start() }
    }

    /// catalogue 43
    @Test(arguments: [false, true]) func aSlotThatRanDoesNotRunAgainAndTheNextOneRuns(whileDown: Bool) {
        var simulation = begun([hourly])
        simulation.pass(until: "12:30:00")
        setBack(&simulation, to: "10:30:00", whileDown: whileDown)
        simulation.pass(until: "12:59:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded", "12:00:00 succeeded"])
        simulation.pass(until: "13:30:00")
        #expect(simulation.history("a").last == "13:00:00 succeeded" && simulation.executor.launched.count == 4)
    }

    /// A clock that was a year ahead for a minute: what it made miss is due as if it had never been so.
    @Test(arguments: [false, true]) func slotsThatWereMissedInATimeThatHasNotComeAreDueAgain(whileDown: Bool) {
        var simulation = begun([hourly])
        simulation.pass(until: "10:30:00")
        simulation.setClock(to: "2027-03-01T10:30:00Z")
        simulation.pass(.seconds(60))
        #expect(
            simulation.history("a") == [
                "10:00:00 succeeded", "11:00:00–2027-03-01T09:00:00Z ×8759 missed: catch-up", "2027-03-01T10:00:00Z succeeded",
            ])
        setBack(&simulation, to: "10:31:00", whileDown: whileDown)
        simulation.pass(until: "12:30:00")
        #expect(
            simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded", "12:00:00 succeeded", "2027-03-01T10:00:00Z succeeded"])
    }

    /// Seed 3507 of `clocks`: a backfill in the middle of a flow ran before the head's slot came again, and what is below it is owed there.
    @Test func aSlotThatComesAgainOwesNothingThatABackfillOwes() {
        let head = job("a", "R/2026-01-01T00:00:00Z/PT1H") { $0.catchUp = .none }
        var simulation = begun([head, job("k", after: ["a"]), job("c", after: ["k"])])
        simulation.die()
        simulation.stayDown(until: "11:30:00")
        simulation.start()
        simulation.executor.course = { run, _ in .init(lasts: .seconds(run.key.job == "k" ? 7_200 : 1)) }
        simulation.ask(.backfill(BackfillOrder(job: "k", first: "11:00:00", last: "11:00:00"), by: "ada"))
        simulation.setClock(to: "10:30:00")
        simulation.pass(.seconds(3 * 3_600))
        // A start decides anew whatever is owed.
        simulation.die()
        simulation.start()
        #expect(simulation.row("a", "11:00:00")?.state == .succeeded)
        #expect(simulation.row("c", "11:00:00")?.flow.head == "k" && simulation.faults == [])
    }

    /// Its alarm was set to a time that was wrong.
    @Test func aPromiseThatIsBrokenByTheRightClockIsToldByThat() {
        var simulation = begun([job("a", "R/2026-01-01T00:00:00Z/PT1H") { $0.expect.duration = .seconds(600) }])
        simulation.executor.course = { _, _ in .init(lasts: nil) }
        simulation.pass(until: "10:05:00")
        simulation.setClock(to: "10:59:00")
        #expect(simulation.newest("a")?.breaches == [], "the executor gets a moment to tell of an end")
        simulation.setClock(to: "10:30:00")
        simulation.pass(.seconds(3))
        #expect(simulation.newest("a")?.breaches == [.duration])
    }

    @Test func aGapThatReachesBeyondTheClockIsCutThere() {
        var simulation = begun([job("a", "R/2026-01-01T00:00:00Z/PT1H") { $0.catchUp = .none }])
        simulation.die()
        simulation.stayDown(until: "14:30:00")
        simulation.start()
        #expect(simulation.history("a") == ["10:00:00–14:00:00 ×5 missed: catch-up"])
        simulation.setClock(to: "12:00:00")
        #expect(simulation.history("a") == ["10:00:00–12:00:00 ×3 missed: catch-up"])
        simulation.pass(until: "13:30:00")
        #expect(simulation.history("a") == ["10:00:00–12:00:00 ×3 missed: catch-up", "13:00:00 succeeded"])
        #expect(simulation.ledger.changes.isEmpty && simulation.faults == [])
    }

    /// The new gap lies on both sides of a run from before.
    @Test func aGapGoesAroundWhatRanBeforeTheClockWasSetBack() {
        var simulation = begun([job("a", "R/2026-01-01T00:00:00Z/PT1H") { $0.catchUp = .none }])
        simulation.pass(until: "12:30:00")
        simulation.setClock(to: "2026-03-03T12:30:00Z")
        simulation.setClock(to: "2026-03-01T10:30:00Z")
        simulation.die()
        simulation.stayDown(until: "14:30:00")
        simulation.start()
        #expect(
            simulation.history("a") == [
                "10:00:00 succeeded", "11:00:00 succeeded", "12:00:00 succeeded", "13:00:00–14:00:00 ×2 missed: catch-up",
            ])
        simulation = begun(at: "11:30:00", [job("a", "R/2026-01-01T00:00:00Z/PT1H") { $0.catchUp = .none }])
        simulation.pass(until: "12:30:00")
        simulation.setClock(to: "10:30:00")
        simulation.die()
        simulation.stayDown(until: "14:30:00")
        simulation.start()
        #expect(
            simulation.history("a") == ["11:00:00 missed: catch-up", "12:00:00 succeeded", "13:00:00–14:00:00 ×2 missed: catch-up"])
    }

    /// catalogue 42
    @Test func theNewestOverdueSlotIsNotCaughtUpASecondTime() {
        var simulation = begun([hourly])
        simulation.pass(until: "12:30:00")
        simulation.setClock(to: "10:30:00")
        simulation.die()
        simulation.stayDown(until: "12:45:00")
        simulation.start()
        simulation.pass(.seconds(5))
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded", "12:00:00 succeeded"])
    }

    @Test(arguments: [false, true]) func aRegistrationInTheFutureGoesBackToNow(whileDown: Bool) {
        var simulation = begun(at: "2027-03-01T10:30:00Z", [hourly])
        setBack(&simulation, to: "10:00:00", whileDown: whileDown)
        #expect(simulation.ledger.controls["a"]?.registeredAt == "10:00:00")
        simulation.pass(until: "11:30:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded"])
    }

    /// A start that a schedule has from its registration goes back with it, and its repetitions go on counting.
    @Test func repetitionsFromARegistrationInTheFutureAreConsumedOnce() {
        var simulation = begun(at: "2027-03-01T10:30:00Z", [job("a", "R3/PT1H"), job("once", "R1/PT1H")])
        simulation.pass(.seconds(3600 + 60))
        simulation.setClock(to: "10:00:00")
        simulation.pass(until: "20:00:00")
        #expect(simulation.history("a") == ["11:00:00 succeeded", "2027-03-01T10:30:00Z succeeded", "2027-03-01T11:30:00Z succeeded"])
        #expect(simulation.history("once") == ["2027-03-01T10:30:00Z succeeded"])
    }

    @Test func anEditInTheFutureIsOwedFromNowOn() {
        var simulation = begun([hourly])
        simulation.setClock(to: "2027-03-01T10:30:00Z")
        simulation.pass(.seconds(5))
        simulation.define([job("a", "R/2026-01-01T00:20:00Z/PT1H")])
        simulation.setClock(to: "09:50:00")
        simulation.pass(until: "11:30:00")
        #expect(simulation.history("a") == ["10:20:00 succeeded", "11:20:00 succeeded", "2027-03-01T10:00:00Z succeeded"])
    }

    @Test(arguments: [false, true]) func aRetryWaitsNoLongerThanItsPolicySays(whileDown: Bool) {
        var simulation = Simulation(at: "2027-03-01T00:00:00Z")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
        simulation.start([job("a", "R1/2027-03-01T00:00:00Z/PT1H") { $0.retries = Retries(limit: 1, delay: .seconds(600)) }])
        simulation.pass(.seconds(10))
        setBack(&simulation, to: "10:00:00", whileDown: whileDown)
        #expect(simulation.row("a", "2027-03-01T00:00:00Z")?.notBefore == "10:10:00")
        #expect(simulation.row("a", "2027-03-01T00:00:00Z")?.readyAt == "10:10:00")
        simulation.pass(until: "10:10:00")
        #expect(simulation.row("a", "2027-03-01T00:00:00Z")?.state.isActive == true)
        #expect(simulation.faults == [])
    }

    /// It ended by the old clock, and that is imported under the new one.
    @Test func anEndFromTheFutureIsRetriedAfterItsDelay() {
        var simulation = Simulation(at: "2027-03-01T00:00:00Z")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(60), state: .failed) }
        simulation.start([job("a", "R1/2027-03-01T00:00:00Z/PT1H") { $0.retries = Retries(limit: 1, delay: .seconds(600)) }])
        simulation.pass(.seconds(10))
        simulation.die()
        simulation.stayDown(until: "2027-03-01T00:05:00Z")
        simulation.setClock(to: "10:00:00")
        simulation.start()
        simulation.pass(.zero)
        #expect(simulation.row("a", "2027-03-01T00:00:00Z")?.notBefore == "10:10:00")
    }

    @Test func aStartWindowCountsFromNow() {
        var simulation = Simulation(at: "2027-03-01T10:30:00Z", capacities: ["local": 1])
        simulation.start([job("busy", "R1/PT1H"), job("a", "R1/2027-03-01T10:31:00Z/PT1H") { $0.startWithin = .seconds(300) }])
        simulation.pass(.seconds(70))
        simulation.setClock(to: "10:00:00")
        #expect(simulation.row("a", "2027-03-01T10:31:00Z")?.readyAt == "10:00:00")
        simulation.pass(.seconds(301))
        #expect(simulation.history("a") == ["2027-03-01T10:31:00Z missed: startWithin"])
    }

    /// A run by hand is for now, and not for the time of the wrong clock.
    @Test(arguments: [false, true]) func aRunByHandIsDueNow(whileDown: Bool) {
        var simulation = begun(at: "2027-03-01T10:30:00Z", [job("a"), hourly.renamed("b")])
        simulation.run("a")
        simulation.run("b")
        simulation.pass(.seconds(5))
        setBack(&simulation, to: "10:30:00", whileDown: whileDown)
        simulation.pass(.seconds(1))
        simulation.run("a")
        simulation.run("b")
        #expect(simulation.ledger.rows(of: "a").map(\.key.due) == ["10:30:01", "2027-03-01T10:30:00Z"])
        #expect(simulation.ledger.rows(of: "b").map(\.key.due) == ["10:30:01", "2027-03-01T10:30:00Z"])
        #expect(simulation.faults == [])
    }

    @Test func ofTwoRunsByHandAtOneInstantTheSecondIsMovedOn() {
        var simulation = begun([job("a")])
        simulation.run("a")
        simulation.pass(until: "09:40:00")
        simulation.setClock(to: "09:20:00")
        simulation.die()
        simulation.start()
        simulation.pass(until: "09:30:00")
        simulation.run("a")
        #expect(simulation.ledger.rows(of: "a").map(\.key.due) == ["09:30:00", "09:30:00.000001"])
    }

    /// A flow whose head ran beyond the clock goes on; its children run once.
    @Test func aFlowBeyondTheClockGoesOn() {
        var simulation = begun([hourly, job("child", after: ["a"])])
        simulation.executor.course = { _, _ in .init(lasts: .seconds(600)) }
        simulation.pass(until: "12:05:00")
        simulation.setClock(to: "10:05:00")
        simulation.pass(until: "13:30:00")
        #expect(simulation.history("a") == ["10:00:00", "11:00:00", "12:00:00", "13:00:00"].map { $0 + " succeeded" })
        #expect(simulation.history("child") == simulation.history("a"))
    }

    /// A pause that is in force stays so, and what it skipped beyond the clock is skipped again when it comes.
    @Test func aPauseHoldsWhatIsDueAgain() {
        var simulation = begun([hourly])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.pass(until: "12:30:00")
        simulation.setClock(to: "10:30:00")
        #expect(simulation.history("a") == ["10:00:00 skipped: paused"])
        simulation.pass(until: "11:30:00")
        simulation.ask(.resume(.job("a"), by: "ada"))
        simulation.pass(until: "12:30:00")
        #expect(simulation.history("a") == ["10:00:00 skipped: paused", "11:00:00 skipped: paused", "12:00:00 succeeded"])
    }

    /// Nothing of it is durable, or all.
    @Test(arguments: [Simulation.Crash.beforeCommit, .afterCommit(deeds: 0)]) func aCrashInTheStepChangesNothing(crash: Simulation.Crash) {
        var simulation = begun([job("a", "R/2026-01-01T00:00:00Z/PT1H") { $0.catchUp = .none }])
        simulation.die()
        simulation.stayDown(until: "14:30:00")
        simulation.start()
        let step = simulation.steps + 1
        simulation.crash = { $0 == step ? (crash, .zero) : nil }
        simulation.setClock(to: "12:30:00")
        simulation.pass(until: "13:30:00")
        #expect(simulation.history("a") == ["10:00:00–12:00:00 ×3 missed: catch-up", "13:00:00 succeeded"])
    }

    /// The clock may be wrong for longer than anything is remembered: once it is past all that, nothing is left of it.
    @Test func theRowsOfATimeThatHasComeAreForgotten() {
        var simulation = begun([hourly])
        simulation.pass(until: "12:30:00")
        simulation.setClock(to: "10:30:00")
        simulation.pass(until: "15:30:00")
        #expect(simulation.core?.isBehindItsLedger == false)
        #expect(simulation.history("a").count == 6)
    }
}

extension Job {
    fileprivate func renamed(_ name: JobName) -> Job { TestSupport.job(name, schedule, after: after) }
}
