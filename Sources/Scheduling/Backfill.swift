package import Timetable

/// Slots of the past that somebody asked to run: one control row, which stays until retention has removed its last run.
package struct Backfill: Hashable, Sendable {
    package let id: Int64
    package let job: JobName
    /// The bounds that were asked for; both count.
    package let first: Instant
    package let last: Instant
    /// How many slots were chosen.
    package let slots: Int
    /// Of these the ones that it has not come to: they get their runs when those before them have had their turns.
    package internal(set) var pending: SlotSequence
    /// How many of them had a run on its way, or had run, by the time that it came to them, and were left alone.
    package internal(set) var passedOver: Int
    package let onlyMissed: Bool
    /// How many runs of it, those of its flows included, may be under way at a time.
    package let maxRunning: Int
    package let by: String
    package let at: Instant
    package var cancelledAt: Instant?
    package var cancelledBy: String?

    package init(id: Int64, asking order: BackfillOrder, slots: SlotSequence, by: String, at: Instant) {
        self.init(
            id: id, job: order.job, first: order.first, last: order.last, slots: slots.count, pending: slots, onlyMissed: order.onlyMissed,
            maxRunning: order.maxRunning, by: by, at: at)
    }

    package init(
        id: Int64, job: JobName, first: Instant, last: Instant, slots: Int, pending: SlotSequence, passedOver: Int = 0, onlyMissed: Bool,
        maxRunning: Int, by: String, at: Instant
    ) {
        self.id = id
        self.job = job
        self.first = first
        self.last = last
        self.slots = slots
        self.pending = pending
        self.passedOver = passedOver
        self.onlyMissed = onlyMissed
        self.maxRunning = maxRunning
        self.by = by
        self.at = at
    }

    /// The pool in which its runs take their places beside those of their job.
    static func pool(_ id: Int64) -> String { "backfill \(id)" }

    /// What it came to of what was asked for, or still will; nil when it was cancelled before its first slot. Slots come in their order.
    package var reached: ClosedRange<Instant>? {
        guard cancelledAt != nil, let next = pending.first else { return first...last }
        return next > first ? first...(next - Instant.resolution) : nil
    }

    /// Whether it still comes to slots that have no run of it.
    package var isBeginning: Bool { cancelledAt == nil && !pending.isEmpty }

    var cancellation: String? { cancelledBy.map { "backfill cancelled by " + $0 } }
}

/// What somebody asks to run once more, or at last.
package struct BackfillOrder: Hashable, Sendable {
    package let job: JobName
    /// Both bounds count.
    package let first: Instant
    package let last: Instant
    /// Only slots of which nothing ever ran: from before the job was known, in a gap, missed or skipped.
    package let onlyMissed: Bool
    package let maxRunning: Int

    /// As many slots, and runs with those of the jobs below. More are no backfill any more, but a new system.
    package static let most = 100_000

    package init(job: JobName, first: Instant, last: Instant, onlyMissed: Bool = false, maxRunning: Int = 1) {
        self.job = job
        self.first = first
        self.last = last
        self.onlyMissed = onlyMissed
        self.maxRunning = maxRunning
    }
}

/// What the ledger holds of the slots that a backfill asks for: all of them, and of each only whether it may be chosen.
package struct BackfillSurvey: Hashable, Sendable {
    /// Slots with a run on its way, in their flows also one that is still to come.
    package var busy: Set<Instant>
    /// What other backfills of the job, or of one above it, have not come to.
    package var pending: [SlotSequence]
    /// Slots of which some attempt was more than passed over: it came to an end that is neither `skipped` nor `missed`, or is open.
    package var ran: Set<Instant>
    /// Slots with rows, or with a flow in which the job has a place.
    package var known: Set<Instant>
    /// From the registration to the progress: each slot in it has its run or its gap, or had it until retention took it away.
    package var accounted: ClosedRange<Instant>?
    /// Gaps in which the slots were passed over, and of a head slots whose rows say so, by their beginnings.
    package var passedOver: [ClosedRange<Instant>]
    /// What backfills before it asked for, of the job or of one above it.
    package var backfilled: [ClosedRange<Instant>]

    package init(
        busy: Set<Instant> = [], pending: [SlotSequence] = [], ran: Set<Instant> = [], known: Set<Instant> = [],
        accounted: ClosedRange<Instant>? = nil, passedOver: [ClosedRange<Instant>] = [], backfilled: [ClosedRange<Instant>] = []
    ) {
        self.busy = busy
        self.pending = pending
        self.ran = ran
        self.known = known
        self.accounted = accounted
        self.passedOver = passedOver
        self.backfilled = backfilled
    }
}

extension BackfillSurvey {
    fileprivate func isBusy(_ slot: Instant) -> Bool { busy.contains(slot) || pending.contains { $0.contains(slot) } }

    /// Of these slots, in their order, those without a row of which nobody knows any more whether they ran.
    fileprivate func unknown(among slots: [Instant]) -> Set<Instant> {
        var unknown: Set<Instant> = []
        var gaps = passedOver[...]
        for slot in slots where !known.contains(slot) {
            while let gap = gaps.first, gap.upperBound < slot { gaps.removeFirst() }
            let ranByRequest = backfilled.contains { $0.contains(slot) }
            let hadItsRow = accounted?.contains(slot) == true && gaps.first?.contains(slot) != true
            if ranByRequest || hadItsRow { unknown.insert(slot) }
        }
        return unknown
    }
}

/// The next slots of a backfill: what the ledger holds of them is to be handed to the core.
package struct BackfillSlots: Hashable, Sendable {
    package let backfill: Int64
    package let scope: BackfillScope
    /// In their order.
    package let slots: [Instant]

    package init(backfill: Int64, scope: BackfillScope, slots: [Instant]) {
        self.backfill = backfill
        self.scope = scope
        self.slots = slots
    }
}

/// What the ledger holds of the slots that a backfill comes to: the core keeps no run that has ended.
package struct BackfillPrecedents: Hashable, Sendable {
    /// What is known of one slot.
    package struct Known: Hashable, Sendable {
        /// The newest attempt of the job at it.
        package var newest: Run?
        /// Some attempt was more than passed over: it came to an end that is neither `skipped` nor `missed`, or is open.
        package var hasRun: Bool
        /// The flow of that attempt; without one the flow of the slot in which the job has a place.
        package var flow: LedgerState.Flow?
        package var isFlowOpen: Bool

        package init(newest: Run?, hasRun: Bool, flow: LedgerState.Flow?, isFlowOpen: Bool) {
            self.newest = newest
            self.hasRun = hasRun
            self.flow = flow
            self.isFlowOpen = isFlowOpen
        }
    }

    /// Slots of which nothing is known have no entry.
    package var slots: [Instant: Known]
    /// For each job below, the dues at which it has rows, of whatever flow, or owes one in a flow that is open.
    package var taken: [JobName: Set<Instant>]

    package init(slots: [Instant: Known] = [:], taken: [JobName: Set<Instant>] = [:]) {
        self.slots = slots
        self.taken = taken
    }
}

/// What a backfill makes of the slots between its bounds.
package struct BackfillChoice: Hashable, Sendable {
    /// In their order.
    package private(set) var chosen: [Instant] = []
    /// How many of the chosen ran before.
    package private(set) var again = 0
    /// Left alone, for a run of the slot, or one below it in its flow, is on its way.
    package private(set) var busy = 0
    /// Left alone with `onlyMissed`, for they ran.
    package private(set) var ran = 0
    /// Left alone with `onlyMissed`, for retention took away what the ledger had of them: they may have run.
    package private(set) var unknown = 0

    package init(of slots: [Instant], knowing survey: BackfillSurvey, for order: BackfillOrder) {
        let forgotten = order.onlyMissed ? survey.unknown(among: slots) : []
        for slot in slots {
            if survey.isBusy(slot) {
                busy += 1
            } else if order.onlyMissed, survey.ran.contains(slot) {
                ran += 1
            } else if forgotten.contains(slot) {
                unknown += 1
            } else {
                chosen.append(slot)
                if survey.ran.contains(slot) { again += 1 }
            }
        }
    }
}

extension BackfillChoice {
    /// Why it is too much, with a way out; nil when it is not.
    package func refusal(with scope: BackfillScope) -> String? {
        let runs = chosen.count * (1 + scope.below.count)
        guard runs > BackfillOrder.most else { return nil }
        return "these are \(chosen.count) slots of \(1 + scope.below.count) jobs, \(runs) runs, and a backfill makes at most "
            + "\(BackfillOrder.most); give a shorter time"
    }
}

extension BackfillPrecedents.Known {
    /// Whether the slot has a run on its way, in its own flow also one that is still to come.
    package func isBusy(below job: JobName) -> Bool {
        if newest?.state.isOpen == true || newest == nil && isFlowOpen { return true }
        guard let flow else { return false }
        // Out of date: it runs again once whoever was run once more above it has come to his end.
        if let newest, flow.stale.outdate(newest.key.attempt, of: job) { return true }
        return flow.runs.contains(where: \.state.isOpen) && OpenFlow(flow).openDescendant(of: job) != nil
    }
}

/// Which jobs and which slots a backfill of a job means.
package struct BackfillScope: Hashable, Sendable {
    package let job: JobName
    /// The job whose slots are its dues: itself, or the head of its flow.
    package let head: JobName
    /// The jobs below it that get a run with it.
    package let below: [JobName]
    /// The jobs above it in its flow: each may have begun a flow in which it has a place.
    package let above: [JobName]

    package init(of job: JobName, in graph: JobGraph) {
        self.job = job
        head = graph.head(of: job)
        below = graph.flowPlan(from: job).members.map(\.job)
        var above: Set<JobName> = []
        var open = [job]
        while let next = open.popLast() {
            let parents = graph.joins[next] == .flow ? graph[next]?.after ?? [] : []
            for edge in parents where above.insert(edge.parent).inserted { open.append(edge.parent) }
        }
        self.above = above.sorted()
    }
}
