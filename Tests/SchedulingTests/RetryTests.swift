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

    @Test func jitterMovesAWaitByItsPartAndTheSameAfterACrash() {
        func retried(_ name: JobName, dying: Bool) -> Instant? {
            var simulation = Simulation(at: "00:00:00")
            simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
            if dying { simulation.crash = { $0 % 3 == 0 ? (.afterCommit(deeds: 0), .zero) : nil } }
            simulation.start([
                job(name, "R1/PT1H") { job in
                    job.retries = Retries(limit: 1, delay: .seconds(100))
                    job.retries.jitter = 0.1
                }
            ])
            simulation.pass(.seconds(50))
            return simulation.row(name, "00:00:00")?.notBefore
        }
        let names = (0..<40).compactMap { JobName("j\($0)") }
        let waits = names.compactMap { retried($0, dying: false) }
        #expect(waits.allSatisfy { ("00:01:31"..."00:01:51").contains($0) })
        #expect(Set(waits).count == 40, "they are not tried again together")
        #expect(waits.contains { $0 < "00:01:36" } && waits.contains { $0 > "00:01:46" }, "over the whole range")
        #expect(names.compactMap { retried($0, dying: true) } == waits)
    }

    @Test func jitterNeverWaitsLongerThanTheLongestDelayNorLessThanNothing() {
        var retries = Retries(limit: 9, delay: .seconds(60), backoff: 2, maxDelay: .seconds(300))
        retries.jitter = 1
        let waits = (1...200).map { retries.wait(before: 9, of: RunKey(job: "a", due: .epoch, attempt: $0)) }
        #expect(waits.allSatisfy { $0 >= .zero && $0 <= .seconds(300) })
        #expect(waits.contains { $0 < .seconds(60) } && waits.contains(.seconds(300)))
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

    /// Chronos retried nothing after a final failure until the next success.
    @Test func retriesNeverDependOnEarlierRuns() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
        simulation.start([job("a", "R3/PT1H") { $0.retries = Retries(limit: 1, delay: .seconds(60)) }])
        simulation.pass(until: "03:00:00")
        let failures = ["00", "01", "02"].flatMap { ["\($0):00:00 failed", "\($0):00:00 #2 failed"] }
        #expect(simulation.history("a") == failures)
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

    // MARK: which ends

    private func ended(_ state: RunState, exitCode: Int?, _ policy: Retries) -> [String] {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: state, exitCode: exitCode) }
        simulation.start([job("a", "R1/PT1H") { $0.retries = policy }])
        simulation.pass(.seconds(1))
        return simulation.history("a")
    }

    /// catalogue 21
    @Test(arguments: [RunState.failed, .timedOut, .couldNotStart]) func onlyTheEndsThatAreNamedAreRetried(state: RunState) {
        let occasions = Retries.Occasion.allCases.filter { $0.rawValue != state.rawValue }
        let others = ended(state, exitCode: 2, Retries(limit: 3, on: Set(occasions)))
        let reason = state == .couldNotStart ? "scripted; not retried: retries.on" : "not retried: retries.on"
        #expect(others == ["00:00:00 \(state.rawValue): \(reason)"])
        let named = ended(state, exitCode: 2, Retries(limit: 3, on: Set(Retries.Occasion.allCases).subtracting(occasions)))
        #expect(named.last == "00:00:00 #2 waiting: retry")
    }

    @Test(arguments: [(75, true), (74, false), (100, true), (110, true), (111, false), (nil, false)] as [(Int?, Bool)])
    func onlyTheExitCodesThatAreNamedAreRetried(exitCode: Int?, isRetried: Bool) {
        let history = ended(.failed, exitCode: exitCode, Retries(limit: 3, exitCodes: [75...75, 100...110]))
        let retried = ["00:00:00 failed", "00:00:00 #2 waiting: retry"]
        #expect(history == (isRetried ? retried : ["00:00:00 failed: not retried: retries.exitCodes"]))
    }

    @Test func anEndBySignalIsRetriedUnlessExitCodesAreNamed() {
        #expect(ended(.failed, exitCode: nil, Retries(limit: 1)).count == 2)
    }

    /// They narrow `failed` alone.
    @Test(arguments: [RunState.timedOut, .couldNotStart]) func exitCodesSayNothingOfOtherEnds(state: RunState) {
        #expect(ended(state, exitCode: nil, Retries(limit: 1, exitCodes: [75...75])).count == 2)
    }

    private func befallen(_ state: RunState, _ reason: String, _ policy: Retries) -> [String] {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: state, exitCode: nil, reason: reason) }
        simulation.start([job("a", "R1/PT1H") { $0.retries = policy }])
        simulation.pass(.seconds(1))
        return simulation.history("a")
    }

    @Test(
        arguments: [
            (.failed, "node-failed: n1", .nodeFailed), (.couldNotStart, "boot-failed: n1", .bootFailed), (.failed, "preempted", .preempted),
            (.failed, "out-of-memory: more than 1 GiB; left-over: 1 process", .outOfMemory),
            (.timedOut, "deadline: of the task", .deadline), (.failed, "requeued: by somebody", .preempted),
            (.killed, "cancelled: by 1000 on the cluster", .cancelled),
        ] as [(RunState, String, Retries.Occasion)])
    func anEndWithACauseIsRetriedByTheWordOfTheCauseAlone(state: RunState, reason: String, occasion: Retries.Occasion) {
        let named = befallen(state, reason, Retries(limit: 1, on: [occasion], exitCodes: [75...75]))
        #expect(named == ["00:00:00 \(state.rawValue): \(reason)", "00:00:00 #2 waiting: retry"])
        let others = befallen(state, reason, Retries(limit: 1, on: Set(Retries.Occasion.allCases).subtracting([occasion])))
        let blame = occasion == .cancelled ? "" : "; not retried: retries.on"
        #expect(others == ["00:00:00 \(state.rawValue): \(reason)\(blame)"])
        #expect((befallen(state, reason, Retries(limit: 1)).count == 2) == (occasion != .cancelled), "what holds without `on`")
    }

    @Test func aCauseIsAWholeWord() {
        let history = befallen(.failed, "deadlines: missed", Retries(limit: 1, on: [.failed]))
        #expect(history == ["00:00:00 failed: deadlines: missed", "00:00:00 #2 waiting: retry"])
    }

    @Test func whatSomebodyKillsIsNotRetriedWhateverItSays() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init() }
        simulation.start([job("a", "R1/PT1H") { $0.retries = Retries(limit: 1, on: [.cancelled]) }])
        simulation.pass(.seconds(1))
        simulation.ask(.kill(RunKey(job: "a", due: "00:00:00", attempt: 1), by: "cancelled: by ada"))
        simulation.pass(.seconds(60))
        #expect(simulation.ledger.rows(of: "a").map(\.state) == [.killed])
    }

    /// A final failure tells of a rule only where there was a retry left that the rule refused.
    @Test func anEndThatIsRetriedNoMoreBlamesNoRule() {
        #expect(ended(.failed, exitCode: 2, Retries(limit: 0, exitCodes: [75...75])) == ["00:00:00 failed"])
    }

    // MARK: lost

    private func losing(_ change: @escaping (inout Job) -> Void = { _ in }) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .lost) }
        simulation.start([
            job("a", "R1/PT1H") { job in
                job.onUnknown = .rerun
                change(&job)
            }, job("b", after: ["a:done"]),
        ])
        return simulation
    }

    /// What takes the machine down with each start is not started for ever.
    @Test func aRunThatIsLostAgainAndAgainIsHeldInTheEnd() {
        var simulation = losing()
        simulation.pass(.seconds(3_600))
        let rows = simulation.ledger.rows(of: "a")
        #expect(rows.map(\.state) == Array(repeating: .lost, count: 11))
        #expect(rows.compactMap(\.reason) == ["not run again: 10 runs of this due were lost one after the other before it"])
        #expect(simulation.history("b") == [], "its flow waits for somebody")
        #expect(simulation.ledger.controls["a"]?.failures == 0)
    }

    /// The count is read off the ledger: a machine that goes down keeps nothing in mind.
    @Test func theBoundHoldsAlsoWhenTheSchedulerDiesWithEachRun() {
        var simulation = losing()
        for _ in 0..<40 {
            simulation.pass(.milliseconds(1_500))
            simulation.die()
            simulation.stayDown(until: simulation.now + .seconds(2))
            simulation.start()
        }
        #expect(simulation.ledger.rows(of: "a").count == 11)
        #expect(simulation.history("b") == [])
    }

    @Test func somebodyWhoAsksBeginsTheCountAnew() {
        var simulation = losing()
        simulation.pass(.seconds(3_600))
        simulation.ask(.retry(RunKey(job: "a", due: "00:00:00", attempt: 11), by: "ada"))
        simulation.die()
        simulation.start()
        simulation.pass(.seconds(3_600))
        #expect(simulation.ledger.rows(of: "a").count == 22)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.ask(.retry(RunKey(job: "a", due: "00:00:00", attempt: 22), by: "ada"))
        simulation.pass(.seconds(10))
        #expect(simulation.history("b") == ["00:00:00 succeeded"])
    }

    /// In a row: an end that is known begins the count anew.
    @Test func aFailureInBetweenBeginsTheCountAnew() {
        var simulation = losing { $0.retries = Retries(limit: 1, delay: .zero) }
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt == 6 ? .failed : .lost) }
        simulation.pass(.seconds(3_600))
        #expect(simulation.ledger.rows(of: "a").count == 6 + 11)
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
