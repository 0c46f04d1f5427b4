import Scheduling
import TestSupport
import Testing
import Timetable

/// The answers to "why?", as far as definitions and rows alone give them; DaemonTests ask the real ledger.
struct WhyTests {
    private func facts(_ schedule: Schedule, due: Instant, now: Instant = "12:00:00", _ change: (inout Job) -> Void = { _ in }) -> WhyFacts
    {
        let definition = job("a", schedule, change)
        var control = JobControl(job: "a", version: definition.version, schedule: nil, registeredAt: "00:00:00", accountedUntil: now)
        control.anchor = schedule.anchor
        return WhyFacts(due: due, now: now, control: control, definition: definition, schedule: schedule)
    }

    private func job(_ name: JobName, _ schedule: Schedule?, _ change: (inout Job) -> Void = { _ in }) -> Job {
        TestSupport.job(name, schedule, change)
    }

    private func daily(_ text: String, gap: DaylightRule.Gap? = nil, except: String? = nil) throws -> Schedule {
        let limits = Limits(exclusions: try except.map { [try Exclusion(parsing: $0)] } ?? [])
        return try Schedule(
            [try Recurrence(interval: text)], zone: try Zone(named: "Europe/Berlin"), daylight: DaylightRule(gap: gap), limits: limits)
    }

    @Test func aSlotToComeTellsWhatItWillMeet() {
        var facts = facts("R/2026-03-01T00:00:00Z/PT1H", due: "14:00:00")
        #expect(facts.answer.isSlot && facts.answer.state == nil)
        #expect(facts.answer.paragraph.hasSuffix("had a slot") == false && facts.answer.paragraph.contains("comes in 2 hours"))
        facts.pauses = Pauses([Pause(scope: .everything, by: "ada", since: "11:00:00")])
        #expect(facts.answer.reasons.last?.rule == .paused)
        #expect(facts.answer.paragraph.contains("by ada since 2026-03-01T11:00:00Z") && facts.answer.commands == ["rota resume --all"])
    }

    @Test func anInstantBetweenSlotsNamesTheNearest() {
        let answer = facts("R/2026-03-01T00:00:00Z/PT1H", due: "10:30:00").answer
        #expect(!answer.isSlot && answer.reasons.map(\.rule) == [.schedule, .schedule])
        #expect(answer.paragraph.contains("2026-03-01T10:00:00Z") && answer.paragraph.contains("2026-03-01T11:00:00Z"))
        #expect(answer.commands == ["rota why a --due 2026-03-01T10:00:00Z", "rota why a --due 2026-03-01T11:00:00Z"])
    }

    @Test func anExceptionIsNamed() throws {
        let answer = facts(try daily("R/2026-03-01T02:30/P1D", except: "2026-12-25"), due: "2026-12-25T01:30:00Z").answer
        #expect(!answer.isSlot && answer.reasons.first?.rule == .except)
        #expect(answer.paragraph.contains("2026-12-24T01:30:00Z"))
    }

    // catalogue 42
    @Test func aTimeThatTheClockLeavesOutIsNamed() throws {
        let answer = facts(try daily("R/2026-03-01T02:30/P1D", gap: .skip), due: "2026-03-29T01:30:00Z").answer
        #expect(!answer.isSlot && answer.reasons.first?.rule == .dst)
        #expect(answer.paragraph.contains("2026-03-29T02:30:00 does not exist"))
        let shifted = facts(try daily("R/2026-03-01T02:30/P1D"), due: "2026-03-29T01:30:00Z", now: "2026-03-29T01:00:00Z").answer
        #expect(shifted.isSlot && shifted.reasons.map(\.rule).contains(.dst))
    }

    @Test func theOtherOfTwoEqualTimesIsNamed() throws {
        let answer = facts(try daily("R/2026-03-01T02:30/P1D"), due: "2026-10-25T01:30:00Z").answer
        #expect(!answer.isSlot && answer.reasons.first?.rule == .dst && answer.paragraph.contains("2026-10-25T00:30:00Z"))
    }

    @Test func aMomentIsToldOnTheClockOfTheJobWithItsDateWhereThatIsAnother() throws {
        let schedule = try daily("R/2026-01-01T00:00/P1D")
        let midnight = facts(schedule, due: "2026-03-01T23:00:00Z").answer.paragraph
        #expect(midnight.contains("2026-03-01T23:00:00Z (2026-03-02T00:00 in Europe/Berlin)"), "\(midnight)")
        let noon = facts(schedule, due: "2026-03-01T11:30:15Z").answer.paragraph
        #expect(noon.contains("2026-03-01T11:30:15Z (12:30:15 in Europe/Berlin)"), "\(noon)")
    }

    @Test func beforeTheFirstAndAfterTheLastSlot() {
        let before = facts("R3/2026-03-01T06:00:00Z/PT1H", due: "05:00:00").answer
        #expect(before.paragraph.contains("has not begun there") && before.paragraph.contains("next one is 2026-03-01T06:00:00Z"))
        let after = facts("R3/2026-03-01T06:00:00Z/PT1H", due: "09:00:00").answer
        #expect(after.paragraph.contains("is over") && after.paragraph.contains("slot before is 2026-03-01T08:00:00Z"))
    }

    @Test func aSlotBeforeTheRegistrationIsNotOwed() {
        let answer = facts("R/2026-02-01T00:00:00Z/PT1H", due: "2026-02-10T01:00:00Z").answer
        #expect(answer.isSlot && answer.reasons.last?.rule == .registration)
        #expect(answer.commands.first == "rota backfill a --from 2026-02-10T01:00:00Z --to 2026-02-10T01:00:00Z")
    }

    @Test func aSlotThatNobodyLookedAtYetWaitsForAScheduler() {
        var facts = facts("R/2026-03-01T00:00:00Z/PT1H", due: "11:00:00")
        facts = WhyFacts(
            due: facts.due, now: facts.now,
            control: JobControl(job: "a", version: "v", schedule: nil, registeredAt: "00:00:00", accountedUntil: "10:00:00"),
            definition: facts.definition, schedule: facts.schedule)
        facts.isSchedulerAlive = false
        facts.lastHeard = "10:30:00"
        #expect(facts.answer.reasons.map(\.rule).suffix(2) == [.catchUp, .scheduler] && facts.answer.commands == ["rota serve"])
    }

    @Test(arguments: [SlotOrder.Kind.skip, .hold]) func anOrderAboutASlotToComeIsToldBeforeAnyPause(kind: SlotOrder.Kind) {
        var facts = facts("R/2026-03-01T00:00:00Z/PT1H", due: "14:00:00")
        facts.pauses = Pauses([Pause(scope: .everything, by: "bob", since: "11:00:00")])
        facts.order = SlotOrder(job: "a", due: "14:00:00", kind: kind, by: "ada", since: "11:30:00")
        #expect(facts.answer.reasons.last?.rule == (kind == .skip ? .skip : .hold) && facts.answer.reasons.last?.at == "11:30:00")
        #expect(facts.answer.paragraph.contains("ada ordered that") && !facts.answer.paragraph.contains("paused"))
        #expect(facts.answer.commands == ["rota release a --due 2026-03-01T14:00:00Z"])
    }

    @Test func anOrderAboutAMemberIsToldBeforeItsFlowBegins() {
        let definition = TestSupport.job("b", after: ["a"])
        let control = JobControl(job: "b", version: definition.version, schedule: nil, registeredAt: "00:00:00", accountedUntil: "12:00:00")
        var facts = WhyFacts(due: "14:00:00", now: "12:00:00", control: control, definition: definition, schedule: nil)
        facts.order = SlotOrder(job: "b", due: "14:00:00", kind: .hold, by: "ada", since: "11:30:00")
        #expect(facts.answer.reasons.map(\.rule) == [.parents, .parents, .hold])
        #expect(facts.answer.commands.first == "rota release b --due 2026-03-01T14:00:00Z")
    }

    @Test func aRunOfABackfillNamesItAndWhoAskedForIt() throws {
        var simulation = Simulation(at: "03:30:00")
        simulation.start([job("a", "R/2026-03-01T00:00:00Z/PT1H") { $0.overlap = .allow }])
        simulation.ask(.backfill(BackfillOrder(job: "a", first: "00:00:00", last: "02:00:00"), by: "ada"))
        let waiting = try #require(simulation.ledger.rows(of: "a").last)
        var answer = try #require(facts(about: waiting, in: simulation)?.answer)
        #expect(answer.reasons.map(\.rule) == [.request, .pool])
        #expect(answer.paragraph.contains("ada asked with the backfill 1") && answer.paragraph.contains("at most 1 at a time"))
        simulation.ask(.cancelBackfill(1, kill: false, by: "bob"))
        let skipped = try #require(simulation.ledger.runs[waiting.key])
        answer = try #require(facts(about: skipped, in: simulation)?.answer)
        #expect(answer.reasons.last?.rule == .skip && answer.paragraph.contains("the backfill 1 that it went with was cancelled by bob"))
    }

    @Test func aSlotThatABackfillHasNotComeToTellsSo() {
        var facts = facts("R/2026-03-01T00:00:00Z/PT1H", due: "01:00:00")
        facts.comingBackfill = Backfill(
            id: 3, asking: BackfillOrder(job: "a", first: "01:00:00", last: "01:00:00"), slots: SlotSequence(["01:00:00"]), by: "ada",
            at: "11:00:00")
        #expect(facts.answer.reasons.last?.rule == .request)
        #expect(facts.answer.paragraph.contains("The backfill 3, which ada asked for, has not come to it yet"))
        #expect(facts.answer.commands.contains("rota backfill --cancel 3"))
    }

    @Test func slotsBeyondMaxCatchUpNameIt() {
        var facts = facts("R/2026-03-01T00:00:00Z/PT1H", due: "01:00:00") {
            $0.catchUp = .all
            $0.maxCatchUp = 3
        }
        facts.gap = Gap(
            job: "a", firstDue: "01:00:00", lastDue: "08:00:00", slots: 8, state: .missed, reason: "maxCatchUp", decidedAt: "12:00:00")
        #expect(facts.answer.reasons.last?.rule == .catchUp && facts.answer.paragraph.contains("`maxCatchUp: 3`"))
    }

    /// Ten runs of the head asked for at once: what follows them is judged like whatever parents make due.
    @Test func aChildThatOverlapSkipsIsToldTheRuleAndTheWayOut() throws {
        var simulation = Simulation(at: "00:00:01")
        simulation.executor.course = { run, _ in .init(lasts: run.key.job == "b" ? .seconds(60) : .seconds(1)) }
        simulation.start([TestSupport.job("a"), TestSupport.job("b", after: ["a"]) { $0.overlap = .skip }])
        for _ in 1...3 { simulation.ask(.run("a", parameters: [:])) }
        simulation.pass(.seconds(30))
        let skipped = try #require(simulation.ledger.rows(of: "b").first { $0.state == .skipped })
        let answer = try #require(facts(about: skipped, in: simulation)?.answer)
        #expect(answer.reasons.suffix(2).map(\.rule) == [.overlap, .overlap], "\(answer.paragraph)")
        #expect(
            answer.paragraph.contains("`overlap: skip`") && answer.paragraph.contains("whatever parents make due, also after runs that"))
        #expect(answer.commands == ["rota retry t-1"])
    }

    @Test(arguments: [(1, "Its one automatic retry is used up."), (2, "All 2 of its automatic retries are used up.")])
    func retriesThatAreUsedUpAreCounted(limit: Int, words: String) throws {
        var simulation = Simulation(at: "00:00:01")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
        simulation.start([TestSupport.job("a") { $0.retries = Retries(limit: limit, delay: .seconds(1)) }])
        simulation.ask(.run("a", parameters: [:]))
        simulation.pass(.seconds(60))
        let last = try #require(simulation.ledger.rows(of: "a").last)
        #expect(try #require(facts(about: last, in: simulation)?.answer).paragraph.hasSuffix(words))
    }

    /// The clock was set back, and the schedule had been edited before.
    @Test func aGapOfAnEarlierScheduleDecidesNothingThatIsToCome() {
        var facts = facts("R/2026-03-01T00:00:00Z/PT1H", due: "14:00:00")
        facts.gap = Gap(
            job: "a", firstDue: "11:30:00", lastDue: "16:30:00", slots: 6, state: .missed, reason: "catch-up", decidedAt: "17:00:00")
        #expect(facts.answer.state == nil && facts.answer.paragraph.contains("comes in 2 hours"))
        #expect(facts.answer.paragraph.contains("an earlier schedule missed; the clock was set back since"))
    }

    /// Whatever the core writes into a row, the answer names a rule for it, in a sentence.
    @Test func everyReasonThatRandomLivesWriteIsUnderstood() {
        var told: Set<Why.Rule> = []
        for seed in 1...UInt64(many(600)) {
            let script = SimulationScript(seed: seed)
            let unit = script.unit
            // Sometimes it is down for so long that slots are overdue.
            let simulation = script.play(refusing: true) { step in step % 40 == 39 ? (.beforeCommit, unit * 5) : nil }
            for run in simulation.ledger.runs.values {
                guard let answer = facts(about: run, in: simulation)?.answer, let last = answer.reasons.last else {
                    Issue.record("SIMULATION_SEED=\(seed): nothing is told of \(run.key)")
                    continue
                }
                told.insert(last.rule)
                let isVague = [.skipped, .missed].contains(run.state) && last.rule == .outcome
                if isVague || answer.state != run.state {
                    Issue.record("SIMULATION_SEED=\(seed): \(run.reason ?? "") is not understood: \(last)")
                }
            }
            for gap in simulation.ledger.gaps.prefix(50) {
                guard let control = simulation.ledger.controls[gap.job] else { continue }
                var facts = WhyFacts(due: gap.firstDue, now: simulation.now, control: control, definition: nil, schedule: nil)
                facts.gap = gap
                guard let last = facts.answer.reasons.last, last.rule != .outcome else {
                    Issue.record("SIMULATION_SEED=\(seed): \(gap.reason) is not understood")
                    continue
                }
                told.insert(last.rule)
            }
        }
        #expect(
            told.isSuperset(
                of: [.paused, .catchUp, .overlap, .parents, .startWithin, .pool, .retries, .outcome, .onUnknown, .skip, .hold]), "\(told)")
    }

    private func facts(about run: Run, in simulation: Simulation) -> WhyFacts? {
        guard let control = simulation.ledger.controls[run.key.job] else { return nil }
        let definition = simulation.graph[run.key.job]
        var facts = WhyFacts(
            due: run.key.due, now: simulation.now, control: control, definition: definition,
            schedule: simulation.core?.schedule(of: run.key.job))
        facts.attempts = [WhyFacts.Row(id: "t-1", run: run)]
        facts.flow = simulation.ledger.precedent(of: run.key)?.flow
        facts.graph = simulation.graph
        facts.order = simulation.ledger.orders[FlowKey(head: run.key.job, due: run.key.due)]
        facts.backfill = run.backfill.flatMap { simulation.ledger.backfills[$0] }
        return facts
    }
}
