import Scheduling
import TestSupport
import Testing
import Timetable

/// Many at once: order and caps are kept, nothing is lost, and the time is in proportion.
struct FloodTests {
    /// catalogue 53
    @Test func aHundredThousandJobsDueAtOnceAreStartedInOrderWithinTheirCap() {
        let count = many(100_000)
        let jobs = (0..<count).map { number in
            job(JobName("j\(number)") ?? "j", "R1/2026-03-01T01:00:00Z/PT1H") { $0.priority = number % 10 }
        }
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init(capacities: ["local": 64]))
        _ = core.handle(.start(JobGraph.build(jobs).graph), at: "00:00:00")
        var launched: [RunKey] = []
        var (active, mostActive) = (0, 0)
        var rows: Set<RunKey> = []
        let duration = ContinuousClock().measure {
            func note(_ actions: [Action]) {
                for case .insert(let run) in actions.records { rows.insert(run.key) }
                launched += actions.launches
                active += actions.launches.count
                mostActive = max(mostActive, active)
            }
            while let wake = core.nextWake, wake <= "01:00:00" { note(core.handle(.tick, at: "01:00:00")) }
            var next = 0
            while next < launched.count {
                active -= 1
                note(core.handle(.ended(launched[next], Outcome(state: .succeeded, endedAt: "01:00:01")), at: "01:00:01"))
                next += 1
            }
        }
        #expect(mostActive == 64)
        #expect(launched.count == count && Set(launched).count == count && rows.count == count)
        let ranks = launched.dropFirst(64).map { 9 - (Int($0.job.text.dropFirst()) ?? 0) % 10 }
        #expect(zip(ranks, ranks.dropFirst()).allSatisfy { $0 <= $1 }, "highest priority first")
        #expect(duration < soon)
    }

    /// The runs of one job wait one for another; a step looks at one of them, not at all.
    @Test(arguments: [Overlap.queue, .allow]) func aDayOfSecondsIsCaughtUpInTimeInProportion(overlap: Overlap) {
        let everySecond = job("a", "R/2026-03-01T00:00:00Z/PT1S") { job in
            job.catchUp = .all
            job.overlap = overlap
            job.startWithin = .seconds(7 * 86_400)
        }
        let graph = JobGraph.build([everySecond]).graph
        var before = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init(capacities: ["local": 0]))
        var ledger = SimulationLedger()
        ledger.commit(before.handle(.start(graph), at: "00:00:00").records, at: "00:00:00")
        let end = "00:00:00" + .seconds(many(86_400))
        var core = Scheduler(restoring: ledger.state, graph: graph, settings: .init(capacities: ["local": 8]))
        let duration = ContinuousClock().measure {
            var launched = core.handle(.start(graph), at: end).launches
            while let wake = core.nextWake, wake <= end { launched += core.handle(.tick, at: end).launches }
            var next = 0
            while next < launched.count {
                launched += core.handle(.ended(launched[next], Outcome(state: .succeeded, endedAt: end)), at: end).launches
                next += 1
            }
            // Of the slots of the last minute, which are merely late, all but one may be coalesced.
            #expect(launched.count >= many(86_400) - 60 && Set(launched).count == launched.count)
        }
        #expect(duration < soon)
    }
}
