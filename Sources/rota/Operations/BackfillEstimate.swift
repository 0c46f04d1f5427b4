import RunHistory
import Scheduling
import Timetable

/// How long a backfill takes, by what the history knows of its jobs and by what their pools allow.
///
/// What else runs meanwhile goes before it, so that it may take longer than that.
struct BackfillEstimate {
    /// nil when the job never ran, and when it never will.
    let whole: Duration?
    /// What that rests on, or why it is not known.
    let basis: String

    /// For people.
    var words: String { whole.map { "about \($0.words): \(basis)" } ?? "not known: \(basis)" }

    /// A bound below which it cannot take; with a name where that is worth telling.
    private struct Limit {
        let least: Duration
        var name: String?
    }

    private struct Part {
        let job: Job
        let cost: RunCost

        var whole: Duration { cost.start + cost.duration }
    }

    init(of slots: JobSlots, times: Int, maxRunning: Int, in reader: LedgerReader) throws {
        let pools = try reader.pools { stored in slots.below.first { $0.name.text == stored.job } }.map { ($0.name, $0.capacity) }
        let jobs = [slots.job] + slots.below
        if let closed = Self.closedPool(of: jobs, pools) {
            (whole, basis) = (nil, "the pool `\(closed)` lets nothing start")
            return
        }
        guard let own = try reader.usualCost(of: slots.job.name) else {
            (whole, basis) = (nil, "it never ran")
            return
        }
        let below = try slots.below.compactMap { job in try reader.usualCost(of: job.name).map { Part(job: job, cost: $0) } }
        let parts = [Part(job: slots.job, cost: own)] + below
        let limits = Self.limits(parts, times: times, maxRunning: maxRunning) + Self.limits(parts, times: times, by: pools)
        let most = limits.max { $0.least < $1.least }
        whole = most?.least
        let unknown = slots.below.map(\.name).filter { name in !below.contains { $0.job.name == name } }
        basis = Self.words(parts, without: unknown, by: most?.name)
    }

    /// So many of its runs are under way at a time, and of each job no more than its overlap policy lets be.
    private static func limits(_ parts: [Part], times: Int, maxRunning: Int) -> [Limit] {
        let flow = parts.reduce(Duration.zero) { $0 + $1.whole }
        return [Limit(least: flow * times / maxRunning)]
            + parts.map { Limit(least: $0.whole * times / min($0.job.overlap.mostAtOnce, maxRunning)) }
    }

    /// Of each pool as many starts a second as it allows, and what is taken of it at a time.
    private static func limits(_ parts: [Part], times: Int, by pools: [(name: String, capacity: PoolCapacity)]) -> [Limit] {
        pools.flatMap { name, capacity in
            let those = parts.filter { $0.job.poolNames.contains(name) }
            let starts = capacity.maxStartsPerSecond.flatMap { most -> Limit? in
                let seconds = max(Int64(those.count * times) - 1, 0) / most
                return Limit(least: .seconds(seconds), name: "the pool `\(name)` allows \(PoolResource.starts.words(most))")
            }
            let held = PoolResource.held.compactMap { resource -> Limit? in
                guard let most = capacity[resource], most > 0 else { return nil }
                let taken = those.reduce(Duration.zero) { sum, part in
                    sum + part.whole * Int(capacity.taken(of: resource, asked: part.job.demand[resource])) / Int(most)
                }
                return Limit(least: taken * times, name: "the pool `\(name)` has \(resource.words(most))")
            }
            return [starts].compactMap(\.self) + held
        }
    }

    private static func closedPool(of jobs: [Job], _ pools: [(name: String, capacity: PoolCapacity)]) -> String? {
        pools.first { name, capacity in
            (capacity.runs == 0 || capacity.maxStartsPerSecond == 0) && jobs.contains { $0.poolNames.contains(name) }
        }?.name
    }

    private static func words(_ parts: [Part], without unknown: [JobName], by limit: String?) -> String {
        let own = parts[0].cost
        let flow = parts.reduce(Duration.zero) { $0 + $1.whole }
        return [
            "a run takes \(own.duration.words) and its start \(own.start.words)",
            parts.count > 1 ? "a whole flow \(flow.words)" : nil,
            unknown.isEmpty ? nil : "without \(list(unknown.map { "`\($0)`" })), of which no run is known", limit,
        ].compactMap(\.self).joined(separator: ", ")
    }
}
