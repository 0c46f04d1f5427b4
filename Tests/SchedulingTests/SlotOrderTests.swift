import Scheduling
import TestSupport
import Testing
import Timetable

/// `rota skip`, `hold` and `release`: one slot, or one run that waits.
struct SlotOrderTests {
    private let hourly = "R/2026-03-01T00:00:00Z/PT1H" as Schedule

    private func simulation(_ jobs: [Job], at begin: Instant = "00:00:01", lasts: Duration? = .seconds(1)) -> Simulation {
        var simulation = Simulation(at: begin)
        simulation.executor.course = { _, _ in .init(lasts: lasts) }
        simulation.start(jobs)
        return simulation
    }

    private func skip(_ due: Instant, _ job: JobName = "a") -> Request { .skip(job, due: due, by: "ada") }
    private func hold(_ due: Instant?, _ job: JobName = "a") -> Request { .hold(job, due: due, by: "ada") }
    private func release(_ due: Instant?, _ job: JobName = "a") -> Request { .release(job, due: due, by: "bob") }

    // MARK: skip

    @Test(arguments: [false, true]) func aSlotThatComesIsPassedOver(restarts: Bool) {
        var simulation = simulation([job("a", hourly), job("b", after: ["a"])])
        #expect(simulation.ask(skip("02:00:00")) == .ordered("a", "02:00:00"))
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.pass(until: "03:30:00")
        #expect(simulation.history("a") == ["01:00:00 succeeded", "02:00:00 skipped: by ada", "03:00:00 succeeded"])
        #expect(simulation.history("b") == ["01:00:00 succeeded", "03:00:00 succeeded"], "a slot that was skipped begins no flow")
        #expect(simulation.ledger.orders.isEmpty)
        #expect(simulation.ledger.changes.map(\.kind) == ["request.skip"])
    }

    @Test func aSkipIsTakenBack() {
        var simulation = simulation([job("a", hourly)])
        simulation.ask(skip("02:00:00"))
        guard case .already = simulation.ask(skip("02:00:00")) else { Issue.record("it is ordered again"); return }
        #expect(simulation.ask(release("02:00:00")) == .released(orders: 1, runs: 0))
        guard case .already = simulation.ask(release("02:00:00")) else { Issue.record("it is released again"); return }
        simulation.pass(until: "02:30:00")
        #expect(simulation.history("a").last == "02:00:00 succeeded")
    }

    @Test func aRunThatWaitsIsSkippedAndOneThatRunsIsNot() {
        var simulation = simulation([job("a", hourly)], lasts: nil)
        simulation.pass(until: "02:10:00")
        #expect(simulation.history("a") == ["01:00:00 running", "02:00:00 waiting: overlap"])
        #expect(simulation.ask(skip("02:00:00")) == .accepted(RunKey(job: "a", due: "02:00:00", attempt: 1)))
        guard case .already = simulation.ask(skip("02:00:00")) else { Issue.record("it is skipped again"); return }
        guard case .refused(let text) = simulation.ask(skip("01:00:00")) else { Issue.record("it is not refused"); return }
        #expect(text.contains("rota kill"))
        #expect(simulation.history("a").last == "02:00:00 skipped: by ada")
    }

    @Test func whatIsNoSlotIsRefusedWithTheNearest() {
        var simulation = simulation([job("a", hourly), job("hands")])
        guard case .refused(let text) = simulation.ask(skip("02:30:00")) else { Issue.record("it is not refused"); return }
        #expect(text.contains("02:00:00Z") && text.contains("03:00:00Z"))
        guard case .refused(let past) = simulation.ask(skip("00:00:00")) else { Issue.record("it is not refused"); return }
        #expect(past.contains("rota history"))
        guard case .refused = simulation.ask(skip("02:00:00", "hands")) else { Issue.record("it is not refused"); return }
        #expect(simulation.ask(skip("02:00:00", "nobody")) == .unknownJob("nobody"))
    }

    /// Catch-up and pauses write gaps; what somebody ordered has a row of its own between them.
    @Test func anOrderStandsOutOfAGap() {
        var simulation = simulation([job("a", hourly)])
        simulation.ask(skip("02:00:00"))
        simulation.ask(hold("04:00:00"))
        simulation.die()
        simulation.stayDown(until: "06:30:00")
        simulation.start()
        simulation.pass(.seconds(10))
        #expect(
            simulation.history("a") == [
                "01:00:00 missed: catch-up", "02:00:00 skipped: by ada", "03:00:00 missed: catch-up", "04:00:00 waiting: held by ada",
                "05:00:00 missed: catch-up", "06:00:00 succeeded",
            ])
    }

    @Test func aMemberOfAFlowIsPassedOver() {
        var simulation = simulation([job("a", hourly), job("b", after: ["a"]), job("c", after: ["b"])])
        #expect(simulation.ask(skip("01:00:00", "b")) == .ordered("b", "01:00:00"))
        simulation.pass(until: "01:30:00")
        #expect(simulation.history("b") == ["01:00:00 skipped: by ada"] && simulation.history("c") == ["01:00:00 skipped: upstream"])
    }

    // MARK: hold and release

    @Test(arguments: [false, true]) func aSlotThatComesIsKeptWaitingUntilItIsReleased(restarts: Bool) {
        var simulation = simulation([job("a", hourly) { $0.startWithin = .seconds(60) }, job("b", after: ["a"])])
        #expect(simulation.ask(hold(nil)) == .ordered("a", "01:00:00"), "the next slot")
        simulation.pass(until: "02:30:00")
        if restarts {
            simulation.die()
            simulation.start()
        }
        #expect(simulation.history("a") == ["01:00:00 waiting: held by ada", "02:00:00 succeeded"], "newer ones pass it")
        #expect(simulation.ask(release(nil)) == .released(orders: 1, runs: 1))
        simulation.pass(.seconds(10))
        #expect(simulation.history("a").first == "01:00:00 succeeded")
        #expect(simulation.row("a", "01:00:00")?.readyAt == "02:30:00", "it is ready with its release, and not late")
        #expect(simulation.history("b") == ["01:00:00 succeeded", "02:00:00 succeeded"])
        #expect(simulation.ledger.orders.isEmpty)
    }

    @Test func theRunThatWaitsNowIsHeld() {
        var simulation = simulation([job("a", hourly)], lasts: nil)
        simulation.pass(until: "02:10:00")
        let waiting = RunKey(job: "a", due: "02:00:00", attempt: 1)
        #expect(simulation.ask(hold(nil)) == .accepted(waiting))
        simulation.end("a")
        simulation.pass(until: "03:10:00")
        #expect(
            simulation.history("a") == ["01:00:00 succeeded", "02:00:00 waiting: held by ada", "03:00:00 running"], "no overlap judges it")
        simulation.ask(release("02:00:00"))
        simulation.pass(until: "04:10:00")
        #expect(simulation.row("a", "02:00:00")?.reason == "overlap", "it waits its turn, and newer ones do not displace it")
        simulation.end("a")
        #expect(simulation.row("a", "02:00:00")?.state == .running)
    }

    /// Neither that of a slot that came nor that of no slot changes when the next one comes.
    @Test func aHoldPutsOffNoSlot() {
        var simulation = simulation([job("a", hourly)], lasts: nil)
        simulation.pass(until: "01:30:00")
        simulation.run("a")
        #expect(simulation.ask(hold(nil)) == .accepted(RunKey(job: "a", due: "01:30:00", attempt: 1)))
        simulation.pass(until: "02:00:10")
        #expect(simulation.ask(hold("02:00:00")) == .accepted(RunKey(job: "a", due: "02:00:00", attempt: 1)))
        simulation.pass(until: "03:00:10")
        #expect(
            simulation.history("a") == [
                "01:00:00 running", "01:30:00 waiting: held by ada", "02:00:00 waiting: held by ada", "03:00:00 waiting: overlap",
            ])
    }

    /// Of a job at rest slots are accounted for a minute at a time, but for those that somebody ordered something about.
    @Test func aHeldSlotOfAPausedJobComesOnTime() {
        var simulation = simulation([job("a", "R/2026-03-01T00:00:00Z/PT1S")])
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.pass(until: "00:00:05")
        simulation.ask(hold("00:00:10"))
        simulation.pass(until: "00:00:10")
        #expect(simulation.row("a", "00:00:10")?.reason == "held by ada")
        simulation.pass(until: "00:02:00")
        #expect(simulation.history("a").contains("00:00:10 waiting: held by ada"))
    }

    @Test func noPauseSkipsWhatIsHeldOrWasReleased() {
        var simulation = simulation([job("a", hourly)])
        simulation.ask(hold("01:00:00"))
        simulation.ask(.pause(.job("a"), by: "ada"))
        simulation.pass(until: "02:30:00")
        #expect(simulation.row("a", "01:00:00")?.state == .waiting)
        simulation.ask(release(nil))
        simulation.pass(.seconds(10))
        #expect(simulation.row("a", "01:00:00")?.state == .succeeded)
    }

    @Test func whatEndsOtherwiseIsNotHeldAnyMore() {
        var simulation = simulation([job("a", hourly)])
        simulation.ask(hold("01:00:00"))
        simulation.pass(until: "01:30:00")
        simulation.ask(.kill(RunKey(job: "a", due: "01:00:00", attempt: 1), by: "ada"))
        #expect(simulation.history("a") == ["01:00:00 killed: by ada"])
        #expect(simulation.ledger.orders.isEmpty)
        guard case .already = simulation.ask(release(nil)) else { Issue.record("something is released"); return }
    }

    /// Who named a slot is not told that he may name one.
    @Test func whoOrdersTwiceIsToldWhatHeMayWant() throws {
        var simulation = simulation([job("a", hourly)])
        func already(_ request: Request) throws -> String {
            guard case .already(let text) = simulation.ask(request) else { throw CancellationError() }
            return text
        }
        simulation.ask(skip("03:00:00"))
        #expect(try already(skip("03:00:00")).hasSuffix("; `rota release a --due 2026-03-01T03:00:00Z` takes back that"))
        #expect(
            try already(release(nil)).hasSuffix(
                "; what is to be skipped is taken back by name: `rota release a --due 2026-03-01T03:00:00Z`"))
        #expect(try already(release("02:00:00")) == "nothing of `a` is held or to be skipped at 2026-03-01T02:00:00Z")
        simulation.ask(hold("01:00:00"))
        #expect(try already(hold("01:00:00")).hasSuffix("; `rota release a --due 2026-03-01T01:00:00Z` ends that"))
        #expect(try already(hold(nil)).hasSuffix("; `rota hold a --due T` holds another one"))
        simulation.pass(until: "01:30:00")
        #expect(
            try already(hold("01:00:00")).hasSuffix(
                "by ada since 2026-03-01T00:00:01Z; `rota release a --due 2026-03-01T01:00:00Z` ends that"))
        #expect(try already(hold(nil)).hasSuffix("; `rota hold a --due T` holds another one"))
    }

    @Test func aLostRunIsNotReleased() {
        var simulation = Simulation(at: "00:00:01")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .lost) }
        simulation.start([job("a", hourly)])
        simulation.pass(until: "01:30:00")
        guard case .refused(let text) = simulation.ask(release("01:00:00")) else { Issue.record("it is not refused"); return }
        #expect(text.contains("rota retry") && text.contains("rota mark-success"))
    }

    @Test func ordersOutliveTheFileOfTheJobButNotTheirSlot() {
        var simulation = simulation([job("a", hourly)])
        simulation.ask(skip("05:00:00"))
        simulation.ask(hold("03:00:00"))
        simulation.define([])
        simulation.pass(until: "03:30:00")
        simulation.define([job("a", hourly)])
        simulation.pass(until: "06:30:00")
        #expect(simulation.ledger.orders.isEmpty)
        #expect(simulation.history("a") == ["04:00:00 succeeded", "05:00:00 skipped: by ada", "06:00:00 succeeded"])
    }

    // MARK: what becomes of an order

    /// The flow that is open goes on as it began, and what was ordered about it counts.
    @Test(arguments: [false, true]) func anOrderStaysWhenAnEditGivesItsJobAnotherHead(restarts: Bool) {
        let other = job("z", "R/2026-03-01T00:30:00Z/PT1H")
        var simulation = simulation([job("a", hourly), other, job("b", after: ["a"])], at: "00:40:00", lasts: nil)
        simulation.pass(until: "01:10:00")
        #expect(simulation.ask(hold("01:00:00", "b")) == .ordered("b", "01:00:00"))
        simulation.define([job("a", hourly), other, job("b", after: ["z"])])
        simulation.pass(until: "01:40:00")
        if restarts {
            simulation.die()
            simulation.start()
        }
        simulation.end("a")
        #expect(simulation.history("b") == ["01:00:00 waiting: held by ada"])
        #expect(simulation.ledger.changes.map(\.kind) == ["request.hold"] && simulation.faults.isEmpty)
    }

    @Test func anOrderOfWhichNothingComesIsTold() {
        var simulation = simulation([job("a", hourly), job("b", after: ["a"])])
        simulation.ask(skip("02:00:00"))
        simulation.ask(hold("02:00:00", "b"))
        simulation.pass(until: "02:10:00")
        #expect(simulation.ledger.orders.isEmpty && simulation.ledger.changes.last?.kind == "order.void")
        #expect(simulation.ledger.changes.last?.detail == "due 2026-03-01T02:00:00Z, hold by ada")
        simulation.ask(skip("04:00:00"))
        simulation.define([job("a", "R/2026-03-01T00:30:00Z/PT1H")])
        simulation.pass(until: "04:40:00")
        #expect(simulation.ledger.orders.isEmpty)
        #expect(simulation.ledger.changes.map(\.kind) == ["request.skip", "request.hold", "order.void", "request.skip", "order.void"])
    }

    @Test func anOrderOfAJobThatHasNoSlotsAnyMoreIsTold() {
        var simulation = simulation([job("a", hourly)])
        simulation.ask(hold("02:00:00"))
        simulation.define([job("a")])
        #expect(simulation.ledger.orders.isEmpty && simulation.ledger.changes.last?.kind == "order.void")
    }

    /// Not tomorrow's: today's is still to come.
    @Test func theRunThatItsParentIsToFreeIsHeld() {
        var simulation = simulation([job("a", hourly), job("b", after: ["a"])], lasts: nil)
        simulation.pass(until: "01:10:00")
        #expect(simulation.ask(hold(nil, "b")) == .ordered("b", "01:00:00"))
        guard case .already(let text) = simulation.ask(hold(nil, "b")) else { Issue.record("asked twice, it holds two"); return }
        #expect(text.contains("2026-03-01T01:00:00Z") && text.contains("rota hold b --due T") && simulation.ledger.orders.count == 1)
        simulation.end("a")
        #expect(simulation.history("b") == ["01:00:00 waiting: held by ada"])
    }

    @Test func whoAsksTwiceHoldsOneSlot() {
        var simulation = simulation([job("a", hourly)], lasts: nil)
        #expect(simulation.ask(hold(nil)) == .ordered("a", "01:00:00"))
        guard case .already = simulation.ask(hold(nil)) else { Issue.record("it holds two"); return }
        simulation.pass(until: "01:10:00")
        #expect(simulation.history("a") == ["01:00:00 waiting: held by ada"])
        guard case .already(let text) = simulation.ask(hold(nil)) else { Issue.record("it holds two"); return }
        #expect(text.contains("held already, by ada") && simulation.ledger.orders.count == 1)
        simulation.ask(.release("a", due: nil, by: "ada"))
        simulation.ask(skip("02:00:00"))
        simulation.end("a")
        #expect(simulation.ask(hold(nil)) == .ordered("a", "03:00:00"), "what is skipped comes to no run")
    }

    /// No slot at all: somebody ran the head.
    @Test func aMemberOfAFlowBegunByHandIsHeld() {
        var simulation = simulation([job("a"), job("b", after: ["a"])], lasts: nil)
        simulation.run("a")
        let due = simulation.now
        #expect(simulation.ask(hold(nil, "b")) == .ordered("b", due))
        simulation.end("a")
        #expect(simulation.row("b", due)?.reason == "held by ada" && simulation.faults.isEmpty)
    }

    /// A slot looks at no order that is not about it.
    @Test func orderedSlotsToComeCostNothing() {
        var simulation = simulation([job("a", "R/2026-03-01T00:00:00Z/PT1S")], lasts: .milliseconds(1))
        let first = "2027-03-01T00:00:00Z" as Instant
        for hour in 0..<many(20_000) { simulation.ask(hold(first + .seconds(hour * 3_600))) }
        let time = ContinuousClock().measure { simulation.pass(.seconds(many(40_000))) }
        #expect(time < soon && simulation.ledger.orders.count == many(20_000))
    }
}
