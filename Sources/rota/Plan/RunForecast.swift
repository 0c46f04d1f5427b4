import Scheduling
import Timetable

/// The dues that are run in a time to come, job by job, and how full it becomes.
struct RunForecast {
    /// Of first attempts that were carried out, ascending.
    private(set) var dues: [JobName: [Instant]] = [:]
    /// Jobs whose dues are the ends of their parents: these shift with every duration, and only their number says anything.
    private(set) var floating: Set<JobName> = []
    private(set) var load: RehearsalLoad
    private(set) var schedules: [JobName: Schedule] = [:]

    /// - Parameters:
    ///   - graph: The definitions that are in force from the beginning on; nil for those that the stage has.
    init(_ stage: RehearsalStage, graph: JobGraph? = nil, until end: Instant) {
        var rehearsal = stage.rehearsal(Rehearsal.Assumptions(durations: stage.durations))
        load = rehearsal.load
        rehearsal.start(with: stage.graph) { take($0) }
        if let graph { rehearsal.define(graph) { take($0) } }
        var runs = 0
        SimulationProgress.pass(&rehearsal, until: end, runs: { runs }) {
            runs += 1
            take($0)
        }
        for run in rehearsal.openRuns where run.state == .running { note(run) }
        load = rehearsal.load
        schedules = rehearsal.schedules
        let underWay = Set(stage.ledger.openRuns.filter(\.state.isActive).map(\.key))
        dues = dues.mapValues { $0.sorted() }
        for key in underWay { dues[key.job]?.removeAll { $0 == key.due } }
    }

    private mutating func take(_ happening: Rehearsal.Happening) {
        if case .ended(let run) = happening, run.startedAt != nil { note(run) }
    }

    private mutating func note(_ run: Run) {
        guard run.key.attempt == 1 else { return }
        dues[run.key.job, default: []].append(run.key.due)
        if run.trigger == .latest { floating.insert(run.key.job) }
    }
}

/// How the runs of one job differ between two forecasts.
struct RunChanges {
    let appear: [Instant]
    let vanish: [Instant]

    var isEmpty: Bool { appear.isEmpty && vanish.isEmpty }
    /// As many come as go: each is taken for one that moves.
    var isMove: Bool { !appear.isEmpty && appear.count == vanish.count }

    init(of job: JobName, from before: RunForecast, to after: RunForecast) {
        let (old, new) = (before.dues[job] ?? [], after.dues[job] ?? [])
        guard !before.floating.contains(job), !after.floating.contains(job) else {
            appear = Array(new.dropFirst(old.count))
            vanish = Array(old.dropFirst(new.count))
            return
        }
        let (olds, news) = (Set(old), Set(new))
        appear = new.filter { !olds.contains($0) }
        vanish = old.filter { !news.contains($0) }
    }
}
