import Scheduling
import Timetable

extension Simulation {
    /// What went in and what came out, a line each.
    func printStep(_ event: Event, _ actions: [Action], crash: Crash?) {
        print(now.rfc3339, event.words, crash.map { "CRASH \($0)" } ?? "")
        for action in actions { print("    ", action.words) }
    }
}

extension Event {
    fileprivate var words: String {
        switch self {
        case .start(let graph): "start \(graph.order)"
        case .tick: "tick"
        case .clockSetBack(let from, _): "the clock was set back from \(from.rfc3339)"
        case .definitions(let graph): "definitions \(graph.order)"
        case .started(let key, _, _): "started \(key.words)"
        case .pending(let key, let reason): "pending \(key.words) \(reason)"
        case .notHandedOver(let key, let reason): "not handed over \(key.words) \(reason)"
        case .ended(let key, let outcome): "ended \(key.words) \(outcome.state)"
        case .request(_, .retry(let key, _, let downstream, _)): "retry \(key.words)" + (downstream ? " downstream" : "")
        case .request(_, .markSuccess(let key, _, _)): "mark \(key.words)"
        case .request(_, .skip(let job, let due, _, _)): "skip \(job) \(due.rfc3339)"
        case .request(_, .hold(let job, let due, _, _)): "hold \(job) \(due?.rfc3339 ?? "")"
        case .request(_, .release(let job, let due, _, _)): "release \(job) \(due?.rfc3339 ?? "")"
        case .slots(let wanted, _): "slots of backfill \(wanted.backfill): \(wanted.slots.map(\.rfc3339).joined(separator: " "))"
        case .request(_, .backfill(let order, _, _)): "backfill \(order.job) from \(order.first.rfc3339)"
        case .request(_, let request): "\(request)"
        }
    }
}

extension Action {
    fileprivate var words: String {
        switch self {
        case .record(.insert(let run)): "insert \(run.words)"
        case .record(.update(let run)): "update \(run.words)"
        case .record(.gap(let gap)):
            "gap \(gap.job) \(gap.firstDue.rfc3339) \(gap.lastDue.rfc3339) ×\(gap.slots) \(gap.state) \(gap.reason)"
        case .record(.cutGap(let gap, let left)): "cut gap \(gap.job) \(gap.firstDue.rfc3339) to ×\(left?.slots ?? 0)"
        case .record(.clockSetBack(let from)): "clock set back from \(from.rfc3339)"
        case .record(.control(let control)): "control \(control.job) until \(control.accountedUntil.rfc3339) \(control.consumed)"
        case .record(.openFlow(let key, _)): "open flow \(key.head) \(key.due.rfc3339)"
        case .record(.closeFlow(let key)): "close flow \(key.head) \(key.due.rfc3339)"
        case .record(.reopenFlow(let key)): "reopen flow \(key.head) \(key.due.rfc3339)"
        case .record(.pause(let pause)): "pause \(pause.scope.words)"
        case .record(.resume(let scope)): "resume \(scope.words)"
        case .record(.order(let order)): "order \(order.kind) \(order.job) \(order.due.rfc3339)"
        case .record(.orderIsOver(let job, let due)): "order is over \(job) \(due.rfc3339)"
        case .record(.markStale(let key, let stale)): "stale in \(key.head) \(key.due.rfc3339) \(stale)"
        case .record(.replanFlow(let key, let plan)): "replan \(key.head) \(key.due.rfc3339) \(plan.members.map(\.job))"
        case .record(.backfill(let backfill)): "backfill \(backfill.id) of \(backfill.job) \(backfill.cancelledBy ?? "")"
        case .record(.promises(let key, let promises)): "promises of the flow \(key.head) \(key.due.rfc3339): \(promises)"
        case .record(.change(let change)):
            "change \(change.kind) \(change.job?.text ?? "") by \(change.who ?? "itself") \(change.detail ?? "")"
        case .launch(let run, let shared): "launch \(run.key.words) priority \(shared.job.priority) in \(shared.job.pools)"
        case .handOverAgain(let key, _): "hand over again \(key.words)"
        case .kill(let key, _, let reason): "kill \(key.words) \(reason)"
        case .answer(_, let answer): "\(answer)"
        }
    }
}

extension Run {
    fileprivate var words: String { "\(key.words) \(trigger) \(state) \(reason ?? "") \(ending.map { "ending \($0)" } ?? "")" }
}
