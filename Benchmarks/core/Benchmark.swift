// Compiled by Benchmarks/core/run, not by SwiftPM. Prints a line for each figure: name, value, unit, and the budget if there is one.

import Glibc
import Scheduling
import Timetable

/// The module of the C library leaves it out: gives back to the kernel what is free.
@_silgen_name("malloc_trim") private func trim(_ pad: Int) -> Int32

/// Nanoseconds of a step with each number of jobs.
struct Growth {
    var alone: [Int: Double] = [:]
    var inTurn: [Int: Double] = [:]
}

@main struct Benchmark {
    static let begin = Instant(rfc3339: "2026-03-01T00:00:00Z") ?? .epoch
    static let counts = (CommandLine.arguments.dropFirst().first ?? "1000 100000 1000000").split(separator: " ").compactMap { Int($0) }

    static func main() {
        // Before a million jobs leave their heap behind.
        measureYear()
        var growth = Growth()
        for count in counts { measureSteps(count, &growth) }
        if let least = counts.first, let most = counts.last, let alone = growth.alone[least], let turn = growth.inTurn[least] {
            tell("step, one job of \(most) to one of \(least)", (growth.alone[most] ?? 0) / alone, "times", budget: 3)
            tell("step, each of \(most) in its turn to each of \(least)", (growth.inTurn[most] ?? 0) / turn, "times", budget: 12)
        }
        measureFlood()
        measureBackfills(of: [10_000, 100_000])
        exit(missed ? 1 : 0)
    }

    nonisolated(unsafe) static var missed = false

    static func tell(_ name: String, _ value: Double, _ unit: String, budget: Double? = nil) {
        let kept = budget.map { value <= $0 }
        if kept == false { missed = true }
        let rounded = value < 100 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
        print(name, rounded, unit, budget.map { "≤ \($0): \(kept == true ? "kept" : "MISSED")" } ?? "", separator: "\t")
        fflush(nil)
    }

    // MARK: one step, and one job at rest

    /// One job is due each second, all others once a day, spread over the day.
    static func measureSteps(_ count: Int, _ growth: inout Growth) {
        let empty = ownBytes()
        let shared = (0..<count).map { SharedJob(job($0, "R/2026-03-02T\(clock($0))Z/P1D")) }
        let defined = ownBytes()
        let graph = JobGraph.build(sharing: shared + [SharedJob(job(count, "R/2026-03-01T00:00:00Z/PT1S"))]).graph
        let built = ownBytes()
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        var first: [Action] = []
        let start = processorTime { first = core.handle(.start(graph), at: begin) }
        // The records, of which each job has one, are the ledger's.
        first = first.filter { if case .launch = $0 { true } else { false } }
        let started = ownBytes()
        tell("start with \(count) jobs", start / .milliseconds(1), "ms")
        if count >= 100_000 {
            tell("definition of a job, with \(count)", Double(defined - empty) / Double(count), "bytes")
            tell("place of a job in the graph, with \(count)", Double(built - defined) / Double(count), "bytes")
            tell("job at rest in the scheduler, with \(count)", Double(started - built) / Double(count), "bytes")
            tell("graph and scheduler together, with \(count)", Double(started - defined) / Double(count), "bytes", budget: 1024)
        }
        carryOut(first, in: &core, at: begin)
        var now = begin
        let alone = best(of: 5) {
            for _ in 0..<1_000 {
                now = now + .seconds(1)
                carryOut(core.handle(.tick, at: now), in: &core, at: now)
            }
        }
        growth.alone[count] = alone / 2_000  // A slot and an end each.
        tell("step, one job of \(count)", alone / 2_000, "ns")
        // On the next day everybody has a turn: as many as there is time for, one after the other.
        let turns = min(count, 20_000)
        while let wake = core.nextWake, wake < begin + .seconds(86_400) {
            now = begin + .seconds(86_400) - .microseconds(1)
            carryOut(core.handle(.tick, at: now), in: &core, at: now)
        }
        runs = 0
        let time = processorTime {
            while runs < turns, let wake = core.nextWake { carryOut(core.handle(.tick, at: wake), in: &core, at: wake) }
        }
        growth.inTurn[count] = time / .nanoseconds(1) / Double(runs)
        tell("run of each of \(count) in its turn, from slot to end", time / .nanoseconds(1) / Double(runs), "ns")
        runs = 0
    }

    /// How many runs came to their end since it was set.
    nonisolated(unsafe) static var runs = 0

    /// Every launch comes to its end within the same instant.
    static func carryOut(_ actions: [Action], in core: inout Scheduler, at now: Instant) {
        for case .launch(let run, _) in actions {
            runs += 1
            carryOut(core.handle(.ended(run.key, Outcome(state: .succeeded, endedAt: now)), at: now), in: &core, at: now)
        }
    }

    // MARK: a year

    /// A thousand jobs, of which a hundred are hourly and the others daily, a fifth of these after another.
    static func measureYear() {
        let jobs = (0..<1_000).map { number -> Job in
            if number % 10 == 0 { return job(number, "R/2026-03-01T00:\(two(number / 10 % 60)):00Z/PT1H") }
            var daily = job(number, number % 5 == 1 ? nil : "R/2026-03-01T\(clock(number * 86))Z/P1D")
            if number % 5 == 1 { daily.after = [Edge(parent: name(number + 1))] }
            return daily
        }
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init(capacities: ["local": PoolCapacity(runs: 64)]))
        runs = 0
        let end = begin + .seconds(365 * 86_400)
        let time = processorTime {
            carryOut(core.handle(.start(JobGraph.build(jobs).graph), at: begin), in: &core, at: begin)
            while let wake = core.nextWake, wake <= end { carryOut(core.handle(.tick, at: wake), in: &core, at: wake) }
        }
        tell("a year of 1000 jobs, \(runs) runs", time / .seconds(1), "s", budget: 10)
        tell("simulated years of 1000 jobs", .seconds(1) / time, "a second")
    }

    // MARK: everybody at once

    /// 100 000 jobs due in one second, 64 at a time.
    static func measureFlood() {
        let count = 100_000
        let jobs = (0..<count).map { number -> Job in
            var once = job(number, "R1/2026-03-01T01:00:00Z/PT1H")
            once.priority = number % 10
            return once
        }
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init(capacities: ["local": PoolCapacity(runs: 64)]))
        _ = core.handle(.start(JobGraph.build(jobs).graph), at: begin)
        let due = begin + .seconds(3600)
        var (launched, rows, active, mostActive): ([RunKey], Set<RunKey>, Int, Int) = ([], [], 0, 0)
        var longest = Duration.zero
        func step(_ event: Event) {
            var actions: [Action] = []
            longest = max(longest, processorTime { actions = core.handle(event, at: due) })
            for action in actions {
                if case .record(.insert(let run)) = action { rows.insert(run.key) }
                if case .launch(let run, _) = action {
                    launched.append(run.key)
                    active += 1
                }
            }
            mostActive = max(mostActive, active)
        }
        let time = processorTime {
            while let wake = core.nextWake, wake <= due { step(.tick) }
            var next = 0
            while next < launched.count {
                active -= 1
                step(.ended(launched[next], Outcome(state: .succeeded, endedAt: due)))
                next += 1
            }
        }
        let ranks = launched.dropFirst(64).map { 9 - (Int($0.job.text.dropFirst()) ?? 0) % 10 }
        let isOrdered = zip(ranks, ranks.dropFirst()).allSatisfy { $0 <= $1 }
        tell("100 000 jobs due in one second: all taken through", time / .seconds(1), "s")
        tell("the longest step meanwhile", longest / .milliseconds(1), "ms", budget: 200)
        tell(
            "lost or doubled", Double(abs(count - rows.count) + abs(count - launched.count) + abs(count - Set(launched).count)), "runs",
            budget: 0)
        tell("most at a time", Double(mostActive), "runs", budget: 64)
        tell("out of order", isOrdered ? 0 : 1, "", budget: 0)
    }

    // MARK: means

    static func name(_ number: Int) -> JobName {
        guard let name = JobName("j\(number)") else { preconditionFailure("`j\(number)` is no name of a job") }
        return name
    }

    /// As much as people write: some environment, labels and a description.
    static func job(_ number: Int, _ interval: String?) -> Job {
        var job = Job(name: name(number), command: .shell("./load.sh --shop \(number) --day \"$ROTA_DUE_DATE\""))
        job.description = "Load the orders of shop \(number) into the warehouse"
        job.environment = ["STAGE": "prod", "SHOP": "\(number)"]
        job.labels = ["team": "data"]
        job.schedule = interval.flatMap { text in
            (try? Recurrence(interval: text)).flatMap { recurrence in
                (try? Zone(named: "UTC")).flatMap { try? Schedule([recurrence], zone: $0) }
            }
        }
        job.version = "v\(number)-" + String(repeating: "0", count: 60)
        return job
    }

    static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    static func clock(_ second: Int) -> String {
        let second = second * 7 % 86_400
        return "\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
    }

    /// Of this process, so that whatever else the machine does is not counted.
    static func processorTime(_ work: () -> Void) -> Duration {
        func now() -> Duration {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        let began = now()
        work()
        return now() - began
    }

    static func best(of rounds: Int, _ work: () -> Void) -> Double {
        (0..<rounds).map { _ in processorTime(work) / .nanoseconds(1) }.min() ?? 0
    }

    /// The memory that is the process's own: anonymous pages, as the kernel counts them.
    static func ownBytes() -> Int {
        _ = trim(0)
        guard let file = fopen("/proc/self/smaps_rollup", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("Pss_Anon:") { return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024 }
        }
        return 0
    }
}
