import Scheduling
import TestSupport
import Testing
import Timetable

/// `rota retry --downstream`: whoever had his run below it runs again, too. catalogue 72
struct RerunDownstreamTests {
    private let head = RunKey(job: "a", due: "00:00:00", attempt: 1)
    private let below = [job("b", after: ["a"]), job("c", after: ["b"]), job("aside", after: ["a"]), job("join", after: ["c", "aside"])]

    /// Every run takes a second; second attempts come to the end that is named for their job, all others succeed.
    private func flow(_ others: [Job]? = nil, second ends: [JobName: RunState] = [:]) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in
            .init(lasts: .seconds(1), state: run.key.attempt == 2 ? ends[run.key.job] ?? .succeeded : .succeeded)
        }
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H")] + (others ?? below))
        simulation.pass(.seconds(60))
        return simulation
    }

    private func rerun(_ job: JobName) -> Request { .retry(RunKey(job: job, due: "00:00:00", attempt: 1), downstream: true, by: "ada") }

    @Test(arguments: [false, true]) func everybodyBelowFollowsAgainInOrder(restarts: Bool) {
        var simulation = flow()
        simulation.ask(rerun("b"))
        if restarts {
            simulation.die()
            simulation.start()
        }
        #expect(simulation.history("c").count == 1, "not before its parent")
        simulation.pass(.milliseconds(1_500))
        if restarts {
            simulation.die()
            simulation.start()
        }
        #expect(simulation.history("join").count == 1, "its parent c is out of date")
        simulation.pass(.seconds(60))
        for name in ["b", "c", "join"] as [JobName] {
            #expect(simulation.history(name) == ["00:00:00 succeeded", "00:00:00 #2 succeeded"], "\(name)")
        }
        #expect(simulation.history("a").count == 1 && simulation.history("aside").count == 1, "nobody else")
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen && $0.stale.isEmpty })
    }

    @Test func withoutItNobodyElseRunsAgain() {
        var simulation = flow()
        simulation.ask(.retry(RunKey(job: "b", due: "00:00:00", attempt: 1), by: "ada"))
        simulation.pass(.seconds(60))
        #expect(simulation.history("b").count == 2 && simulation.history("c").count == 1)
    }

    /// What followed is out of date and cannot follow: that is told, and a success frees it.
    @Test func whatCannotFollowAFailureIsSkippedUntilASuccessFreesIt() {
        var simulation = flow(second: ["b": .failed])
        simulation.ask(rerun("b"))
        simulation.pass(.seconds(60))
        #expect(simulation.history("c") == ["00:00:00 succeeded", "00:00:00 #2 skipped: upstream"])
        #expect(simulation.history("join") == ["00:00:00 succeeded", "00:00:00 #2 skipped: upstream"])
        simulation.ask(.markSuccess(RunKey(job: "b", due: "00:00:00", attempt: 2), by: "ada"))
        simulation.pass(.seconds(60))
        #expect(simulation.history("c").last == "00:00:00 #3 succeeded" && simulation.history("join").last == "00:00:00 #3 succeeded")
    }

    @Test func whatNeverBeginsPutsNothingOutOfDate() {
        var simulation = flow()
        simulation.define([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.pool = "closed" }] + below)
        var closed = Simulation(at: "00:00:00", capacities: ["p": 1])
        closed.executor.course = { run, _ in .init(lasts: run.key.job == "slow" ? nil : .seconds(1)) }
        closed.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.pool = "p" }, job("slow") { $0.pool = "p" }] + below)
        closed.pass(.seconds(60))
        closed.run("slow")
        closed.ask(rerun("a"))
        #expect(closed.history("a").last == "00:00:00 #2 waiting: pool: p")
        closed.ask(.skip("a", due: "00:00:00", by: "ada"))
        closed.pass(.seconds(60))
        #expect(closed.history("a").last == "00:00:00 #2 skipped: by ada")
        #expect(closed.history("b") == ["00:00:00 succeeded"] && closed.history("join") == ["00:00:00 succeeded"])
        #expect(closed.ledger.flows.values.allSatisfy { !$0.isOpen })
    }

    /// Two attempts of one due never run at a time, and this one may have read what is out of date.
    @Test func whileSomebodyBelowRunsItIsRefused() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: run.key.job == "b" ? nil : .seconds(1)) }
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H"), job("b", after: ["a"])])
        simulation.pass(.seconds(10))
        guard case .refused(let text) = simulation.ask(rerun("a")) else { Issue.record("it is not refused"); return }
        #expect(text.contains("`b`") && text.contains("rota kill"))
        #expect(simulation.history("a").count == 1)
    }

    @Test func whoIsRemovedMeanwhileOwesNothing() {
        var simulation = flow()
        simulation.ask(rerun("a"))
        simulation.define([job("a", "R1/2026-03-01T00:00:00Z/PT1H"), job("b", after: ["a"]), job("aside", after: ["a"])])
        simulation.pass(.seconds(60))
        #expect(simulation.history("b").count == 2 && simulation.history("c") == ["00:00:00 succeeded"])
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen })
    }

    /// Whatever it were, it would stand above the mark, and nobody would follow the new attempt of `a`.
    @Test(arguments: [false, true]) func whoIsOutOfDateIsNotRunByHandBefore(restarts: Bool) {
        var simulation = flow()
        simulation.executor.course = { run, _ in .init(lasts: run.key.job == "a" ? nil : .seconds(1)) }
        simulation.ask(rerun("a"))
        if restarts {
            simulation.die()
            simulation.start()
        }
        guard case .refused(let text) = simulation.ask(.retry(RunKey(job: "b", due: "00:00:00", attempt: 1), by: "ada")) else {
            Issue.record("it is not refused"); return
        }
        #expect(text.contains("after `a`"))
        let order = BackfillOrder(job: "b", first: "00:00:00", last: "00:00:00")
        guard case .already = simulation.ask(.backfill(order, by: "ada")) else { Issue.record("it is run"); return }
        simulation.end("a")
        simulation.pass(.seconds(60))
        #expect(simulation.history("b").count == 2 && simulation.history("c").count == 2)
    }

    /// Two parents run once more; that one of them never begins takes back nothing for the other.
    @Test(arguments: [false, true]) func theMarkOfAnotherParentStays(restarts: Bool) {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 1])
        simulation.executor.course = { run, _ in .init(lasts: run.key.job == "slow" ? nil : .seconds(1)) }
        simulation.start([
            job("h", "R1/2026-03-01T00:00:00Z/PT1H"), job("a", after: ["h"]) { $0.pool = "p" }, job("b", after: ["h"]),
            job("c", after: [Edge(parent: "a", on: .done), "b"]), job("below", after: ["a"]), job("slow") { $0.pool = "p" },
        ])
        simulation.pass(.seconds(60))
        simulation.run("slow")
        simulation.ask(rerun("a"))
        simulation.ask(rerun("b"))
        simulation.pass(.seconds(10))
        #expect(simulation.history("b").count == 2 && simulation.history("c").count == 1)
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.ask(.kill(RunKey(job: "a", due: "00:00:00", attempt: 2), by: "ada"))
        simulation.pass(.seconds(60))
        #expect(simulation.history("c").last == "00:00:00 #2 succeeded")
        #expect(simulation.history("below").count == 1, "what never began puts nothing out of date")
        #expect(simulation.faults.isEmpty)
    }

    @Test func whatWaitsAlreadyIsNotedAsWell() {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 1])
        simulation.executor.course = { run, _ in .init(lasts: run.key.job == "slow" ? nil : .seconds(1)) }
        simulation.start([job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.pool = "p" }, job("slow") { $0.pool = "p" }] + below)
        simulation.pass(.seconds(60))
        simulation.run("slow")
        simulation.ask(.retry(head, by: "ada"))
        #expect(simulation.ask(rerun("a")) == .accepted(RunKey(job: "a", due: "00:00:00", attempt: 2)))
        #expect(simulation.ledger.changes.map(\.kind) == ["request.retry", "request.retry"])
    }
}
