import Scheduling
import TestSupport
import Testing
import Timetable

/// `rota backfill`: slots of the past are run. catalogue 74
struct BackfillTests {
    private let hourly = "R/2026-02-01T00:00:00Z/PT1H" as Schedule
    private let from: Instant = "2026-02-28T20:00:00Z"

    /// Registered at 00:00:01 of the 1st of March, so that nothing of February ever ran.
    private func simulation(
        _ others: [Job] = [], capacities: [String: PoolCapacity] = [:], lasts: Duration? = .seconds(1),
        _ change: @escaping (inout Job) -> Void = { _ in }
    ) -> Simulation {
        var simulation = Simulation(at: "00:00:01", capacities: capacities)
        simulation.executor.course = { _, _ in .init(lasts: lasts) }
        simulation.start([job("a", hourly, change)] + others)
        return simulation
    }

    private func backfill(
        _ job: JobName = "a", from: Instant? = nil, to: Instant = "00:00:00", onlyMissed: Bool = false, maxRunning: Int = 1
    ) -> Request {
        .backfill(BackfillOrder(job: job, first: from ?? self.from, last: to, onlyMissed: onlyMissed, maxRunning: maxRunning), by: "ada")
    }

    private func states(_ simulation: Simulation, _ job: JobName = "a") -> [String] {
        simulation.ledger.rows(of: job).map { "\($0.key.due.rfc3339.dropFirst(8).prefix(5)) \($0.key.attempt) \($0.state.rawValue)" }
    }

    // MARK: slots

    @Test(arguments: [false, true]) func slotsBeforeTheRegistrationAreRunOneAfterTheOther(restarts: Bool) {
        var simulation = simulation()
        #expect(simulation.ask(backfill()) == .backfilling(1, slots: 5, leftAlone: 0))
        #expect(simulation.ledger.rows(of: "a").allSatisfy { $0.trigger == .backfill && $0.backfill == 1 && $0.isByHand })
        #expect(simulation.ledger.rows(of: "a").filter { $0.state == .waiting }.map(\.reason) == Array(repeating: "overlap", count: 4))
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(.seconds(4))
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(.seconds(60))
        #expect(
            simulation.history("a") == [
                "2026-02-28T20:00:00Z succeeded", "2026-02-28T21:00:00Z succeeded", "2026-02-28T22:00:00Z succeeded",
                "2026-02-28T23:00:00Z succeeded", "00:00:00 succeeded",
            ])
        #expect(simulation.ledger.changes.map(\.kind) == ["request.backfill"])
        #expect(simulation.ledger.controls["a"]?.accountedUntil == "00:00:00.999999", "progress is another thing")
    }

    @Test func atMostSoManyOfItRunAtATime() {
        var simulation = simulation(lasts: nil) { $0.overlap = .allow }
        simulation.ask(backfill(maxRunning: 2))
        simulation.pass(.seconds(10))
        #expect(simulation.ledger.rows(of: "a").count { $0.state == .running } == 2)
        #expect(simulation.ledger.rows(of: "a").last?.reason == "pool: backfill 1")
        simulation.die()
        simulation.start()
        simulation.end("a")
        #expect(simulation.ledger.rows(of: "a").count { $0.state == .running } == 2)
        #expect(simulation.faults.isEmpty)
    }

    /// Else what is due now would stand behind a year of what was due.
    @Test func whatIsDueNowGoesFirst() {
        var simulation = simulation(lasts: nil)
        simulation.ask(backfill())
        simulation.pass(until: "01:00:10")
        #expect(simulation.history("a").last == "01:00:00 waiting: overlap")
        simulation.end("a")
        #expect(simulation.history("a").last == "01:00:00 running")
        simulation.end("a")
        #expect(states(simulation)[1] == "28T21 1 running")
        #expect(simulation.faults.isEmpty)
    }

    @Test func slotsThatRanRunAgainAndThoseOnTheirWayAreLeftAlone() {
        var simulation = simulation(lasts: .seconds(90 * 60))
        simulation.pass(until: "02:00:10")
        #expect(simulation.history("a") == ["01:00:00 running", "02:00:00 waiting: overlap"])
        #expect(simulation.ask(backfill(from: "00:00:00", to: "02:00:00")) == .backfilling(1, slots: 1, leftAlone: 2))
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.pass(until: "02:50:00")
        #expect(simulation.ask(backfill(from: "01:00:00", to: "02:00:00")) == .backfilling(2, slots: 2, leftAlone: 0))
        simulation.pass(.seconds(60))
        #expect(
            states(simulation) == ["01T00 1 succeeded", "01T01 1 succeeded", "01T01 2 succeeded", "01T02 1 succeeded", "01T02 2 succeeded"])
    }

    @Test func onlyWhatWasMissedIsRunOnRequest() {
        var simulation = simulation()
        simulation.pass(until: "01:30:00")
        simulation.ask(.skip("a", due: "02:00:00", by: "ada"))
        simulation.die()
        simulation.stayDown(until: "05:30:00")
        simulation.start()
        simulation.pass(.seconds(10))
        #expect(simulation.ask(backfill(from: "01:00:00", to: "05:00:00", onlyMissed: true)) == .backfilling(1, slots: 3, leftAlone: 2))
        simulation.pass(.seconds(60))
        #expect(
            simulation.history("a") == [
                "01:00:00 succeeded", "02:00:00 skipped: by ada", "02:00:00 #2 succeeded", "03:00:00–04:00:00 ×2 missed: catch-up",
                "03:00:00 succeeded", "04:00:00 succeeded", "05:00:00 succeeded",
            ], "the run wins over the gap")
        guard case .already = simulation.ask(backfill(from: "01:00:00", to: "05:00:00", onlyMissed: true)) else {
            Issue.record("they are run again"); return
        }
    }

    @Test func whatCannotBeIsRefusedWithAWayOut() {
        var simulation = simulation([job("hands"), job("off", hourly) { $0.disabled = true }])
        let refused: [(Request, String)] = [
            (backfill(to: "07:00:00"), "has not come"), (backfill(from: "00:00:00.5", to: "00:00:00.7"), "nearest"),
            (backfill("hands"), "rota run hands"), (backfill("off"), "disabled: true"),
            (backfill(from: "1970-01-01T00:00:00Z", to: "00:00:00.9"), "slots"),
        ]
        for (request, words) in refused.dropLast() {
            guard case .refused(let text) = simulation.ask(request) else { Issue.record("it is not refused: \(request)"); continue }
            #expect(text.contains(words), "\(text)")
        }
        #expect(simulation.ask(backfill("nobody")) == .unknownJob("nobody"))
        #expect(simulation.ledger.backfills.isEmpty && simulation.ledger.runs.isEmpty)
    }

    @Test func moreThanATransactionTakesIsRefused() {
        var simulation = Simulation(at: "00:00:01")
        simulation.start([job("a", "R/2026-01-01T00:00:00Z/PT10S")])
        guard case .refused(let text) = simulation.ask(backfill(from: "2026-01-01T00:00:00Z")) else {
            Issue.record("it is not refused"); return
        }
        #expect(text.contains("509761") && text.contains("100000"))
    }

    @Test func moreRunsThanThatWithThoseBelowAreRefused() {
        var simulation = Simulation(at: "00:00:01")
        simulation.start([job("a", "R/2026-01-01T00:00:00Z/PT1M")] + below)
        guard case .refused(let text) = simulation.ask(backfill(from: "2026-01-10T00:00:00Z")) else {
            Issue.record("it is not refused"); return
        }
        #expect(text.contains("72001 slots of 3 jobs, 216003 runs") && text.contains("shorter"))
        #expect(simulation.ledger.backfills.isEmpty)
    }

    @Test func neitherPauseNorWindowNorOverlapSkipsIt() {
        var simulation = simulation(lasts: .seconds(100)) { job in
            job.startWithin = .seconds(5)
            job.overlap = .skip
        }
        simulation.ask(.pause(.everything, by: "ada"))
        simulation.ask(backfill())
        simulation.pass(.seconds(1_000))
        #expect(simulation.ledger.rows(of: "a").map(\.state) == Array(repeating: .succeeded, count: 5))
    }

    @Test func itsRetriesGoWithIt() {
        var simulation = simulation { $0.retries = Retries(limit: 1, delay: .seconds(5)) }
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt == 1 ? .failed : .succeeded) }
        simulation.ask(backfill(from: "00:00:00"))
        simulation.pass(.seconds(60))
        #expect(simulation.ledger.rows(of: "a").map(\.backfill) == [1, 1])
        #expect(simulation.history("a") == ["00:00:00 failed", "00:00:00 #2 succeeded"])
    }

    @Test func whoeverStoodBehindACancelledBackfillIsToldWhatHeWaitsForNow() {
        var simulation = simulation([job("other", "R1/2026-03-01T00:00:00Z/P1D")], capacities: ["local": 1], lasts: nil)
        simulation.run("other")
        simulation.ask(backfill(from: "2026-02-28T22:00:00Z", to: "2026-02-28T22:00:00Z"))
        simulation.ask(backfill(from: "2026-02-28T23:00:00Z", to: "2026-02-28T23:00:00Z"))
        #expect(simulation.ledger.rows(of: "a").map(\.reason) == ["pool: local, backfill 1", "overlap"])
        simulation.ask(.cancelBackfill(1, kill: false, by: "ada"))
        #expect(simulation.ledger.rows(of: "a").map(\.reason) == ["backfill cancelled by ada", "pool: local, backfill 2"])
        #expect(simulation.faults.isEmpty)
    }

    // MARK: flows

    private let below = [job("b", after: ["a"]), job("c", after: ["b"])]

    @Test(arguments: [false, true]) func theChildrenOfAFlowComeAlongBeforeTheNextSlot(restarts: Bool) {
        var simulation = simulation(below) { $0.overlap = .allow }
        simulation.ask(backfill(from: "2026-02-28T22:00:00Z"))
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(.milliseconds(1_500))
        #expect(states(simulation, "b") == ["28T22 1 running"] && states(simulation)[1] == "28T23 1 waiting")
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(.seconds(60))
        for name in ["a", "b", "c"] as [JobName] {
            #expect(states(simulation, name) == ["28T22 1 succeeded", "28T23 1 succeeded", "01T00 1 succeeded"], "\(name)")
            #expect(simulation.ledger.rows(of: name).allSatisfy { $0.backfill == 1 })
        }
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen } && simulation.faults.isEmpty)
    }

    @Test func slowChildrenAreNotSkippedForOverlap() {
        var simulation = simulation([job("b", after: ["a"]) { $0.startWithin = .seconds(5) }])
        simulation.executor.course = { run, _ in .init(lasts: .seconds(run.key.job == "b" ? 100 : 1)) }
        simulation.ask(backfill(maxRunning: 5))
        simulation.pass(.seconds(1_000))
        #expect(simulation.ledger.rows(of: "b").map(\.state) == Array(repeating: .succeeded, count: 5))
    }

    @Test func aFlowThatRanRunsAgainAsAWhole() {
        var simulation = simulation(below)
        simulation.pass(until: "01:30:00")
        simulation.ask(backfill(from: "01:00:00", to: "01:00:00"))
        simulation.pass(.seconds(60))
        for name in ["a", "b", "c"] as [JobName] {
            #expect(states(simulation, name) == ["01T01 1 succeeded", "01T01 2 succeeded"], "\(name)")
        }
        #expect(simulation.ledger.flows.count == 1 && simulation.faults.isEmpty)
    }

    /// In the middle: its parents owe nothing there and count as met, in a flow that ran, one that was skipped, and one that never was.
    @Test func aMemberHasTheSlotsOfItsHead() {
        var simulation = simulation(below + [job("join", after: ["a", "b"])])
        simulation.pass(until: "01:30:00")
        simulation.ask(.hold("a", due: "02:00:00", by: "ada"))
        simulation.pass(until: "02:30:00")
        simulation.ask(.skip("a", due: "02:00:00", by: "ada"))
        #expect(simulation.history("a") == ["01:00:00 succeeded", "02:00:00 skipped: by ada"])
        #expect(simulation.ask(backfill("b", to: "02:00:00")) == .backfilling(1, slots: 7, leftAlone: 0))
        simulation.pass(.seconds(60))
        #expect(simulation.history("a").count == 2, "its head does not run")
        for name in ["b", "c", "join"] as [JobName] {
            #expect(simulation.ledger.rows(of: name).count == 8 && simulation.ledger.rows(of: name).allSatisfy { $0.state == .succeeded })
        }
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen } && simulation.history("a").count == 2)
        simulation.ask(backfill(to: "02:00:00"))
        simulation.pass(.seconds(60))
        #expect(simulation.faults.isEmpty && simulation.ledger.rows(of: "a").count == 2 + 7)
    }

    @Test func whatIsToComeInAnOpenFlowIsLeftAlone() {
        var simulation = simulation(below, lasts: nil)
        simulation.pass(until: "01:00:10")
        guard case .already = simulation.ask(backfill("b", from: "01:00:00", to: "01:00:00")) else {
            Issue.record("it runs before its parent"); return
        }
        #expect(simulation.history("b").isEmpty)
    }

    // MARK: cancel

    @Test(arguments: [false, true]) func aCancelBeginsNothingMore(kill: Bool) {
        var simulation = simulation(below, lasts: nil)
        simulation.ask(backfill())
        simulation.pass(.seconds(1))
        #expect(simulation.ask(.cancelBackfill(1, kill: kill, by: "bob")) == .cancelled(1, withdrawn: 4, active: kill ? 0 : 1))
        simulation.die()
        simulation.start()
        if !kill { simulation.end("a") }
        simulation.pass(.seconds(60))
        #expect(
            states(simulation) == ["28T20 1 \(kill ? "killed" : "succeeded")"]
                + ["28T21", "28T22", "28T23", "01T00"].map { "\($0) 1 skipped" })
        #expect(simulation.row("a", "00:00:00")?.reason == "backfill cancelled by bob")
        #expect(simulation.ledger.rows(of: "b").map(\.reason) == [kill ? "upstream" : "backfill cancelled by bob"])
        #expect(simulation.ledger.flows.values.allSatisfy { !$0.isOpen } && simulation.faults.isEmpty)
        guard case .already = simulation.ask(.cancelBackfill(1, kill: kill, by: "bob")) else {
            Issue.record("it is cancelled again"); return
        }
        guard case .refused = simulation.ask(.cancelBackfill(7, kill: kill, by: "bob")) else { Issue.record("there is one"); return }
    }

    /// What ran before stays what it is.
    @Test func aCancelPutsNothingOutOfDate() {
        var simulation = simulation(below)
        simulation.pass(until: "02:30:00")
        simulation.executor.course = { _, _ in .init() }
        simulation.ask(backfill(from: "01:00:00", to: "02:00:00"))
        simulation.ask(.cancelBackfill(1, kill: false, by: "bob"))
        #expect(states(simulation).last == "01T02 2 skipped")
        #expect(states(simulation, "c") == ["01T01 1 succeeded", "01T02 1 succeeded"])
    }

    /// It counts for it: how far it is, and how it ended.
    @Test func aRetryByHandIsPartOfIt() {
        var simulation = simulation { $0.overlap = .allow }
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt == 1 ? .failed : .succeeded) }
        simulation.ask(backfill(from: "2026-02-28T23:00:00Z"))
        simulation.pass(.seconds(10))
        for due in ["2026-02-28T23:00:00Z", "00:00:00"] as [Instant] {
            simulation.ask(.retry(RunKey(job: "a", due: due, attempt: 1), by: "ada"))
        }
        #expect(states(simulation) == ["28T23 1 failed", "28T23 2 launching", "01T00 1 failed", "01T00 2 waiting"], "one at a time")
        simulation.pass(.seconds(10))
        #expect(simulation.ledger.rows(of: "a").map(\.backfill) == [1, 1, 1, 1])
    }

    /// Whoever is freed by somebody's hand does not go with what was cancelled.
    @Test(arguments: [false, true], [false, true]) func whatIsFreedAfterACancelRuns(isMarked: Bool, restarts: Bool) {
        var simulation = simulation([job("x", after: ["h"]), job("b", after: ["h"]), job("c", after: ["b", "x"]), job("h", hourly)])
        simulation.executor.course = { run, _ in
            .init(lasts: .seconds(1), state: run.key.job == "b" && run.key.attempt == 1 ? .failed : .succeeded)
        }
        simulation.ask(backfill("h", from: "2026-02-28T23:00:00Z", to: "00:00:00"))
        simulation.pass(.milliseconds(2_500))
        #expect(states(simulation, "c") == ["28T23 1 skipped"])
        simulation.ask(.cancelBackfill(1, kill: false, by: "bob"))
        simulation.pass(.seconds(10))
        if restarts {
            simulation.die()
            simulation.start()
        }
        let failed = RunKey(job: "b", due: "2026-02-28T23:00:00Z", attempt: 1)
        simulation.ask(isMarked ? .markSuccess(failed, by: "ada") : .retry(failed, by: "ada"))
        simulation.pass(.seconds(10))
        #expect(states(simulation, "c").contains("28T23 2 succeeded"))
        #expect(simulation.ledger.rows(of: "c").first { $0.key.attempt == 2 }?.backfill == nil && simulation.faults.isEmpty)
    }

    /// Nothing of it is on its way, but the flow would go on.
    @Test func aBackfillThatALostRunHoldsIsCancelled() {
        var simulation = simulation(below)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .lost) }
        simulation.ask(backfill(from: "00:00:00"))
        simulation.pass(.seconds(10))
        #expect(simulation.history("a") == ["00:00:00 lost"])
        #expect(simulation.ask(.cancelBackfill(1, kill: false, by: "bob")) == .cancelled(1, withdrawn: 0, active: 0))
        guard case .already = simulation.ask(.cancelBackfill(1, kill: false, by: "bob")) else {
            Issue.record("it is cancelled again"); return
        }
    }
}
