import Scheduling
import TestSupport
import Testing
import Timetable

/// Retries.
struct RetryTests {
    private let policy = Retries(limit: 3, delay: .seconds(60), backoff: 2)

    private func failing(_ state: RunState = .failed, _ change: @escaping (inout Job) -> Void = { _ in }) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        let policy = policy
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: state) }
        simulation.start([
            job("a", "R1/PT1H") { job in
                job.retries = policy
                change(&job)
            }
        ])
        return simulation
    }

    @Test func aRetryIsWrittenWithTheFailure() {
        var simulation = failing()
        simulation.pass(.seconds(1))
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 waiting: retry"])
        let retry = simulation.row("a", "00:00:00")
        #expect(retry?.notBefore == "00:01:01")
        #expect(retry?.readyAt == "00:01:01")
        #expect(retry?.trigger == .retry)
        #expect(simulation.nextWake == "00:01:01")
    }

    @Test func eachFurtherWaitIsLongerAndTheLimitHolds() {
        var simulation = failing()
        simulation.pass(.seconds(3600))
        let rows = simulation.ledger.rows(of: "a")
        #expect(rows.map(\.key.attempt) == [1, 2, 3, 4])
        #expect(rows.map(\.retry) == [0, 1, 2, 3])
        #expect(rows.compactMap(\.startedAt) == ["00:00:00", "00:01:01", "00:03:02", "00:07:03"])
        #expect(rows.allSatisfy { $0.state == .failed })
    }

    @Test func retriesSurviveARestart() {
        var simulation = failing()
        simulation.pass(.seconds(1))
        simulation.die()
        simulation.stayDown(until: "00:00:30")
        simulation.start()
        simulation.pass(until: "00:01:00")
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 waiting: retry"])
        simulation.pass(until: "00:01:01")
        #expect(simulation.row("a", "00:00:00")?.state.isActive == true)
    }

    @Test func aRetryWhoseTimePassedWhileWeWereDownRunsAtTheStart() {
        var simulation = failing()
        simulation.pass(.seconds(1))
        simulation.die()
        simulation.stayDown(until: "00:30:00")
        simulation.start()
        #expect(simulation.row("a", "00:00:00")?.state == .launching)
    }

    @Test func retriesConsumeNoRepetitions() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt == 1 ? .failed : .succeeded) }
        simulation.start([job("a", "R3/PT10M") { $0.retries = Retries(limit: 1, delay: .zero) }])
        simulation.pass(.seconds(7200))
        #expect(
            simulation.history("a") == [
                "00:00:00 failed", "00:00:00 #2 succeeded", "00:10:00 failed", "00:10:00 #2 succeeded", "00:20:00 failed",
                "00:20:00 #2 succeeded",
            ])
        #expect(simulation.ledger.controls["a"]?.successes == 3)
        #expect(simulation.ledger.controls["a"]?.failures == 0, "a slot that came well in the end did not fail")
    }

    @Test(arguments: [RunState.failed, .timedOut, .couldNotStart]) func everyKindOfFailureIsRetried(state: RunState) {
        var simulation = failing(state)
        simulation.pass(.seconds(1))
        #expect(simulation.ledger.rows(of: "a").count == 2)
    }

    @Test(arguments: [RunState.succeeded, .killed, .lost]) func nothingElseIsRetried(state: RunState) {
        var simulation = failing(state)
        simulation.pass(.seconds(7200))
        #expect(simulation.history("a") == ["00:00:00 \(state.rawValue)"])
    }

    @Test func aLostRunIsRunAgainOnlyUnderRerunAndCountsAsNoRetry() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt < 3 ? .lost : .succeeded) }
        simulation.start([job("a", "R1/PT1H") { $0.onUnknown = .rerun }])
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 lost", "00:00:00 #2 lost", "00:00:00 #3 succeeded"])
        #expect(simulation.ledger.rows(of: "a").map(\.retry) == [0, 0, 0])
    }

    @Test func aRetryOfAJobThatIsDisabledMeanwhileIsSkipped() {
        var simulation = failing()
        simulation.pass(.seconds(1))
        simulation.define([job("a", "R1/PT1H") { $0.disabled = true }])
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 skipped: disabled"])
        #expect(simulation.nextWake.map { $0 > "00:01:01" } ?? true || simulation.history("a").count == 2)
    }

    @Test func theParametersOfARunGoOnToItsRetries() {
        var simulation = failing()
        simulation.pass(.seconds(7200))
        simulation.run("a", parameters: ["DAY": "1"])
        simulation.pass(.seconds(1))
        #expect(simulation.newest("a")?.parameters == ["DAY": "1"])
        #expect(simulation.newest("a")?.trigger == .retry)
    }

    /// By the table in the contract of `Retries.wait`.
    @Test(
        arguments: [
            (Retries(limit: 9, delay: .seconds(60), backoff: 2, maxDelay: .seconds(300)), [60, 120, 240, 300, 300]),
            (Retries(limit: 9, delay: .seconds(10)), [10, 10, 10, 10, 10]),
            (Retries(limit: 9, delay: .zero, backoff: 1000), [0, 0, 0, 0, 0]),
            (Retries(limit: 9, delay: .seconds(1), backoff: 1000), [1, 1_000, 1_000_000, 31_536_000, 31_536_000]),
            (Retries(limit: 9, delay: .seconds(600), backoff: 1, maxDelay: .seconds(5)), [5, 5, 5, 5, 5]),
        ])
    func waitsGrowUpToTheLongest(policy: Retries, seconds: [Int]) {
        #expect((1...5).map { policy.wait(before: $0) } == seconds.map { .seconds($0) })
        #expect(policy.wait(before: 1_000_000) == .seconds(seconds[4]), "and the number of the retry costs nothing")
    }
}
