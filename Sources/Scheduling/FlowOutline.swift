/// A plan with the way from each job to those that look at it.
struct FlowOutline: Sendable {
    let plan: FlowPlan
    private let members: Set<JobName>
    /// For the head and each member the places of its children among the members, ascending.
    private let children: [JobName: [Int]]
    /// Whether some member waits for nobody, since all its parents owe nothing in the flow: it is due as soon as the flow has begun.
    let hasFreeMembers: Bool

    init(_ plan: FlowPlan) {
        self.plan = plan
        members = Set(plan.members.map(\.job))
        var children: [JobName: [Int]] = [:]
        for (place, member) in plan.members.enumerated() {
            for edge in member.after { children[edge.parent, default: []].append(place) }
        }
        self.children = children
        hasFreeMembers = plan.members.contains { $0.after.isEmpty }
    }

    func hasMember(_ job: JobName) -> Bool { members.contains(job) }

    func children(of job: JobName) -> [Int] { children[job] ?? [] }

    /// Everybody below `job`, parents before children.
    func descendants(of job: JobName) -> [JobName] {
        var below = Set(children(of: job))
        for place in plan.members.indices where below.contains(place) { below.formUnion(children(of: plan.members[place].job)) }
        return below.sorted().map { plan.members[$0].job }
    }
}
