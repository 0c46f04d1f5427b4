package import Scheduling
package import Timetable

/// Random jobs, edits, requests and courses, all drawn from one seed.
package struct SimulationScript: Sendable {
    package let seed: UInt64
    package let begin: Instant
    package let end: Instant
    package let capacities: [String: PoolCapacity]
    /// How many runs of a pool start in a second. What was started before a crash is not in the ledger.
    package let starts: [String: Int64]
    package let clockSteps: [(at: Instant, by: Duration)]
    package let first: [Job]
    package let edits: [(at: Instant, files: [Job])]
    package let requests: [(at: Instant, wish: Simulation.Wish)]
    /// Roughly how long a period lasts.
    package let unit: Duration

    package init(seed: UInt64) {
        var draw = Draw(seed: seed)
        self.seed = seed
        unit = draw.unit
        begin = draw.begin
        end = begin + unit * draw.generator.pick([20, 40, 60])
        capacities = [
            "local": PoolCapacity(
                runs: draw.generator.pick([1, 2, 5, 64]), milliCPUs: draw.others.pick([nil, 1_000, 2_500]),
                memory: draw.others.pick([nil, 100, 1_000])),
            "p": PoolCapacity(runs: draw.generator.pick([1, 2]), milliCPUs: draw.others.pick([nil, nil, 1_500])),
        ]
        starts = draw.newest.pick([[:], [:], ["local": 1], ["local": 3, "p": 1]])
        var files = (0..<draw.generator.pick([2, 4, 6, 9])).map { draw.job($0) }
        first = files
        var edits: [(Instant, [Job])] = []
        for _ in 0..<draw.generator.pick([0, 1, 3, 6]) {
            draw.edit(&files)
            edits.append((draw.moment(until: end), files))
        }
        let moments = edits.map(\.0).sorted()
        self.edits = zip(moments, edits.map(\.1)).map { ($0, $1) }
        var requests: [(Instant, JobName)] = []
        for _ in 0..<draw.generator.pick([0, 2, 5]) { requests.append((draw.moment(until: end), draw.generator.pick(first).name)) }
        var wishes = requests.map { ($0.0, Simulation.Wish.run($0.1)) }
        for _ in 0..<draw.generator.pick([0, 3, 8, 15]) { wishes.append((draw.moment(until: end), draw.wish(about: first))) }
        for _ in 0..<draw.others.pick([0, 0, 4, 10, 20]) { wishes.append((draw.laterMoment(until: end), draw.operation(on: first))) }
        clockSteps = draw.clockSteps(until: end)
        self.requests = wishes.sorted { $0.0 < $1.0 }.map { ($0.0, $0.1) }
    }

    /// The same with other edits.
    init(_ other: SimulationScript, edits: [(at: Instant, files: [Job])]) {
        seed = other.seed
        begin = other.begin
        end = other.end
        capacities = other.capacities
        starts = other.starts
        clockSteps = other.clockSteps
        first = other.first
        self.edits = edits
        requests = other.requests
        unit = other.unit
    }

    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - refusing: Whether the executor cannot take some runs at first, and pools start only so many in a second.
    ///   - settingClocks: Whether the clock is set, forward and back.
    ///   - crashes: For each step whether the scheduler dies there and how long it is gone.
    package func play(
        trace: Bool = false, refusing: Bool = false, settingClocks: Bool = false,
        crashes: @escaping @Sendable (Int) -> (Simulation.Crash, downtime: Duration)? = { _ in nil },
        onCommit: @escaping @Sendable ([LedgerRecord], Simulation) -> Void = { _, _ in }
    ) -> Simulation {
        var capacities = capacities
        if refusing { for (pool, most) in starts { capacities[pool]?.maxStartsPerSecond = most } }
        var simulation = Simulation(at: begin, capacities: capacities, slotsPerStep: 7, slotsAhead: 2)
        let (seed, unit) = (seed, unit)
        simulation.executor.course = { run, _ in Self.course(of: run.key, seed: seed, unit: unit, refusing: refusing) }
        simulation.crash = crashes
        simulation.trace = trace
        simulation.onCommit = onCommit
        // Some have no such parameter by the time, and are refused.
        for job in first where job.parameters["P"] != nil { simulation.given[job.name] = ["P": "given"] }
        for edit in edits { simulation.edit(at: edit.at, edit.files) }
        for request in requests { simulation.request(request.wish, at: request.at) }
        if settingClocks { for step in clockSteps { simulation.setClock(at: step.at, by: step.by) } }
        simulation.start(first)
        simulation.pass(until: end)
        simulation.crash = { _ in nil }
        if !simulation.isUp { simulation.start() }
        simulation.pass(.zero)
        simulation.checkWhole()
        return simulation
    }

    /// The same for the same run, whenever it is launched; no two moments of a simulation coincide by accident.
    private static func course(of key: RunKey, seed: UInt64, unit: Duration, refusing: Bool) -> SimulationExecutor.Course {
        let digest = key.words.utf8.reduce(seed ^ 0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        var generator = SeededGenerator(seed: digest)
        let states: [RunState] = [
            .succeeded, .succeeded, .succeeded, .succeeded, .succeeded, .succeeded, .failed, .failed, .timedOut, .couldNotStart, .lost,
        ]
        let longest = unit.wholeMicroseconds * 3
        var course = SimulationExecutor.Course(
            startsAfter: .microseconds(Int64.random(in: 100...50_000, using: &generator)),
            lasts: .microseconds(Int64.random(in: 1_000...longest, using: &generator) / generator.pick([1, 10])),
            state: generator.pick(states),
            refusals: refusing ? generator.pick([0, 0, 0, 0, 1, 2, 9]) : 0,
            exitCode: generator.pick([1, 75, nil]),
            handedOn: generator.pick([[:], [:], ["OUT": key.words], ["OUT": key.job.text, "P": key.words], ["Q": "out"]])
        )
        course.befall(&generator)
        course.endWhenKilled = generator.pick([.killed, .killed, .failed, .timedOut, .lost, .succeeded])
        return course
    }
}

extension SimulationExecutor.Course {
    /// What a cluster does to some of its tasks.
    fileprivate mutating func befall(_ generator: inout SeededGenerator) {
        let cause: String? = generator.pick([nil, nil, nil, "node-failed", "preempted: by j1", "out-of-memory: limit", "cancelled: by 7"])
        guard let cause, [.failed, .couldNotStart].contains(state) else { return }
        reason = cause
        if cause.hasPrefix("cancelled") { state = .killed }
    }
}

/// Draws the parts of a script.
private struct Draw {
    var generator: SeededGenerator
    /// For what came to scripts later, so that a seed goes on to mean the rest of what it meant.
    var others: SeededGenerator
    /// For what came after that: parameters and promises.
    var values: SeededGenerator
    /// For what came last: clocks, rates of starts.
    var newest: SeededGenerator
    /// For what came after that: what befalls tasks.
    var causes: SeededGenerator
    let unit: Duration
    let begin: Instant

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        others = SeededGenerator(seed: ~seed)
        values = SeededGenerator(seed: seed &* 31 &+ 5)
        newest = SeededGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        causes = SeededGenerator(seed: seed &* 0xD134_2543_DE82_EF95 &+ 1)
        unit = generator.pick([.seconds(1), .seconds(10), .seconds(60), .seconds(600), .seconds(6 * 3600)])
        begin = generator.pick(["2026-03-01T00:00:00Z", "2026-03-27T22:00:00Z", "2026-10-24T11:00:00Z"] as [Instant])
    }

    mutating func moment(until end: Instant) -> Instant {
        begin + .microseconds(Int64.random(in: 1...(end - begin).wholeMicroseconds, using: &generator))
    }

    /// By less than a slot and by many; as often forward as back.
    mutating func clockSteps(until end: Instant) -> [(at: Instant, by: Duration)] {
        let length = (end - begin).wholeMicroseconds
        return (0..<newest.pick([1, 2, 4])).map { _ in
            let at = begin + .microseconds(Int64.random(in: 1...length, using: &newest))
            let shift = Int64.random(in: 1...length / newest.pick([2, 20, 200]), using: &newest)
            return (at, .microseconds(newest.once(in: 2) ? shift : -shift))
        }.sorted { $0.at < $1.at }
    }

    /// What is part of no random edit depends on the job's place alone.
    mutating func job(_ place: Int) -> Job {
        let name = JobName("j\(place)") ?? "j"
        let parents = (0..<place).filter { _ in generator.once(in: place + 1) || generator.once(in: 4) }
        let after = parents.prefix(3).map {
            Edge(parent: JobName("j\($0)") ?? "j", on: generator.pick([.success, .success, .success, .failure, .done]))
        }
        let schedule = after.isEmpty || generator.once(in: 5) ? generator.once(in: 12) ? nil : schedule() : nil
        let policies = policies()
        return TestSupport.job(name, schedule, after: after) { job in
            policies(&job)
            job.pool = place % 3 == 1 ? "p" : nil
            job.onUnknown = [.hold, .rerun, .skip][place % 3]
            job.softError = place % 4 == 3
            job.isChronos = place == 5
            // An edit of the priority moves the job from label to label.
            job.labels = ["team": place % 2 == 0 ? "even" : "odd", "rank": "\(job.priority)"]
        }
    }

    private mutating func policies() -> (inout Job) -> Void {
        let catchUp = generator.pick(CatchUp.allCases)
        var overlap = generator.pick(Overlap.words.map(\.overlap))
        if overlap == .allow { overlap = newest.pick([.allow, .allowUpTo(2), .allowUpTo(3)]) }
        let maxCatchUp: Int? = newest.pick([nil, 1, 3])
        var retries = Retries(
            limit: generator.pick([0, 0, 1, 3]), delay: unit / generator.pick([1, 2, 10]), backoff: generator.pick([1, 2]))
        retries.jitter = newest.pick([0, 0, 0.5, 1])
        retries.on = others.pick([retries.on, retries.on, [.failed], [.timedOut, .couldNotStart]])
        retries.exitCodes = others.pick([nil, nil, [75...75, 100...110]])
        if causes.once(in: 3) {
            retries.on = causes.pick([[.nodeFailed], [.cancelled, .preempted, .failed], Set(Retries.Occasion.allCases)])
        }
        let cpus: Double? = others.pick([nil, nil, 0.5, 1, 2, 9])
        let memory: Int64? = others.pick([nil, nil, 60, 600])
        let window: Duration? = generator.once(in: 3) ? unit * generator.pick([1, 2]) : nil
        let parameters: [String: String?] = values.pick([[:], [:], ["P": "own"], ["P": "own", "Q": "own"], ["Q": "other", "OUT": "own"]])
        let expect = expectation()
        let user: String? = values.pick([nil, nil, nil, "ada"])
        let priority = generator.pick([0, 5, 9])
        let disabled = generator.once(in: 10)
        let join: Join? = generator.once(in: 5) ? .latest : nil
        return { job in
            job.catchUp = catchUp
            job.maxCatchUp = maxCatchUp
            job.overlap = overlap
            job.retries = retries
            job.cpus = cpus
            job.memory = memory
            job.startWithin = window
            job.priority = priority
            job.parameters = parameters
            job.user = user
            job.expect = expect
            job.disabled = disabled
            job.join = job.after.isEmpty ? nil : join
        }
    }

    private mutating func expectation() -> Expectation {
        var expect = Expectation(
            startWithin: values.pick([nil, nil, .zero, unit / 2, unit * 2]), endBy: values.pick([nil, nil, 0, 150, 360, 719, 1_440]),
            duration: values.pick([nil, nil, unit / 4, unit * 2]))
        expect.zone = values.pick([.utc, TestSupport.zone("Europe/Berlin"), TestSupport.zone("Australia/Lord_Howe")])
        return expect
    }

    private mutating func schedule() -> Schedule {
        let zone = generator.pick(["UTC", "Europe/Berlin", "Australia/Lord_Howe"])
        let seconds = unit.components.seconds * generator.pick([1, 1, 2, 3, 7])
        let count = generator.pick(["", "", "", "0", "1", "9"])
        let start = (begin + .seconds(generator.pick([-5_000, 0, 0, 17]))).rfc3339
        switch generator.pick([0, 0, 0, 1, 2, 3]) {
        case 1: return Schedule("R\(count)/PT\(seconds)S", zone: zone)
        case 2: return Schedule("R\(count)/\(start)/PT\(seconds)S", "R/\(start)/PT\(seconds * 2)S", zone: zone)
        case 3 where unit >= .seconds(600): return Schedule(generator.pick(["30 2 * * *", "0 * * * *", "*/30 1-3 * * *"]), zone: zone)
        default: return Schedule("R\(count)/\(start)/PT\(seconds)S", zone: zone)
        }
    }

    /// Something that somebody asks for: pauses are ended more often than begun.
    mutating func wish(about jobs: [Job]) -> Simulation.Wish {
        let job = generator.pick(jobs).name
        switch generator.pick([0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 3]) {
        case 0: return .kill(job, newest: generator.once(in: 2))
        case 1: return .retry(job, back: generator.pick([0, 0, 1, 3]), downstream: others.once(in: 3))
        case 2: return .pause(scope(about: job))
        default: return .resume(scope(about: job))
        }
    }

    mutating func laterMoment(until end: Instant) -> Instant {
        begin + .microseconds(Int64.random(in: 1...(end - begin).wholeMicroseconds, using: &others))
    }

    /// What people do to a ledger by hand.
    mutating func operation(on jobs: [Job]) -> Simulation.Wish {
        let job = others.pick(jobs)
        let schedule = others.once(in: 2) ? job.schedule : nil
        switch others.pick([0, 0, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5]) {
        case 0: return .markSuccess(job.name, back: others.pick([0, 0, 1, 3]))
        case 1: return .skip(job.name, schedule)
        case 2: return .hold(job.name, schedule)
        case 3: return .release(job.name, isAll: others.once(in: 2))
        case 4:
            return .backfill(
                job.name, unit * others.pick([2, 5, 30]), onlyMissed: others.once(in: 3), maxRunning: others.pick([1, 2, 5]))
        default:
            return others.once(in: 3)
                ? .cancelBackfill(kill: others.once(in: 2)) : .retry(job.name, back: others.pick([0, 1, 3]), downstream: true)
        }
    }

    private mutating func scope(about job: JobName) -> PauseScope {
        switch generator.pick([0, 0, 0, 1, 2, 3]) {
        case 1: .label(key: "team", value: generator.pick(["even", "odd"]))
        case 2: .label(key: "rank", value: generator.pick([nil, "9"]))
        case 3: .everything
        default: .job(job)
        }
    }

    mutating func edit(_ files: inout [Job]) {
        let place = Int.random(in: 0..<9, using: &generator)
        let drawn = job(place)
        guard let index = files.firstIndex(where: { $0.name == drawn.name }) else { return files.append(drawn) }
        let old = files[index]
        switch generator.pick([0, 1, 2, 3]) {
        case 0: files.remove(at: index)
        case 1: files[index] = drawn
        case 2: files[index] = TestSupport.job(old.name, drawn.schedule ?? old.schedule, after: old.after) { $0.take(from: old) }
        default:
            files[index] = TestSupport.job(old.name, old.schedule, after: old.after) { job in
                job.take(from: drawn)
                job.join = old.join
            }
        }
    }
}

extension Job {
    /// Everything but name, schedule and parents.
    fileprivate mutating func take(from other: Job) {
        let (name, schedule, after) = (name, schedule, after)
        self = other
        (self.name, self.schedule, self.after) = (name, schedule, after)
    }
}
