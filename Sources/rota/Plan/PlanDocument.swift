import JobFiles
import Scheduling
import Timetable

/// The wire shape of a plan: keys are added, never changed.
struct PlanDocument: Encodable {
    private struct Runs: Encodable {
        let appear: [String]
        let vanish: [String]
        let appearing: Int
        let vanishing: Int

        /// The first so many are listed.
        private static let most = 100

        init(_ changes: RunChanges?) {
            (appearing, vanishing) = (changes?.appear.count ?? 0, changes?.vanish.count ?? 0)
            appear = changes?.appear.prefix(Self.most).map(\.rfc3339) ?? []
            vanish = changes?.vanish.prefix(Self.most).map(\.rfc3339) ?? []
        }
    }

    private struct Change: Encodable {
        let key: String
        let before: String?
        let after: String?

        private enum Key: String, CodingKey { case key, before, after }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(key, forKey: .key)
            try container.encode(before, forKey: .before)
            try container.encode(after, forKey: .after)
        }
    }

    private struct Join: Encodable {
        let before: String
        let after: String
    }

    private struct OpenRun: Encodable {
        let id: String
        let state: String
        let effect: String
    }

    private struct PlannedJob: Encodable {
        let job: String
        var file: String?
        var line: Int?
        var renamedFrom: String?
        var renamedTo: String?
        var changes: [Change]?
        var openRuns: [OpenRun]?
        var join: Join?
        let runs: Runs

        init(_ name: JobName, _ definition: Definition?, in report: PlanReport) {
            job = name.text
            file = definition?.file
            line = definition?.line
            join = report.joins[name].map { Join(before: $0.before.rawValue, after: $0.after.rawValue) }
            runs = Runs(report.runs[name])
        }
    }

    private struct Finding: Encodable {
        let file: String
        let line: Int
        let column: Int
        let severity: String
        let message: String
    }

    private struct Peak: Encodable {
        let pool: String
        let before: PeakDocument?
        let after: PeakDocument?

        private enum Key: String, CodingKey { case pool, before, after }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(pool, forKey: .pool)
            try container.encode(before, forKey: .before)
            try container.encode(after, forKey: .after)
        }
    }

    private let folder: String
    private let from: String
    private let until: String
    private let added: [PlannedJob]
    private let changed: [PlannedJob]
    private let removed: [PlannedJob]
    /// Not changed themselves, but their runs are.
    private let affected: [PlannedJob]
    /// Their files have errors, so that they stay as they are.
    private let kept: [String]
    private let problems: [Finding]
    /// Of pools that differ.
    private let peaks: [Peak]
    private let clockChanges: [String]

    init(_ report: PlanReport) {
        folder = report.folder
        from = report.start.rfc3339
        until = report.end.rfc3339
        added = report.jobs.added.map { added in
            var job = PlannedJob(added.definition.job.name, added.definition, in: report)
            job.renamedFrom = added.renamedFrom?.text
            return job
        }
        changed = report.jobs.changed.map { changed in
            var job = PlannedJob(changed.definition.job.name, changed.definition, in: report)
            job.changes = changed.changes.map { Change(key: $0.key, before: $0.before, after: $0.after) }
            job.openRuns = Self.openRuns(of: changed.definition.job.name, in: report)
            return job
        }
        removed = report.jobs.removed.map { removed in
            var job = PlannedJob(removed.job, nil, in: report)
            job.renamedTo = removed.renamedTo?.text
            job.openRuns = Self.openRuns(of: removed.job, in: report)
            return job
        }
        affected = report.affected.map { PlannedJob($0, nil, in: report) }
        kept = report.jobs.kept.map(\.job.name.text)
        problems = report.problems.map {
            Finding(file: $0.file, line: $0.line, column: $0.column, severity: $0.severity.rawValue, message: $0.message)
        }
        peaks = report.pools.map { name, before, after in
            Peak(pool: name, before: before.map { PeakDocument(name, $0) }, after: after.map { PeakDocument(name, $0) })
        }
        clockChanges = report.clock.lines
    }

    private static func openRuns(of job: JobName, in report: PlanReport) -> [OpenRun] {
        (report.openRuns[job] ?? []).map { OpenRun(id: $0.id, state: $0.state.rawValue, effect: $0.text) }
    }
}
