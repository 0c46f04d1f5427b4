package import Scheduling

extension Simulation {
    /// What somebody will ask for; which run is meant shows only then.
    package enum Wish: Sendable {
        case run(JobName)
        /// The oldest or the newest open run.
        case kill(JobName, newest: Bool)
        /// The newest row, or one so many before it.
        case retry(JobName, back: Int)
        case pause(PauseScope)
        case resume(PauseScope)

        /// nil when there is nothing of the kind.
        func request(in ledger: SimulationLedger) -> Request? {
            switch self {
            case .run(let job): return .run(job, parameters: [:])
            case .kill(let job, let newest):
                let open = ledger.rows(of: job).filter(\.state.isOpen)
                return (newest ? open.last : open.first).map { .kill($0.key, by: "ada") }
            case .retry(let job, let back): return ledger.rows(of: job).dropLast(back).last.map { .retry($0.key, by: "ada") }
            case .pause(let scope): return .pause(scope, by: "ada")
            case .resume(let scope): return .resume(scope, by: "ada")
            }
        }
    }
}
