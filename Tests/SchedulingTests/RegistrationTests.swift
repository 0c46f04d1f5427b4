import Scheduling
import TestSupport
import Testing
import Timetable

/// Registration.
struct RegistrationTests {
    /// The stored text of a job may be one that this version cannot read.
    @Test func aJobThatNeitherLedgerNorFilesCanTellIsRemovedAtTheStart() {
        var ledger = LedgerState()
        ledger.controls = [JobControl(job: "a", version: "v", schedule: nil, registeredAt: "00:00:00", accountedUntil: "00:00:00")]
        var scheduler = Scheduler(restoring: ledger, graph: JobGraph(), settings: Scheduler.Settings())
        let actions = scheduler.handle(.start(JobGraph()), at: "01:00:00")
        let removals = actions.compactMap { action -> Instant? in
            if case .record(.control(let control)) = action { control.removedAt } else { nil }
        }
        #expect(removals == ["01:00:00"])
    }

    private func begun(at now: Instant = "10:00:00", _ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: now)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start(jobs)
        return simulation
    }

    private let hourly = job("a", "R/2026-01-01T00:00:00Z/PT1H")

    @Test func owedAreSlotsFromTheRegistrationOn() {
        var simulation = begun(at: "10:00:00", [hourly])
        simulation.pass(until: "11:30:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded"])
    }

    @Test func aSlotJustBeforeTheRegistrationIsNotOwed() {
        var simulation = begun(at: "10:00:00.000001", [hourly])
        simulation.pass(until: "11:00:00")
        #expect(simulation.history("a") == ["11:00:00 running"])
    }

    @Test func anEditedScheduleIsOwedFromTheEditOn() {
        var simulation = begun([hourly])
        simulation.pass(until: "11:30:00")
        simulation.define([job("a", "R/2026-01-01T00:20:00Z/PT1H")])
        simulation.pass(until: "12:30:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded", "12:20:00 succeeded"])
    }

    @Test func repetitionsCountFromTheirAnchorAfterAnEditToo() {
        var simulation = begun([hourly])
        simulation.pass(until: "11:30:00")
        simulation.define([job("a", "R3/2026-03-01T10:15:00Z/PT1H")])
        simulation.pass(until: "20:00:00")
        #expect(simulation.history("a").suffix(1) == ["12:15:00 succeeded"])
    }

    @Test func anyOtherEditChangesNothingAboutSlots() {
        var simulation = begun([job("a", "R/PT1H")])
        for minute in 1...5 { simulation.edit(at: "10:00:00" + .seconds(minute * 700), [job("a", "R/PT1H") { $0.priority = minute }]) }
        simulation.pass(until: "12:30:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded", "12:00:00 succeeded"])
    }

    @Test func aStartWithoutOneOfItsOwnIsPinnedAcrossRestarts() {
        var simulation = begun(at: "10:07:13", [job("a", "R/PT1H")])
        simulation.pass(until: "10:30:00")
        simulation.die()
        simulation.stayDown(until: "10:45:00")
        simulation.start()
        simulation.pass(until: "11:30:00")
        #expect(simulation.history("a") == ["10:07:13 succeeded", "11:07:13 succeeded"])
    }

    /// catalogue 67
    @Test func aFileThatReturnsGoesOnWithoutTheSlotsInBetween() {
        var simulation = begun([job("a", "R4/PT1H")])
        simulation.pass(until: "10:30:00")
        simulation.define([])
        simulation.pass(until: "12:30:00")
        simulation.define([job("a", "R4/PT1H")])
        simulation.pass(until: "20:00:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "13:00:00 succeeded"])
    }

    @Test func aFileThatReturnsWithAnotherScheduleIsPinnedAnew() {
        var simulation = begun([job("a", "R/PT1H")])
        simulation.pass(until: "10:30:00")
        simulation.define([])
        simulation.pass(until: "12:30:00")
        simulation.define([job("a", "R/PT2H")])
        simulation.pass(until: "15:00:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "12:30:00 succeeded", "14:30:00 succeeded"])
    }

    /// catalogue 67
    @Test func aRemovedJobsRunIsRecordedAndWhatWaitedIsWithdrawn() {
        var simulation = Simulation(at: "10:00:00")
        simulation.start([job("a", "R/2026-01-01T00:00:00Z/PT1M")])
        simulation.pass(until: "10:01:30")
        simulation.define([])
        simulation.pass(.seconds(20))
        simulation.end("a")
        simulation.pass(.seconds(600))
        #expect(simulation.history("a") == ["10:00:00 succeeded", "10:01:00 skipped: removed"])
        #expect(simulation.ledger.controls["a"]?.successes == 1)
    }

    @Test func anEditFoundAtAStartCountsFromTheStart() {
        var simulation = begun([hourly])
        simulation.pass(until: "10:30:00")
        simulation.die()
        simulation.stayDown(until: "13:30:00")
        simulation.start([job("a", "R/2026-01-01T00:20:00Z/PT1H")])
        simulation.pass(until: "14:30:00")
        #expect(
            simulation.history("a") == [
                "10:00:00 succeeded", "11:00:00–13:00:00 ×3 missed: schedule changed while the scheduler was down", "14:20:00 succeeded",
            ])
    }

    @Test func aRemovalFoundAtAStartTellsWhatWasMissed() {
        var simulation = begun([hourly])
        simulation.pass(until: "10:30:00")
        simulation.die()
        simulation.stayDown(until: "12:30:00")
        simulation.start([])
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00–12:00:00 ×2 missed: removed while the scheduler was down"])
    }

    /// catalogue 68
    @Test func aSlotOnTheInstantOfAnEditRunsOnce() {
        var simulation = begun([hourly])
        simulation.edit(at: "11:00:00", [job("a", "R/2026-01-01T00:00:00Z/PT30M")])
        simulation.pass(until: "11:29:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "11:00:00 succeeded"])
    }

    /// catalogue 68: the run of a flow, by hand at that very instant, bears the due that the first slot would have.
    @Test(arguments: [true, false]) func aMemberThatGetsAScheduleWithinOneInstantTakesNoDueTwice(isRemovedBetween: Bool) {
        var simulation = begun([job("head"), job("a", after: ["head"])])
        simulation.run("head")
        if isRemovedBetween { simulation.define([job("head")]) }
        simulation.define([job("head"), job("a", "R/PT1H")])
        simulation.pass(.seconds(10))
        #expect(simulation.ledger.rows(of: "a").map(\.key.due.short) == ["10:00:00", "10:00:00.000001"])
        #expect(simulation.history("a").last == "10:00:00.000001 succeeded")
    }

    @Test func aScheduleThatIsEditedUnderAFloodLeavesNoSlotWithoutAnExplanation() {
        var simulation = Simulation(at: "10:00:00", slotsPerStep: 5)
        simulation.start([job("a", "R/2026-01-01T00:00:00Z/PT1S") { $0.catchUp = .all }])
        simulation.die()
        simulation.stayDown(until: "10:10:00")
        simulation.start()
        simulation.take(.definitions(JobGraph.build([job("a", "R/2026-01-01T00:00:00Z/PT1H")]).graph))
        let gap = simulation.ledger.gaps(of: "a")
        #expect(gap.count == 1)
        #expect(gap.first?.reason == "schedule changed")
        #expect(gap.first?.lastDue == "10:10:00")
        let slots = simulation.ledger.rows(of: "a").count + (gap.first?.slots ?? 0)
        #expect(slots == 601)
    }

    @Test func aChronosJobAlsoOwesItsNewestSlotBeforeItOnce() {
        let chronos = job("a", "R/2026-03-01T00:00:00Z/PT24H") { $0.isChronos = true }
        var simulation = begun(at: "10:00:00", [chronos])
        simulation.pass(until: "10:10:00")
        simulation.define([])
        simulation.pass(until: "10:20:00")
        simulation.define([chronos])
        simulation.pass(until: "10:30:00")
        #expect(simulation.history("a") == ["00:00:00 succeeded"])
    }

    @Test func whatChronosClientsPostRunsAtOnceAndNeverAgain() {
        let once = job("a", "R1/2026-03-01T10:00:00Z/PT24H") { $0.isChronos = true }
        var simulation = begun(at: "10:00:02", [])
        simulation.define([once])
        simulation.pass(until: "10:10:00")
        simulation.define([once])
        simulation.pass(until: "2026-03-09T00:00:00Z")
        #expect(simulation.history("a") == ["10:00:00 succeeded"])
    }

    @Test(arguments: ["R0/2026-01-01T00:00:00Z/PT1H", "R0/PT1H", "R3/2025-01-01T00:00:00Z/PT1H"] as [Schedule])
    func aScheduleWithoutSlotsToComeNeverRunsAndNeverWakes(schedule: Schedule) {
        var simulation = begun([job("a", schedule)])
        #expect(simulation.nextWake == nil)
        simulation.pass(until: "2026-04-01T00:00:00Z")
        #expect(simulation.history("a") == [])
    }

    @Test func severalSchedulesOnOneInstantAreOneSlot() {
        var simulation = begun([job("a", Schedule("R/2026-01-01T00:00:00Z/PT1H", "R/2026-01-01T00:00:00Z/PT30M"))])
        simulation.pass(until: "11:01:00")
        #expect(simulation.history("a") == ["10:00:00 succeeded", "10:30:00 succeeded", "11:00:00 succeeded"])
    }

    @Test func onlyTheWallClockOfAScheduleMayChangeAndItIsAnEdit() {
        let text = "R/2026-03-01T11:00:00+02:00/P1D"
        let plain = Schedule(text)
        let moved = Schedule.wallClock(text, in: "UTC")
        var simulation = begun(at: "08:00:00", [job("a", plain)])
        simulation.pass(until: "10:00:00")
        simulation.define([job("a", moved)])
        simulation.pass(until: "12:00:00")
        #expect(simulation.history("a") == ["09:00:00 succeeded", "11:00:00 succeeded"])
        simulation.define([job("a", plain)])
        simulation.pass(until: "13:00:00")
        #expect(simulation.history("a") == ["09:00:00 succeeded", "11:00:00 succeeded"])
    }
}

extension Schedule {
    /// Chronos's `scheduleTimeZone`: the same words on the wall clock of `zone`.
    fileprivate static func wallClock(_ text: String, in zone: String) -> Schedule {
        do {
            let zone = try Zone(named: zone)
            return try Schedule([Recurrence(interval: text).keepingWallClock(in: zone)], zone: zone)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
