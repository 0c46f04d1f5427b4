import Foundation
import GRDB
import RunHistory
import Scheduling
import Synchronization
import TestSupport
import Testing
import Timetable

/// What retention takes out of the ledger, and what it leaves. catalogue 41
struct RetentionTests {
    private let now = Instant(seconds: 1_780_000_000)
    private let old = Instant(seconds: 1_000)

    /// A ledger in which `a` is registered, has a progress of 1 000 s, and its newest due at 900 s.
    private func fixture(_ runs: [Run], schedule: String? = "R/PT1S", until: Int64 = 1_000) throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        var control = JobControl(
            job: LedgerFixture.job, version: "v1", schedule: schedule, registeredAt: .epoch, accountedUntil: Instant(seconds: until))
        control.successes = 7
        control.failures = 5
        try fixture.commit([.control(control)] + (runs + [ended(due: 900)]).map(LedgerRecord.insert))
        return fixture
    }

    private func ended(due: Int64, attempt: Int = 1, _ state: RunState = .succeeded, endedAt: Instant = Instant(seconds: 1)) -> Run {
        let due = Instant(seconds: due)
        var run = Run(
            key: RunKey(job: LedgerFixture.job, due: due, attempt: attempt), flow: FlowKey(head: LedgerFixture.job, due: due),
            trigger: attempt > 1 ? .retry : .schedule, readyAt: due, waitingSince: due)
        run.state = state
        run.endedAt = endedAt
        if state != .skipped, state != .missed {
            run.executor = "local"
            run.version = "v1"
        }
        return run
    }

    private func dues(_ fixture: LedgerFixture) throws -> [String] {
        try LedgerReader.open(at: fixture.path).history(HistoryFilter()).reversed().map { entry in
            switch entry {
            case .run(let stored): "\(stored.run.key.due.microseconds / 1_000_000).\(stored.run.key.attempt)"
            case .gap(let stored): "\(stored.gap.firstDue.microseconds / 1_000_000)-\(stored.gap.lastDue.microseconds / 1_000_000)"
            }
        }
    }

    @Test func whatEndedLongAgoGoesAndItsCountersStay() throws {
        let fixture = try fixture([ended(due: 1), ended(due: 2), ended(due: 3, .skipped), ended(due: 4, .skipped)])
        #expect(try fixture.ledger.removeEverythingOld(before: old) == Removal(runs: 3))
        #expect(try dues(fixture) == ["4.1", "900.1"])
        let control = try fixture.ledger.restore().state.controls.first
        #expect(control?.successes == 7 && control?.failures == 5)
    }

    /// Its progress is that of nobody: it stays where the job was registered.
    @Test(arguments: [RunTrigger.backfill, .mark]) func whatAJobWithoutScheduleRanGoesAsWell(trigger: RunTrigger) throws {
        var run = ended(due: 5)
        run.trigger = trigger
        let fixture = try fixture([run], schedule: nil, until: 3)
        #expect(try fixture.ledger.removeEverythingOld(before: old) == Removal(runs: 1))
        #expect(try dues(fixture) == ["900.1"])
    }

    @Test func whatEndedInTimeStays() throws {
        let fixture = try fixture([ended(due: 1), ended(due: 2, endedAt: old)])
        try fixture.ledger.removeEverythingOld(before: old)
        #expect(try dues(fixture) == ["2.1", "900.1"])
    }

    @Test func theNewestRunOfEachKindOfEndStays() throws {
        let fixture = try fixture(
            [ended(due: 1, .failed), ended(due: 2), ended(due: 3, .failed), ended(due: 4), ended(due: 5, .lost), ended(due: 6, .timedOut)])
        try fixture.ledger.removeEverythingOld(before: old)
        #expect(try dues(fixture) == ["3.1", "5.1", "6.1", "900.1"])
    }

    @Test func attemptsAtOneDueGoTogetherOrNotAtAll() throws {
        let fixture = try fixture([
            ended(due: 1, .failed), ended(due: 1, attempt: 2, endedAt: old), ended(due: 2, .failed), ended(due: 2, attempt: 2, .failed),
            ended(due: 3, .failed), ended(due: 3, attempt: 2), ended(due: 4, .failed),
        ])
        try fixture.ledger.removeEverythingOld(before: old)
        #expect(try dues(fixture) == ["1.1", "1.2", "4.1", "900.1"])
    }

    @Test func whatAnOpenAttemptAtTheSameDueReadsStays() throws {
        var waiting = ended(due: 1, attempt: 2, .waiting)
        waiting.endedAt = nil
        (waiting.executor, waiting.version) = (nil, nil)
        let fixture = try fixture([ended(due: 1, .failed), waiting, ended(due: 2, .failed)])
        try fixture.ledger.removeEverythingOld(before: old)
        #expect(try dues(fixture) == ["1.1", "1.2", "2.1", "900.1"])
    }

    /// Slots beyond the progress, after the clock was set back, ran and must not run twice.
    @Test func slotsBeyondTheProgressStay() throws {
        var manual = ended(due: 700)
        manual.trigger = .manual
        let fixture = try fixture([ended(due: 500), ended(due: 600), manual], until: 500)
        try fixture.ledger.removeEverythingOld(before: old)
        #expect(try dues(fixture) == ["600.1", "900.1"])
    }

    @Test func whatTheJoinLatestReadsStays() throws {
        var numbered = [ended(due: 1), ended(due: 2), ended(due: 3, .killed), ended(due: 4, .killed)]
        for place in numbered.indices { numbered[place].ending = Int64(place) + 1 }
        numbered[3].ending = 9
        let fixture = try fixture(numbered)
        var control = try #require(try fixture.ledger.restore().state.controls.first)
        control.lastSuccess = 2
        control.lastDone = 3
        try fixture.commit([.control(control)])
        try fixture.ledger.removeEverythingOld(before: old)
        #expect(try dues(fixture) == ["2.1", "3.1", "4.1", "900.1"])
        #expect(try fixture.ledger.restore().state.lastEnding == 9)
    }

    @Test func anOpenFlowKeepsItsRowsAndAClosedOneGoesWithItsPlan() throws {
        let fixture = try fixture([ended(due: 1), ended(due: 2), ended(due: 3)])
        let plans = ["b", "c"].map { name in
            FlowPlan(head: LedgerFixture.job, members: [FlowPlan.Member(job: JobName(name) ?? LedgerFixture.job, after: [])])
        }
        let flows = [1, 2, 3].map { FlowKey(head: LedgerFixture.job, due: Instant(seconds: $0)) }
        try fixture.commit([
            .openFlow(flows[0], plans[0]), .openFlow(flows[1], plans[1]), .openFlow(flows[2], plans[1]), .closeFlow(flows[0]),
            .closeFlow(flows[2]),
        ])
        try fixture.ledger.removeEverythingOld(before: old)
        #expect(try dues(fixture) == ["2.1", "900.1"])
        #expect(try count("flow", fixture) == 1 && count("plan", fixture) == 1)
        #expect(try fixture.ledger.restore().state.openFlows.map(\.plan) == [plans[1]])
    }

    private func count(_ table: String, _ fixture: LedgerFixture) throws -> Int {
        try DatabaseQueue(path: fixture.path).read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? -1 }
    }

    @Test func gapsGoByWhenTheyWereDecidedAndChangesByTheirOrder() throws {
        let fixture = try fixture([])
        func gap(_ due: Int64, decidedAt: Instant) -> Gap {
            Gap(
                job: LedgerFixture.job, firstDue: Instant(seconds: due), lastDue: Instant(seconds: due + 5), slots: 5, state: .missed,
                reason: "catch-up", decidedAt: decidedAt)
        }
        try fixture.commit([
            .gap(gap(10, decidedAt: .epoch)), .gap(gap(20, decidedAt: old)), .gap(gap(1_000, decidedAt: .epoch)),
        ])
        #expect(try fixture.ledger.removeEverythingOld(before: old) == Removal(gaps: 1))
        #expect(try dues(fixture) == ["20-25", "900.1", "1000-1005"])
        #expect(try fixture.ledger.removeEverythingOld(before: now + .seconds(1)).changes == 4)
    }

    @Test func textsThatNobodyRefersToGo() throws {
        let fixture = try fixture([ended(due: 1)])
        _ = try fixture.ledger.commit([], boot: "b", at: now) { notes in
            for version in ["v0", "v2"] {
                try notes.keep(version: version, job: LedgerFixture.job, canonical: "{}", source: "", file: "/a", line: 1)
            }
        }
        var young = ended(due: 950, endedAt: now)
        young.version = "v2"
        try fixture.commit([.insert(young)])
        #expect(try fixture.ledger.removeEverythingOld(before: now).definitions == 0)
        #expect(try fixture.ledger.removeEverythingOld(before: now + .microseconds(1)).definitions == 1)
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.definition(version: "v0") == nil && reader.definition(version: "v1") != nil)
        #expect(try reader.definition(version: "v2") != nil)
    }

    /// The file goes first: between that and the row's removal somebody may ask for a retry.
    @Test func whatCameToBeNeededMeanwhileStaysAndTellsThatItsOutputIsGone() throws {
        let fixture = try fixture([ended(due: 1, .failed), ended(due: 2, .failed)])
        let condemned = try fixture.ledger.condemnedDues(endedBefore: old, after: .beginning, count: 10).dues
        #expect(condemned.map(\.runs.count) == [1])
        var retry = ended(due: 1, attempt: 2, .waiting)
        retry.endedAt = nil
        (retry.executor, retry.version) = (nil, nil)
        try fixture.commit([.insert(retry)])
        #expect(try fixture.ledger.remove(condemned, endedBefore: old, round: now, at: now) == (0, []))
        let first = try LedgerReader.open(at: fixture.path).run(id: fixture.ledger.runID(1))
        #expect(first?.run.state == .failed && first?.outputRemovedAt == now)
    }

    @Test func aStepEndsWhenItsTimeIsOver() throws {
        let fixture = try fixture((1...9).map { ended(due: $0) })
        let first = try fixture.ledger.condemnedDues(endedBefore: old, after: .beginning, count: 10) { false }
        #expect(first.dues.count == 1)
        let rest = try fixture.ledger.condemnedDues(endedBefore: old, after: try #require(first.next), count: 10)
        #expect(rest.dues.count == 8 && rest.next == nil)
        let removed = try fixture.ledger.remove(rest.dues, endedBefore: old, round: now, at: now) { false }
        #expect(removed.runs == 1 && removed.left == Array(rest.dues.dropFirst()))
    }

    @Test func outputGoesOnceAndTheRowTellsSinceWhen() throws {
        let fixture = try fixture([ended(due: 1), ended(due: 2, .skipped)])
        let found = try fixture.ledger.outputs(endedBefore: old, after: .beginning, count: 10)
        #expect(found.runs.map(\.id) == [fixture.ledger.runID(1), fixture.ledger.runID(3)] && found.next == nil)
        try fixture.ledger.noteOutputsRemoved(found.runs.map(\.id), round: now, at: now)
        #expect(try fixture.ledger.outputs(endedBefore: old, after: .beginning, count: 10).runs.isEmpty)
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.run(id: fixture.ledger.runID(1))?.outputRemovedAt == now)
        #expect(try reader.lastRemoval()?.removed == Removal(outputs: 2))
    }

    @Test func aRoundIsSummedUpAndTheNextBeginsAnew() throws {
        let fixture = try fixture((1...3).map { ended(due: $0) })
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.lastRemoval() == nil)
        try fixture.ledger.removeEverythingOld(before: old, round: now)
        #expect(try reader.lastRemoval()?.removed.runs == 3)
        try fixture.commit([.insert(ended(due: 950)), .insert(ended(due: 960))])
        try fixture.ledger.removeEverythingOld(before: old, round: now + .seconds(60))
        #expect(try reader.lastRemoval()?.removed.runs == 2 && reader.lastRemoval()?.beganAt == now + .seconds(60))
        #expect(try reader.hasGivenOut(fixture.ledger.runID(1)) && !reader.hasGivenOut(fixture.ledger.runID(99)))
    }

    /// A text or a plan is removed under the foreign keys of a ledger of any length: SQLite opens indexes for that, and never the rows.
    @Test func theForeignKeysAreLookedUpByAnIndex() throws {
        let fixture = try fixture([])
        let opened = try DatabaseQueue(path: fixture.path).read { db in
            let schema = try Row.fetchAll(db, sql: "SELECT rootpage, name FROM sqlite_schema")
            let places = Dictionary(schema.map { ($0["rootpage"] as Int, $0["name"] as String) }) { first, _ in first }
            return try ["DELETE FROM definition WHERE version = 'v9'", "DELETE FROM plan WHERE id = 9"].map { sql in
                Set(try Row.fetchAll(db, sql: "EXPLAIN " + sql).filter { $0["opcode"] == "OpenRead" }.compactMap { places[$0["p2"]] })
            }
        }
        #expect(opened == [["run_version", "job_version"], ["flow_plan"]])
    }
}

/// Retention takes nothing that the core knows of. catalogue 41
struct RetentionPropertyTests {
    /// A real ledger beside the model of a simulation, in which retention runs now and then.
    private final class Mirror: Sendable {
        private struct State {
            var faults: [String] = []
            var commits = 0
            var removed = 0
        }

        private let folder: TemporaryFolder
        private let ledger: Ledger
        private let seed: UInt64
        private let age: Duration
        private let state = Mutex(State())

        init(_ script: SimulationScript) throws {
            folder = try TemporaryFolder()
            ledger = try Ledger.open(at: folder.path + "/rota.db", machine: "m1", now: .epoch)
            seed = script.seed
            age = script.unit
        }

        var faults: [String] { state.withLock(\.faults) }
        var removed: Int { state.withLock(\.removed) }

        func take(_ records: [LedgerRecord], _ simulation: Simulation) {
            state.withLock { state in
                do {
                    try commit(records, at: simulation.now)
                    state.commits += 1
                    guard state.commits % 40 == Int(seed % 40) else { return }
                    state.removed += try retain(at: simulation.now, beside: simulation.ledger.state, &state.faults)
                } catch {
                    state.faults.append("\(simulation.now.rfc3339): \(error)")
                }
            }
        }

        private func commit(_ records: [LedgerRecord], at now: Instant) throws {
            var versions: [String: JobName] = [:]
            for record in records {
                switch record {
                case .control(let control): versions[control.version] = control.job
                case .insert(let run), .update(let run): if let version = run.version { versions[version] = run.key.job }
                default: break
                }
            }
            _ = try ledger.commit(records, boot: "b", at: now) { notes in
                for (version, job) in versions {
                    try notes.keep(version: version, job: job, canonical: "{}", source: "", file: "/a", line: 1)
                }
            }
        }

        private func retain(at now: Instant, beside model: LedgerState, _ faults: inout [String]) throws -> Int {
            let before = Facts(try ledger.restore().state)
            let removed = try ledger.removeEverythingOld(before: now - age, round: now)
            let after = Facts(try ledger.restore().state)
            if before != after { faults.append("\(now.rfc3339): the core sees a difference") }
            var (left, right) = (after, Facts(model))
            // A retry of what is gone opens a flow in the model alone, which forgets nothing.
            (left.flows, right.flows) = ([], [])
            if left != right { faults.append("\(now.rfc3339): the ledger and its model differ") }
            return removed.runs + removed.gaps
        }
    }

    /// What the core reads, in an order of its own.
    private struct Facts: Equatable {
        var controls: [JobControl]
        var runs: Set<Run>
        var flows: Set<LedgerState.Flow>
        var pauses: Set<PauseScope>
        var lastEnding: Int64

        init(_ state: LedgerState) {
            controls = state.controls.sorted { $0.job < $1.job }
            runs = Set(state.openRuns)
            flows = Set(
                state.openFlows.map { flow in
                    LedgerState.Flow(
                        key: flow.key, plan: flow.plan,
                        runs: flow.runs.sorted { ($0.key.job, $0.key.attempt) < ($1.key.job, $1.key.attempt) })
                })
            pauses = Set(state.pauses.map(\.scope))
            lastEnding = state.lastEnding
        }
    }

    @Test func theCoreSeesNoDifference() async throws {
        var removed = 0
        for seed in UInt64(1)...6 {
            let script = SimulationScript(seed: seed)
            let mirror = try Mirror(script)
            _ = script.play(onCommit: { mirror.take($0, $1) })
            removed += mirror.removed
            #expect(mirror.faults.isEmpty, "seed \(seed): \(mirror.faults.prefix(3))")
            // Other tests have few threads, too.
            await Task.yield()
        }
        #expect(removed > 100)
    }
}

extension Ledger {
    /// A whole round, for a ledger whose runs have no files.
    @discardableResult
    func removeEverythingOld(before limit: Instant, round: Instant = Instant(seconds: 1)) throws -> Removal {
        var removed = Removal()
        var place: EndPlace? = .beginning
        while let from = place {
            let found = try condemnedDues(endedBefore: limit, after: from, count: 100)
            removed.runs += try remove(found.dues, endedBefore: limit, round: round, at: round).runs
            place = found.next
        }
        removed.gaps = try removeGaps(decidedBefore: limit, count: 10_000, round: round, at: round)
        _ = try removeBackfills(askedBefore: limit, count: 1_000)
        removed.changes = try removeChanges(before: limit, count: 100_000, round: round, at: round)
        removed.definitions = try removeDefinitions(
            seenBefore: limit, after: (.distantPast, ""), count: 1_000, round: round, at: round
        ).definitions
        return removed
    }
}
