import TestSupport
import Testing
import Timetable

@testable import Scheduling

/// `nextWake`: when a tick is needed, no sooner and no later; and what a tick costs.
struct WakeTests {
    @Test func aSchedulerWakesForItsNextSlotOrRetry() {
        var simulation = Simulation(at: "00:00:01")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
        simulation.start([job("a", "R/2026-03-01T00:00:00Z/PT1H") { $0.retries = Retries(limit: 1, delay: .seconds(4000)) }])
        #expect(simulation.nextWake == "01:00:00")
        simulation.pass(until: "01:00:30")
        #expect(simulation.nextWake == "02:00:00")
        simulation.pass(until: "02:00:00")
        #expect(simulation.nextWake == "02:06:41")
    }

    @Test func nothingWakesAStoppedOrUnstartedScheduler() {
        let graph = JobGraph.build([job("a", "R/2026-03-01T00:00:00Z/PT1H")]).graph
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        #expect(core.nextWake == nil)
        _ = core.handle(.start(graph), at: "00:00:00")
        #expect(core.nextWake == "01:00:00")
        core.stop()
        #expect(core.nextWake == nil)
        #expect(core.handle(.tick, at: "05:00:00").isEmpty)
    }

    @Test func aTickWithNothingDueChangesNothing() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        _ = core.handle(.start(JobGraph.build([job("a", "R/2026-03-01T00:00:00Z/PT1H")]).graph), at: "00:00:00")
        #expect(core.handle(.tick, at: "00:59:59.999999").isEmpty)
        #expect(core.handle(.tick, at: "01:00:00").launches.isEmpty, "the run of 00:00 is still active")
    }

    /// A scheduler that runs for a day has no more alarms than it has jobs to look at, and some for each run that waits.
    @Test func alarmsDoNotPileUp() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: .seconds(90), state: run.key.due.microseconds % 7 == 0 ? .failed : .succeeded)
        }
        simulation.start([
            job("a", "R/2026-03-01T00:00:00Z/PT1M") { job in
                job.startWithin = .seconds(86_400)
                job.retries = Retries(limit: 2, delay: .seconds(3600))
            },
            job("b", "R/2026-03-01T00:00:00Z/PT1M") { job in
                job.overlap = .allow
                job.retries = Retries(limit: 2, delay: .seconds(3600))
            },
        ])
        for minute in 1...300 {
            if minute % 30 == 0 { simulation.edit(at: simulation.now, simulation.files.map { $0.withPriority(minute % 9) }) }
            simulation.pass(.seconds(60))
        }
        #expect((simulation.core?.alarms.count ?? .max) < 10)
        let waiting = simulation.ledger.runs.values.count { $0.state == .waiting }
        #expect((simulation.core?.waitAlarms.count ?? .max) <= 2 * waiting + 16 && waiting < 60)
        #expect(simulation.faults == [])
    }

    /// catalogue 54: what rests costs nothing.
    @Test func aTickCostsTheSameWithTenAndWithTenThousandJobs() {
        func cost(of count: Int) -> Duration {
            let jobs = (0..<count).map {
                job(JobName("j\($0)") ?? "j", $0 == 0 ? "R/2026-03-01T00:00:00Z/PT1S" : "R/2026-03-01T12:00:00Z/P1D")
            }
            var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
            _ = core.handle(.start(JobGraph.build(jobs).graph), at: "00:00:00")
            return ContinuousClock().measure {
                for second in 1...500 { _ = core.handle(.tick, at: "00:00:00" + .seconds(second)) }
            }
        }
        _ = cost(of: 10)
        #expect(cost(of: 10_000) < cost(of: 10) * 10 + .milliseconds(50))
    }
}

extension Job {
    fileprivate func withPriority(_ priority: Int) -> Job {
        let all = self
        return TestSupport.job(name, schedule, after: after) { job in
            job = all
            job.priority = priority
        }
    }
}
