internal import Scheduling

/// Decides which definitions are in force together: the new ones as far as they fit, else those in force before.
struct Judgement {
    /// What was in force before.
    let inForce: [JobName: Definition]
    /// What the files say, in any order.
    var candidates: [Definition] = []
    /// Names of jobs that the files hold, but whose definitions could not be read.
    var refused: Set<JobName> = []
    private(set) var problems: [Problem] = []

    init(inForce: [JobName: Definition]) { self.inForce = inForce }

    /// Adds what is in force of those `names` for which no file has anything to say now.
    mutating func keep(_ names: some Collection<JobName>) {
        guard !names.isEmpty else { return }
        let present = Set(candidates.map(\.job.name))
        candidates += Set(names).subtracting(present).compactMap { inForce[$0] }
    }

    /// Builds the graph; what is refused falls back to its definition in force, for as long as that fits the others.
    mutating func run() -> (graph: JobGraph, definitions: [JobName: Definition]) {
        var chosen = Dictionary(candidates.map { ($0.job.name, $0) }) { first, _ in first }
        reportDuplicates(chosen)
        var (graph, refusals) = JobGraph.build(sharing: candidates.map(\.shared), refused: refused)
        let names = refusals.isEmpty ? [] : Set(chosen.keys).union(refused).map(\.text)
        for (index, refusal) in refusals.enumerated() { report(refusal, chosen, near: index < Self.mostNear ? names : []) }
        var fallen: Set<JobName> = []
        while !refusals.isEmpty {
            for name in Set(refusals.flatMap(\.jobs)) {
                // Refused a second time, there is nothing left to fall back to.
                chosen[name] = fallen.insert(name).inserted ? inForce[name] : nil
            }
            (graph, refusals) = JobGraph.build(sharing: chosen.values.map(\.shared), refused: refused.union(fallen))
        }
        return (graph, chosen)
    }

    /// Reports each of several definitions of one name, with the place of another.
    private mutating func reportDuplicates(_ first: [JobName: Definition]) {
        guard first.count < candidates.count else { return }
        for (name, all) in Dictionary(grouping: candidates, by: \.job.name) where all.count > 1 {
            let definitions = all.sorted { ($0.file, $0.nameLine) < ($1.file, $1.nameLine) }
            for (index, definition) in definitions.enumerated() {
                let other = definitions[index == 0 ? 1 : 0]
                report(
                    "the job `\(name)` is defined a second time in \(other.file):\(other.nameLine); give one of them another name",
                    at: definition.places?.name, of: definition)
            }
        }
    }

    /// For so many problems a name that may have been meant is looked for: that takes as long as there are names.
    private static let mostNear = 20

    /// - Parameter names: Among which a parent may be that is not there under its own.
    private mutating func report(_ refusal: GraphProblem, _ chosen: [JobName: Definition], near names: [String]) {
        if case .duplicate = refusal { return }
        guard let name = refusal.jobs.first, let definition = chosen[name] else { return }
        report(Self.message(of: refusal, near: names), at: definition.places?.place(of: refusal), of: definition)
    }

    private static func message(of refusal: GraphProblem, near names: [String]) -> String {
        guard case .unknownParent(let job, let parent) = refusal,
            let near = suggestion(for: parent.text, among: names.filter { $0 != job.text })
        else { return refusal.message }
        return "the job `\(job)` comes after `\(parent)`, but no such job is defined; did you mean `\(near)`?"
    }

    private mutating func report(_ message: String, at place: Place?, of definition: Definition) {
        let place = place ?? Place(line: definition.line, column: 1)
        problems.append(Problem(file: definition.file, line: place.line, column: place.column, message: message))
    }
}

extension Definition {
    fileprivate var nameLine: Int { places?.name.line ?? line }
}
