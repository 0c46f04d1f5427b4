import Scheduling
import TestSupport
import Testing
import Timetable

/// Events that come late, twice or out of order change nothing that is settled.
struct EventOrderTests {
    private func begun() -> (core: Scheduler, run: RunKey) {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        let actions = core.handle(.start(JobGraph.build([job("a", "R1/PT1H") { $0.retries = Retries(limit: 1) }]).graph), at: "00:00:00")
        return (core, actions.launches[0])
    }

    private let succeeded = Outcome(state: .succeeded, exitCode: 0, startedAt: "00:00:01", endedAt: "00:00:02")

    /// catalogue 84
    @Test func theFirstOutcomeCountsAndNothingAfterIt() {
        var (core, run) = begun()
        #expect(!core.handle(.ended(run, succeeded), at: "00:00:02").isEmpty)
        #expect(core.handle(.ended(run, Outcome(state: .failed, endedAt: "00:00:03")), at: "00:00:03").isEmpty)
        #expect(core.handle(.started(run, at: "00:00:01", node: nil), at: "00:00:03").isEmpty)
        #expect(core.handle(.pending(run, reason: "queue"), at: "00:00:03").isEmpty)
    }

    @Test func anOutcomeWithoutAStartTellsTheStartItself() {
        var (core, run) = begun()
        let records = core.handle(.ended(run, succeeded), at: "00:00:02").records
        guard case .update(let row) = records.first else { Issue.record("no row is written"); return }
        #expect(row.startedAt == "00:00:01" && row.endedAt == "00:00:02" && row.exitCode == 0)
    }

    @Test func anOutcomeWithoutAStartKeepsTheStartThatWasTold() {
        var (core, run) = begun()
        _ = core.handle(.started(run, at: "00:00:01", node: "n1"), at: "00:00:01")
        let records = core.handle(.ended(run, Outcome(state: .lost, endedAt: "00:00:02")), at: "00:00:02").records
        guard case .update(let row) = records.first else { Issue.record("no row is written"); return }
        #expect(row.startedAt == "00:00:01" && row.node == "n1")
    }

    @Test func eventsAboutStrangersChangeNothing() {
        var (core, run) = begun()
        let strangers = [RunKey(job: "a", due: "00:00:00", attempt: 2), RunKey(job: "nobody", due: "00:00:00", attempt: 1)]
        for key in strangers {
            #expect(core.handle(.started(key, at: "00:00:01", node: nil), at: "00:00:01").isEmpty)
            #expect(core.handle(.ended(key, succeeded), at: "00:00:01").isEmpty)
        }
        #expect(core.openRun(run)?.state == .launching)
    }

    @Test func aWaitingRunHasNoOutcome() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init(capacities: ["local": 0]))
        _ = core.handle(.start(JobGraph.build([job("a", "R1/PT1H")]).graph), at: "00:00:00")
        #expect(core.handle(.ended(RunKey(job: "a", due: "00:00:00", attempt: 1), succeeded), at: "00:00:01").isEmpty)
    }

    @Test func aPendingRunTellsItsReasonOnceAndLosesItWhenItStarts() {
        var (core, run) = begun()
        #expect(core.handle(.pending(run, reason: "Resources"), at: "00:00:01").records.count == 1)
        #expect(core.handle(.pending(run, reason: "Resources"), at: "00:00:02").isEmpty)
        #expect(core.openRun(run)?.reason == "Resources")
        _ = core.handle(.started(run, at: "00:00:03", node: nil), at: "00:00:03")
        #expect(core.openRun(run)?.reason == nil)
    }

    @Test(arguments: [RunState.couldNotStart, .missed, .skipped, .waiting, .running]) func anImpossibleOutcomeOfARunningRunIsAFailure(
        state: RunState
    ) {
        var (core, run) = begun()
        _ = core.handle(.started(run, at: "00:00:01", node: nil), at: "00:00:01")
        let records = core.handle(.ended(run, Outcome(state: state, endedAt: "00:00:02")), at: "00:00:02").records
        guard case .update(let row) = records.first else { Issue.record("no row is written"); return }
        #expect(row.state == .failed)
    }

    @Test func outcomesBeforeTheStartBelongToWhatWasInForceAndLaunchNothing() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("a", "R1/PT1H"), job("b", after: ["a"])])
        simulation.pass(.seconds(1))
        var core = Scheduler(restoring: simulation.ledger.state, graph: simulation.graph, settings: .init())
        let actions = core.handle(.ended(RunKey(job: "a", due: "00:00:00", attempt: 1), succeeded), at: "00:10:00")
        #expect(actions.launches.isEmpty)
        #expect(actions.records.count == 3, "the end, the child that waits, the count")
        #expect(core.handle(.start(simulation.graph), at: "00:10:00").launches.map(\.job) == ["b"])
    }

    @Test func nothingButOutcomesIsTakenInBeforeTheStart() {
        let graph = JobGraph.build([job("a", "R/2026-03-01T00:00:00Z/PT1M")]).graph
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        #expect(core.handle(.tick, at: "00:00:00").isEmpty)
        #expect(core.handle(.definitions(graph), at: "00:00:00").isEmpty)
        #expect(core.nextWake == nil)
        #expect(core.handle(.start(graph), at: "00:00:00").launches.count == 1)
    }

    @Test func aStoppedSchedulerStillTakesEndsIn() {
        var (core, run) = begun()
        core.stop()
        let actions = core.handle(.ended(run, Outcome(state: .failed, endedAt: "00:00:02")), at: "00:00:02")
        #expect(actions.launches.isEmpty)
        #expect(actions.records.count == 2, "the failure, and its retry for the next start")
    }
}
