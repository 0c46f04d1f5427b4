package import Scheduling
package import Timetable

extension Simulation {
    /// What somebody will ask for; which run is meant shows only then.
    package enum Wish: Sendable {
        case run(JobName)
        /// The oldest or the newest open run.
        case kill(JobName, newest: Bool)
        /// The newest row, or one so many before it.
        case retry(JobName, back: Int, downstream: Bool)
        /// The same.
        case markSuccess(JobName, back: Int)
        /// The newest open run, or the last slot that a backfill has not come to, or the next slot from a moment on.
        case skip(JobName, Schedule?)
        case hold(JobName, Schedule?)
        /// Everything of the job, or what was ordered first.
        case release(JobName, isAll: Bool)
        /// So long back from the moment.
        case backfill(JobName, Duration, onlyMissed: Bool, maxRunning: Int)
        /// The newest.
        case cancelBackfill(kill: Bool)
        case pause(PauseScope)
        case resume(PauseScope)

        /// nil when there is nothing of the kind.
        func request(in ledger: SimulationLedger, at now: Instant, giving given: [JobName: [String: String]] = [:]) -> Request? {
            switch self {
            case .run(let job): return .run(job, parameters: given[job] ?? [:])
            case .kill(let job, let newest):
                let open = ledger.rows(of: job).filter(\.state.isOpen)
                return (newest ? open.last : open.first).map { .kill($0.key, by: "ada") }
            case .retry(let job, let back, let downstream):
                return ledger.rows(of: job).dropLast(back).last.map { .retry($0.key, downstream: downstream, by: "ada") }
            case .markSuccess(let job, let back): return ledger.rows(of: job).dropLast(back).last.map { .markSuccess($0.key, by: "ada") }
            case .skip(let job, let schedule):
                let due = schedule.map { $0.next(after: now)?.due } ?? ledger.lastOpenDue(of: job)
                return due.map { .skip(job, due: $0, by: "ada") }
            case .hold(let job, let schedule):
                let due = schedule.map { $0.next(after: now)?.due } ?? ledger.lastOpenDue(of: job)
                return .hold(job, due: due, by: "ada")
            case .release(let job, let isAll):
                let due = isAll ? nil : ledger.orders.values.filter { $0.job == job }.map(\.due).min()
                return .release(job, due: due, by: "ada")
            case .backfill(let job, let length, let onlyMissed, let maxRunning):
                return .backfill(
                    BackfillOrder(job: job, first: now - length, last: now, onlyMissed: onlyMissed, maxRunning: maxRunning), by: "ada")
            case .cancelBackfill(let kill): return ledger.backfills.keys.max().map { .cancelBackfill($0, kill: kill, by: "ada") }
            case .pause(let scope): return .pause(scope, by: "ada")
            case .resume(let scope): return .resume(scope, by: "ada")
            }
        }
    }
}
