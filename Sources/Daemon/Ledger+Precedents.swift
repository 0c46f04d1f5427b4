import RunHistory
import Scheduling
import Timetable

extension Ledger {
    /// The core keeps no run that has ended: what a request has to know of those is read here.
    func completed(_ request: Request, in graph: JobGraph) throws(LedgerError) -> Request {
        func newest(_ job: JobName, _ due: Instant?) throws(LedgerError) -> Precedent? {
            guard let due else { return nil }
            return try precedent(of: RunKey(job: job, due: due, attempt: 1))
        }
        return switch request {
        case .retry(let key, _, let downstream, let who):
            .retry(key, precedent: try precedent(of: key), downstream: downstream, by: who)
        case .markSuccess(let key, _, let who): .markSuccess(key, precedent: try precedent(of: key), by: who)
        case .skip(let job, let due, _, let who): .skip(job, due: due, precedent: try newest(job, due), by: who)
        case .hold(let job, let due, _, let who): .hold(job, due: due, precedent: try newest(job, due), by: who)
        case .release(let job, let due, _, let who): .release(job, due: due, precedent: try newest(job, due), by: who)
        case .backfill(let order, _, let who):
            .backfill(order, survey: try survey(of: order, BackfillScope(of: order.job, in: graph)), by: who)
        case .run, .kill, .pause, .resume, .cancelBackfill: request
        }
    }
}
