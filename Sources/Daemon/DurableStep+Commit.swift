import Execution
import Scheduling

/// Which durable steps a commit is.
extension DurableStep {
    /// To be called before the commit of these records.
    static func passed(before records: [LedgerRecord]) {
        guard isAwaited else { return }
        for record in records { record.stepBefore?.passed() }
    }

    /// To be called after the commit of these records, before anything is done about them.
    static func passed(after records: [LedgerRecord]) {
        guard isAwaited else { return }
        for record in records { record.stepAfter?.passed() }
    }
}

extension LedgerRecord {
    var stepBefore: DurableStep? {
        switch stepAfter {
        case .intentCommitted: .intentDecided
        case .startCommitted: .startHeard
        case .endCommitted: .endHeard
        case .killCommitted: .killDecided
        default: nil
        }
    }

    var stepAfter: DurableStep? {
        switch self {
        case .insert(let run), .update(let run): run.step
        case .gap, .cutGap: .gapCommitted
        case .pause, .resume, .order, .orderIsOver, .backfill: .requestCommitted
        case .control, .clockSetBack, .openFlow, .closeFlow, .reopenFlow, .markStale, .replanFlow, .promises, .change: nil
        }
    }
}

extension Run {
    /// An intent bears no reason. What is told of a run that is launching already, a refusal or a queue elsewhere, is one, and no intent.
    fileprivate var step: DurableStep? {
        switch state {
        case .launching where killWanted != nil, .running where killWanted != nil: .killCommitted
        case .launching: reason == nil ? .intentCommitted : nil
        case .running: .startCommitted
        case .waiting: isByHand ? .requestCommitted : .waitCommitted
        case .succeeded, .failed, .timedOut, .couldNotStart, .killed, .lost: .endCommitted
        case .skipped, .missed: .gapCommitted
        }
    }
}
