import Scheduling
import TestSupport
import Testing
import Timetable

/// `rota mark-success`: an ending that somebody vouches for.
struct MarkSuccessTests {
    private let first = RunKey(job: "a", due: "00:00:00", attempt: 1)
    private let second = RunKey(job: "a", due: "00:00:00", attempt: 2)

    /// The first attempts of `a` take a second and come to this end; everything else succeeds.
    private func ended(_ state: RunState = .failed, _ others: [Job] = [], _ change: @escaping (inout Job) -> Void = { _ in }) -> Simulation
    {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in
            .init(lasts: .seconds(1), state: run.key.job == "a" && run.key.attempt == 1 ? state : .succeeded)
        }
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H", change)] + others)
        simulation.pass(.seconds(10))
        return simulation
    }

    private func mark(_ key: RunKey) -> Request { .markSuccess(key, by: "ada") }

    @Test(arguments: [RunState.failed, .timedOut, .killed, .lost]) func itIsTheNextAttemptAndCounts(state: RunState) {
        var simulation = ended(state)
        #expect(simulation.ask(mark(first)) == .accepted(second))
        #expect(simulation.history("a") == ["00:00:00 \(state.rawValue)", "00:00:00 #2 succeeded: marked by ada"])
        let row = simulation.row("a", "00:00:00")
        #expect(row?.trigger == .mark && row?.executor == nil && row?.ending != nil && row?.endedAt == "00:00:10")
        #expect(simulation.ledger.controls["a"]?.successes == 1)
        #expect(simulation.ledger.changes.map(\.kind) == ["request.mark-success"])
        #expect(simulation.executor.launched.count == 1, "nothing is run for it")
    }

    @Test func askedTwiceItIsDoneOnce() {
        var simulation = ended()
        simulation.ask(mark(first))
        guard case .already(let text) = simulation.ask(mark(second)) else { Issue.record("it is marked again"); return }
        #expect(text.contains("marked by ada"))
        #expect(simulation.ledger.rows(of: "a").count == 2)
    }

    @Test func whatRunsIsRefusedAndWhatWaitsEndsSo() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1])
        simulation.start([job("a", "R2/2026-03-01T00:00:00Z/PT1M"), job("b", after: ["a"])])
        simulation.pass(.seconds(70))
        guard case .refused(let text) = simulation.ask(mark(first)) else { Issue.record("it is not refused"); return }
        #expect(text.contains("running") && text.contains("rota kill"))
        let waiting = RunKey(job: "a", due: "00:01:00", attempt: 1)
        #expect(simulation.ask(mark(waiting)) == .accepted(waiting))
        #expect(simulation.history("a") == ["00:00:00 running", "00:01:00 succeeded: marked by ada"])
        #expect(simulation.history("b") == ["00:01:00 waiting: pool: local"])
    }

    @Test func nobodyIsMarkedWhoHasNoRow() {
        var simulation = ended()
        let stranger = RunKey(job: "a", due: "07:00:00", attempt: 1)
        #expect(simulation.ask(mark(stranger)) == .unknownRun(stranger))
    }

    /// Nothing is run for it, so that neither matters.
    @Test func aPausedADisabledAndARemovedJobAreMarked() {
        var simulation = ended()
        simulation.ask(.pause(.everything, by: "ada"))
        simulation.define([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.disabled = true }])
        #expect(simulation.ask(mark(first)) == .accepted(second))
        var other = ended()
        other.define([])
        #expect(other.ask(mark(first)) == .accepted(second))
    }

    // MARK: flows

    /// issue 5, 1: a later success of a parent frees its children, in a flow that has closed and after a restart; a failure edge is not met.
    @Test(arguments: [false, true]) func childrenThatWereSkippedForItAreFreed(restarts: Bool) {
        var simulation = ended(.failed, [job("b", after: ["a"]), job("c", after: ["b"]), job("d", after: ["a:failure"])])
        #expect(simulation.history("c") == ["00:00:00 skipped: upstream"])
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.ask(mark(first))
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(.seconds(60))
        #expect(simulation.history("b") == ["00:00:00 skipped: upstream", "00:00:00 #2 succeeded"])
        #expect(simulation.history("c") == ["00:00:00 skipped: upstream", "00:00:00 #2 succeeded"])
        #expect(simulation.history("d") == ["00:00:00 succeeded"], "what it let through before is not taken back")
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen })
    }

    @Test func aFlowThatALostRunHoldsGoesOn() {
        var simulation = ended(.lost, [job("b", after: ["a"])])
        #expect(simulation.ledger.flows.values.allSatisfy { $0.isOpen } && simulation.history("b").isEmpty)
        simulation.ask(mark(first))
        simulation.pass(.seconds(60))
        #expect(simulation.history("b") == ["00:00:00 succeeded"])
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen })
    }

    @Test func aJoinOfTheLatestConsumesIt() {
        var simulation = ended(.failed, [job("z", after: ["a"]) { $0.join = .latest }])
        #expect(simulation.history("z").isEmpty)
        simulation.ask(mark(first))
        simulation.pass(.seconds(60))
        #expect(simulation.history("z") == ["00:00:10 succeeded"])
    }
}
