/// A flow of which some member still owes its run.
struct OpenFlow: Sendable {
    let outline: FlowOutline
    /// For each job that has a row in this flow, its newest attempt.
    var newest: [JobName: Run]
    /// Whoever had his run before somebody above him was run once more: he owes another.
    var stale: StaleMarks = [:]
    /// What was promised of members when the flow was opened.
    var promises: [JobName: FlowPromise] = [:]
    /// Whoever stands before this place, the head at 0 and the members behind it, was settled when it was last looked at.
    private var settledBefore = 0

    init(_ outline: FlowOutline, newest: [JobName: Run] = [:]) {
        self.outline = outline
        self.newest = newest
    }

    init(_ flow: LedgerState.Flow) {
        self.init(
            FlowOutline(flow.plan), newest: Dictionary(flow.runs.map { ($0.key.job, $0) }) { $0.key.attempt > $1.key.attempt ? $0 : $1 })
        stale = flow.stale
        promises = flow.promises
    }

    enum Verdict: Equatable {
        /// Some parent has not come to its end.
        case pending
        case met
        /// Some parent came to an end that does not meet the edge.
        case impossible
    }

    /// Reads off the rows whether a member with these edges may run; the same rows give the same answer before and after a restart.
    ///
    /// A parent that is no longer in `graph`, or was taken out of it when it owed its run, counts as met; but its run that is on its way
    /// is waited for, and judged as it ends.
    func verdict(on edges: [Edge], in graph: JobGraph) -> Verdict {
        var verdict = Verdict.met
        for edge in edges {
            let parent = graph[edge.parent]
            guard let run = newest[edge.parent] else {
                if parent != nil { verdict = .pending }
                continue
            }
            if run.isWithdrawn || parent == nil && run.state == .lost { continue }
            if !isSettled(run, of: parent) || isStale(edge.parent, in: graph) {
                verdict = .pending
            } else if !run.meets(edge.on, softError: parent?.softError ?? false, onUnknown: parent?.onUnknown ?? .skip) {
                return .impossible
            }
        }
        return verdict
    }

    /// Whether no member in `graph` owes a run any more. Over a flow's life this takes time in proportion to its members.
    mutating func isComplete(in graph: JobGraph) -> Bool {
        let members = outline.plan.members
        while settledBefore <= members.count {
            let name = settledBefore == 0 ? outline.plan.head : members[settledBefore - 1].job
            let job = graph[name]
            guard newest[name].map({ isSettled($0, of: job) && !isStale(name, in: graph) }) ?? (job == nil) else { return false }
            settledBefore += 1
        }
        return true
    }

    /// A row of this flow was made or changed.
    mutating func show(_ run: Run) {
        if newest[run.key.job].map({ $0.key.attempt <= run.key.attempt }) ?? true { newest[run.key.job] = run }
    }

    /// Whether `job` is a member that has no run yet.
    func owes(_ job: JobName) -> Bool { newest[job] == nil && outline.hasMember(job) }

    /// The head was skipped or missed, and nobody else had a run: the others owe nothing. Somebody may have had one if a retry of the head
    /// was asked for and then skipped.
    var hasNotBegun: Bool {
        let head = outline.plan.head
        guard let run = newest[head], [.skipped, .missed].contains(run.state) else { return false }
        return newest.allSatisfy { $0 == head || $1.isWithdrawn }
    }

    /// The definitions changed, or somebody who was settled owes another run: what was settled is to be looked at again.
    mutating func lookAtAllAgain() { settledBefore = 0 }

    /// Whether the newest attempt of `job` came before what it is to follow now. A job that is gone owes nothing any more.
    func isStale(_ job: JobName, in graph: JobGraph) -> Bool {
        guard !stale.isEmpty, let attempt = newest[job]?.key.attempt else { return false }
        return stale.outdate(attempt, of: job) && graph[job] != nil
    }

    /// The marks that another run of `job` makes: everybody below it who had his run. Who was skipped for what came before him owes one anyway.
    func staleMarks(below job: JobName) -> StaleMarks {
        var marks = stale
        for name in outline.descendants(of: job) {
            if let run = newest[name], !run.isSkippedUpstream { marks[name, default: [:]][job] = run.key.attempt }
        }
        return marks
    }

    /// Somebody below `job` whose run is on its way.
    func openDescendant(of job: JobName) -> Run? {
        outline.descendants(of: job).compactMap { newest[$0] }.first { $0.state.isOpen }
    }

    /// Whether edges may look at this run: it has ended, and is not a lost one that waits for somebody.
    ///
    /// A run whose retry is owed is never the newest: the retry is written with the failure.
    private func isSettled(_ run: Run, of job: Job?) -> Bool {
        !run.state.isOpen && !run.isHeld(under: job?.onUnknown)
    }
}
