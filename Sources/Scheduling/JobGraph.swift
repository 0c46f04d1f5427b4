/// A job that several hold: its value is large, and a table of a hundred thousand of them by name is mostly air.
package final class SharedJob: Sendable {
    package let job: Job

    package init(_ job: Job) { self.job = job }
}

/// Jobs and the arrows between them. A graph that you hold is valid: names are unique, every parent exists, nothing goes round.
package struct JobGraph: Sendable {
    package private(set) var jobs: [JobName: SharedJob] = [:]
    /// For each job its children, sorted by name.
    package private(set) var children: [JobName: [JobName]] = [:]
    /// Every job, parents before children, otherwise by name.
    package private(set) var order: [JobName] = []
    /// For each job with parents, how their ends are joined.
    package private(set) var joins: [JobName: Join] = [:]
    /// For each job that joins a flow the one whose runs begin it; the others are heads themselves.
    package private(set) var heads: [JobName: JobName] = [:]
    /// For each job with parents its place in `order`.
    private var places: [JobName: Int] = [:]

    package init() {}

    /// Builds a graph of the jobs that may be in force together, and tells why the others may not.
    ///
    /// One bad job stops itself and those below it, no other. A job may have several problems; all that do not follow from one another
    /// are told at once. The cost is linear in jobs and edges.
    /// - Parameter refused: Names that the files hold, but whose definitions could not be read; a child of one of these is told so.
    package static func build(_ candidates: [Job], refused: Set<JobName> = []) -> (graph: JobGraph, problems: [GraphProblem]) {
        build(sharing: candidates.map(SharedJob.init), refused: refused)
    }

    /// The same of jobs that somebody else holds as well.
    package static func build(sharing candidates: [SharedJob], refused: Set<JobName> = []) -> (graph: JobGraph, problems: [GraphProblem]) {
        var build = GraphBuild(refused: refused)
        build.takeUnique(candidates)
        build.refuseLoops()
        build.refuseOrphans()
        return build.finish()
    }

    package subscript(name: JobName) -> Job? { jobs[name]?.job }

    /// The job whose runs begin the flows of this one, and whose slots are its dues: itself, or the head above it; of a stranger itself.
    package func head(of name: JobName) -> JobName { heads[name] ?? name }

    fileprivate init(jobs: [JobName: SharedJob], order: [JobName]) {
        self.jobs = jobs
        self.order = order
        for (place, name) in order.enumerated() {
            let parents = jobs[name]?.job.after ?? []
            if !parents.isEmpty { places[name] = place }
            for edge in parents { children[edge.parent, default: []].append(name) }
        }
        for parent in children.keys { children[parent]?.sort() }
    }

    /// Works out join and head of `name`; its parents must have been through this before.
    /// - Returns: The heads of the parents when `join: flow` was asked for and cannot be.
    fileprivate mutating func resolveJoin(of name: JobName) -> [JobName]? {
        guard let job = self[name], !job.after.isEmpty else { return nil }
        let above = Set(job.after.map { heads[$0.parent] ?? $0.parent })
        if job.schedule == nil, !job.isChronos, job.join != .latest, above.count == 1, let head = above.first {
            joins[name] = .flow
            heads[name] = head
            return nil
        }
        joins[name] = .latest
        return job.join == .flow ? above.sorted() : nil
    }
}

extension JobGraph {
    /// The jobs that owe a run in a flow begun by `head`, and the edges that count in it.
    package func flowPlan(from head: JobName) -> FlowPlan {
        var members: Set<JobName> = [head]
        var open = [head]
        while let next = open.popLast() {
            for child in children[next] ?? [] where joins[child] == .flow && members.insert(child).inserted {
                open.append(child)
            }
        }
        guard members.count > 1 else { return FlowPlan(head: head, members: []) }
        let sorted = members.subtracting([head]).sorted { (places[$0] ?? 0) < (places[$1] ?? 0) }
        return FlowPlan(
            head: head,
            members: sorted.map { name in
                FlowPlan.Member(job: name, after: (self[name]?.after ?? []).filter { members.contains($0.parent) })
            }
        )
    }
}

/// Why a job may not be in force beside the others.
package enum GraphProblem: Hashable, Sendable {
    /// A second definition of a name; the jobs of that name stand in the order in which they were given.
    case duplicate(JobName)
    case unknownParent(job: JobName, parent: JobName)
    /// The parent stands in the files, but is itself refused.
    case refusedParent(job: JobName, parent: JobName)
    case selfParent(JobName)
    /// The jobs of the loop, each the parent of the next, the last the parent of the first.
    case cycle([JobName])
    /// `join: flow` was asked for, but the parents have these several heads, or the job has a schedule of its own.
    case noCommonHead(job: JobName, heads: [JobName])

    /// The jobs that this problem keeps out.
    package var jobs: [JobName] {
        switch self {
        case .duplicate(let job), .selfParent(let job): [job]
        case .unknownParent(let job, _), .refusedParent(let job, _), .noCommonHead(let job, _): [job]
        case .cycle(let jobs): jobs
        }
    }

    /// What is wrong, and what would be right, in one sentence.
    package var message: String {
        switch self {
        case .duplicate(let job):
            "the job `\(job)` is defined more than once; give one of them another name"
        case .unknownParent(let job, let parent):
            "the job `\(job)` comes after `\(parent)`, but no such job is defined; define it or take it out of `after`"
        case .refusedParent(let job, let parent):
            "the job `\(job)` comes after `\(parent)`, which has an error of its own; mend that first"
        case .selfParent(let job):
            "the job `\(job)` comes after itself; a job cannot be its own parent"
        case .cycle(let jobs):
            "these jobs wait for one another in a circle: \((jobs + jobs.prefix(1)).map(\.text).joined(separator: " → ")); take one of them out of an `after`"
        case .noCommonHead(let job, let heads):
            heads.count > 1
                ? "`join: flow` needs one common head, but the parents of `\(job)` have \(heads.map { "`\($0)`" }.joined(separator: " and ")); use `join: latest`"
                : "`join: flow` is for jobs that only their parents make due, but `\(job)` has a schedule of its own or is in the Chronos shape; use `join: latest`"
        }
    }
}

/// The steps of `JobGraph.build`, each taking out what may not stay.
private struct GraphBuild {
    var jobs: [JobName: SharedJob] = [:]
    var refused: Set<JobName>
    var problems: [GraphProblem] = []

    init(refused: Set<JobName>) { self.refused = refused }

    mutating func takeUnique(_ candidates: [SharedJob]) {
        var twice: Set<JobName> = []
        for shared in candidates where jobs.updateValue(shared, forKey: shared.job.name) != nil { twice.insert(shared.job.name) }
        for name in twice.sorted() { refuse(.duplicate(name)) }
    }

    /// A job of a loop is also told of its parents that are missing for another reason.
    mutating func refuseLoops() {
        let refusedBefore = refused
        var looped: [Job] = []
        for (name, shared) in jobs.sorted(by: { $0.key < $1.key }) where shared.job.after.contains(where: { $0.parent == name }) {
            refuse(.selfParent(name))
            looped.append(shared.job)
        }
        while true {
            let found = loops()
            if found.isEmpty { break }
            for loop in found {
                looped += loop.compactMap { jobs[$0]?.job }
                refuse(.cycle(loop))
            }
        }
        for job in looped {
            problems += missingParents(of: job).filter { problem in
                if case .refusedParent(_, let parent) = problem { refusedBefore.contains(parent) } else { true }
            }
        }
    }

    mutating func refuseOrphans() {
        var children: [JobName: [JobName]] = [:]
        for (name, shared) in jobs {
            for edge in shared.job.after { children[edge.parent, default: []].append(name) }
        }
        var orphans: [Job] = []
        var doubtful = jobs.keys.sorted()
        while !doubtful.isEmpty {
            let found = doubtful.compactMap { name in jobs[name].flatMap { missingParents(of: $0.job).isEmpty ? nil : $0.job } }
            for job in found { refuse(job.name) }
            orphans += found
            doubtful = Set(found.flatMap { children[$0.name] ?? [] }).sorted()
        }
        // Only now is it known of each of their parents whether it stays.
        for job in orphans {
            problems += missingParents(of: job)
            // Heads are not known without the parents, but that it has a schedule is.
            if job.join == .flow, job.schedule != nil { problems.append(.noCommonHead(job: job.name, heads: [])) }
        }
    }

    /// One problem for each parent that is not there now.
    private func missingParents(of job: Job) -> [GraphProblem] {
        job.after.compactMap { edge in
            if jobs[edge.parent] != nil { return nil }
            return refused.contains(edge.parent)
                ? .refusedParent(job: job.name, parent: edge.parent) : .unknownParent(job: job.name, parent: edge.parent)
        }
    }

    mutating func finish() -> (JobGraph, [GraphProblem]) {
        var graph = JobGraph(jobs: jobs, order: sortedParentsFirst())
        var impossible: [GraphProblem] = []
        for name in graph.order {
            if let heads = graph.resolveJoin(of: name) { impossible.append(.noCommonHead(job: name, heads: heads)) }
        }
        if impossible.isEmpty { return (graph, problems) }
        for problem in impossible { refuse(problem) }
        refuseOrphans()
        return finish()
    }

    private mutating func refuse(_ problem: GraphProblem) {
        problems.append(problem)
        for name in problem.jobs { refuse(name) }
    }

    private mutating func refuse(_ name: JobName) {
        jobs[name] = nil
        refused.insert(name)
    }

    /// Kahn's algorithm, by name among those that are free.
    private func sortedParentsFirst() -> [JobName] {
        var waitsFor = jobs.mapValues(\.job.after.count)
        var children: [JobName: [JobName]] = [:]
        for (name, shared) in jobs {
            for edge in shared.job.after { children[edge.parent, default: []].append(name) }
        }
        var free = waitsFor.filter { $0.value == 0 }.map(\.key).sorted()
        var order: [JobName] = []
        order.reserveCapacity(jobs.count)
        while !free.isEmpty {
            var next: [JobName] = []
            for name in free {
                order.append(name)
                for child in children[name] ?? [] {
                    waitsFor[child, default: 0] -= 1
                    if waitsFor[child] == 0 { next.append(child) }
                }
            }
            free = next.sorted()
        }
        return order
    }

    /// Loops among `jobs` that share no job, each beginning with its first name; empty when nothing goes round.
    private func loops() -> [[JobName]] {
        let ordered = Set(sortedParentsFirst())
        // What is left over stands on a loop or below one that has no way in; an unknown parent counts as no arrow.
        let left = jobs.keys.filter { !ordered.contains($0) }.sorted()
        var settled: Set<JobName> = []
        var loops: [[JobName]] = []
        for start in left where !settled.contains(start) {
            var path: [JobName] = []
            var places: [JobName: Int] = [:]
            var current: JobName? = start
            while let name = current {
                if let from = places[name] {
                    let loop = Array(path[from...].reversed())
                    let first = loop.indices.min { loop[$0] < loop[$1] } ?? 0
                    loops.append(Array(loop[first...] + loop[..<first]))
                    break
                }
                places[name] = path.count
                path.append(name)
                let parents = (jobs[name]?.job.after ?? []).map(\.parent)
                current = parents.first { jobs[$0] != nil && !ordered.contains($0) && !settled.contains($0) }
            }
            settled.formUnion(path)
        }
        return loops
    }
}
