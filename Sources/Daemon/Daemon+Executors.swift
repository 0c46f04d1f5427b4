package import Execution
import Glibc

extension Daemon {
    /// Makes an executor of each engine.
    ///
    /// - Parameters:
    ///   - keeper: The path of `rota-keeper`.
    ///   - node: The name of this machine.
    package static func executors(
        _ engines: [String: Places.Engine], keeper: String, node: String
    ) throws(DaemonError) -> Executors {
        guard access(keeper, X_OK) == 0 else { throw .keeperMissing(path: keeper) }
        return { runs, report in
            var executors: [String: any Executor] = [:]
            for (name, engine) in engines {
                switch engine {
                case .local: executors[name] = try LocalExecutor(runs: runs, keeper: keeper, node: node, report: report)
                case .slurm(let settings): executors[name] = try SlurmExecutor(settings, runs: runs, keeper: keeper, report: report)
                }
            }
            return executors
        }
    }
}
