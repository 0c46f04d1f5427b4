import Scheduling
import TestSupport
import Testing
import Timetable

/// docs/state-machine.md against the core: every state × every event.
struct StateTableTests {
    /// A row of job `a`, due at midnight, in one state, and whatever happens to it.
    private struct Life {
        var core: Scheduler
        var ledger = SimulationLedger()
        var answers: [Answer] = []
        var hasKilled = false
        let job: Job
        let key = RunKey(job: "a", due: "00:00:00", attempt: 1)

        init(_ state: RunState, places: Int64 = 0, besideAnother: Bool = false, _ change: (inout Job) -> Void = { _ in }) {
            job = TestSupport.job("a", "R/2026-03-01T00:00:00Z/PT1H") { job in
                job.pool = "p"
                change(&job)
            }
            var control = JobControl(registering: job, at: "00:00:00")
            control.accountedUntil = "00:00:00"
            ledger.commit([.control(control), .insert(Self.row(key, state, of: job))], at: "00:00:00")
            // Overlap is judged while a run of the job is active.
            if besideAnother, state == .waiting {
                let other = RunKey(job: "a", due: "2026-02-28T23:00:00Z", attempt: 1)
                ledger.commit([.insert(Self.row(other, .running, of: job))], at: "00:00:00")
            }
            core = Scheduler(
                restoring: ledger.state, graph: JobGraph.build([job]).graph, settings: .init(capacities: ["p": PoolCapacity(runs: places)]))
            take(.start(JobGraph.build([job]).graph))
        }

        private static func row(_ key: RunKey, _ state: RunState, of job: Job) -> Run {
            var run = Run(
                key: key, flow: FlowKey(head: key.job, due: key.due), trigger: .schedule, readyAt: key.due, waitingSince: key.due)
            run.state = state
            if state.isActive { (run.executor, run.version) = ("local", job.version) }
            if state == .running { run.startedAt = "00:00:01" }
            if !state.isOpen { run.endedAt = "00:00:05" }
            if state == .skipped || state == .missed { run.reason = "scripted" }
            return run
        }

        mutating func take(_ event: Event, at now: Instant = "00:00:10") {
            let actions = core.handle(event, at: now)
            ledger.commit(actions.records, at: now)
            answers += actions.answers
            for case .kill(key, _, _) in actions { hasKilled = true }
            // The executor goes on refusing what it has refused.
            for case .handOverAgain(let key, _) in actions { take(.notHandedOver(key, reason: "scripted"), at: now) }
            if let wanted = core.slotsWanted { take(.slots(wanted, ledger.precedents(of: wanted)), at: now) }
        }

        mutating func end(_ state: RunState) { take(.ended(key, Outcome(state: state, exitCode: 1, endedAt: "00:00:10"))) }
        mutating func ask(_ request: Request) { take(.request(token: 1, ledger.completed(request, in: core.graph))) }
        mutating func define(_ jobs: [Job]) { take(.definitions(JobGraph.build(jobs).graph)) }

        mutating func pass(until end: Instant) {
            while let wake = core.nextWake, wake <= end { take(.tick, at: wake) }
            take(.tick, at: end)
        }

        /// What the page says in its words.
        func words(since before: Life, _ state: RunState) -> String {
            let row = ledger.runs[key]
            let isToldWhy = row?.state == state && row?.reason != nil && row?.reason != before.ledger.runs[key]?.reason
            let isRefused = answers.contains { answer in
                switch answer {
                case .refused, .already, .unknownRun: true
                default: false
                }
            }
            let changes = [
                row?.state == state ? nil : row?.state.rawValue, isToldWhy ? "reason" : nil, hasKilled ? "kill" : nil,
                isRefused ? "refused" : nil,
                ledger.runs[RunKey(job: key.job, due: key.due, attempt: 2)] == nil ? nil : "+ attempt",
            ].compactMap(\.self)
            return changes.isEmpty ? "–" : changes.joined(separator: " ")
        }
    }

    /// By the words of the page what happens, and what is set up for it.
    private static let events: [(title: String, play: @Sendable (RunState) -> Life)] = [
        ("there is a place", { Life($0, places: 1) }),
        ("its command started", { after($0) { life in life.take(.started(life.key, at: "00:00:09", node: nil)) } }),
        ("its engine keeps it pending", { after($0) { life in life.take(.pending(life.key, reason: "Priority")) } }),
        ("its executor cannot take it", { after($0) { life in life.take(.notHandedOver(life.key, reason: "no room")) } }),
        ("it ended: succeeded", { after($0) { $0.end(.succeeded) } }),
        ("it ended: failed", { after($0) { $0.end(.failed) } }),
        ("it ended: failed, with a retry left", { after($0, { $0.retries.limit = 1 }) { $0.end(.failed) } }),
        ("it ended: timedOut", { after($0) { $0.end(.timedOut) } }),
        ("it ended: couldNotStart", { after($0) { $0.end(.couldNotStart) } }),
        ("it ended: killed", { after($0, { $0.retries.limit = 1 }) { $0.end(.killed) } }),
        ("it ended: lost", { after($0, { $0.retries.limit = 1 }) { $0.end(.lost) } }),
        ("it ended: lost, onUnknown: rerun", { after($0, { $0.onUnknown = .rerun }) { $0.end(.lost) } }),
        ("its window is over", { after($0, { $0.startWithin = .seconds(60) }) { $0.pass(until: "00:01:01") } }),
        (
            "its executor cannot take it until its window is over",
            {
                after($0, { $0.startWithin = .seconds(60) }) { life in
                    life.take(.notHandedOver(life.key, reason: "no room"))
                    life.pass(until: "00:01:01")
                }
            }
        ),
        ("a newer slot, overlap: queue", { overlapping($0, .queue) }),
        ("a newer slot, overlap: skip", { overlapping($0, .skip) }),
        ("a newer slot, overlap: replace", { overlapping($0, .replace) }),
        ("a newer slot, overlap: allow", { overlapping($0, .allow) }),
        ("its job is paused", { after($0) { $0.take(.request(token: 1, .pause(.job("a"), by: "ada"))) } }),
        (
            "its job is disabled",
            {
                after($0) { life in
                    var disabled = life.job
                    disabled.disabled = true
                    disabled.version = "disabled"
                    life.define([disabled])
                }
            }
        ),
        ("its job is removed", { after($0) { $0.define([]) } }),
        ("rota kill", { after($0) { life in life.take(.request(token: 1, .kill(life.key, by: "ada"))) } }),
        (
            "rota retry",
            {
                after($0) { life in
                    life.take(.request(token: 1, .retry(life.key, precedent: life.ledger.precedent(of: life.key), by: "ada")))
                }
            }
        ),
        ("rota mark-success", { after($0) { life in life.ask(.markSuccess(life.key, by: "ada")) } }),
        ("rota skip", { after($0) { life in life.ask(.skip("a", due: life.key.due, by: "ada")) } }),
        ("rota hold", { after($0) { life in life.ask(.hold("a", due: life.key.due, by: "ada")) } }),
        (
            "rota release, once it was held",
            {
                after($0) { life in
                    life.ask(.hold("a", due: life.key.due, by: "ada"))
                    life.answers = []
                    life.ask(.release("a", due: life.key.due, by: "ada"))
                }
            }
        ),
        (
            "rota backfill of its slot",
            {
                after($0) { life in
                    life.ask(.backfill(BackfillOrder(job: "a", first: life.key.due, last: life.key.due), by: "ada"))
                }
            }
        ),
        (
            "the clock is set back",
            {
                after($0) { life in
                    life.take(.clockSetBack(from: "00:00:10", RowsAhead()), at: "2026-02-28T23:00:00Z")
                }
            }
        ),
        (
            "a restart",
            {
                after($0) { life in
                    let graph = life.core.graph
                    life.core = Scheduler(restoring: life.ledger.state, graph: graph, settings: .init(capacities: ["p": 0]))
                    life.take(.start(graph), at: "00:30:00")
                }
            }
        ),
    ]

    private static func after(_ state: RunState, _ change: (inout Job) -> Void = { _ in }, _ play: (inout Life) -> Void) -> Life {
        var life = Life(state, change)
        play(&life)
        return life
    }

    private static func overlapping(_ state: RunState, _ overlap: Overlap) -> Life {
        var life = Life(state, besideAnother: true) { $0.overlap = overlap }
        life.pass(until: "01:00:00")
        return life
    }

    @Test func everyStateAndEventIsAsThePageSays() throws {
        let table = try DocumentTable(behind: "## Every state × every event", in: "docs/state-machine.md")
        #expect(table.columns.dropFirst() == RunState.allCases.map(\.rawValue)[...])
        #expect(table.rows.map(\.title) == Self.events.map(\.title))
        for (row, event) in zip(table.rows, Self.events) {
            let found = RunState.allCases.map { state in event.play(state).words(since: Life(state), state) }
            #expect(row.cells == found, "| \(row.title) | \(found.joined(separator: " | ")) |")
        }
    }

    @Test func noCombinationMakesAStepThatTheLedgerRefuses() {
        for event in Self.events {
            for state in RunState.allCases { #expect(event.play(state).ledger.refusals == [], "\(event.title) in \(state)") }
        }
    }

    @Test func theStepsOfARowAreAsThePageSays() throws {
        let table = try DocumentTable(behind: "## Every step of a row", in: "docs/state-machine.md")
        #expect(table.columns.dropFirst() == RunState.allCases.map(\.rawValue)[...])
        #expect(table.rows.map(\.title) == RunState.allCases.map(\.rawValue))
        for (row, from) in zip(table.rows, RunState.allCases) {
            let found = RunState.allCases.map { to in to == from ? "" : from.mayBecome(to) ? "yes" : "–" }
            #expect(row.cells == found, "| \(from.rawValue) | \(found.joined(separator: " | ")) |")
        }
    }
}
