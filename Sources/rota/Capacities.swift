import Daemon
import JobFiles
import Scheduling

extension Settings {
    /// The executors of the type `local`: that one, and those of the settings.
    var localExecutors: Set<String> { Set(executors.keys).union(["local"]) }

    /// What each pool has: what the settings say, completed for local executors by 64 places and what the machine has.
    func capacities() -> [String: PoolCapacity] {
        let machine = PoolCapacity(runs: 64).completed(by: Machine.capacity())
        let ofExecutors = Dictionary(uniqueKeysWithValues: localExecutors.map { ($0, machine) })
        return ofExecutors.merging(pools) { $1.completed(by: $0) }
    }
}
