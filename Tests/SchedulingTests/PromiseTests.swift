import TestSupport
import Testing
import Timetable

@testable import Scheduling

/// The promises of `expect`: told exactly once when they break, whatever happens in between, and nothing is stopped.
struct PromiseTests {
    /// Testing has another of that name.
    private typealias Expect = Scheduling.Expectation

    private func started(_ jobs: [Job], capacities: [String: PoolCapacity] = [:]) -> Simulation {
        var simulation = Simulation(at: "00:00:00", capacities: capacities)
        simulation.start(jobs)
        return simulation
    }

    private func daily(_ expect: Expect, _ change: (inout Job) -> Void = { _ in }) -> Job {
        job("a", "R/2026-03-01T02:00:00Z/P1D") { job in
            job.expect = expect
            change(&job)
        }
    }

    /// `kind job: detail` of everything that was told about promises.
    private func told(_ simulation: Simulation) -> [String] {
        var whole = simulation
        whole.checkWhole()
        let breaches = simulation.ledger.changes.filter { $0.kind.hasPrefix("breach.") }
        return whole.faults + breaches.map { "\($0.kind.dropFirst(7)) \($0.job?.text ?? ""): \($0.detail ?? "")" }
    }

    /// Nothing is left to be watched of a member once it has its row, so nobody wakes for it; a start would not either. Found in a random life
    /// (`scripts/simulate --seed 659 --property crashes`).
    @Test(arguments: [false, true]) func aMemberThatHasItsRowWakesNobody(restarts: Bool) {
        var simulation = started([daily(Expect()), job("b", after: ["a"]) { $0.expect = Expect(endBy: 240) }, job("c", after: ["a"])])
        simulation.pass(until: "02:00:01")
        #expect(simulation.nextWake == "04:00:00.000001")
        for ended in ["a", "b"] as [JobName] {
            simulation.end(ended)
            simulation.pass(.seconds(1))
        }
        if restarts {
            simulation.die()
            simulation.start()
        }
        #expect(simulation.newest("c")?.state == .running && simulation.nextWake == "2026-03-02T02:00:00Z")
    }

    // MARK: clocks

    /// The instant by which it is to start moves with the one from which that is counted.
    @Test func aClockThatIsSetBackGivesAWaitingRunNoLongerToStart() {
        let jobs = [daily(Expect(startWithin: .seconds(5))), job("other", "R1/2026-03-01T01:59:00Z/PT1H")]
        var simulation = started(jobs, capacities: ["local": 1])
        simulation.pass(until: "02:00:02")
        simulation.setClock(to: "01:59:30")
        #expect(simulation.newest("a")?.readyAt == "01:59:30" && simulation.newest("a")?.promises.startBy == "01:59:35")
        simulation.pass(until: "01:59:36")
        #expect(told(simulation) == ["startWithin a: to begin by 2026-03-01T01:59:35Z, is waiting: pool: local"])
    }

    /// Its start was read from a clock that was set back before its end.
    @Test func aTimeThatIsNoneForeseesNothing() {
        let name: JobName = "a"
        var control = JobControl(job: name, version: "v1", schedule: nil, registeredAt: "00:00:00", accountedUntil: "00:00:00")
        var run = Run(
            key: RunKey(job: name, due: "01:00:00", attempt: 1), flow: FlowKey(head: name, due: "01:00:00"), trigger: .schedule,
            readyAt: "01:00:00", waitingSince: "01:00:00")
        (run.state, run.startedAt, run.endedAt) = (.succeeded, "01:00:00", "00:30:00")
        control.noteDuration(of: run)
        #expect(control.durations == [] && control.typicalDuration == nil)
        run.endedAt = "01:00:07"
        control.noteDuration(of: run)
        #expect(control.durations == [7_000])
    }

    // MARK: start

    @Test func aRunThatWaitsTooLongIsToldWhileItWaits() {
        let jobs = [daily(Expect(startWithin: .seconds(5))), job("other", "R1/2026-03-01T01:59:00Z/PT1H")]
        var simulation = started(jobs, capacities: ["local": 1])
        simulation.pass(until: "02:00:05")
        #expect(told(simulation) == [])
        simulation.pass(until: "02:00:06")
        let words = "startWithin a: to begin by 2026-03-01T02:00:05Z, is waiting: pool: local"
        #expect(told(simulation) == [words])
        #expect(simulation.newest("a")?.state == .waiting && simulation.newest("a")?.breaches == [.startWithin])
        simulation.end("other")
        simulation.pass(.seconds(3_600))
        simulation.end("a")
        #expect(told(simulation) == [words] && simulation.newest("a")?.state == .succeeded)
    }

    /// A start is heard of a moment after it happened, and after a restart an hour after.
    @Test func whatBeganInTimeIsNotToldHoweverLateItIsHeardOf() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        let graph = JobGraph.build([job("a", "R/2026-03-01T02:00:00Z/P1D") { $0.expect.startWithin = .seconds(5) }]).graph
        _ = core.handle(.start(graph), at: "00:00:00")
        let run = RunKey(job: "a", due: "02:00:00", attempt: 1)
        #expect(core.handle(.tick, at: "02:00:00").launches == [run])
        #expect(core.nextWake == "02:00:06.000001")
        // The scheduler was stopped meanwhile: at the first look the executor gets a moment to tell what it knows.
        #expect(core.handle(.tick, at: "03:00:00").records.isEmpty)
        let records = core.handle(.started(run, at: "02:00:04.9", node: nil), at: "03:00:00").records
        #expect(records.count == 1 && core.openRun(run)?.breaches == [])
        #expect(core.handle(.tick, at: "04:00:00").records.isEmpty)
    }

    @Test func aLateStartIsToldWhenItIsHeardOf() {
        var simulation = started([daily(Expect(startWithin: .seconds(5)))])
        simulation.executor.course = { _, _ in .init(startsAfter: .milliseconds(5_500), lasts: .seconds(1)) }
        simulation.pass(until: "03:00:00")
        #expect(told(simulation) == ["startWithin a: to begin by 2026-03-01T02:00:05Z, begun at 2026-03-01T02:00:05.5Z"])
    }

    @Test func whatIsAskedForHasNoStartToKeep() {
        var simulation = started([job("a") { $0.expect.startWithin = .zero }, job("b")], capacities: ["local": 1])
        simulation.run("b")
        simulation.run("a")
        simulation.pass(.seconds(100))
        #expect(told(simulation) == [])
    }

    // MARK: duration

    @Test func aRunThatTakesTooLongIsToldWhileItRuns() {
        var simulation = started([daily(Expect(duration: .seconds(60)))])
        simulation.pass(until: "02:01:01")
        #expect(told(simulation) == [])
        simulation.pass(until: "02:01:02")
        #expect(told(simulation) == ["duration a: to take 60 s at most, is running"])
        #expect(simulation.newest("a")?.state == .running)
        simulation.die()
        simulation.start()
        simulation.end("a")
        #expect(told(simulation).count == 1)
        #expect(simulation.history("a") == ["02:00:00 succeeded"])
    }

    /// Whoever was asleep does not say of a run that it still runs before its executor could say when it ended.
    @Test func aRunThatEndedInTimeWhileNobodyLookedIsNotTold() {
        var simulation = started([daily(Expect(endBy: 180, duration: .seconds(60)))])
        simulation.executor.course = { _, _ in .init(lasts: .seconds(30)) }
        simulation.pass(until: "02:00:00")
        simulation.die()
        simulation.stayDown(until: "08:00:00")
        simulation.start()
        simulation.pass(.seconds(60))
        #expect(told(simulation) == [] && simulation.history("a") == ["02:00:00 succeeded"])
    }

    @Test func aRunThatEndedTooLateWhileNobodyLookedIsTold() {
        var simulation = started([daily(Expect(endBy: 180, duration: .seconds(60)))])
        simulation.executor.course = { _, _ in .init(lasts: .seconds(7_200)) }
        simulation.pass(until: "02:00:00")
        simulation.die()
        simulation.stayDown(until: "08:00:00")
        simulation.start()
        simulation.pass(.seconds(60))
        #expect(
            Set(told(simulation)) == [
                "endBy a: to end by 2026-03-01T03:00:00Z, succeeded at 2026-03-01T04:00:00Z",
                "duration a: to take 60 s at most, succeeded at 2026-03-01T04:00:00Z",
            ])
    }

    // MARK: end

    @Test func theEndIsTheFirstSuchTimeAfterTheDueByTheClockOfTheZone() {
        var expect = Expect(endBy: 6 * 60)
        expect.zone = zone("Europe/Berlin")
        // In the night of 29 March clocks there go from 2 to 3.
        var simulation = Simulation(at: "2026-03-28T12:00:00Z")
        simulation.start([job("a", Schedule("0 1 * * *", zone: "Europe/Berlin")) { $0.expect = expect }])
        simulation.pass(until: "2026-03-29T00:00:00Z")
        #expect(simulation.newest("a")?.promises.endBy == "2026-03-29T04:00:00Z")
        simulation.pass(until: "2026-03-29T04:00:02Z")
        #expect(told(simulation) == ["endBy a: to end by 2026-03-29T04:00:00Z, is running"])
    }

    @Test func aFailureThatNobodyRetriesIsToldAtOnceAndARetryIsWaitedFor() {
        var simulation = started([daily(Expect(endBy: 180)) { $0.retries = Retries(limit: 1, delay: .seconds(1_800)) }])
        simulation.pass(until: "02:00:00")
        simulation.end("a", .failed)
        #expect(told(simulation) == [])
        simulation.pass(until: "02:45:00")
        simulation.end("a", .failed)
        #expect(told(simulation) == ["endBy a: to end by 2026-03-01T03:00:00Z, failed at 2026-03-01T02:45:00Z"])
        simulation.pass(until: "04:00:00")
        #expect(told(simulation).count == 1)
    }

    /// The promise is the due's: told of one attempt, it is not told of the next.
    @Test func aRetryInheritsWhatWasTold() {
        var simulation = started([daily(Expect(endBy: 180)) { $0.retries = Retries(limit: 1, delay: .seconds(60)) }])
        simulation.pass(until: "03:00:02")
        #expect(told(simulation) == ["endBy a: to end by 2026-03-01T03:00:00Z, is running"])
        simulation.end("a", .failed)
        simulation.pass(until: "03:10:00")
        #expect(simulation.newest("a")?.breaches == [.endBy] && simulation.newest("a")?.key.attempt == 2)
        simulation.end("a")
        #expect(told(simulation).count == 1)
    }

    @Test func aSoftErrorAndASuccessInTimeKeepThePromise() {
        var simulation = started([daily(Expect(endBy: 180)) { $0.softError = true }])
        simulation.pass(until: "02:00:00")
        simulation.end("a", .failed)
        simulation.pass(until: "04:00:00")
        #expect(told(simulation) == [])
    }

    @Test func missedSlotsBreakItAndPausedOnesDoNot() {
        var simulation = started([daily(Expect(endBy: 180)) { $0.catchUp = .none }])
        simulation.die()
        simulation.stayDown(until: "2026-03-03T12:00:00Z")
        simulation.start()
        let words = "endBy a: 3 slots from 2026-03-01T02:00:00Z to 2026-03-03T02:00:00Z were missed: catch-up"
        #expect(told(simulation) == [words])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.pass(until: "2026-03-05T12:00:00Z")
        #expect(told(simulation) == [words])
    }

    @Test func aSlotThatIsCaughtUpTooLateIsToldWhenItsRunIsMade() {
        var simulation = started([daily(Expect(endBy: 180))])
        simulation.die()
        simulation.stayDown(until: "12:00:00")
        simulation.start()
        #expect(told(simulation) == ["endBy a: to end by 2026-03-01T03:00:00Z, is waiting"])
    }

    @Test func whatSomebodyRunsAgainAfterwardsPromisesNothing() {
        var simulation = started([daily(Expect(endBy: 180))])
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.pass(until: "12:00:00")
        simulation.ask(.retry(RunKey(job: "a", due: "02:00:00", attempt: 1), by: "ada"))
        simulation.pass(.seconds(60))
        #expect(simulation.newest("a")?.key.attempt == 2 && told(simulation) == [])
    }

    // MARK: flows

    private var flow: [Job] {
        [
            job("head", "R/2026-03-01T02:00:00Z/P1D"), job("mid", after: ["head"]), job("report", after: ["mid"]) { $0.expect.endBy = 180 },
            job("repair", after: ["head:failure"]) { $0.expect.endBy = 180 },
        ]
    }

    @Test(arguments: [false, true]) func aMemberThatHasNoRowYetIsToldOnce(isRestarted: Bool) {
        var simulation = started(flow)
        simulation.pass(until: "03:00:01")
        let place = "what comes before it in the flow of head due 2026-03-01T02:00:00Z has not ended"
        let words = "endBy report: not begun by 2026-03-01T03:00:00Z: \(place)"
        #expect(told(simulation) == [words])
        if isRestarted {
            simulation.die()
            simulation.start()
            simulation.pass(.seconds(600))
        }
        simulation.end("head")
        simulation.end("mid")
        #expect(simulation.newest("report")?.breaches == [.endBy])
        simulation.end("report")
        #expect(told(simulation) == [words] && simulation.history("report") == ["02:00:00 succeeded"])
    }

    @Test func theTimeOfAMemberRunsOutThroughADowntime() {
        var simulation = started(flow)
        simulation.pass(until: "02:30:00")
        simulation.die()
        simulation.stayDown(until: "05:00:00")
        simulation.start()
        #expect(told(simulation).count == 1)
    }

    @Test func aMemberThatIsSkippedForItsParentsIsToldAtOnce() {
        var simulation = started(flow)
        simulation.pass(until: "02:00:00")
        simulation.end("head", .failed)
        #expect(told(simulation) == ["endBy report: to end by 2026-03-01T03:00:00Z, skipped at 2026-03-01T02:00:00Z"])
        simulation.end("repair")
        simulation.pass(until: "12:00:00")
        #expect(told(simulation).count == 1)
    }

    /// A repair is not needed when all goes well.
    @Test func whoWaitsForAFailurePromisesNoEnd() {
        var simulation = started(flow)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.pass(until: "12:00:00")
        #expect(simulation.history("repair") == ["02:00:00 skipped: upstream"] && told(simulation) == [])
    }

    @Test func anEditHoldsForRunsThatAreMadeLater() {
        var simulation = started([daily(Expect(endBy: 180))])
        simulation.pass(until: "02:30:00")
        simulation.define([daily(Expect(endBy: 240))])
        simulation.pass(until: "03:00:02")
        #expect(told(simulation).count == 1)
        #expect(simulation.newest("a")?.promises.endBy == "03:00:00")
    }

    // MARK: foreseen

    @Test func aBreachIsForeseenFromHowLongRunsTook() {
        var simulation = started([daily(Expect(endBy: 180, duration: .seconds(1_800)))])
        simulation.executor.course = { run, _ in .init(lasts: .seconds(2_700)) }
        simulation.pass(until: "12:00:00")
        #expect(simulation.ledger.controls["a"]?.durations == [2_700_000])
        #expect(told(simulation) == ["duration a: to take 1800 s at most, is running"])
        simulation.pass(until: "2026-03-02T02:00:00Z")
        let words = "likely a: half of its last successful runs took 2700 s, and it is to take 1800 s at most"
        #expect(told(simulation).last == words && simulation.newest("a")?.breaches == [.likely])
        simulation.pass(until: "2026-03-02T12:00:00Z")
        #expect(told(simulation).count == 3)
    }

    @Test func aLateStartLetsForeseeALateEnd() {
        var simulation = started([daily(Expect(endBy: 180)), job("other", "R1/2026-03-02T01:59:00Z/PT1H")], capacities: ["local": 1])
        simulation.executor.course = { run, _ in run.key.job == "other" ? .init() : .init(lasts: .seconds(2_700)) }
        simulation.pass(until: "2026-03-02T02:30:00Z")
        #expect(told(simulation) == [])
        simulation.end("other")
        let words =
            "likely a: half of its last successful runs took 2700 s: it would end at 2026-03-02T03:15:00Z, and is to by 2026-03-02T03:00:00Z"
        #expect(told(simulation) == [words])
        simulation.pass(until: "2026-03-02T12:00:00Z")
        #expect(told(simulation).count == 2)
    }

    @Test func theLastTwentySuccessesCount() {
        var simulation = started([job("a", "R/2026-03-01T00:01:00Z/PT1M") { $0.expect.duration = .seconds(59) }])
        simulation.executor.course = { run, _ in .init(lasts: .milliseconds(run.key.due < "00:10:00" ? 9_000 : 1_000)) }
        simulation.pass(until: "00:29:30")
        #expect(simulation.ledger.controls["a"]?.durations.count == 20)
        #expect(simulation.ledger.controls["a"]?.typicalDuration == .seconds(1))
    }

    /// What runs leave behind in the queue of alarms is cleared away.
    @Test func alarmsOfRunsThatEndedAreNotKept() {
        var simulation = started([job("a", "R/2026-03-01T00:00:01Z/PT1S") { $0.expect.endBy = 1_430 }])
        simulation.executor.course = { _, _ in .init(lasts: .milliseconds(10)) }
        simulation.pass(until: "01:00:00")
        #expect(simulation.history("a").count == 3_600)
        #expect((simulation.core?.promiseAlarms.count ?? 0) < 1_100)
        #expect(told(simulation) == [])
    }
}
