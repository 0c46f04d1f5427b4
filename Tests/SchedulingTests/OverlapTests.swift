import Scheduling
import TestSupport
import Testing
import Timetable

/// Overlap: judged while a run of the job is launching or running.
struct OverlapTests {
    private func begun(_ policy: Overlap, _ change: @escaping (inout Job) -> Void = { _ in }) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([
            job("a", "R/2026-03-01T00:00:00Z/PT1M") { job in
                job.overlap = policy
                change(&job)
            }
        ])
        return simulation
    }

    @Test func queueKeepsTheNewestSlotWaitingAndSkipsTheOthers() {
        var simulation = begun(.queue)
        simulation.pass(until: "00:03:30")
        #expect(
            simulation.history("a") == [
                "00:00:00 running", "00:01:00 skipped: overlap", "00:02:00 skipped: overlap", "00:03:00 waiting: overlap",
            ])
        simulation.end("a")
        #expect(simulation.row("a", "00:03:00")?.state.isActive == true)
    }

    @Test func whoeverIsKeptInheritsTheQueueAgeOfTheDisplaced() {
        var simulation = begun(.queue)
        simulation.pass(until: "00:03:30")
        #expect(simulation.row("a", "00:03:00")?.waitingSince == "00:01:00")
        #expect(simulation.row("a", "00:03:00")?.readyAt == "00:03:00", "its window and its lateness are its own")
    }

    @Test func skipSkipsEverySlotWhileARunIsActive() {
        var simulation = begun(.skip)
        simulation.pass(until: "00:02:30")
        simulation.end("a")
        simulation.pass(until: "00:03:30")
        #expect(
            simulation.history("a") == ["00:00:00 succeeded", "00:01:00 skipped: overlap", "00:02:00 skipped: overlap", "00:03:00 running"])
    }

    @Test func allowRunsThemBesideOneAnother() {
        var simulation = begun(.allow)
        simulation.pass(until: "00:02:30")
        #expect(simulation.history("a") == ["00:00:00 running", "00:01:00 running", "00:02:00 running"])
    }

    @Test func allowedUpToANumberTheOthersWaitTheirTurn() {
        var simulation = begun(.allowUpTo(2))
        simulation.pass(until: "00:03:30")
        let waiting = ["00:00:00 running", "00:01:00 running", "00:02:00 waiting: overlap", "00:03:00 waiting: overlap"]
        #expect(simulation.history("a") == waiting, "nobody is coalesced")
        simulation.die()
        simulation.start()
        simulation.pass(.zero)
        #expect(simulation.history("a") == waiting, "the bound holds through a crash")
        simulation.end("a")
        #expect(simulation.history("a") == ["00:00:00 succeeded", "00:01:00 running", "00:02:00 running", "00:03:00 waiting: overlap"])
    }

    @Test func aRunByHandCountsAmongThoseThatAreAllowed() {
        var simulation = begun(.allowUpTo(2))
        simulation.pass(until: "00:01:30")
        simulation.run("a")
        #expect(simulation.newest("a")?.reason == "overlap")
    }

    @Test func whoeverWaitsForAPlaceTakesATurnAsWell() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 1])
        simulation.start([job("a", "R3/2026-03-01T00:00:00Z/PT1M") { $0.overlap = .allowUpTo(2) }])
        simulation.pass(until: "00:02:30")
        #expect(simulation.history("a") == ["00:00:00 running", "00:01:00 waiting: pool: local", "00:02:00 waiting: overlap"])
    }

    @Test func replaceLaunchesAfterTheEndOfTheOldRunIsRecorded() {
        var simulation = begun(.replace) { $0.retries = Retries(limit: 5, delay: .zero) }
        simulation.pass(until: "00:01:00")
        #expect(simulation.history("a") == ["00:00:00 running", "00:01:00 waiting: overlap"])
        simulation.pass(.seconds(1))
        #expect(simulation.history("a") == ["00:00:00 killed: replaced", "00:01:00 running"], "and the killed one is not retried")
    }

    @Test func aReplacedRunThatFailsFirstOwesNoRetry() {
        var simulation = begun(.replace) { $0.retries = Retries(limit: 5, delay: .zero) }
        simulation.pass(until: "00:00:59")
        simulation.executor.course = { _, _ in .init() }
        simulation.stayDown(until: "00:01:00")
        simulation.take(.tick)
        simulation.end("a", .failed)
        simulation.pass(.seconds(1))
        #expect(simulation.history("a") == ["00:00:00 failed", "00:01:00 running"])
    }

    @Test func aRetryDelayIsNoOverlap() {
        var simulation = begun(.queue) { $0.retries = Retries(limit: 1, delay: .seconds(600)) }
        simulation.pass(until: "00:00:10")
        simulation.end("a", .failed)
        simulation.pass(until: "00:01:10")
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 waiting: retry", "00:01:00 running"])
    }

    /// catalogue 85
    @Test(arguments: [Overlap.queue, .skip, .replace]) func aRunByHandIsNeverCoalescedSkippedOrReplaced(policy: Overlap) {
        var simulation = begun(policy)
        simulation.pass(until: "00:00:10")
        simulation.end("a")
        simulation.run("a")
        simulation.run("a")
        simulation.pass(until: "00:05:30")
        let byHand = simulation.ledger.rows(of: "a").filter { $0.trigger == .manual }
        #expect(byHand.map(\.state) == [.running, .waiting])
        #expect(simulation.executor.killed.isEmpty)
        #expect(simulation.history("a").filter { $0.contains("waiting") }.count == (policy == .skip ? 1 : 2))
    }

    /// catalogue 85: whichever of the two is heard of first, the slot has the older due and goes first, and the policy is judged once.
    @Test(arguments: Overlap.words.map(\.overlap), [true, false]) func aRunByHandAndASlotOfOneInstantAreJudgedTogether(
        policy: Overlap, isSlotFirst: Bool
    ) {
        var simulation = begun(policy)
        simulation.pass(until: "00:00:30")
        simulation.end("a")
        simulation.stayDown(until: "00:01:00")
        if isSlotFirst { simulation.take(.tick) }
        simulation.run("a")
        simulation.pass(.seconds(1))
        let byHand = policy == .allow ? "running" : "waiting: overlap"
        #expect(simulation.history("a") == ["00:00:00 succeeded", "00:01:00 running", "00:01:00.000001 \(byHand)"])
        simulation.pass(.seconds(1))
        #expect(simulation.executor.launched.count == (policy == .allow ? 3 : 2) && simulation.executor.killed.isEmpty)
    }

    @Test func aRetryIsNeverCoalesced() {
        var simulation = begun(.queue) { $0.retries = Retries(limit: 1, delay: .seconds(90)) }
        simulation.pass(until: "00:00:10")
        simulation.end("a", .failed)
        simulation.pass(until: "00:03:30")
        #expect(
            simulation.history("a") == [
                "00:00:00 failed", "00:00:00 #2 waiting: overlap", "00:01:00 running", "00:02:00 skipped: overlap",
                "00:03:00 waiting: overlap",
            ])
        simulation.end("a")
        #expect(simulation.row("a", "00:00:00")?.state.isActive == true, "the older due goes first")
    }

    @Test func caughtUpRowsWaitTheirTurn() {
        var simulation = begun(.skip) { $0.catchUp = .all }
        simulation.pass(until: "00:00:10")
        simulation.end("a")
        simulation.die()
        simulation.stayDown(until: "00:04:30")
        simulation.start()
        simulation.pass(until: "00:05:30")
        #expect(
            simulation.history("a").dropFirst() == [
                "00:01:00 running", "00:02:00 waiting: overlap", "00:03:00 waiting: overlap", "00:04:00 skipped: overlap",
                "00:05:00 skipped: overlap",
            ])
    }

    @Test func whatWaitsOnlyForAPlaceIsNotCoalesced() {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 0])
        simulation.start([job("a", "R/2026-03-01T00:00:00Z/PT1M") { $0.pool = "p" }])
        simulation.pass(until: "00:01:30")
        #expect(simulation.history("a") == ["00:00:00 waiting: pool: p", "00:01:00 waiting: overlap"])
    }

    @Test func anEditOfThePolicyHoldsForWhatWaits() {
        var simulation = begun(.queue)
        simulation.pass(until: "00:01:30")
        simulation.define([job("a", "R/2026-03-01T00:00:00Z/PT1M") { $0.overlap = .allow }])
        #expect(simulation.history("a") == ["00:00:00 running", "00:01:00 running"])
    }

    /// Priority and pool of a waiting run are those of the definition in force, before and after a restart.
    @Test func anEditMovesAWaitingRunToItsNewPlaceInTheQueue() {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 0, "local": 1])
        simulation.start([job("x", "R/PT10H"), job("a", "R1/PT1H") { $0.priority = 9 }, job("b", "R1/PT1H")])
        simulation.define([job("x", "R/PT10H"), job("a", "R1/PT1H") { $0.priority = 0 }, job("b", "R1/PT1H") { $0.pool = "p" }])
        simulation.pass(.seconds(1))
        #expect(simulation.history("b") == ["00:00:00 waiting: pool: local, p"])
        simulation.define([job("x", "R/PT10H"), job("a", "R1/PT1H") { $0.priority = 0 }, job("b", "R1/PT1H")])
        simulation.pass(.seconds(1))
        if simulation.row("x", "00:00:00")?.state.isActive == true { simulation.end("x") } else { simulation.end("a") }
        #expect(simulation.row("b", "00:00:00")?.state.isActive == true)
    }

    /// Parents are judged before overlap: a slot whose parents have not ended yet kills nobody.
    @Test(arguments: [Overlap.replace, .skip, .queue]) func aSlotThatWaitsForItsParentsIsNotJudgedByOverlap(_ policy: Overlap) {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([
            job("p"),
            job("a", "R/2026-03-01T00:00:00Z/PT1M", after: [Edge(parent: "p")]) { $0.overlap = policy },
        ])
        _ = simulation.run("p")
        simulation.end("p")
        simulation.pass(until: "00:02:30")
        #expect(simulation.history("a") == ["00:00:00 running", "00:01:00 waiting: parents: p", "00:02:00 waiting: parents: p"])
    }
}
