package import Scheduling
import Timetable

/// Random jobs that come after one another, drawn from one seed, to be played by the scheduler and by the reference.
package struct ReferenceScript: Sendable {
    package let seed: UInt64
    package let jobs: [Job]
    let begin: Instant = "2026-03-01T00:00:00Z"
    let slots: [JobName: [Instant]]
    let requests: [(job: JobName, at: Instant)]

    /// - Parameter count: How many jobs; without it mostly few, now and then a thousand.
    package init(seed: UInt64, jobs count: Int? = nil) {
        var draw = SeededGenerator(seed: seed)
        self.seed = seed
        let count = count ?? draw.pick([3, 5, 8, 13, 21, 34, 55, 89, draw.once(in: 50) ? 1_000 : 13])
        var jobs: [Job] = []
        var slots: [JobName: [Instant]] = [:]
        // How far back parents are looked for: near ones make long chains, far ones wide fans.
        let reach = draw.pick([2, 4, 12, count])
        for place in 0..<count {
            let name = Self.name(place)
            let after = Self.parents(of: place, reach: reach, &draw)
            let period = Duration.seconds(3600 * draw.pick([1, 2, 6, 24]))
            let repetitions = draw.pick([1, 1, 2, 5])
            let isScheduled = after.isEmpty ? !draw.once(in: 8) : draw.once(in: 20)
            var schedule: Schedule?
            if isScheduled {
                let first = begin + .seconds(60 * draw.pick([1, 7, 600]))
                slots[name] = (0..<repetitions).map { first + period * $0 }
                schedule = Schedule("R\(repetitions)/\(first.rfc3339)/PT\(period.components.seconds)S")
            }
            jobs.append(job(name, schedule, after: after) { Self.drawPolicies(of: &$0, &draw) })
        }
        self.jobs = jobs
        self.slots = slots
        var requests: [(job: JobName, at: Instant)] = []
        for _ in 0..<draw.pick([0, 0, 1, 4]) {
            requests.append((draw.pick(jobs).name, begin + .microseconds(Int64.random(in: 1...144_000_000_000, using: &draw))))
        }
        self.requests = requests.sorted { $0.at < $1.at }
    }

    private static func name(_ place: Int) -> JobName { JobName("j\(place)") ?? "j" }

    private static func parents(of place: Int, reach: Int, _ draw: inout SeededGenerator) -> [Edge] {
        guard place > 0, !draw.once(in: 5) else { return [] }
        let places = (0..<draw.pick([1, 1, 2, 3])).map { _ in Int.random(in: max(0, place - reach)..<place, using: &draw) }
        return Set(places).sorted().map {
            Edge(parent: name($0), on: draw.pick([.success, .success, .success, .success, .failure, .done, .done]))
        }
    }

    private static func drawPolicies(of job: inout Job, _ draw: inout SeededGenerator) {
        job.overlap = .allow
        job.softError = draw.once(in: 4)
        job.onUnknown = draw.pick([.hold, .rerun, .skip])
        job.retries = Retries(limit: draw.pick([0, 0, 1, 3]), delay: .seconds(draw.pick([0, 60, 600])), backoff: draw.pick([1, 2]))
        if job.schedule == nil, !job.after.isEmpty, draw.once(in: 8) { job.join = .latest }
    }

    /// The same for the same run, whoever plays; no two ends of a life coincide.
    private static func course(of key: RunKey, seed: UInt64) -> SimulationExecutor.Course {
        let digest = key.words.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        var draw = SeededGenerator(seed: digest)
        let states: [RunState] = [
            .succeeded, .succeeded, .succeeded, .succeeded, .succeeded, .succeeded, .succeeded, .failed, .failed, .timedOut, .couldNotStart,
            .killed, .lost,
        ]
        return SimulationExecutor.Course(
            startsAfter: .microseconds(Int64.random(in: 100...50_000, using: &draw)),
            lasts: .microseconds(Int64.random(in: 1_000...5_400_000_000, using: &draw)), state: draw.pick(states))
    }

    /// Deaths of the scheduler, each followed by a start at once; fewer where a start has much to read.
    package func crash(at step: Int) -> (Simulation.Crash, downtime: Duration)? {
        var draw = SeededGenerator(seed: seed &* 7_919 &+ UInt64(step))
        guard draw.once(in: max(6, jobs.count)) else { return nil }
        return (draw.once(in: 2) ? .beforeCommit : .afterCommit(deeds: draw.pick([0, 1])), .zero)
    }

    /// Lets the scheduler play it, and tells where its ledger is another than that of the reference.
    package func differences(
        crashes: @escaping @Sendable (Int) -> (Simulation.Crash, downtime: Duration)? = { _ in nil }
    ) -> [String] {
        let seed = seed
        var simulation = Simulation(at: begin)
        simulation.executor.course = { run, _ in Self.course(of: run.key, seed: seed) }
        simulation.crash = crashes
        for request in requests { simulation.request(.run(request.job), at: request.at) }
        simulation.start(jobs)
        simulation.pass(.seconds(3650 * 86_400))
        simulation.crash = { _ in nil }
        if !simulation.isUp { simulation.start() }
        simulation.pass(.zero)
        simulation.checkWhole()
        let reference = ReferenceFlows(jobs, slots: slots, requests: requests) { Self.course(of: $0, seed: seed) }
        let isWaiting = simulation.ledger.open == reference.waiting
        return simulation.faults + rows(of: simulation, against: reference) + flows(of: simulation, against: reference)
            + (isWaiting ? [] : ["other runs wait than \(reference.waiting.map(\.words).sorted())"])
    }

    private func rows(of simulation: Simulation, against reference: ReferenceFlows) -> [String] {
        let expected = Dictionary(uniqueKeysWithValues: reference.allRows.map { ($0.key, $0) })
        let keys = Set(expected.keys).union(simulation.ledger.runs.keys).sorted {
            ($0.due, $0.job, $0.attempt) < ($1.due, $1.job, $1.attempt)
        }
        return keys.compactMap { key in
            let found = simulation.ledger.runs[key].flatMap { ReferenceFlows.Row($0) }
            guard found != expected[key] else { return nil }
            let words = [expected[key]?.words, found?.words].map { $0 ?? "no ended row of \(key.words)" }
            return "reference: \(words[0])\n  scheduler: \(words[1])"
        }
    }

    private func flows(of simulation: Simulation, against reference: ReferenceFlows) -> [String] {
        let found = simulation.ledger.flows.mapValues(\.isOpen)
        let expected = reference.flows
        return Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }.map { key in
            let words = [expected[key], found[key]].map { $0.map { $0 ? "open" : "closed" } ?? "none" }
            return "the flow \(key.head) \(key.due.rfc3339) is \(words[1]), not \(words[0])"
        }.sorted()
    }
}
