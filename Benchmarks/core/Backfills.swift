import Scheduling
import Timetable

/// Large backfills: what the end of a run costs beside all that wait, for a retry's time or because they are held.
extension Benchmark {
    /// Nanoseconds of an end, and of a request about one slot.
    struct BackfillCost {
        var ends: [Int: Double] = [:]
        var requests: [Int: Double] = [:]
    }

    static func measureBackfills(of counts: [Int]) {
        for overlap in [Overlap.queue, .allow] {
            var cost = BackfillCost()
            for count in counts { measureBackfill(count, overlap, &cost) }
            guard let least = counts.first, let most = counts.last else { return }
            let words = "overlap: \(overlap.text), \(most) slots to \(least)"
            tell("end beside retries that wait, \(words)", (cost.ends[most] ?? 0) / (cost.ends[least] ?? 1), "times", budget: 3)
            tell("hold or release of a slot, \(words)", (cost.requests[most] ?? 0) / (cost.requests[least] ?? 1), "times", budget: 3)
        }
    }

    /// Every run fails, and all of their retries wait until long after the last; then half of these are held, one by one, and released.
    private static func measureBackfill(_ count: Int, _ overlap: Overlap, _ cost: inout BackfillCost) {
        let name = "backfill of \(count), overlap: \(overlap.text)"
        var life = BackfillLife(slots: count, overlap)
        tell("the longest step of the beginning, \(name)", life.begin() / .milliseconds(1), "ms", budget: 200)
        let ends = processorTime { life.failAll() }
        cost.ends[count] = ends / .nanoseconds(1) / Double(count)
        tell("end beside retries that wait, \(name)", cost.ends[count] ?? 0, "ns")
        tell("the longest step up to the last end, \(name)", life.longest / .milliseconds(1), "ms", budget: 200)
        tell("runs looked at for an end, \(name)", Double(life.core.judgements) / Double(count), "")
        let requests = processorTime { life.holdAndReleaseHalf() }
        cost.requests[count] = requests / .nanoseconds(1) / Double(count)
        tell("hold or release of a slot, \(name)", cost.requests[count] ?? 0, "ns")
        let retries = processorTime { life.succeed() }
        tell("retry from its time to its end, \(name)", retries / .nanoseconds(1) / Double(count), "ns")
        tell("not succeeded, \(name)", Double(count - life.succeeded), "slots", budget: 0)
    }
}

/// A backfill of an hourly job from before anything was known of it, run by hand through the core.
struct BackfillLife {
    var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
    private(set) var succeeded = 0
    private(set) var longest = Duration.zero
    private var now = Benchmark.begin
    private var launched: [RunKey] = []
    private let slots: Int
    private let first: Instant

    init(slots: Int, _ overlap: Overlap) {
        self.slots = slots
        first = Benchmark.begin - .seconds(3600) * slots
        var job = Benchmark.job(0, "R/\(first.rfc3339)/PT1H")
        job.overlap = overlap
        job.retries = Retries(limit: 1, delay: .seconds(86_400 * 365))
        step(.start(JobGraph.build([job]).graph))
    }

    /// - Returns: How long the longest step took.
    mutating func begin() -> Duration {
        let order = BackfillOrder(job: Benchmark.name(0), first: first, last: Benchmark.begin - .seconds(1), maxRunning: 4)
        longest = .zero
        step(.request(token: 1, .backfill(order, survey: BackfillSurvey(), by: "ada")))
        return longest
    }

    mutating func failAll() { endAll(.failed) { $0.attempt == 1 } }

    mutating func holdAndReleaseHalf() {
        let job = Benchmark.name(0)
        for slot in 0..<slots / 2 { step(.request(token: 2, .hold(job, due: first + .seconds(3600) * slot, by: "ada"))) }
        for slot in 0..<slots / 2 { step(.request(token: 3, .release(job, due: first + .seconds(3600) * slot, by: "ada"))) }
    }

    mutating func succeed() {
        now = core.nextWake.map { max($0, now) } ?? now
        now = now + .seconds(86_400 * 365)
        step(.tick)
        endAll(.succeeded) { _ in true }
    }

    private mutating func endAll(_ state: RunState, where isMeant: (RunKey) -> Bool) {
        var next = 0
        let all = launched
        launched = []
        var keys = all
        while next < keys.count {
            let key = keys[next]
            next += 1
            guard isMeant(key) else { continue }
            now = now + .milliseconds(1)
            step(.ended(key, Outcome(state: state, endedAt: now)))
            if state == .succeeded, key.due < Benchmark.begin { succeeded += 1 }
            keys += launched
            launched = []
        }
    }

    /// With what backfills want to know of their slots, which is that they never ran.
    private mutating func step(_ event: Event) {
        var actions: [Action] = []
        longest = max(longest, Benchmark.processorTime { actions = core.handle(event, at: now) })
        for case .launch(let run, _) in actions { launched.append(run.key) }
        if let wanted = core.slotsWanted { step(.slots(wanted, BackfillPrecedents())) }
    }
}
