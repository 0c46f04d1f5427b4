package import Timetable

/// Runs that their executor could not take: no descriptor, no process, no memory, no space. They stay `launching`, for their intents are
/// durable, and are handed over again until they are taken, or too late.
///
/// After a restart nothing is known of this: what is launching is handed over again at once, and refused again if nothing has changed. Of
/// those that had given their places back, more may then be taken than there is, until as many have ended.
extension Scheduler {
    struct Refusal: Sendable {
        enum Stage: Sendable {
            /// It rests before the next try.
            case resting
            /// It waits for its places, which it had given back.
            case queuing
            /// It was handed over again, and its executor has not said anything yet.
            case underWay
        }

        var stage = Stage.resting
        var tries = 0
        var tryAt = Instant.distantPast
        /// When it gives its places back; nil once it has.
        var keepsUntil: Instant?
        /// An alarm for another instant is stale.
        var alarmAt: Instant?
        /// The number of the one with which it waits for its places.
        var ticket: Int?
        /// What it takes as it was handed over.
        let holding: Pools.Holding
    }

    struct RefusalAlarm: Comparable, Sendable {
        let at: Instant
        let key: RunKey

        static func < (left: RefusalAlarm, right: RefusalAlarm) -> Bool {
            if left.at != right.at { return left.at < right.at }
            return (left.key.due, left.key.job, left.key.attempt) < (right.key.due, right.key.job, right.key.attempt)
        }
    }

    /// How often a run may be refused and keep its places while it rests.
    private static let triesInPlace = 5

    /// 1, 2, 4, 8, 16, 30, 30 … seconds.
    static func rest(after refusals: Int) -> Duration { .seconds(min(30, 1 << min(max(refusals, 1) - 1, 5))) }

    /// Whether the run was refused and no executor has it: whoever ends it need not ask one.
    func isWithUs(_ key: RunKey) -> Bool { refused[key].map { $0.stage != .underWay } ?? false }

    /// The wall clock was set, so that the ends of rests may be anywhere: whoever rests is tried again at once.
    package mutating func endRests(at now: Instant) {
        for (key, refusal) in refused where refusal.stage == .resting {
            refused[key]?.tryAt = now
            setAlarm(of: key, at: now)
        }
    }

    mutating func noteRefusal(of key: RunKey, reason: String) {
        guard var run = runs[key], run.state == .launching, !isWithUs(key) else { return }
        guard let holding = refused[key]?.holding ?? pools.held(by: key) else { return }
        let executor = run.executor ?? ""
        refusalsInARow[executor, default: 0] += 1
        var refusal = refused[key] ?? Refusal(holding: holding)
        refusal.stage = .resting
        refusal.tries += 1
        refusal.tryAt = step.now + Self.rest(after: refusal.tries)
        refusal.keepsUntil = keepsUntil(refusal, executor)
        refused[key] = refusal
        run.reason = reason
        store(run)
        if let wanted = run.killWanted { return giveUp(run, .killed, reason: wanted) }
        lookAtRefused(key)
    }

    /// It keeps its places for a while, or else the next in line would be refused in the same instant, and so on through all that wait. A
    /// short while when others of the executor do start, for then it is this run that cannot, and never for long: nobody waits for it.
    private func keepsUntil(_ refusal: Refusal, _ executor: String) -> Instant {
        if refusal.tries > Self.triesInPlace || pools.isOverfull(refusal.holding) { return step.now }
        return step.now + Self.rest(after: refusalsInARow[executor] ?? 1)
    }

    /// Its executor has the run, or had it.
    mutating func noteTaken(_ run: Run) {
        if let executor = run.executor, refusalsInARow[executor] != nil { refusalsInARow[executor] = nil }
        refused[run.key] = nil
    }

    /// What is due of a refused run: its end when its window is over, its places, its next try.
    mutating func lookAtRefused(_ key: RunKey) {
        guard let run = runs[key], let refusal = refused[key], refusal.stage != .underWay else { return }
        let end = graph.jobs[key.job].flatMap { windowEnd(of: run, $0) }
        if let end, end <= step.now {
            return giveUp(run, .missed, reason: "startWithin" + (run.reason.map { ": " + $0 } ?? ""))
        }
        if let until = refusal.keepsUntil, until <= step.now { giveBack(key) }
        if refusal.stage == .resting, refusal.tryAt <= step.now { tryAgain(key) }
        guard let left = refused[key], left.stage != .underWay else { return }
        let next = left.stage == .resting ? [end, left.tryAt, left.keepsUntil] : [end]
        if let next = next.compactMap(\.self).min() { setAlarm(of: key, at: next) }
    }

    private mutating func giveBack(_ key: RunKey) {
        refused[key]?.keepsUntil = nil
        pools.release(key)
    }

    private mutating func tryAgain(_ key: RunKey) {
        guard pools.held(by: key) == nil, let holding = refused[key]?.holding else { return handOverAgain(key) }
        refused[key]?.stage = .queuing
        let rank = runs[key]?.rank(priority: graph.jobs[key.job]?.job.priority ?? 5) ?? step.now
        refused[key]?.ticket = pools.enqueue(key, rank: rank, holding)
    }

    mutating func handOverAgain(_ key: RunKey) {
        guard let refusal = refused[key], let executor = runs[key]?.executor else { return }
        refused[key]?.stage = .underWay
        if pools.held(by: key) == nil { pools.take(key, refusal.holding) }
        step.then(.handOverAgain(key, executor: executor))
    }

    private mutating func setAlarm(of key: RunKey, at instant: Instant) {
        refused[key]?.alarmAt = instant
        refusalAlarms.insert(RefusalAlarm(at: instant, key: key))
    }

    /// Ends a run that was handed over, of which nothing was started and nothing will be. It is no failure of the job.
    mutating func giveUp(_ run: Run, _ state: RunState, reason: String) {
        pools.release(run.key)
        step.touch(run.key.job)
        end(run, state, reason: reason)
    }
}
