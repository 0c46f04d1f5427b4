import Scheduling

/// What the loop asks of a record before it acts on it.
extension LedgerRecord {
    var run: Run? {
        switch self {
        case .insert(let run), .update(let run): run
        case .gap, .cutGap, .clockSetBack, .control, .openFlow, .closeFlow, .reopenFlow, .promises, .pause, .resume, .change: nil
        case .order, .orderIsOver, .markStale, .replanFlow, .backfill: nil
        }
    }

    var changesPauses: Bool {
        switch self {
        case .pause, .resume: true
        default: false
        }
    }

    var changesSlotOrders: Bool {
        switch self {
        case .order, .orderIsOver: true
        default: false
        }
    }
}
