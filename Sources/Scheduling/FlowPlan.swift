/// The jobs that owe a run in one flow besides its head, and the edges that count in it: a photograph of the graph at the flow's due.
///
/// It is kept with the flow, so that an edit of `after` holds for flows due after the edit and a restart changes nothing.
package struct FlowPlan: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var job: JobName
        /// Edges from parents that owe a run in this flow; edges from others count as met.
        package var after: [Edge]

        package init(job: JobName, after: [Edge]) {
            self.job = job
            self.after = after
        }
    }

    package let head: JobName
    /// Parents before children; empty for a head without descendants.
    package let members: [Member]

    package init(head: JobName, members: [Member]) {
        self.head = head
        self.members = members
    }
}

extension FlowPlan {
    /// The same flow in which `jobs` owe nothing.
    func without(_ jobs: Set<JobName>) -> FlowPlan {
        let others = members.filter { !jobs.contains($0.job) }
        return FlowPlan(
            head: head,
            members: others.map { member in
                Member(job: member.job, after: member.after.filter { !jobs.contains($0.parent) })
            })
    }

    /// The same flow in which only `job` and those below it owe something, and nobody else is waited for.
    package func narrowed(to job: JobName) -> FlowPlan {
        let family = Set([job] + FlowOutline(self).descendants(of: job))
        return FlowPlan(
            head: head,
            members: members.filter { family.contains($0.job) }.map { member in
                Member(job: member.job, after: member.after.filter { family.contains($0.parent) })
            })
    }

    /// One line a member, `child parent:condition parent:condition`, after a first line with the head. Names hold neither blank nor colon.
    package var text: String {
        ([head.text]
            + members.map { member in
                ([member.job.text] + member.after.map { "\($0.parent):\($0.on.rawValue)" }).joined(separator: " ")
            }).joined(separator: "\n")
    }

    /// Reads what `text` wrote; nil for anything else.
    package init?(text: String) {
        var lines = text.split(separator: "\n").map { $0.split(separator: " ") }[...]
        guard let first = lines.popFirst(), first.count == 1, let head = JobName(String(first[0])) else { return nil }
        var members: [Member] = []
        for line in lines {
            guard let job = JobName(String(line[0])) else { return nil }
            var after: [Edge] = []
            for word in line.dropFirst() {
                let parts = word.split(separator: ":")
                guard parts.count == 2, let parent = JobName(String(parts[0])), let on = EdgeCondition(rawValue: String(parts[1])) else {
                    return nil
                }
                after.append(Edge(parent: parent, on: on))
            }
            members.append(Member(job: job, after: after))
        }
        self.init(head: head, members: members)
    }
}
