/// A flow of which some member still owes its run.
struct OpenFlow: Sendable {
    let plan: FlowPlan
    /// For each job that has a row in this flow, its newest attempt.
    var newest: [JobName: Run] = [:]

    enum Verdict: Equatable {
        /// Some parent has not come to its end.
        case pending
        case met
        /// Some parent came to an end that does not meet the edge.
        case impossible
    }

    /// Reads off the rows whether a member with these edges may run; the same rows give the same answer before and after a restart.
    ///
    /// A parent that is no longer in `graph` counts as met.
    func verdict(on edges: [Edge], in graph: JobGraph) -> Verdict {
        var verdict = Verdict.met
        for edge in edges {
            guard let parent = graph[edge.parent] else { continue }
            guard let run = newest[edge.parent], isSettled(run, of: parent) else {
                verdict = .pending
                continue
            }
            if !run.meets(edge.on, softError: parent.softError, onUnknown: parent.onUnknown) { return .impossible }
        }
        return verdict
    }

    /// Whether no member in `graph` owes a run any more.
    func isComplete(in graph: JobGraph) -> Bool {
        ([plan.head] + plan.members.map(\.job)).allSatisfy { name in
            guard let job = graph[name] else { return newest[name].map { !$0.state.isOpen } ?? true }
            return newest[name].map { isSettled($0, of: job) } ?? false
        }
    }

    /// Whether edges may look at this run: it has ended, and is not a lost one that waits for somebody.
    ///
    /// A run whose retry is owed is never the newest: the retry is written with the failure.
    private func isSettled(_ run: Run, of job: Job) -> Bool {
        !run.state.isOpen && !(run.state == .lost && job.onUnknown == .hold)
    }
}
