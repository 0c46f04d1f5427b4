import Timetable

/// Parameters and outputs: values that a row gets when it is made. They never change then, so that a retry has those of its attempt.
extension Scheduler {
    /// Gives a new row the values of its job that nobody gave it. A retry has those of the attempt before, whatever its job says by now, and
    /// so has a mark.
    func withOwnParameters(_ run: Run, of shared: SharedJob) -> Run {
        guard run.trigger != .retry, run.trigger != .mark, !shared.job.parameters.isEmpty else { return run }
        var complete = run
        complete.parameters = shared.job.parameters.compactMapValues(\.self).merging(run.parameters) { $1 }
        return complete
    }

    /// Gives a member's new row what comes from above it in its flow, open or not; what is too much is told.
    mutating func inherit(_ run: inout Run, as member: FlowPlan.Member, of flow: OpenFlow?) {
        guard let flow else { return }
        let inheritance = inheritance(of: member, in: flow, from: run.flow.head)
        run.parameters = inheritance.values
        guard let first = inheritance.leftOut.min() else { return }
        let count = inheritance.leftOut.count
        let names = count == 1 ? "`\(first)` is" : "`\(first)` and \(count - 1) more are"
        let detail = "\(names) left out: a run is handed \(Inheritance.limit >> 10) KiB at most; hand on the path of a file instead"
        step.write(.change(Change(kind: "parameters.leftOut", job: run.key.job, run: run.key, detail: detail)))
    }

    /// What a member of a flow gets from those before it: what its parents left behind, then what they have, then what the head has; of
    /// several parents in the order of `after`, and the later value counts.
    ///
    /// It is read from their rows, and these hold what came from further above. So it is passed on through a whole flow, and a restart
    /// changes nothing.
    private func inheritance(of member: FlowPlan.Member, in flow: OpenFlow, from head: JobName) -> Inheritance {
        var inheritance = Inheritance()
        let parents = member.after.reversed().compactMap { flow.newest[$0.parent] }
        for parent in parents { inheritance.add(trusted(parent.handedOn, of: parent, by: member.job)) }
        for parent in parents { inheritance.add(trusted(parent.parameters, of: parent, by: member.job)) }
        if let head = flow.newest[head] { inheritance.add(trusted(head.parameters, of: head, by: member.job)) }
        return inheritance
    }

    /// Whoever writes the environment of a command decides what it does (`LD_PRELOAD`, `PATH`). So what runs as one user gets of what ran
    /// as another only the parameters that its own file names. What was never handed over counts as what its file says by now.
    private func trusted(_ values: [String: String], of giver: Run, by child: JobName) -> [String: String] {
        guard !values.isEmpty, let job = graph[child] else { return values }
        let ranAs = giver.ranAs ?? graph[giver.key.job].map { $0.user ?? "" }
        if ranAs == job.user ?? "" { return values }
        return values.filter { job.parameters.keys.contains($0.key) }
    }

    /// Why a run by hand cannot have just these values; nil when it can.
    func refusal(of given: [String: String], for job: Job) -> Answer? {
        if given.map({ Inheritance.size(of: $0, $1) }).reduce(0, +) > Inheritance.limit {
            return .refused("the parameters have more than \(Inheritance.limit >> 10) KiB; write them to a file, and give its path")
        }
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
