import Timetable

/// Parameters and outputs: values that a row gets when it is made. They never change then, so that a retry has those of its attempt.
extension Scheduler {
    /// Gives a new row the values of its job that nobody gave it. A retry has those of the attempt before, whatever its job says by now, and
    /// so has a mark.
    func withOwnParameters(_ run: Run) -> Run {
        guard run.trigger != .retry, run.trigger != .mark, let defaults = graph.jobs[run.key.job]?.job.parameters, !defaults.isEmpty else {
            return run
        }
        var complete = run
        complete.parameters = defaults.compactMapValues(\.self).merging(run.parameters) { $1 }
        return complete
    }

    /// What a member of a flow gets from those before it: what the head has, then what its parents have, then what they left behind; of
    /// several parents in the order of `after`, and the later value counts.
    ///
    /// It is read from their rows, and these hold what came from further above. So it is passed on through a whole flow, and a restart
    /// changes nothing.
    func inheritance(of member: FlowPlan.Member, in key: FlowKey) -> [String: String] {
        guard let flow = flows[key] else { return [:] }
        let parents = member.after.compactMap { flow.newest[$0.parent] }
        var values = flow.newest[key.head]?.parameters ?? [:]
        for parent in parents { values.merge(trusted(parent.parameters, of: parent, by: member.job)) { $1 } }
        for parent in parents { values.merge(trusted(parent.output, of: parent, by: member.job)) { $1 } }
        return values
    }

    /// Whoever writes the environment of a command decides what it does (`LD_PRELOAD`, `PATH`). So what runs as one user gets of what runs
    /// as another only the parameters that its own file names.
    private func trusted(_ values: [String: String], of parent: Run, by child: JobName) -> [String: String] {
        guard !values.isEmpty, let job = graph[child] else { return values }
        if let parent = graph[parent.key.job], parent.user == job.user { return values }
        return values.filter { job.parameters.keys.contains($0.key) }
    }

    /// Why a run by hand cannot have just these values; nil when it can.
    func refusal(of given: [String: String], for job: Job) -> Answer? {
        if job.parameters.isEmpty { return nil }
        let known = job.parameters.keys.sorted()
        if let stranger = given.keys.sorted().first(where: { !known.contains($0) }) {
            let near = nearNames(to: stranger, among: known).first
            let advice = near.map { "did you mean `\($0)`?" } ?? "it has \(known.map { "`\($0)`" }.joined(separator: ", "))"
            return .refused("the job `\(job.name)` has no parameter `\(stranger)`; \(advice)")
        }
        let missing = known.filter { job.parameters[$0] == .some(nil) && given[$0] == nil }
        if missing.isEmpty { return nil }
        let words = missing.map { "`\($0)`" }.joined(separator: " and ")
        let options = missing.map { "--param \($0)=…" }.joined(separator: " ")
        return .refused("the job `\(job.name)` must be given \(words): rota run \(job.name) \(options)")
    }
}
