import Scheduling
import TestSupport
import Testing
import Timetable

/// What Chronos' users ran into with dependent jobs, shown to be otherwise here. The numbers are those of its issues.
struct ChronosDependencyTests {
    private let heads = [job("left", "R/2026-03-01T00:00:00Z/PT1H"), job("right", "R/2026-03-01T00:00:00Z/PT1H")]
    private let chronosJoin = job("join", after: ["left", "right"]) { $0.isChronos = true }

    private func begun(_ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.start(jobs)
        simulation.pass(.seconds(1))
        return simulation
    }

    /// Chronos #543: after a round in which one parent failed, the join fired in the next round as soon as one parent had succeeded.
    @Test func aRoundThatFailedMakesNoLaterJoinFireEarly() {
        var simulation = begun([
            job("head", "R/2026-03-01T00:00:00Z/PT1H"), job("left", after: ["head"]), job("right", after: ["head"]),
            job("join", after: ["left", "right"]),
        ])
        simulation.end("head")
        simulation.end("left")
        simulation.end("right", .failed)
        #expect(simulation.history("join") == ["00:00:00 skipped: upstream"], "nothing is silent about the round that failed")
        simulation.pass(until: "01:00:01")
        simulation.end("head")
        simulation.end("left")
        simulation.pass(.seconds(60))
        #expect(simulation.row("join", "01:00:00") == nil)
        simulation.end("right")
        #expect(simulation.row("join", "01:00:00")?.state.isActive == true)
    }

    /// Chronos #543 in its own shape, which joins the latest: successes of one parent do not add up to those of another.
    @Test func successesOfOneParentDoNotStandForThoseOfAnother() {
        var simulation = begun(heads + [chronosJoin])
        simulation.end("left")
        simulation.end("right", .failed)
        simulation.pass(until: "01:00:01")
        simulation.end("left")
        simulation.pass(.seconds(60))
        #expect(simulation.history("join") == [], "left has ended well twice, right never")
        simulation.end("right")
        simulation.pass(.seconds(1))
        #expect(simulation.ledger.rows(of: "join").map(\.state) == [.running])
        simulation.end("join")
        simulation.pass(until: "02:00:01")
        simulation.end("right")
        simulation.pass(.seconds(60))
        #expect(simulation.ledger.rows(of: "join").count == 1, "its second success of left was used up by the first run")
    }

    /// Chronos #660: when a parent was deleted, its child became a scheduled job on the parent's schedule, lost half of its definition, and was
    /// triggered by its other parents besides.
    @Test(arguments: [false, true]) func aChildOfADeletedParentKeepsItsDefinitionAndItsOtherParents(isFoundAtStart: Bool) {
        let child = job("join", after: ["right"]) { job in
            job.isChronos = true
            job.user = "etl"
            job.environment = ["STAGE": "prod"]
        }
        var simulation = begun(
            heads + [
                job("join", after: ["left", "right"]) { job in
                    job.isChronos = true
                    job.user = "etl"
                    job.environment = ["STAGE": "prod"]
                }
            ])
        simulation.end("left")
        simulation.end("right", .failed)
        if isFoundAtStart {
            simulation.die()
            simulation.start([heads[1], child])
        } else {
            simulation.define([heads[1], child])
        }
        #expect(simulation.graph["join"] == child)
        simulation.pass(until: "03:30:00")
        #expect(simulation.history("join") == [], "it has no schedule, and its other parent has not succeeded")
        simulation.end("right")
        simulation.pass(.seconds(1))
        #expect(simulation.ledger.rows(of: "join").map(\.trigger) == [.latest])
    }

    /// Chronos #660: a child whose only parent is deleted is told so, and is not in force; it never becomes a job of its own.
    @Test func aChildWithoutItsParentIsRefusedAndNobodyElse() {
        let build = JobGraph.build([heads[0], chronosJoin, job("free")])
        #expect(build.problems == [.unknownParent(job: "join", parent: "right")])
        #expect(build.graph["join"] == nil)
        #expect(build.graph.order == ["free", "left"])
    }

    /// Chronos #811: counts of parents lived in memory, and a new leader had forgotten them.
    @Test func aRestartAfterEachEndForgetsNone() {
        var simulation = begun(heads + [chronosJoin])
        for name in ["left", "right"] as [JobName] {
            simulation.end(name)
            simulation.die()
            simulation.start()
        }
        simulation.pass(.seconds(1))
        #expect(simulation.ledger.rows(of: "join").map(\.state) == [.running])
        #expect(simulation.ledger.rows(of: "join").first?.consumed == ["left": 1, "right": 2])
    }

    /// Chronos #815: a job with a parent that does not exist, or in a circle, was stored, and then dropped or the end of the process at each
    /// load. Here it is told, the others are in force, and what was in force before goes on.
    @Test func whatCannotBeLoadedIsToldAndStopsNobodyElse() {
        var simulation = begun([heads[0], job("child", after: ["left"])])
        let files = [
            heads[0], job("child", after: ["left"]), job("orphan", after: ["nobody"]), job("a", after: ["b"]), job("b", after: ["a"]),
        ]
        #expect(JobGraph.build(files).problems == [.cycle(["a", "b"]), .unknownParent(job: "orphan", parent: "nobody")])
        simulation.define(files)
        for _ in 0..<2 {
            #expect(simulation.graph.order == ["left", "child"])
            simulation.die()
            simulation.start()
        }
        simulation.end("left")
        #expect(simulation.row("child", "00:00:00")?.state.isActive == true)
    }
}
