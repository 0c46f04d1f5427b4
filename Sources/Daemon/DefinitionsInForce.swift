import JobFiles
import Logging
import RunHistory
import Scheduling

/// What the loop remembers of the definitions in force, and what the ledger is to be told when they change.
struct DefinitionsInForce {
    /// What is written in the transaction of a change.
    typealias Note = (LedgerNotes) throws -> Void

    private var jobs: [JobName: Place] = [:]
    /// Which text of a job is in force, and where it stands.
    private struct Place: Hashable {
        let version: String
        let file: String
        let line: Int
    }

    /// What is wrong with the job files, as it was last logged.
    private var problems: [Problem] = []
    private let log: Logger

    /// - Parameter stored: What was in force when the ledger was last written.
    init(_ stored: [StoredDefinition], log: Logger) {
        self.log = log
        for definition in stored {
            guard let name = JobName(definition.job) else { continue }
            jobs[name] = Place(version: definition.version, file: definition.file, line: definition.line)
        }
    }

    /// The folder of the job's file: what its relative paths mean.
    func folder(of job: JobName) -> String { jobs[job].map { Self.folder(of: $0.file) } ?? "/" }

    /// - Parameter file: An absolute path.
    static func folder(of file: String) -> String {
        file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "/"
    }

    /// Takes a reading as what is in force from now on.
    ///
    /// - Returns: What the ledger is to know: new texts, what changed, what is wrong.
    mutating func replace(by reading: Reading) -> Note {
        var changes: [(kind: String, job: JobName)] = []
        var news: [Definition] = []
        for (name, definition) in reading.definitions {
            let place = Place(version: definition.job.version, file: StateFolder.absolute(definition.file), line: definition.line)
            let old = jobs.updateValue(place, forKey: name)
            if old != place { news.append(definition) }
            if old?.version != place.version { changes.append((old == nil ? "job.added" : "job.changed", name)) }
        }
        for name in jobs.keys where reading.graph[name] == nil {
            jobs[name] = nil
            changes.append(("job.removed", name))
        }
        tell(changes, jobs: reading.graph.jobs.count)
        let rows = tellProblems(of: reading)
        return { [changes, news] notes in
            for new in news {
                try notes.keep(
                    version: new.job.version, job: new.job.name, canonical: new.canonical, source: new.source,
                    file: StateFolder.absolute(new.file), line: new.line)
            }
            for change in changes.sorted(by: { $0.job < $1.job }) { try notes.change(change.kind, job: change.job) }
            try notes.replaceProblems(by: rows)
        }
    }

    /// The job folder cannot be read: everything stays in force, and it stands among the problems until it can.
    ///
    /// - Returns: nil when that is known already.
    mutating func complain(_ text: String, about folder: String) -> Note? {
        let problem = Problem(file: folder, message: text)
        guard problems != [problem] else { return nil }
        problems = [problem]
        log.error("\(problem); everything stays in force")
        let row = LedgerProblem(problem)
        return { try $0.replaceProblems(by: [row]) }
    }

    private func tell(_ changes: [(kind: String, job: JobName)], jobs: Int) {
        for change in changes { log.debug("job definition", metadata: ["change": "\(change.kind)", "job": "\(change.job)"]) }
        if !changes.isEmpty { log.info("job files read", metadata: ["changes": "\(changes.count)", "jobs": "\(jobs)"]) }
    }

    private mutating func tellProblems(of reading: Reading) -> [LedgerProblem] {
        if reading.problems != problems {
            problems = reading.problems
            for problem in problems { log.warning("\(problem)") }
        }
        return problems.map(LedgerProblem.init)
    }
}

extension LedgerProblem {
    init(_ problem: Problem) {
        self.init(
            file: problem.file, line: problem.line, column: problem.column, severity: problem.severity.rawValue, message: problem.message)
    }
}
