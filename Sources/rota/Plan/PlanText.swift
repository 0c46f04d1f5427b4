import JobFiles
import Scheduling
import Timetable

/// A plan for people.
struct PlanText {
    private let report: PlanReport

    private static let mostDues = 3
    private static let mostKept = 10
    private static let mostOpenRuns = 5

    init(_ report: PlanReport) { self.report = report }

    func show() {
        for problem in report.problems { print(problem) }
        showKept()
        if !report.hasLedger { print("No scheduler has run on this state folder yet: every job is new.") }
        for added in report.jobs.added { show(added) }
        for changed in report.jobs.changed { show(changed) }
        for removed in report.jobs.removed { show(removed) }
        for job in report.affected {
            print("  " + Terminal.bold(job.text) + "  (not changed itself)")
            showJoin(of: job)
            showRuns(of: job)
        }
        showPools()
        showClock()
        print(summary)
    }

    // MARK: jobs

    /// One line a file, and one for what stood in another file before.
    private func showKept() {
        let faulty = Set(report.problems.filter { $0.severity == .error }.map(\.file))
        let groups = Dictionary(grouping: report.jobs.kept) { faulty.contains($0.file) ? $0.file : "" }
        for (file, kept) in groups.sorted(by: { $0.key < $1.key }) {
            let place = file.isEmpty ? "" : kept.count == 1 ? "\(file):\(kept[0].line): " : file + ": "
            let names = list(kept.prefix(Self.mostKept).map { "`\($0.job.name)`" }, of: kept.count)
            print(
                kept.count == 1
                    ? "\(place)the job \(names) stays in force as it is until its file is mended"
                    : "\(place)\(kept.count) jobs stay in force as they are until that is mended: \(names)")
        }
    }

    private func show(_ added: PlannedJobs.Added) {
        let job = added.definition.job
        head(.added, job.name, added.definition, added.renamedFrom.map { "renamed from \($0), it seems" })
        line("due by", List.origin(job))
        showRuns(of: job.name)
    }

    private func show(_ changed: PlannedJobs.Changed) {
        head(.changed, changed.definition.job.name, changed.definition, nil)
        for change in changed.changes { show(change) }
        if changed.changes.contains(where: { $0.key == "after" || $0.key == "join" }) {
            line("flows", "those that have begun keep their parents; the change holds for flows due after it")
        }
        showJoin(of: changed.definition.job.name)
        showRuns(of: changed.definition.job.name)
        showOpenRuns(of: changed.definition.job.name)
    }

    private func show(_ change: KeyChange) {
        let lines = TextDifference.lines(from: change.before, to: change.after)
        guard lines.count > 1 else { return line(change.key, lines.first ?? "") }
        line(change.key, "")
        for text in lines { print("      " + text) }
    }

    private func show(_ removed: PlannedJobs.Removed) {
        head(.removed, removed.job, nil, removed.renamedTo.map { "renamed to \($0), it seems" })
        showRuns(of: removed.job)
        showOpenRuns(of: removed.job)
    }

    private func head(_ mark: Terminal.Mark, _ job: JobName, _ definition: Definition?, _ note: String?) {
        let place = definition.map { "  \($0.file):\($0.line)" } ?? ""
        print(Terminal.painted(mark.rawValue + " " + job.text, mark) + place + (note.map { "  (\($0))" } ?? ""))
    }

    private func line(_ name: String, _ text: String) {
        print("    " + name + (text.isEmpty ? "" : String(repeating: " ", count: max(10 - name.count, 2)) + text))
    }

    // MARK: runs

    private func showJoin(of job: JobName) {
        guard let join = report.joins[job] else { return }
        let meaning =
            switch join.after {
            case .flow: "once in each flow of the head that its parents have in common"
            case .latest: "its parents have no head in common any more, so whenever each of them has come to a new end"
            }
        line("join", "\(join.before.rawValue) → \(join.after.rawValue): \(meaning)")
    }

    private func showRuns(of job: JobName) {
        guard let runs = report.runs[job], !runs.isEmpty else { return }
        if runs.isMove {
            let pairs = zip(runs.vanish, runs.appear).prefix(Self.mostDues).map { "\($0.rfc3339) → \($1.rfc3339)" }
            return line("runs", "\(runs.appear.count) \(runs.appear.count == 1 ? "moves" : "move"): " + list(pairs, of: runs.appear.count))
        }
        if !runs.appear.isEmpty { line("runs", dues(runs.appear, "appears", "appear")) }
        if !runs.vanish.isEmpty { line("runs", dues(runs.vanish, "vanishes", "vanish")) }
    }

    private func dues(_ dues: [Instant], _ one: String, _ several: String) -> String {
        "\(dues.count) \(dues.count == 1 ? one : several): " + list(dues.prefix(Self.mostDues).map(\.rfc3339), of: dues.count)
    }

    private func list(_ items: [String], of count: Int) -> String { items.joined(separator: ", ") + (count > items.count ? ", …" : "") }

    private func showOpenRuns(of job: JobName) {
        let open = report.openRuns[job] ?? []
        for run in open.prefix(Self.mostOpenRuns) { line("open", "\(run.id) is \(Terminal.painted(run.state.rawValue)): \(run.text)") }
        if open.count > Self.mostOpenRuns { line("open", "and \((open.count - Self.mostOpenRuns).of("other run"))") }
    }

    // MARK: the whole

    private func showPools() {
        let pools = report.pools
        guard !pools.isEmpty else { return }
        print(Terminal.bold("pools"))
        for (name, before, after) in pools {
            print("    " + name)
            print("      before  " + (before?.words(in: .utc) ?? "nothing"))
            print("      after   " + (after?.words(in: .utc) ?? "nothing"))
        }
    }

    private func showClock() {
        let lines = report.clock.lines
        guard !lines.isEmpty else { return }
        print(Terminal.bold("changes of the clock"))
        for text in lines { print("    " + text) }
    }

    private var summary: String {
        let time = "runs were compared until \(report.end.rfc3339.prefix(16))Z"
        if report.jobs.isEmpty { return "Nothing changes." }
        let jobs = report.jobs
        return "\(jobs.added.count.of("job")) added, \(jobs.changed.count) changed, \(jobs.removed.count) removed; \(time)"
    }

    private func print(_ text: some Any) { Swift.print(text) }
}
