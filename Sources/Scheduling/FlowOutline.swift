/// A plan with the way from each job to those that look at it.
struct FlowOutline: Sendable {
    let plan: FlowPlan
    /// For the head and each member the places of its children among the members, ascending.
    private let children: [JobName: [Int]]

    init(_ plan: FlowPlan) {
        self.plan = plan
        var children: [JobName: [Int]] = [:]
        for (place, member) in plan.members.enumerated() {
            for edge in member.after { children[edge.parent, default: []].append(place) }
        }
        self.children = children
    }

    func children(of job: JobName) -> [Int] { children[job] ?? [] }
}
