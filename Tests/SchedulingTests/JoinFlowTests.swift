import Scheduling
import TestSupport
import Testing
import Timetable

/// Join `flow`: once per flow, with the flow's due, when every edge is met in that flow.
struct JoinFlowTests {
    /// head → left, right → join → tail
    private let diamond = [
        job("head", "R/2026-03-01T00:00:00Z/PT1H"), job("left", after: ["head"]), job("right", after: ["head"]),
        job("join", after: ["left", "right"]), job("tail", after: ["join"]),
    ]

    private func begun(_ jobs: [Job], at now: Instant = "00:00:00") -> Simulation {
        var simulation = Simulation(at: now)
        simulation.start(jobs)
        simulation.pass(.seconds(1))
        return simulation
    }

    /// catalogue 71; Chronos #543: a round that failed never makes a later join fire early.
    @Test(arguments: [["left", "right"], ["right", "left"]] as [[JobName]])
    func aFanInIsDueOncePerFlowWhateverTheOrderOfTheEnds(order: [JobName]) {
        var simulation = begun(diamond)
        simulation.end("head")
        simulation.end(order[0])
        #expect(simulation.history("join") == [])
        simulation.end(order[1])
        simulation.pass(.seconds(1))
        #expect(simulation.history("join") == ["00:00:00 running"])
        #expect(simulation.row("join", "00:00:00")?.flow == FlowKey(head: "head", due: "00:00:00"))
        #expect(simulation.row("join", "00:00:00")?.trigger == .upstream)
    }

    @Test func anEndOfAnotherFlowMeetsNoEdgeOfThisOne() {
        var simulation = begun(diamond.map { $0.overlapping(.allow) })
        simulation.end("head")
        simulation.pass(until: "01:00:01")
        simulation.end("head")
        simulation.end("left")  // of 00:00
        simulation.pass(.seconds(1))
        simulation.executor.finish("right", "01:00:00", at: simulation.now)
        simulation.pass(.seconds(1))
        #expect(simulation.history("join") == [], "left of one hour and right of another")
        simulation.executor.finish("right", "00:00:00", at: simulation.now)
        simulation.pass(.seconds(1))
        #expect(simulation.history("join") == ["00:00:00 running"])
    }

    @Test func whatCannotBeIsSkippedUpstreamToTheBottomAtOnce() {
        var simulation = begun(diamond)
        simulation.end("head")
        simulation.end("left", .failed)
        for name in ["join", "tail"] as [JobName] { #expect(simulation.history(name) == ["00:00:00 skipped: upstream"]) }
        #expect(simulation.row("right", "00:00:00")?.state == .running, "and nobody else is disturbed")
        simulation.end("right")
        #expect(simulation.ledger.flows[FlowKey(head: "head", due: "00:00:00")]?.isOpen == false)
    }

    @Test(arguments: ["catch-up", "overlap"]) func aRootSlotThatWasMissedOrSkippedBeginsNoFlow(why: String) {
        var simulation = begun(diamond.map { $0.overlapping(.skip) })
        if why == "overlap" {
            simulation.pass(until: "01:30:00")
        } else {
            simulation.end("head")
            for name in ["left", "right", "join", "tail"] as [JobName] { simulation.end(name) }
            simulation.die()
            simulation.stayDown(until: "03:30:00")
            simulation.start()
        }
        #expect(simulation.history("head").contains { $0.hasPrefix("01:00:00") && $0.contains(why) })
        #expect(simulation.row("left", "01:00:00") == nil)
    }

    @Test func aFlowBegunByHandInTheMiddleRunsWhatIsBelowAndAsksNobodyElse() {
        var simulation = begun(diamond, at: "00:30:00")
        simulation.run("left")
        simulation.pass(.seconds(1))
        let due = simulation.newest("left")?.key.due ?? .epoch
        simulation.end("left")
        simulation.pass(.seconds(1))
        #expect(simulation.row("join", due)?.state == .running, "right owes nothing in this flow: its edge counts as met")
        #expect(simulation.history("right") == [])
        simulation.end("join")
        simulation.pass(.seconds(1))
        #expect(simulation.row("tail", due)?.state == .running)
    }

    @Test func aFlowByHandOfTheHeadRunsAll() {
        var simulation = begun(diamond, at: "00:30:00")
        simulation.run("head")
        simulation.pass(.seconds(1))
        let due = simulation.newest("head")?.key.due ?? .epoch
        for name in ["head", "left", "right", "join", "tail"] as [JobName] {
            simulation.end(name)
            simulation.pass(.seconds(1))
            #expect(simulation.row(name, due)?.state == .succeeded)
        }
        #expect(simulation.ledger.flows[FlowKey(head: "head", due: due)]?.isOpen == false)
    }

    @Test func aChangedAfterHoldsForFlowsDueAfterTheChange() {
        var simulation = begun(diamond)
        simulation.define([diamond[0], diamond[1], diamond[2], job("join", after: ["left"]), diamond[4]])
        simulation.end("head")
        simulation.end("left")
        simulation.pass(.seconds(1))
        #expect(simulation.history("join") == [], "this flow still waits for right")
        simulation.end("right")
        simulation.end("join")
        simulation.end("tail")
        simulation.pass(until: "01:00:01")
        simulation.end("head")
        simulation.end("left")
        simulation.pass(.seconds(1))
        #expect(simulation.row("join", "01:00:00")?.state == .running)
    }

    @Test func aChangedAfterFoundAtAStartHoldsForFlowsDueAfterIt() {
        var simulation = begun(diamond)
        simulation.pass(until: "00:30:00")
        for name in ["head", "left", "right", "join", "tail"] as [JobName] { simulation.end(name) }
        simulation.die()
        simulation.stayDown(until: "01:30:00")
        simulation.start([diamond[0], diamond[1], diamond[2], job("join", after: ["left"]), diamond[4]])
        simulation.pass(.seconds(1))
        simulation.end("head")
        simulation.end("left")
        simulation.pass(.seconds(1))
        #expect(simulation.row("join", "01:00:00") == nil)
        simulation.end("right")
        #expect(simulation.row("join", "01:00:00")?.state.isActive == true)
    }

    @Test func aJobAddedInTheMiddleOfAFlowOwesNothingInIt() {
        var simulation = begun(diamond)
        simulation.define(diamond + [job("late", after: ["head"])])
        simulation.end("head")
        for name in ["left", "right", "join", "tail"] as [JobName] { simulation.end(name) }
        simulation.pass(until: "01:00:01")
        simulation.end("head")
        #expect(simulation.ledger.rows(of: "late").map(\.key.due) == ["01:00:00"])
    }

    /// catalogue 67
    @Test func aMemberRemovedInTheMiddleIsToldAndItsChildrenWaitForItNoMore() {
        var simulation = begun(diamond)
        simulation.end("head")
        simulation.end("left")
        // `join` must not name a parent that is gone: it comes after `left` alone from now on, but this flow was photographed before.
        simulation.define([diamond[0], diamond[1], job("join", after: ["left"]), diamond[4]])
        simulation.pass(.seconds(1))
        #expect(simulation.history("right") == ["00:00:00 running"])
        #expect(simulation.history("join") == [], "a run on its way is waited for")
        simulation.end("right", .failed)
        #expect(simulation.history("join") == ["00:00:00 skipped: upstream"])
    }

    @Test func aMemberThatHadNotBegunCountsAsMetAndDoesNotRunAfterItsChildrenWhenItReturns() {
        var simulation = begun(diamond)
        simulation.define([diamond[0], diamond[2], job("join", after: ["right"]), diamond[4]])
        #expect(simulation.history("left") == ["00:00:00 skipped: removed"])
        simulation.end("head")
        simulation.end("right")
        simulation.pass(.seconds(1))
        #expect(simulation.history("join") == ["00:00:00 running"])
        simulation.define(diamond)
        simulation.end("join")
        simulation.end("tail")
        simulation.pass(.seconds(60))
        #expect(simulation.history("left") == ["00:00:00 skipped: removed"])
        #expect(simulation.ledger.flows[FlowKey(head: "head", due: "00:00:00")]?.isOpen == false)
    }

    @Test func aHeadRemovedWhileItRunsIsWaitedFor() {
        var simulation = begun([diamond[0], job("left", after: ["head"])])
        simulation.define([job("left")])
        simulation.pass(.seconds(60))
        #expect(simulation.history("left") == [])
        simulation.end("head")
        #expect(simulation.row("left", "00:00:00")?.state.isActive == true)
    }

    @Test func aFlowGoesOnAfterARestart() {
        var simulation = begun(diamond)
        simulation.end("head")
        simulation.end("left")
        simulation.die()
        simulation.executor.finish("right", "00:00:00", at: "00:10:00")
        simulation.stayDown(until: "00:20:00")
        simulation.start()
        #expect(simulation.row("join", "00:00:00")?.state == .launching)
        #expect(simulation.row("join", "00:00:00")?.readyAt == "00:10:00", "the freeing end, not the start of the scheduler")
    }

    @Test func aChainOfTenThousandEndsInTimeInProportion() {
        let count = many(10_000)
        var jobs = [job("j0", "R1/PT1H")]
        for number in 1..<count { jobs.append(job(JobName("j\(number)") ?? "j", after: [Edge(parent: JobName("j\(number - 1)") ?? "j")])) }
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        let duration = ContinuousClock().measure {
            var launched = core.handle(.start(JobGraph.build(jobs).graph), at: "00:00:00").launches
            for number in 0..<count {
                #expect(launched.map(\.job.text) == ["j\(number)"])
                launched = launched.flatMap {
                    core.handle(.ended($0, Outcome(state: .succeeded, endedAt: "00:00:01")), at: "00:00:01").launches
                }
            }
        }
        #expect(duration < soon)
    }

    @Test func aFanOutOfTenThousandEndsInTimeInProportion() {
        let jobs = [job("head", "R1/PT1H")] + (0..<many(10_000)).map { job(JobName("j\($0)") ?? "j", after: ["head"]) }
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        let duration = ContinuousClock().measure {
            let head = core.handle(.start(JobGraph.build(jobs).graph), at: "00:00:00").launches
            let children = head.flatMap {
                core.handle(.ended($0, Outcome(state: .succeeded, endedAt: "00:00:01")), at: "00:00:01").launches
            }
            #expect(children.count == many(10_000))
            for key in children { _ = core.handle(.ended(key, Outcome(state: .failed, endedAt: "00:00:02")), at: "00:00:02") }
        }
        #expect(duration < soon)
    }
}
