internal import Scheduling
package import Timetable

/// A folder of job files: what it holds, and what of it is in force.
///
/// Only files that changed are read again. A file that turns bad leaves its last good version in force, a file that is being
/// written leaves the version before it, and a file that vanishes leaves its jobs for `grace`, so that a rename or a checkout
/// under way removes nothing. The calendars that jobs except are parts of their files: when one changes, the files that name it are
/// read again.
package struct JobFolder: Sendable {
    /// As the user wrote it.
    package let path: String
    /// How long the jobs of a vanished file stay in force.
    package static let grace = Duration.seconds(10)

    private let mindsWriters: Bool
    private let placement: Placement?
    private var records: [String: Record] = [:]
    private var inForce: [JobName: Definition] = [:]
    private var calendars = Calendars.Known()
    private var last: Reading?
    private var lastWalkProblems: [Problem] = []
    private var round = 0

    /// What is known of one file.
    private struct Record: Sendable {
        var stamp: FileStamp?
        /// Of the last good version.
        var definitions: [Definition] = []
        /// Whether `definitions` are all jobs of one version without errors.
        var isWhole = false
        var problems: [Problem] = []
        var refused: Set<JobName> = []
        /// Paths of the calendars that its newest version names.
        var calendars: Set<String> = []
        var vanished: Instant?
        /// The number of the last reading that found the file; 0 for one that was in force before a restart.
        var round = 0

        /// Takes a new version; of one with errors, what there was before stays, or gets what is good in it if it had errors too.
        mutating func take(_ contents: JobFile.Contents, _ stamp: FileStamp?, _ round: Int) {
            self.stamp = stamp
            self.round = round
            problems = contents.problems
            refused = contents.refused
            calendars = contents.calendars
            if !contents.hasErrors {
                definitions = contents.definitions
                isWhole = true
            } else if !isWhole {
                let renewed = Set(contents.definitions.map(\.job.name))
                definitions = definitions.filter { !renewed.contains($0.job.name) } + contents.definitions
            }
        }
    }

    /// Reads nothing yet.
    /// - Parameters:
    ///   - path: The folder, as problems are to name it.
    ///   - inForce: What was in force before a restart; a file that is bad now leaves its part of this in force.
    ///   - mindsWriters: Whether files that may be half-written are put off. Not for a command that reads once and must answer.
    ///   - placement: What is to be told of the places that jobs name; nil when nothing is known of any.
    package init(path: String, inForce: [Definition] = [], mindsWriters: Bool = true, placement: Placement? = nil) {
        self.path = path
        self.placement = placement
        self.mindsWriters = mindsWriters
        self.inForce = Dictionary(inForce.map { ($0.job.name, $0) }) { first, _ in first }
        let root = path.hasSuffix("/") ? path : path + "/"
        for (file, definitions) in Dictionary(grouping: inForce, by: \.file) where file.hasPrefix(root) {
            records[String(file.dropFirst(root.count))] = Record(definitions: definitions, isWhole: true)
        }
    }

    /// Looks at the whole folder and reads what changed.
    ///
    /// When it throws, nothing changes: what was in force still is.
    /// - Parameters:
    ///   - now: By the wall clock, the one that stamps files.
    ///   - dirty: Paths of files with a write in progress, as `FolderWatch` tells them; they keep their last version.
    ///   - zones: Names of zones whose rules have changed since the last reading; schedules that read their clocks are made anew.
    package mutating func read(
        at now: Instant, dirty: Set<String> = [], newRulesOf zones: [String] = []
    ) throws(JobFolderError) -> Reading {
        let walk = try FolderWalk(root: path)
        round += 1
        var step = Step(now: now, dirty: dirty)
        if !zones.isEmpty { takeRules(of: zones, &step) }
        let calendars = Calendars(known: zones.isEmpty ? calendars : calendars.unread, now: mindsWriters ? now : nil, dirty: dirty)
        forgetStamps(ofFilesNaming: calendars.changed())
        let due = walk.files.compactMap { file in look(at: file.path, file.kind, in: walk, &step) }
        let files = due.map { FileReading.File(path: walk.shown($0), known: records[$0]?.definitions ?? []) }
        let readings = FileReading.all(files, FileReading.Means(mindsWriters: mindsWriters, calendars: calendars, placement: placement))
        for (path, reading) in zip(due, readings) { take(reading, of: path, walk.shown(path), &step) }
        if let again = calendars.lookAgain { step.look(again: again) }
        takeVanished(walk, &step)
        self.calendars = step.hasChanged ? calendars.known.kept(Set(records.values.lazy.flatMap(\.calendars))) : calendars.known
        if let last, !step.hasChanged, walk.problems == lastWalkProblems {
            return Reading(
                graph: last.graph, definitions: last.definitions, problems: last.problems, lookAgain: step.lookAgain,
                files: walk.files.count)
        }
        lastWalkProblems = walk.problems
        let reading = judge(walk, step)
        inForce = reading.definitions
        last = reading
        return reading
    }

    /// One reading under way.
    private struct Step {
        let now: Instant
        let dirty: Set<String>
        var hasChanged = false
        var lookAgain: Instant?

        mutating func look(again at: Instant) { lookAgain = min(lookAgain ?? at, at) }
    }

    // MARK: Files

    /// Makes files due that have not changed, but name calendars which have.
    private mutating func forgetStamps(ofFilesNaming changed: Set<String>) {
        guard !changed.isEmpty else { return }
        for path in records.keys where records[path]?.calendars.isDisjoint(with: changed) == false { records[path]?.stamp = nil }
    }

    /// Notes that the file is there.
    ///
    /// - Returns: Its path when it is to be read now.
    private mutating func look(at path: String, _ kind: FolderWalk.Kind, in walk: FolderWalk, _ step: inout Step) -> String? {
        var known: FileStamp?
        if let index = records.index(forKey: path) {
            if records.values[index].vanished != nil { step.hasChanged = true }
            records.values[index].vanished = nil
            records.values[index].round = round
            known = records.values[index].stamp
        }
        switch kind {
        case .unusable(let message): takeUnusable(path, walk.shown(path), message, nil, &step)
        case .regular(let stamp):
            if known == stamp { return nil }
            if step.dirty.contains(walk.shown(path)) {
                step.look(again: step.now + .seconds(1))
            } else if mindsWriters, let settled = stamp.settles(after: step.now) {
                step.look(again: settled)
            } else {
                return path
            }
        }
        return nil
    }

    private mutating func take(_ reading: FileReading, of path: String, _ shown: String, _ step: inout Step) {
        switch reading {
        case .beingWritten: step.look(again: step.now + FileStamp.settling)
        case .awaitsCalendar: break
        case .unusable(let message, let stamp): takeUnusable(path, shown, message, stamp, &step)
        case .contents(let contents, let stamp): take(contents, of: path, stamp, &step)
        }
    }

    private mutating func take(_ contents: JobFile.Contents, of path: String, _ stamp: FileStamp?, _ step: inout Step) {
        records[path, default: Record()].take(contents, stamp, round)
        step.hasChanged = true
    }

    private mutating func takeUnusable(_ path: String, _ shown: String, _ message: String, _ stamp: FileStamp?, _ step: inout Step) {
        let problems = [Problem(file: shown, message: message)]
        guard records[path]?.problems != problems || records[path]?.stamp != stamp else { return }
        take(JobFile.Contents(problems: problems), of: path, stamp, &step)
    }

    /// Lets go of files that have been away for long enough, and of those that went while nobody looked.
    private mutating func takeVanished(_ walk: FolderWalk, _ step: inout Step) {
        for (path, record) in records where record.round != round {
            if walk.closed.contains(where: { $0.path.isEmpty || path.hasPrefix($0.path + "/") }) { continue }
            var since = record.vanished ?? step.now
            if since > step.now { since = step.now }
            if record.vanished == nil { step.hasChanged = true }
            records[path]?.vanished = since
            if step.now - since >= Self.grace || record.round == 0 {
                records[path] = nil
                step.hasChanged = true
            } else {
                step.look(again: since + Self.grace)
            }
        }
    }

    /// The next reading takes all files anew, also those that have not changed.
    package mutating func forgetStamps() {
        for path in records.keys { records[path]?.stamp = nil }
        calendars = Calendars.Known()
    }

    /// A schedule keeps the rules with which it was made; also that of a file which is bad by now.
    ///
    /// Files with errors are read again: a zone may be among them that is there now. So are those of a definition that the new rules make an
    /// error, which is told there, and the old rules stay in force.
    private mutating func takeRules(of zones: [String], _ step: inout Step) {
        let calendars = Calendars()
        func renewed(_ definition: Definition) -> Definition? {
            guard let schedule = definition.job.schedule, zones.contains(where: schedule.reads) else { return definition }
            step.hasChanged = true
            return definition.readAgain(calendars)
        }
        for (path, record) in records {
            let definitions = record.definitions.map { ($0, renewed($0)) }
            records[path]?.definitions = definitions.map { $1 ?? $0 }
            if !record.problems.isEmpty || definitions.contains(where: { $1 == nil }) { records[path]?.stamp = nil }
        }
        inForce = inForce.mapValues { renewed($0) ?? $0 }
    }

    // MARK: Judgement

    /// Works out what is in force of all that was read.
    private func judge(_ walk: FolderWalk, _ step: Step) -> Reading {
        var judgement = Judgement(inForce: inForce)
        var problems = walk.problems
        var vanished: [JobName] = []
        for record in records.values {
            if record.vanished != nil {
                vanished += record.definitions.map(\.job.name)
            } else {
                judgement.candidates += record.definitions
                judgement.refused.formUnion(record.refused)
                problems += record.problems
            }
        }
        judgement.keep(vanished)
        judgement.keep(judgement.refused)
        let (graph, definitions) = judgement.run()
        problems += judgement.problems
        return Reading(
            graph: graph, definitions: definitions, problems: problems.sorted(), lookAgain: step.lookAgain, files: walk.files.count)
    }
}
