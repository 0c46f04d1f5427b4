import Daemon
import JobFiles
import RunHistory
import Scheduling
import Timetable

/// Everything that `rota plan` finds out.
struct PlanReport {
    let folder: String
    let start: Instant
    let end: Instant
    /// Whether a scheduler ever ran there.
    let hasLedger: Bool
    let jobs: PlannedJobs
    let problems: [Problem]
    /// Of all jobs whose runs differ.
    let runs: [JobName: RunChanges]
    let before: RunForecast
    let after: RunForecast
    /// Of jobs that change or go.
    let openRuns: [JobName: [OpenRunEffect]]

    /// Of jobs in force before and after, where it is another one.
    let joins: [JobName: JoinChange]

    struct JoinChange {
        let before: Join
        let after: Join
    }

    /// Jobs that stay as they are, but whose runs differ, or when they are due: their parents change, or go.
    var affected: [JobName] {
        let own = Set(jobs.added.map(\.definition.job.name) + jobs.changed.map(\.definition.job.name) + jobs.removed.map(\.job))
        return Set(runs.filter { !$1.isEmpty }.keys).union(joins.keys).subtracting(own).sorted()
    }

    init(_ reader: LedgerReader?, folder path: String, at now: Instant, until end: Instant, _ place: Place) throws {
        (folder, start, self.end, hasLedger) = (path, now, end, reader != nil)
        let stored = try reader?.restored().definitions ?? []
        // Another folder would come in the place of the scheduler's own: a file with an error leaves what that one's file said.
        let own = try reader?.scheduler()?.jobsFolder ?? path
        let inForce = StoredJobs(stored).definitions(below: own, movedTo: path)
        let placement = try place.places(of: reader).placement
        var folder = JobFolder(path: path, inForce: inForce, mindsWriters: false, placement: placement)
        let reading = try folder.read(at: now)
        let files = try Self.asWritten(reading, at: path, placement, now)
        jobs = PlannedJobs(stored, reading, asWritten: files)
        // What stays as it is was warned of before.
        let news = jobs.added.map(\.definition) + jobs.changed.map(\.definition)
        problems = Set(reading.problems + files.problems + news.flatMap { $0.scheduleWarnings(at: now) }).sorted()
        var stage =
            try reader.map { try RehearsalStage($0, at: now, configured: place.settings) }
            ?? RehearsalStage(at: now, configured: try place.settings())
        for added in jobs.added {
            if let old = added.renamedFrom { stage.durations[added.definition.job.name] = stage.durations[old] }
        }
        before = RunForecast(stage, until: end)
        after = jobs.isEmpty ? before : RunForecast(stage, graph: reading.graph, until: end)
        let (before, after) = (before, after)
        let names = Set(before.dues.keys).union(after.dues.keys)
        runs = Dictionary(uniqueKeysWithValues: names.map { ($0, RunChanges(of: $0, from: before, to: after)) })
        joins = Self.joins(of: reading.graph, before: stage.graph)
        openRuns = Self.effects(on: try reader?.openRuns() ?? [], of: jobs)
    }

    /// What the files say without anything in force to fall back to, as `rota validate` reads them: the last good version of a file with an
    /// error would hide what is wrong between the jobs of its new one.
    private static func asWritten(_ reading: Reading, at path: String, _ placement: Placement, _ now: Instant) throws -> Reading {
        guard reading.problems.contains(where: { $0.severity == .error }) else { return reading }
        var folder = JobFolder(path: path, mindsWriters: false, placement: placement)
        return try folder.read(at: now)
    }

    /// How the ends of parents are joined follows from the parents' parents too.
    private static func joins(of after: JobGraph, before: JobGraph) -> [JobName: JoinChange] {
        var changes: [JobName: JoinChange] = [:]
        for name in after.order {
            guard let old = before.joins[name], let new = after.joins[name], old != new else { continue }
            changes[name] = JoinChange(before: old, after: new)
        }
        return changes
    }

    private static func effects(on open: [StoredRun], of jobs: PlannedJobs) -> [JobName: [OpenRunEffect]] {
        var becoming: [JobName: Job?] = [:]
        for changed in jobs.changed { becoming[changed.definition.job.name] = .some(changed.definition.job) }
        for removed in jobs.removed { becoming[removed.job] = .some(nil) }
        var effects: [JobName: [OpenRunEffect]] = [:]
        for run in open {
            guard let job = becoming[run.run.key.job] else { continue }
            effects[run.run.key.job, default: []].append(OpenRunEffect(run, becoming: job))
        }
        return effects
    }

    /// Pools that become fuller, emptier or more in demand.
    var pools: [(name: String, before: RehearsalLoad.Pool?, after: RehearsalLoad.Pool?)] {
        Set(before.load.pools.keys).union(after.load.pools.keys).sorted().compactMap { name in
            let (old, new) = (before.load.pools[name], after.load.pools[name])
            let isTheSame =
                PoolResource.allCases.allSatisfy { old?[$0].most ?? 0 == new?[$0].most ?? 0 }
                && old?.waited ?? 0 == new?.waited ?? 0 && old?.waiting.most ?? 0 == new?.waiting.most ?? 0
            return isTheSame ? nil : (name, old, new)
        }
    }

    /// What changes of the clock do to jobs that come or change.
    var clock: ClockEffects {
        let names = Set(jobs.added.map(\.definition.job.name) + jobs.changed.map(\.definition.job.name))
        return ClockEffects(of: after.schedules.filter { names.contains($0.key) }, from: start, to: end)
    }
}
