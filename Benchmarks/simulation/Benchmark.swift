import Glibc
import Scheduling
import Timetable

/// A year of a thousand jobs through the real core: daily ones in a zone with summer time, some of them heads of flows, some hourly.
@main
struct Benchmark {
    private static let start = Instant(rfc3339: "2026-01-01T00:00:00Z") ?? .epoch
    private static let end = start + .seconds(365 * 86_400)
    private static let count = 1_000
    /// Seconds for the year (docs: budgets).
    private static let budget = 10.0
    private static let rounds = 3

    static func main() throws {
        let jobs = try (0..<count).map(job)
        let graph = JobGraph.build(jobs).graph
        var runs = 0
        let whole = best { runs = rehearse(graph) }
        var slots = 0
        let bare = best { slots = walk(jobs) }
        let perRun = whole / Double(runs) * 1e6
        let perSlot = bare / Double(slots) * 1e6
        print("jobs \(graph.jobs.count), runs \(runs), of these \(slots) by slots and \(runs - slots) by parents")
        print("a year          \(shown(whole)) s, \(Int(Double(runs) / whole)) runs/s, \(shown(perRun)) µs a run")
        print("next after t    \(shown(perSlot)) µs a slot; a run costs \(Int(perRun / perSlot)) times as much")
        print(whole <= budget ? "PASS ≤ \(Int(budget)) s" : "FAIL ≤ \(Int(budget)) s")
        exit(whole <= budget ? 0 : 1)
    }

    private struct NoName: Error {}

    /// 20 hourly, 200 children in flows of two to five, the rest daily.
    private static func job(_ number: Int) throws -> Job {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        guard var job = JobName("load-\(number)").map({ Job(name: $0, command: .shell("./load.sh")) }) else { throw NoName() }
        job.version = "\(number)"
        let zone = try Zone(named: "Europe/Berlin")
        let isChild = number % 20 > 15
        if isChild, let parent = JobName("load-\(number - 1)") {
            job.after = [Edge(parent: parent)]
        } else if number % 50 == 0 {
            job.schedule = try Schedule([try Recurrence(cron: "\(number % 60) * * * *")], zone: zone)
        } else {
            let text = "R/2026-01-01T\(two(number % 24)):\(two(number % 60))/P1D"
            job.schedule = try Schedule([try Recurrence(interval: text)], zone: zone)
        }
        return job
    }

    private static func rehearse(_ graph: JobGraph) -> Int {
        let settings = Scheduler.Settings(capacities: ["local": PoolCapacity(runs: 64, milliCPUs: 8_000, memory: 16 << 30)])
        var rehearsal = Rehearsal(at: start, settings: settings, assumptions: Rehearsal.Assumptions())
        var runs = 0
        rehearsal.start(with: graph) { _ in runs += 1 }
        rehearsal.pass(until: end) { _ in runs += 1 }
        return runs
    }

    private static func walk(_ jobs: [Job]) -> Int {
        var slots = 0
        for schedule in jobs.compactMap(\.schedule) {
            var due = start - Instant.resolution
            while let next = schedule.next(after: due)?.due, next < end {
                due = next
                slots += 1
            }
        }
        return slots
    }

    /// Seconds of the processor, of which a machine with other things to do takes no more.
    private static func best(_ body: () -> Void) -> Double {
        (0..<rounds).map { _ in
            let start = clock()
            body()
            return Double(clock() - start) / Double(CLOCKS_PER_SEC)
        }.min() ?? 0
    }

    private static func shown(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}
