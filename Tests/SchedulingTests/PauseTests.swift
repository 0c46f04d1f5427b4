import TestSupport
import Testing
import Timetable

@testable import Scheduling

/// Order of judgement: paused comes first, and resume starts nothing.
struct PauseTests {
    private let often = job("a", "R/2026-03-01T00:00:00Z/PT10S") { $0.labels = ["team": "data"] }

    private func begun(_ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start(jobs)
        return simulation
    }

    private static let scopes: [PauseScope] = [
        .job("a"), .label(key: "team", value: "data"), .label(key: "team", value: nil), .everything,
    ]

    // MARK: slots

    @Test(arguments: scopes) func slotsOfAPausedJobAreSkippedAndResumeStartsNothing(scope: PauseScope) {
        var simulation = begun([often])
        simulation.pass(until: "00:00:05")
        #expect(simulation.ask(.pause(scope, by: "ada")) == .paused(jobs: 1))
        simulation.pass(until: "00:10:05")
        #expect(simulation.ledger.rows(of: "a").map(\.key.due) == ["00:00:00"])
        #expect(simulation.ledger.gaps(of: "a").count <= 12, "told once a minute at most")
        #expect(simulation.ask(.resume(scope, by: "bob")) == .resumed(jobs: 1, stillPaused: 0))
        #expect(simulation.ledger.rows(of: "a").map(\.key.due) == ["00:00:00"])
        #expect(simulation.ledger.gaps(of: "a").last?.lastDue == "00:10:00")
        simulation.pass(until: "00:10:12")
        #expect(simulation.ledger.rows(of: "a").map(\.key.due) == ["00:00:00", "00:10:10"])
        #expect(simulation.ledger.gaps(of: "a").allSatisfy { $0.state == .skipped && $0.reason == "paused" })
        #expect(simulation.history("a").count == simulation.ledger.gaps(of: "a").count + 2, "and each is accounted for")
        #expect(simulation.ledger.changes.map(\.kind) == ["request.pause", "request.resume"])
        #expect(simulation.ledger.changes.map(\.who) == ["ada", "bob"])
    }

    @Test func otherJobsGoOn() {
        var simulation = begun([often, job("b", "R/2026-03-01T00:00:00Z/PT10S") { $0.labels = ["team": "web"] }])
        simulation.ask(.pause(.label(key: "team", value: "data"), by: "ada"))
        simulation.pass(until: "00:00:25")
        #expect(simulation.history("b") == ["00:00:00 succeeded", "00:00:10 succeeded", "00:00:20 succeeded"])
        #expect(simulation.ledger.rows(of: "a").count == 1)
    }

    @Test func pausedIsToldBeforeDisabled() {
        var simulation = begun([job("a", "R/2026-03-01T00:00:01Z/PT10S") { $0.disabled = true }])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.pass(until: "00:02:00")
        #expect(simulation.ledger.gaps(of: "a").first?.reason == "paused")
        simulation.ask(.resume(.job("a"), by: "ada"))
        simulation.pass(until: "00:04:00")
        #expect(simulation.ledger.gaps(of: "a").last?.reason == "disabled")
        #expect(simulation.history("a").count == simulation.ledger.gaps(of: "a").count)
    }

    // MARK: durable

    @Test func aPauseSurvivesARestartAndWhatCameDueMeanwhileIsSkippedForIt() {
        var simulation = begun([job("a", "R/2026-03-01T00:00:00Z/PT1H")])
        simulation.pass(.seconds(5))
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.die()
        simulation.stayDown(until: "05:30:00")
        simulation.start()
        #expect(simulation.history("a") == ["00:00:00 succeeded", "01:00:00–05:00:00 ×5 skipped: paused"])
        #expect(simulation.core?.pauses[.job("a")] == Pause(scope: .job("a"), by: "ada", since: "00:00:05"))
    }

    @Test func aPauseSurvivesTheRemovalOfTheFile() {
        var simulation = begun([often])
        simulation.pass(until: "00:00:05")
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.define([])
        #expect(simulation.ask(.pause(.job("a"), by: "ada")) == .unknownJob("a"))
        simulation.pass(until: "00:01:05")
        simulation.define([often])
        simulation.pass(until: "00:03:00")
        #expect(simulation.ledger.rows(of: "a").count == 1)
        #expect(simulation.ask(.resume(.job("a"), by: "ada")) == .resumed(jobs: 1, stillPaused: 0))
    }

    @Test func aPauseOfAJobThatIsGoneCanBeEnded() {
        var simulation = begun([often])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.define([])
        #expect(simulation.ask(.resume(.job("a"), by: "ada")) == .resumed(jobs: 0, stillPaused: 0))
        #expect(simulation.ledger.pauses.isEmpty)
    }

    @Test(arguments: [PauseScope.label(key: "team", value: "data"), .everything]) func aJobAddedLaterIsPausedToo(scope: PauseScope) {
        var simulation = begun([])
        #expect(simulation.ask(.pause(scope, by: "ada")) == .paused(jobs: 0))
        simulation.pass(until: "00:00:05")
        simulation.define([often])
        simulation.pass(until: "00:02:00")
        #expect(simulation.ledger.rows(of: "a").isEmpty)
        #expect(simulation.history("a").allSatisfy { $0.hasSuffix("skipped: paused") })
    }

    @Test func anEditOfALabelBeginsAndEndsItsPause() {
        var simulation = begun([often])
        simulation.ask(.pause(.label(key: "team", value: "web"), by: "ada"))
        simulation.pass(until: "00:00:15")
        simulation.define([job("a", often.schedule) { $0.labels = ["team": "web"] }])
        simulation.pass(until: "00:00:35")
        simulation.define([often])
        simulation.pass(until: "00:00:45")
        #expect(
            simulation.history("a") == [
                "00:00:00 succeeded", "00:00:10 succeeded", "00:00:20 skipped: paused", "00:00:30 skipped: paused", "00:00:40 succeeded",
            ])
    }

    // MARK: runs

    @Test func whatWaitsByItselfIsSkippedAndWhatWasAskedForWaitsOn() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.overlap = .allow }])
        simulation.pass(until: "00:00:01")
        simulation.run("a")
        simulation.ask(.pause(.job("a"), by: "ada"))
        #expect(simulation.history("a") == ["00:00:00 skipped: paused", "00:00:01 waiting: pool: local"])
    }

    @Test func aRunningRunGoesOnAndItsRetryIsSkipped() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.retries = Retries(limit: 1) }])
        simulation.pass(.seconds(1))
        simulation.ask(.pause(.everything, by: "ada"))
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 running"])
        simulation.end("a", .failed)
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 skipped: paused"])
    }

    @Test func aPausedJobRunsByHandItsRetriesIncluded() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt == 1 ? .failed : .succeeded) }
        simulation.start([job("a") { $0.retries = Retries(limit: 1, delay: .seconds(10)) }])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.run("a")
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 succeeded"])
    }

    @Test func aPausedChildIsSkippedInItsFlowAndThoseBelowItToo() {
        var simulation = begun([job("a", "R1/2026-03-01T00:00:00Z/PT1H"), job("b", after: ["a"]), job("c", after: ["b"])])
        simulation.ask(.pause(.job("b"), by: "ada"))
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 succeeded"])
        #expect(simulation.history("b") == ["00:00:00 skipped: paused"])
        #expect(simulation.history("c") == ["00:00:00 skipped: upstream"])
    }

    @Test func aPausedChildThatJoinsTheLatestUsesUpWhatItMisses() {
        var simulation = begun([job("a", "R/2026-03-01T00:00:10Z/PT1H"), job("b", after: ["a"]) { $0.join = .latest }])
        simulation.ask(.pause(.job("b"), by: "ada"))
        simulation.pass(.seconds(60))
        simulation.ask(.resume(.job("b"), by: "ada"))
        #expect(simulation.history("b") == ["00:00:11 skipped: paused"])
        simulation.pass(until: "01:00:30")
        #expect(simulation.history("b") == ["00:00:11 skipped: paused", "01:00:11 succeeded"])
    }

    /// A client of Chronos that posts `R1/<now>/…` under a pause is told what became of it.
    @Test func theSlotThatAChronosJobOwesAtFirstIsSkippedWithItsReason() {
        var simulation = begun([])
        simulation.ask(.pause(.everything, by: "ada"))
        simulation.pass(.seconds(5))
        simulation.define([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.isChronos = true }])
        #expect(simulation.history("a") == ["00:00:00 skipped: paused"])
    }

    // MARK: answers

    @Test func aPauseThatIsThereAlreadyIsToldWithItsAuthor() {
        var simulation = begun([often])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.pass(.seconds(5))
        #expect(
            simulation.ask(.pause(.job("a"), by: "bob"))
                == .already("the job `a` is paused already, by ada since 2026-03-01T00:00:00Z"))
        #expect(simulation.ledger.pauses[.job("a")]?.by == "ada")
        #expect(simulation.ledger.changes.count == 1)
    }

    @Test func resumeOfOneJobUnderAWiderPauseTellsWhatHoldsIt() {
        var simulation = begun([often])
        #expect(simulation.ask(.resume(.job("a"), by: "ada")) == .already("the job `a` is not paused"))
        simulation.ask(.pause(.everything, by: "ada"))
        guard case .refused(let text) = simulation.ask(.resume(.job("a"), by: "bob")) else { Issue.record("it is not refused"); return }
        #expect(text.contains("with everything, by ada since 2026-03-01T00:00:00Z") && text.contains("rota resume --all"))
        simulation.ask(.pause(.label(key: "team", value: "data"), by: "ada"))
        guard case .refused(let narrower) = simulation.ask(.resume(.job("a"), by: "bob")) else { Issue.record("not refused"); return }
        #expect(narrower.contains("rota resume --label team=data"), "the narrowest is told")
        simulation.ask(.pause(.job("a"), by: "ada"))
        #expect(simulation.ask(.resume(.job("a"), by: "bob")) == .resumed(jobs: 1, stillPaused: 1))
        #expect(simulation.ask(.resume(.everything, by: "bob")) == .resumed(jobs: 1, stillPaused: 1))
        #expect(simulation.ask(.resume(.label(key: "team", value: "data"), by: "bob")) == .resumed(jobs: 1, stillPaused: 0))
        simulation.pass(until: "00:00:15")
        #expect(simulation.ledger.rows(of: "a").last?.key.due == "00:00:10")
    }

    @Test func endingAPauseOfEverythingLeavesTheOthers() {
        var simulation = begun([often])
        simulation.ask(.pause(.job("a"), by: "ada"))
        guard case .already(let text) = simulation.ask(.resume(.everything, by: "bob")) else { Issue.record("it is done"); return }
        #expect(text.contains("other pauses") && text.contains("rota status"))
        #expect(simulation.ask(.pause(.job("nobody"), by: "ada")) == .unknownJob("nobody"))
        #expect(simulation.ask(.resume(.job("nobody"), by: "ada")) == .unknownJob("nobody"))
    }

    // MARK: cost

    @Test func aPauseThatComesAndGoesLeavesNoAlarmsBehind() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        _ = core.handle(.start(JobGraph.build([job("a", "R/2026-03-02T00:00:00Z/P1D")]).graph), at: "00:00:00")
        for _ in 0..<100 {
            _ = core.handle(.request(token: 1, .pause(.everything, by: "ada")), at: "00:00:01")
            _ = core.handle(.request(token: 2, .resume(.everything, by: "ada")), at: "00:00:01")
        }
        #expect(core.alarms.count == 1)
    }

    /// A slot asks for its own job's pause; neither the pauses nor the other jobs are gone through.
    @Test func aStepDoesNotGrowWithWhatIsPaused() {
        var jobs = (0..<many(20_000)).map { place in job(JobName("j\(place)") ?? "j", "R/2026-03-02T00:00:00Z/P1D") }
        jobs.append(job("a", "R/2026-03-01T00:00:00Z/PT1S"))
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        _ = core.handle(.start(JobGraph.build(jobs).graph), at: "00:00:00")
        for job in jobs.dropLast() { _ = core.handle(.request(token: 1, .pause(.job(job.name), by: "ada")), at: "00:00:00") }
        let clock = ContinuousClock()
        let time = clock.measure { for second in 1...many(20_000) { _ = core.handle(.tick, at: "00:00:00" + .seconds(second)) } }
        #expect(time < soon)
    }
}
