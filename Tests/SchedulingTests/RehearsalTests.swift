import Scheduling
import TestSupport
import Testing
import Timetable

/// What will happen, told beforehand: the core on a virtual clock with an executor that carries everything out as it is assumed to go.
struct RehearsalTests {
    /// What a rehearsal told.
    private struct Told {
        var ended: [Run] = []
        var gaps: [Gap] = []

        mutating func take(_ happening: Rehearsal.Happening) {
            switch happening {
            case .ended(let run): ended.append(run)
            case .gap(let gap): gaps.append(gap)
            }
        }

        /// `job attempt state` of each end, in order.
        var words: [String] { ended.map { "\($0.key.job) \($0.key.attempt) \($0.state)" } }
    }

    private func rehearse(
        _ jobs: [Job], from start: Instant = "00:00:00", for duration: Duration, capacities: [String: PoolCapacity] = [:],
        _ assumptions: Rehearsal.Assumptions = Rehearsal.Assumptions()
    ) -> (rehearsal: Rehearsal, told: Told) {
        var told = Told()
        var rehearsal = Rehearsal(at: start, settings: Scheduler.Settings(capacities: capacities), assumptions: assumptions)
        rehearsal.start(with: JobGraph.build(jobs).graph) { told.take($0) }
        rehearsal.pass(until: start + duration) { told.take($0) }
        return (rehearsal, told)
    }

    @Test func everySlotOfTheTimeToComeRunsAsLongAsItsJobTakes() {
        let (rehearsal, told) = rehearse(
            [job("a", "R/2026-03-01T00:00:00Z/PT1H"), job("b", "R/2026-03-01T00:30:00Z/PT1H")], for: .seconds(3 * 3600),
            Rehearsal.Assumptions(durations: ["a": .seconds(600)]))
        #expect(told.words == ["a 1 succeeded", "b 1 succeeded", "a 1 succeeded", "b 1 succeeded", "a 1 succeeded", "b 1 succeeded"])
        #expect(told.ended.map(\.startedAt) == told.ended.map(\.key.due))
        #expect(told.ended[0].endedAt == "00:10:00" && told.ended[1].endedAt == "00:31:00")
        #expect(rehearsal.openRuns.isEmpty && rehearsal.load.running.most == 1)
    }

    @Test func theEndItselfIsNoPartOfThePeriod() {
        let (rehearsal, told) = rehearse([job("a", "R/2026-03-01T00:00:00Z/PT1H")], for: .seconds(3600))
        #expect(told.ended.map(\.key.due) == ["00:00:00"] && rehearsal.now == "01:00:00")
        let (longer, none) = rehearse(
            [job("a", "R/2026-03-01T00:00:00Z/PT1H")], for: .seconds(3600), Rehearsal.Assumptions(usual: .seconds(7200)))
        #expect(none.ended.isEmpty)
        #expect(longer.openRuns.map(\.state) == [.running] && longer.openRuns.first?.startedAt == "00:00:00")
    }

    @Test func aJobThatFailsHasItsRetriesAndItsChildrenAreSkipped() {
        let failing = job("a", "R1/2026-03-01T00:00:00Z/P1D") { $0.retries = Retries(limit: 2, delay: .seconds(30)) }
        let (_, told) = rehearse([failing, job("b", after: ["a"])], for: .seconds(3600), Rehearsal.Assumptions(failing: ["a"]))
        #expect(told.words == ["a 1 failed", "a 2 failed", "a 3 failed", "b 1 skipped"])
        #expect(told.ended.map(\.endedAt) == ["00:01:00", "00:02:30", "00:04:00", "00:04:00"])
        #expect(told.ended.last?.reason == "upstream")
    }

    @Test func aRunThatWouldTakeLongerThanItsTimeoutIsEndedThen() {
        let (_, told) = rehearse(
            [job("a", "R1/2026-03-01T00:00:00Z/P1D") { $0.timeout = .seconds(20) }], for: .seconds(3600))
        #expect(told.words == ["a 1 timedOut"] && told.ended.first?.endedAt == "00:00:20")
    }

    // catalogue 67
    @Test func aPoolThatOverflowsTellsWhoWaitedHowLong() throws {
        let jobs = ["a", "b", "c"].map { name in
            job(JobName(name) ?? "x", "R1/2026-03-01T00:00:00Z/P1D") {
                $0.pool = "p"
                $0.cpus = 2
            }
        }
        let (rehearsal, told) = rehearse(
            jobs, for: .seconds(3600), capacities: ["p": 1, "local": PoolCapacity(runs: 64, milliCPUs: 8_000)])
        let pool = try #require(rehearsal.load.pools["p"])
        #expect(pool.runs.most == 1 && pool.runs.at == "00:00:00")
        #expect(pool.waited == 2 && pool.waiting.most == 2 && pool.waiting.at == "00:00:00" && pool.overflowed)
        #expect(pool.longestWait == .seconds(120) && pool.longestWaiter?.job == "c")
        let local = try #require(rehearsal.load.pools["local"])
        #expect(!local.overflowed && local.cpus.most == 2_000)
        #expect(told.ended.compactMap(\.lateness) == [.zero, .seconds(60), .seconds(120)])
    }

    @Test func whatTheWindowTakesAwayIsToldAsMissed() {
        let jobs: [Job] = [
            job("a", "R1/2026-03-01T00:00:00Z/P1D") { $0.pool = "p" },
            job("b", "R1/2026-03-01T00:00:00Z/P1D") {
                $0.pool = "p"
                $0.startWithin = .seconds(10)
            },
        ]
        let (rehearsal, told) = rehearse(jobs, for: .seconds(3600), capacities: ["p": 1])
        #expect(told.words == ["b 1 missed", "a 1 succeeded"] && told.ended.first?.reason == "startWithin")
        #expect(rehearsal.load.pools["p"]?.waited == 1 && rehearsal.load.pools["p"]?.longestWait == .seconds(10) + Instant.resolution)
    }

    @Test func aRunThatIsReplacedObeysAtOnce() {
        let (_, told) = rehearse(
            [job("a", "R2/2026-03-01T00:00:00Z/PT10S") { $0.overlap = .replace }], for: .seconds(3600))
        #expect(told.words == ["a 1 killed", "a 1 succeeded"])
        #expect(told.ended.map(\.endedAt) == ["00:00:10", "00:01:10"] && told.ended[0].reason == "replaced")
    }

    @Test func itBeginsWithWhatTheLedgerHolds() throws {
        let daily = job("a", "R/2026-03-01T00:00:00Z/PT1H")
        var simulation = Simulation(at: "00:00:00")
        simulation.start([daily])
        simulation.pass(.seconds(30))
        simulation.die()
        var told = Told()
        var rehearsal = Rehearsal(
            at: "03:30:00", restoring: simulation.ledger.state, graph: JobGraph.build([daily]).graph, settings: Scheduler.Settings(),
            assumptions: Rehearsal.Assumptions())
        rehearsal.start(with: JobGraph.build([daily]).graph) { told.take($0) }
        rehearsal.pass(until: "04:30:00") { told.take($0) }
        // The run that is under way has taken its time already; of the slots missed meanwhile the newest is caught up.
        #expect(told.ended.map(\.key.due) == ["00:00:00", "03:00:00", "04:00:00"])
        #expect(told.ended[0].endedAt == "03:30:00" && told.ended[0].startedAt == "00:00:00")
        #expect(told.gaps.map(\.slots) == [2] && told.gaps.first?.reason == "catch-up")
    }

    private func rehearse(
        on simulation: Simulation, _ jobs: [Job], for duration: Duration, capacities: [String: PoolCapacity] = [:]
    ) -> (rehearsal: Rehearsal, told: Told) {
        var told = Told()
        let graph = JobGraph.build(jobs).graph
        var rehearsal = Rehearsal(
            at: simulation.now, restoring: simulation.ledger.state, graph: graph, settings: Scheduler.Settings(capacities: capacities),
            assumptions: Rehearsal.Assumptions())
        rehearsal.start(with: graph) { told.take($0) }
        rehearsal.pass(until: simulation.now + duration) { told.take($0) }
        return (rehearsal, told)
    }

    @Test func whatIsOrderedAboutSlotsIsCarriedOut() {
        let hourly = job("a", "R/2026-03-01T00:00:00Z/PT1H")
        var simulation = Simulation(at: "00:30:00")
        simulation.start([hourly])
        simulation.ask(.skip("a", due: "01:00:00", by: "ada"))
        simulation.ask(.hold("a", due: "02:00:00", by: "ada"))
        let (rehearsal, told) = rehearse(on: simulation, [hourly], for: .seconds(3 * 3600))
        #expect(told.words == ["a 1 skipped", "a 1 succeeded"] && told.ended.map(\.key.due) == ["01:00:00", "03:00:00"])
        #expect(told.ended.first?.reason == "by ada" && rehearsal.openRuns.map(\.reason) == ["held by ada"])
    }

    @Test func aPoolThatStartsOnlySoManyInASecondLetsOthersWait() throws {
        let jobs = ["a", "b", "c"].map { name in
            job(JobName(name) ?? "x", "R1/2026-03-01T00:00:00Z/P1D") { $0.pool = "p" }
        }
        let (rehearsal, told) = rehearse(
            jobs, for: .seconds(3600), capacities: ["local": 64, "p": PoolCapacity(runs: 64, maxStartsPerSecond: 1)])
        #expect(told.ended.map(\.startedAt) == ["00:00:00", "00:00:01", "00:00:02"])
        #expect(rehearsal.load.pools["p"]?.waited == 2 && rehearsal.load.pools["p"]?.longestWait == .seconds(2))
        #expect(rehearsal.load.pools["local"]?.overflowed == false)
    }

    @Test func whoRunsIsNoReasonToWaitForAStart() {
        let jobs: [Job] = [
            job("a", "R1/2026-03-01T00:00:00Z/P1D") { $0.pool = "p" }, job("b", "R1/2026-03-01T00:00:10Z/P1D") { $0.pool = "p" },
        ]
        let (rehearsal, _) = rehearse(
            jobs, for: .seconds(3600), capacities: ["local": PoolCapacity(runs: 64, maxStartsPerSecond: 1), "p": 1])
        #expect(rehearsal.load.pools["p"]?.longestWait == .seconds(50))
        #expect(rehearsal.load.pools["local"]?.overflowed == false)
    }

    @Test func aBackfillThatWaitsForItselfFillsNoPool() {
        let hourly = job("a", "R/2026-02-01T00:00:00Z/PT1H") { $0.overlap = .allow }
        var simulation = Simulation(at: "00:30:00", capacities: ["local": 64])
        simulation.start([hourly])
        simulation.ask(.backfill(BackfillOrder(job: "a", first: "2026-02-28T20:00:00Z", last: "2026-02-28T22:00:00Z"), by: "ada"))
        let (rehearsal, told) = rehearse(on: simulation, [hourly], for: .seconds(600), capacities: ["local": 64])
        #expect(told.words == ["a 1 succeeded", "a 1 succeeded", "a 1 succeeded"])
        #expect(rehearsal.load.running.most == 1 && rehearsal.load.pools["local"]?.overflowed == false)
    }

    @Test func definitionsMayChangeOnTheWay() {
        var told = Told()
        var rehearsal = Rehearsal(at: "00:00:00", settings: Scheduler.Settings(), assumptions: Rehearsal.Assumptions())
        rehearsal.start(with: JobGraph.build([job("a", "R/2026-03-01T00:00:00Z/PT1H")]).graph) { told.take($0) }
        rehearsal.pass(until: "01:30:00") { told.take($0) }
        rehearsal.define(JobGraph.build([job("b", "R/2026-03-01T00:00:00Z/PT1H")]).graph) { told.take($0) }
        rehearsal.pass(until: "03:30:00") { told.take($0) }
        #expect(told.ended.map { $0.key.job } == ["a", "a", "b", "b"])
    }

    @Test func whatWasBeforeTheMeasureDoesNotCount() {
        let jobs = ["a", "b"].map { name in job(JobName(name) ?? "x", "R1/2026-03-01T00:00:00Z/P1D") { $0.pool = "p" } }
        var rehearsal = Rehearsal(at: "00:00:00", settings: Scheduler.Settings(capacities: ["p": 1]), assumptions: Rehearsal.Assumptions())
        rehearsal.start(with: JobGraph.build(jobs).graph) { _ in }
        rehearsal.pass(until: "00:01:30") { _ in }
        rehearsal.beginToMeasure()
        rehearsal.pass(until: "01:00:00") { _ in }
        #expect(rehearsal.load.pools["p"]?.waited == 0 && rehearsal.load.pools["p"]?.runs.at == "00:01:30")
    }

    /// The rehearsal and the simulation of the tests have each an executor of its own: the one cannot hide a fault of the other.
    @Test(arguments: UInt64(1)...UInt64(40)) func itComesToTheSameAsTheWholeScheduler(_ seed: UInt64) {
        let script = SimulationScript(seed: seed)
        let unit = script.unit
        // A kill takes its time there.
        let jobs = script.first.map { $0.overlap == .replace ? $0.overlapping(.queue) : $0 }
        // No two jobs take the same, so that no two ends coincide by accident.
        let durations = Dictionary(
            uniqueKeysWithValues: jobs.enumerated().map { place, job in
                (job.name, unit * (place % 3) + .milliseconds(37 * place + 11))
            })
        let (begin, end) = (script.begin, script.end)

        var simulation = Simulation(at: begin, capacities: script.capacities)
        simulation.executor.course = { run, job in
            let lasts = durations[run.key.job] ?? .zero
            let fails = run.key.job == "j0"
            return SimulationExecutor.Course(lasts: lasts, state: fails ? .failed : .succeeded)
        }
        simulation.start(jobs)
        simulation.pass(until: end - Instant.resolution)

        var told = Told()
        var rehearsal = Rehearsal(
            at: begin, settings: Scheduler.Settings(capacities: script.capacities),
            assumptions: Rehearsal.Assumptions(durations: durations, failing: ["j0"]))
        rehearsal.start(with: JobGraph.build(jobs).graph) { told.take($0) }
        rehearsal.pass(until: end) { told.take($0) }

        func facts(_ runs: some Sequence<Run>) -> Set<String> {
            Set(
                runs.map {
                    "\($0.key.words) \($0.trigger) \($0.state) \($0.reason ?? "") \($0.startedAt?.rfc3339 ?? "") \($0.endedAt?.rfc3339 ?? "")"
                })
        }
        let different = facts(told.ended).symmetricDifference(facts(simulation.ledger.runs.values.filter { !$0.state.isOpen }))
        #expect(different.isEmpty, "\(different.sorted().prefix(4))")
        #expect(Set(told.gaps) == Set(simulation.ledger.gaps))
        #expect(Set(rehearsal.openRuns.map(\.key)) == simulation.ledger.open)
        #expect(simulation.faults.isEmpty)
    }
}
