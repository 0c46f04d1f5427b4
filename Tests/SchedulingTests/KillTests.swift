import Scheduling
import TestSupport
import Testing
import Timetable

/// A kill on request: committed before it is sent, and one final state.
struct KillTests {
    private let first = RunKey(job: "a", due: "00:00:00", attempt: 1)

    private func running(_ change: @escaping (inout Job) -> Void = { _ in }) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("a", "R/2026-03-01T00:00:00Z/PT1H", change)])
        simulation.pass(.seconds(1))
        return simulation
    }

    private func killOfFirst() -> Request { .kill(first, by: "ada") }

    @Test func aRunningRunIsKilledAndTellsByWhom() {
        var simulation = running()
        #expect(simulation.ask(killOfFirst()) == .accepted(first))
        #expect(simulation.history("a") == ["00:00:00 running"], "its executor tells when it is over")
        simulation.pass(.seconds(1))
        #expect(simulation.history("a") == ["00:00:00 killed: by ada"])
        #expect(simulation.ledger.changes == [Change(kind: "request.kill", job: "a", run: first, who: "ada")])
    }

    @Test func theKillIsCommittedBeforeItIsSent() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        _ = core.handle(.start(JobGraph.build([job("a", "R1/2026-03-01T00:00:00Z/PT1H")]).graph), at: "00:00:00")
        let actions = core.handle(.request(token: 1, killOfFirst()), at: "00:00:01")
        let kill = actions.firstIndex { if case .kill(first, "local", "by ada") = $0 { true } else { false } }
        #expect(kill.map { $0 >= actions.records.count } == true)
        #expect(actions.records.contains { if case .update(let run) = $0 { run.killWanted == "by ada" } else { false } })
    }

    /// An executor may know what else befell the run; who asked for its end is not for it to say.
    @Test(arguments: [
        ("by ada; Slurm: node-failed: n1", "by ada; Slurm: node-failed: n1"), ("by adam; and others", "by ada"), (nil, "by ada"),
    ])
    func whatElseBefellAKilledRunIsToldBeside(told: String?, reason: String) {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        _ = core.handle(.start(JobGraph.build([job("a", "R1/2026-03-01T00:00:00Z/PT1H")]).graph), at: "00:00:00")
        _ = core.handle(.request(token: 1, killOfFirst()), at: "00:00:01")
        let actions = core.handle(.ended(first, Outcome(state: .killed, reason: told, endedAt: "00:00:02")), at: "00:00:02")
        #expect(actions.records.contains { if case .update(let run) = $0 { run.state == .killed && run.reason == reason } else { false } })
    }

    @Test func aKillThatWasNotSentBeforeACrashIsSentAfterIt() {
        var simulation = running()
        let step = simulation.steps + 1
        simulation.crash = { $0 == step ? (.afterCommit(deeds: 0), .seconds(5)) : nil }
        #expect(simulation.ask(killOfFirst()) == nil)
        #expect(simulation.executor.killed.isEmpty)
        simulation.pass(.seconds(10))
        #expect(simulation.executor.killed == [first])
        #expect(simulation.history("a") == ["00:00:00 killed: by ada"])
    }

    @Test func askingAgainChangesNothing() {
        var simulation = running()
        simulation.ask(killOfFirst())
        #expect(simulation.ask(.kill(first, by: "bob")) == .already("the run is being killed already, by ada"))
        simulation.pass(.seconds(1))
        #expect(simulation.executor.killed == [first])
        #expect(simulation.history("a") == ["00:00:00 killed: by ada"])
        #expect(simulation.ledger.changes.count == 1)
    }

    @Test func aRunThatWaitsIsKilledAtOnce() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H"), job("b", after: ["a:done"])])
        #expect(simulation.ask(killOfFirst()) == .accepted(first))
        #expect(simulation.history("a") == ["00:00:00 killed: by ada"])
        #expect(simulation.executor.killed.isEmpty)
        #expect(simulation.history("b") == ["00:00:00 waiting: pool: local"], "it is done")
    }

    @Test func theNextInTurnFollowsAKilledRunThatWaited() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([job("a")])
        simulation.run("a")
        simulation.run("a")
        #expect(simulation.history("a") == ["00:00:00 waiting: pool: local", "00:00:00.000001 waiting: overlap"])
        simulation.ask(killOfFirst())
        #expect(simulation.history("a") == ["00:00:00 killed: by ada", "00:00:00.000001 waiting: pool: local"])
    }

    @Test func aRunThatHasEndedIsNotKilled() {
        var simulation = running()
        simulation.end("a")
        guard case .refused(let text) = simulation.ask(killOfFirst()) else { Issue.record("it is not refused"); return }
        #expect(text.contains("has ended") && text.contains("rota kill a"))
        #expect(simulation.history("a") == ["00:00:00 succeeded"])
        #expect(simulation.ledger.changes.isEmpty)
        let stranger = RunKey(job: "nobody", due: "00:00:00", attempt: 1)
        #expect(simulation.ask(.kill(stranger, by: "ada")) == .unknownRun(stranger))
    }

    /// catalogue 84: a kill at the moment of a natural end leaves one final state.
    @Test(arguments: [RunState.succeeded, .failed]) func aNaturalEndThatCameBeforeTheKillReachedTheRunStands(state: RunState) {
        var simulation = running { $0.retries = Retries(limit: 3) }
        simulation.executor.finish("a", "00:00:00", state, at: "00:00:01.001")
        simulation.ask(killOfFirst())
        simulation.pass(.seconds(600))
        #expect(simulation.history("a") == ["00:00:00 \(state.rawValue)"], "and nothing is retried after a kill")
    }

    @Test func nothingIsRetriedAfterAKill() {
        var simulation = running { $0.retries = Retries(limit: 3) }
        simulation.ask(killOfFirst())
        simulation.pass(.seconds(600))
        #expect(simulation.history("a") == ["00:00:00 killed: by ada"])
    }

    @Test func aRetryThatWaitsCanBeKilled() {
        var simulation = running { $0.retries = Retries(limit: 3) }
        simulation.end("a", .failed)
        simulation.ask(.kill(RunKey(job: "a", due: "00:00:00", attempt: 2), by: "ada"))
        simulation.pass(.seconds(600))
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 killed: by ada"])
        #expect(simulation.ledger.controls["a"]?.failures == 1)
    }
}
