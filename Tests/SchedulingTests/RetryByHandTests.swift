import Scheduling
import TestSupport
import Testing
import Timetable

/// `rota retry`: the same due once more, because somebody asks.
struct RetryByHandTests {
    private let first = RunKey(job: "a", due: "00:00:00", attempt: 1)
    private let second = RunKey(job: "a", due: "00:00:00", attempt: 2)

    /// The first attempts take a second and come to this end, later ones succeed.
    private func ended(_ state: RunState = .failed, _ others: [Job] = [], _ change: @escaping (inout Job) -> Void = { _ in }) -> Simulation
    {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt == 1 ? state : .succeeded) }
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H", change)] + others)
        simulation.pass(.seconds(10))
        return simulation
    }

    private func retry(_ key: RunKey) -> Request { .retry(key, by: "ada") }

    @Test(arguments: [RunState.failed, .timedOut, .killed, .lost, .succeeded]) func anEndedRunIsRunOnceMore(state: RunState) {
        var simulation = ended(state)
        #expect(simulation.ask(retry(first)) == .accepted(second))
        #expect(simulation.row("a", "00:00:00")?.trigger == .retry)
        #expect(simulation.row("a", "00:00:00")?.retry == 0)
        #expect(simulation.row("a", "00:00:00")?.readyAt == "00:00:10")
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["00:00:00 \(state.rawValue)", "00:00:00 #2 succeeded"])
        #expect(simulation.ledger.changes.map(\.kind) == ["request.retry"])
        #expect(simulation.ledger.changes.first?.run == second)
    }

    @Test func itTakesTheParametersAndTheDueOfTheFirst() {
        var simulation = ended()
        simulation.run("a", parameters: ["DAY": "1"])
        simulation.pass(.seconds(10))
        simulation.ask(retry(RunKey(job: "a", due: "00:00:10", attempt: 1)))
        #expect(simulation.newest("a")?.parameters == ["DAY": "1"])
        #expect(simulation.newest("a")?.key == RunKey(job: "a", due: "00:00:10", attempt: 2))
    }

    @Test func anyAttemptNamesItsDue() {
        var simulation = ended()
        simulation.ask(retry(first))
        simulation.pass(.seconds(10))
        #expect(simulation.ask(retry(first)) == .accepted(RunKey(job: "a", due: "00:00:00", attempt: 3)))
    }

    @Test func whileOneRunsItIsRefused() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H")])
        simulation.pass(.seconds(1))
        guard case .refused(let text) = simulation.ask(retry(first)) else { Issue.record("it is not refused"); return }
        #expect(text.contains("running") && text.contains("rota kill"))
    }

    @Test func aRetryThatWaitsForItsTimeIsBroughtForward() {
        var simulation = ended { $0.retries = Retries(limit: 1, delay: .seconds(3600)) }
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 waiting: retry"])
        #expect(simulation.ask(retry(first)) == .accepted(second))
        #expect(simulation.row("a", "00:00:00")?.readyAt == "00:00:10")
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 succeeded"])
    }

    @Test func oneThatOnlyWaitsForAPlaceStaysWhereItIs() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H")])
        #expect(simulation.ask(retry(first)) == .already("the run waits already: pool: local"))
        #expect(simulation.ledger.rows(of: "a").count == 1)
    }

    @Test func theBudgetOfAutomaticRetriesIsAFreshOne() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.retries = Retries(limit: 2, delay: .seconds(100)) }])
        simulation.pass(.seconds(10))
        simulation.ask(retry(first))
        simulation.pass(.seconds(3000))
        #expect(simulation.ledger.rows(of: "a").map(\.retry) == [0, 0, 1, 2])
        simulation.ask(retry(first))
        simulation.pass(.seconds(3000))
        #expect(simulation.ledger.rows(of: "a").map(\.retry) == [0, 0, 1, 2, 0, 1, 2])
    }

    @Test func aSlotThatWasMissedCanBeRunByHand() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1])
        simulation.executor.course = { run, _ in .init(lasts: run.key.job == "a" ? .seconds(1) : .seconds(60)) }
        let every = "R1/2026-03-01T00:00:00Z/PT1H" as Schedule
        simulation.start([job("a", every) { $0.startWithin = .seconds(1) }, job("first", every) { $0.priority = 9 }])
        simulation.pass(.seconds(120))
        #expect(simulation.history("a") == ["00:00:00 missed: startWithin"])
        simulation.ask(retry(first))
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["00:00:00 missed: startWithin", "00:00:00 #2 succeeded"])
    }

    @Test func whatNoFileDefinesOrIsDisabledIsRefused() {
        var simulation = ended()
        simulation.define([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.disabled = true }])
        guard case .refused(let disabled) = simulation.ask(retry(first)) else { Issue.record("it is not refused"); return }
        #expect(disabled.contains("disabled: true"))
        simulation.define([])
        guard case .refused(let gone) = simulation.ask(retry(first)) else { Issue.record("it is not refused"); return }
        #expect(gone.contains("no file defines"))
        let stranger = RunKey(job: "a", due: "07:00:00", attempt: 1)
        #expect(simulation.ask(retry(stranger)) == .unknownRun(stranger))
        #expect(simulation.history("a") == ["00:00:00 failed"])
    }

    @Test func aPausedJobIsRetriedByHand() {
        var simulation = ended()
        simulation.ask(.pause(.everything, by: "ada"))
        simulation.ask(retry(first))
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 succeeded"])
    }

    // MARK: flows

    private let below = [job("b", after: ["a"]), job("c", after: ["b"]), job("d", after: ["a:failure"])]

    /// issue 5, 1: a parent retried by hand frees its children, also in a flow that has closed, and after a restart.
    @Test(arguments: [false, true]) func aLaterSuccessFreesTheChildrenThatWereSkippedForIt(restarts: Bool) {
        var simulation = ended(.failed, below)
        #expect(simulation.history("c") == ["00:00:00 skipped: upstream"])
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen })
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.ask(retry(first))
        #expect(simulation.ledger.flows.values.allSatisfy { $0.isOpen })
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 succeeded"])
        #expect(simulation.history("b") == ["00:00:00 skipped: upstream", "00:00:00 #2 succeeded"])
        #expect(simulation.history("c") == ["00:00:00 skipped: upstream", "00:00:00 #2 succeeded"])
        #expect(simulation.history("d").count == 1, "to no others")
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen })
    }

    @Test func whatWasSkippedForAParentIsFreedByTheParentAlone() {
        var simulation = ended(.failed, below)
        guard case .refused(let text) = simulation.ask(retry(RunKey(job: "b", due: "00:00:00", attempt: 1))) else {
            Issue.record("it is not refused"); return
        }
        #expect(text.contains("rota run b"))
    }

    @Test func aLostRunThatItsFlowWaitsForIsReleasedByARetry() {
        var simulation = ended(.lost, [job("b", after: ["a"])])
        #expect(simulation.ledger.flows.values.allSatisfy { $0.isOpen })
        simulation.ask(retry(first))
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.pass(.seconds(60))
        #expect(simulation.history("b") == ["00:00:00 succeeded"])
    }

    @Test func aFlowWhoseHeadWasSkippedBeginsWithItsRetry() {
        let slow = job("slow", "R1/2026-03-01T00:00:00Z/PT1H")
        let head = job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.pool = "p" }
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 0])
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([slow, head, job("b", after: ["a"]), job("gone", after: ["a"]), job("orphan", after: ["gone"])])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["00:00:00 skipped: paused"])
        #expect(simulation.history("b") == [])
        simulation.define([slow, job("a", head.schedule), job("b", after: ["a"]), job("orphan", after: ["b"])])
        simulation.ask(retry(first))
        simulation.pass(.seconds(60))
        #expect(simulation.history("a") == ["00:00:00 skipped: paused", "00:00:00 #2 succeeded"])
        #expect(simulation.history("b") == ["00:00:00 succeeded"])
        #expect(simulation.history("gone") == ["00:00:00 skipped: removed"])
        #expect(simulation.history("orphan") == ["00:00:00 succeeded"], "a parent that is gone counts as met")
    }

    /// The head is skipped after all, while a child that had its run runs again: the flow waits for it.
    @Test func aFlowDoesNotCloseOverAnOpenRun() {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 1])
        simulation.executor.course = { run, _ in .init(lasts: run.key.attempt == 1 && run.key.job != "slow" ? .seconds(1) : nil) }
        let head = job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.pool = "p" }
        let others = [job("b", after: ["a"]), job("slow") { $0.pool = "p" }]
        simulation.start([head] + others)
        simulation.pass(.seconds(10))
        simulation.run("slow")
        simulation.ask(retry(RunKey(job: "b", due: "00:00:00", attempt: 1)))
        simulation.ask(retry(first))
        #expect(simulation.history("a").last == "00:00:00 #2 waiting: pool: p")
        simulation.define(
            [
                job("a", head.schedule) { job in
                    job.pool = "p"
                    job.disabled = true
                }
            ] + others)
        #expect(simulation.history("a").last == "00:00:00 #2 skipped: disabled")
        #expect(simulation.history("b").count == 2 && simulation.row("b", "00:00:00")?.state.isActive == true)
        simulation.end("b")
        #expect(simulation.history("b") == ["00:00:00 succeeded", "00:00:00 #2 succeeded"])
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen })
    }
}
