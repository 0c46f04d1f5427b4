import Scheduling
import TestSupport
import Testing
import Timetable

/// Edges: they look at the slot, once no attempt is open and no retry owed.
struct EdgeTests {
    /// What becomes of a child with this edge when its parent ends like that.
    private func child(on condition: EdgeCondition, of state: RunState, _ change: @escaping (inout Job) -> Void = { _ in }) -> String? {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in run.key.job == "parent" ? .init(lasts: .seconds(1), state: state) : .init() }
        simulation.start([job("parent", "R1/PT1H", change), job("child", after: [Edge(parent: "parent", on: condition)])])
        simulation.pass(.seconds(60))
        return simulation.history("child").first.map { String($0.dropFirst("00:00:00 ".count)) }
    }

    @Test(
        arguments: [
            (RunState.succeeded, "running", "skipped: upstream", "running"), (.failed, "skipped: upstream", "running", "running"),
            (.timedOut, "skipped: upstream", "running", "running"), (.couldNotStart, "skipped: upstream", "running", "running"),
            (.killed, "skipped: upstream", "skipped: upstream", "running"),
        ])
    func eachEndMeetsItsEdges(state: RunState, success: String, failure: String, done: String) {
        #expect(child(on: .success, of: state) == success)
        #expect(child(on: .failure, of: state) == failure)
        #expect(child(on: .done, of: state) == done)
    }

    @Test(arguments: EdgeCondition.allCases) func aLostParentHoldsItsFlowUntilSomebodyDecides(condition: EdgeCondition) {
        #expect(child(on: condition, of: .lost) == nil)
    }

    @Test func aLostParentIsAFailureUnderSkip() {
        #expect(child(on: .success, of: .lost) { $0.onUnknown = .skip } == "skipped: upstream")
        #expect(child(on: .failure, of: .lost) { $0.onUnknown = .skip } == "running")
        #expect(child(on: .done, of: .lost) { $0.onUnknown = .skip } == "running")
    }

    @Test func aSoftErrorCountsAsASuccessAndNothingElseDoes() {
        #expect(child(on: .success, of: .failed) { $0.softError = true } == "running")
        #expect(child(on: .success, of: .timedOut) { $0.softError = true } == "skipped: upstream")
        #expect(child(on: .success, of: .killed) { $0.softError = true } == "skipped: upstream")
    }

    /// The parent missed its window, so that nothing was done and nothing failed.
    @Test(arguments: EdgeCondition.allCases) func aMissedParentMeetsNoEdge(condition: EdgeCondition) {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 0])
        simulation.start([
            job("head", "R1/PT1H"),
            job("parent", after: ["head"]) { job in
                job.pool = "p"
                job.startWithin = .seconds(60)
            }, job("child", after: [Edge(parent: "parent", on: condition)]),
        ])
        simulation.pass(.seconds(1))
        simulation.end("head")
        simulation.pass(.seconds(120))
        #expect(simulation.history("parent") == ["00:00:00 missed: startWithin"])
        #expect(simulation.history("child") == ["00:00:00 skipped: upstream"])
    }

    @Test func aRetryThatIsOwedKeepsTheChildWaiting() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in
            run.key.job == "parent" ? .init(lasts: .seconds(1), state: run.key.attempt < 3 ? .failed : .succeeded) : .init()
        }
        simulation.start([
            job("parent", "R1/PT1H") { $0.retries = Retries(limit: 2) }, job("child", after: ["parent"]),
            job("alarm", after: ["parent:failure"]),
        ])
        simulation.pass(.seconds(90))
        #expect(simulation.history("child") == [])
        simulation.pass(.seconds(90))
        #expect(simulation.history("child") == ["00:00:00 running"])
        #expect(simulation.history("alarm") == ["00:00:00 skipped: upstream"])
    }

    /// catalogue 73: the answer follows from definitions and ledger, so it may not wait for a restart.
    @Test func anEditOfWhatAnEndMeansDecidesOpenFlowsAtOnce() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in run.key.job == "parent" ? .init(lasts: .seconds(1), state: .lost) : .init() }
        let child = job("child", after: ["parent:failure"])
        simulation.start([job("parent", "R1/PT1H"), child])
        simulation.pass(.seconds(60))
        simulation.define([job("parent", "R1/PT1H") { $0.onUnknown = .skip }, child])
        simulation.pass(.seconds(1))
        #expect(simulation.history("child") == ["00:00:00 running"])
    }

    @Test func aDisabledChildIsSkippedAndWhatComesAfterItIsSkippedUpstream() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([job("a", "R1/PT1H"), job("b", after: ["a"]) { $0.disabled = true }, job("c", after: ["b:done"])])
        simulation.pass(.seconds(60))
        #expect(simulation.history("b") == ["00:00:00 skipped: disabled"])
        #expect(simulation.history("c") == ["00:00:00 skipped: upstream"])
    }
}
