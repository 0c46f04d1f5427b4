package import Execution
package import JobFiles
package import Scheduling
import Timetable

/// Where runs may be carried out and what they may take there, by the settings.
package struct Places: Sendable {
    /// What stands behind the name of an executor.
    package enum Engine: Hashable, Sendable {
        case local
        case slurm(SlurmSettings)
    }

    package var engines: [String: Engine]
    /// Of the pools that have limits.
    package var capacities: [String: PoolCapacity]
    /// Who hands tasks over to clusters; nil when that is not known here.
    package var submitter: SlurmDemand.Submitter?
    /// Whether these are the places of the scheduler; where nothing is known of it, nobody is blamed for naming others.
    package var areComplete: Bool

    package init(
        engines: [String: Engine] = ["local": .local], capacities: [String: PoolCapacity] = ["local": PoolCapacity(runs: 64)],
        submitter: SlurmDemand.Submitter? = nil, areComplete: Bool = true
    ) {
        self.engines = engines
        self.capacities = capacities
        self.submitter = submitter
        self.areComplete = areComplete
    }

    /// What job files are held against.
    package var placement: Placement { Placement { objections(to: $0) } }

    /// Why its executor is not to get a run of the job; nil when it may.
    func refusal(of job: Job) -> String? {
        switch engines[job.runOn] {
        case nil: return nil
        case .local: return containerObjection(to: job).map { "refused: \($0.message)" }
        case .slurm(let settings):
            let objections = SlurmDemand.objections(to: job, on: settings, submitter: submitter)
            return objections.first { !$0.isWarning }.map { "refused: \($0.message)" }
        }
    }

    private func objections(to job: Job) -> [Placement.Objection] {
        engineObjections(to: job) + [poolObjection(to: job)].compactMap(\.self) + excesses(of: job)
    }

    private func engineObjections(to job: Job) -> [Placement.Objection] {
        switch engines[job.runOn] {
        case nil: [unknownExecutor(of: job)]
        case .local: [containerObjection(to: job)].compactMap(\.self) + withoutEffectHere(job)
        case .slurm(let settings):
            SlurmDemand.objections(to: job, on: settings, submitter: submitter).map {
                Placement.Objection(key: $0.key, severity: $0.isWarning ? .warning : .error, message: $0.message)
            }
        }
    }

    private func unknownExecutor(of job: Job) -> Placement.Objection {
        guard areComplete else {
            return Placement.Objection(
                key: "runOn", severity: .warning,
                message: "nothing is known here of the executor `\(job.runOn)`; name the settings file with --config to have that checked")
        }
        let known = engines.keys.sorted()
        let advice =
            nearNames(to: job.runOn, among: known).first.map { "did you mean `\($0)`?" }
            ?? "there \(known.count == 1 ? "is" : "are") \(known.map { "`\($0)`" }.joined(separator: ", "))"
        return Placement.Objection(
            key: "runOn", severity: .error,
            message: "the job `\(job.name)` runs on `\(job.runOn)`, but no such executor is configured; \(advice)")
    }

    /// A job that is tried out on this machine, and runs on a cluster elsewhere, keeps its file.
    private func withoutEffectHere(_ job: Job) -> [Placement.Objection] {
        [("gres", !job.gres.isEmpty), ("slurm", !job.slurm.isEmpty)].filter(\.1).map { key, _ in
            Placement.Objection(
                key: key, severity: .warning,
                message: "`\(key)` has no effect on the executor `\(job.runOn)`, whose runs are processes of this machine; "
                    + "it counts where `runOn` names a Slurm cluster")
        }
    }

    private func poolObjection(to job: Job) -> Placement.Objection? {
        guard let pool = job.pool, capacities[pool] == nil, areComplete else { return nil }
        return Placement.Objection(
            key: "pool", severity: .warning,
            message: "the pool `\(pool)` of the job `\(job.name)` has no capacity and so no limit; "
                + "write pools: { \(pool): 4 } in the settings")
    }

    /// What a job asks for beyond all that a pool of it has: it runs, alone with that.
    private func excesses(of job: Job) -> [Placement.Objection] {
        job.poolNames.flatMap { name in
            PoolResource.allCases.compactMap { resource in
                let asked = job.demand[resource]
                guard resource != .runs, let limit = capacities[name]?[resource], asked > limit else { return nil }
                let key = resource.rawValue
                return Placement.Objection(
                    key: key, severity: .warning,
                    message: "the job `\(job.name)` asks for \(resource.words(asked)), and the pool `\(name)` has \(resource.words(limit)) "
                        + "in all, so that it waits until nobody else there has any; lower `\(key)`, or raise that of the pool in the settings"
                )
            }
        }
    }
}
