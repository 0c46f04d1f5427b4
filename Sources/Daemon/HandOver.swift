import Execution

/// The launches of one step on their way to their executors.
///
/// Those of this machine go first, before anything is worked out for a cluster, where a task begins in a second at best: five hundred runs
/// that are due there at once keep no local run waiting.
struct HandOver {
    private let places: Places
    private var here: [String: [Launch]] = [:]
    private var elsewhere: [String: [LaunchPlan]] = [:]
    private var again: [String: [Launch]] = [:]

    init(places: Places) { self.places = places }

    mutating func add(_ plan: LaunchPlan, to executor: String) {
        if case .slurm? = places.engines[executor] {
            elsewhere[executor, default: []].append(plan)
        } else {
            here[executor, default: []].append(plan.launch)
        }
    }

    /// One that was handed over before.
    mutating func add(_ launch: Launch, to executor: String) { again[executor, default: []].append(launch) }

    func carryOut(by executors: [String: any Executor]) {
        for (executor, launches) in here { executors[executor]?.launch(launches) }
        for (executor, launches) in again { executors[executor]?.launch(launches) }
        for (executor, plans) in elsewhere { executors[executor]?.launch(plans.map(\.launch)) }
    }
}
