internal import Scheduling

/// Where a definition names what may be told about it later: what it may be at odds with other definitions about, and its schedule.
struct DefinitionPlaces: Sendable {
    /// Where the job's name stands; where its document begins when that is the file's name.
    var name: Place
    /// Of each parent, where it is named.
    var parents: [JobName: Place] = [:]
    /// Where the value of `join` stands.
    var join: Place?

    /// Where the value of `schedule`, else of `cron`, stands.
    var schedule: Place?

    init(name: Place) { self.name = name }

    /// Where to look first to mend `problem`; nil when nothing of the job `name` stands for it.
    func place(of problem: GraphProblem) -> Place? {
        switch problem {
        case .duplicate: name
        case .unknownParent(_, let parent), .refusedParent(_, let parent), .selfParent(let parent): parents[parent]
        case .cycle(let jobs): jobs.last.flatMap { parents[$0] }
        case .noCommonHead: join
        }
    }
}
