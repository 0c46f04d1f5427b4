package import Scheduling
package import Timetable

// What the loop reads of the ledger before a request is put to the core.

extension SimulationLedger {
    func flow(_ key: FlowKey) -> LedgerState.Flow? {
        flows[key].map { flow in
            let without = flow.isOpen ? [] : flow.plan.members.map(\.job).filter { newest(of: $0, in: key) == nil }
            let elsewhere = without.filter { job in rows(of: job).contains { $0.key.due == key.due } }
            return LedgerState.Flow(
                key: key, plan: flow.plan, runs: rows(of: key), stale: flow.stale, promises: flow.promises, elsewhere: Set(elsewhere))
        }
    }

    /// The request with what the ledger knows of the runs that it is about, as `Session` completes it.
    package func completed(_ request: Request, in graph: JobGraph) -> Request {
        func newest(_ job: JobName, _ due: Instant) -> Precedent? { precedent(of: RunKey(job: job, due: due, attempt: 1)) }
        return switch request {
        case .retry(let key, _, let downstream, let who):
            .retry(key, precedent: precedent(of: key), downstream: downstream, by: who)
        case .markSuccess(let key, _, let who): .markSuccess(key, precedent: precedent(of: key), by: who)
        case .skip(let job, let due, _, let who): .skip(job, due: due, precedent: newest(job, due), by: who)
        case .hold(let job, let due, _, let who): .hold(job, due: due, precedent: due.flatMap { newest(job, $0) }, by: who)
        case .release(let job, let due, _, let who): .release(job, due: due, precedent: due.flatMap { newest(job, $0) }, by: who)
        case .backfill(let order, _, let who):
            .backfill(order, survey: survey(of: order, BackfillScope(of: order.job, in: graph)), by: who)
        default: request
        }
    }

    /// What the ledger holds of the slots that a backfill asks for, as `BackfillFacts` reads it.
    package func survey(of order: BackfillOrder, _ scope: BackfillScope) -> BackfillSurvey {
        let range = order.first...order.last
        let slots = known(in: range, scope)
        let passedOver = Dictionary(grouping: rows(of: scope.head), by: { $0.key.due }).filter { due, attempts in
            range.contains(due) && attempts.allSatisfy { $0.state == .skipped || $0.state == .missed }
        }
        let family = backfills.values.filter { $0.job == scope.job || scope.above.contains($0.job) }
        return BackfillSurvey(
            busy: Set(slots.filter { $1.isBusy(below: scope.job) }.keys), pending: family.filter(\.isBeginning).map(\.pending),
            ran: Set(slots.filter(\.value.hasRun).keys), known: Set(slots.keys), accounted: accounted(scope),
            passedOver: (gaps(of: scope.head).map { $0.firstDue...$0.lastDue } + passedOver.keys.map { $0...$0 }).sorted {
                $0.lowerBound < $1.lowerBound
            }, backfilled: family.compactMap(\.reached).filter { $0.overlaps(range) })
    }

    /// What it holds of the slots that a backfill comes to.
    package func precedents(of wanted: BackfillSlots) -> BackfillPrecedents {
        guard let first = wanted.slots.first, let last = wanted.slots.last else { return BackfillPrecedents() }
        let (range, slots) = (first...last, Set(wanted.slots))
        var taken: [JobName: Set<Instant>] = [:]
        for job in wanted.scope.below { taken[job] = Set(rows(of: job).map(\.key.due).filter(slots.contains)) }
        for (key, flow) in flows where flow.isOpen && slots.contains(key.due) {
            for member in flow.plan.members where taken[member.job] != nil && newest(of: member.job, in: key) == nil {
                taken[member.job]?.insert(key.due)
            }
        }
        return BackfillPrecedents(slots: known(in: range, wanted.scope).filter { slots.contains($0.key) }, taken: taken)
    }

    private func known(in range: ClosedRange<Instant>, _ scope: BackfillScope) -> [Instant: BackfillPrecedents.Known] {
        var slots: [Instant: BackfillPrecedents.Known] = [:]
        let rows = rows(of: scope.job).filter { range.contains($0.key.due) }
        for (due, attempts) in Dictionary(grouping: rows, by: { $0.key.due }) {
            let newest = attempts.max { $0.key.attempt < $1.key.attempt }
            let hasRun = attempts.contains { $0.state != .skipped && $0.state != .missed }
            let flow = newest.flatMap { self.flow($0.flow) }
            slots[due] = .init(newest: newest, hasRun: hasRun, flow: flow, isFlowOpen: flow.map { flows[$0.key]?.isOpen == true } ?? false)
        }
        let above = flows.filter { scope.above.contains($0.key.head) && range.contains($0.key.due) }.sorted { $0.key.head < $1.key.head }
        let others = flows.filter { $1.isOpen && range.contains($0.due) }.sorted { $0.key.head < $1.key.head }
        for (key, flow) in above + others where slots[key.due] == nil {
            guard flow.member(scope.job) != nil else { continue }
            slots[key.due] = .init(newest: nil, hasRun: false, flow: self.flow(key), isFlowOpen: flow.isOpen)
        }
        return slots
    }

    private func accounted(_ scope: BackfillScope) -> ClosedRange<Instant>? {
        guard let head = controls[scope.head], let first = [head, controls[scope.job] ?? head].map(\.registeredAt).max() else { return nil }
        return first <= head.accountedUntil ? first...head.accountedUntil : nil
    }
}
