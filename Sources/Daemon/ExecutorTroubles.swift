import Execution
import Logging
import RunHistory

/// What executors tell of themselves, on its way into the ledger and the log. The core hears nothing of it, for nothing follows from it.
enum ExecutorTroubles {
    static func notes(of reports: [ExecutorReport], _ log: Logger) -> [DefinitionsInForce.Note] {
        reports.compactMap { report in
            guard case .trouble(let executor, let trouble) = report else { return nil }
            if let trouble {
                log.warning("an executor is in trouble", metadata: ["executor": "\(executor)", "reason": "\(trouble.reason)"])
                return { try $0.trouble(of: executor, reason: trouble.reason, isOfAll: trouble.isOfAll) }
            }
            return { notes in
                if try notes.endTrouble(of: executor) { log.info("an executor is well again", metadata: ["executor": "\(executor)"]) }
            }
        }
    }

    /// Of executors that are not there any more nobody tells that they are well.
    static func ofOthers(than executors: some Sequence<String>) -> DefinitionsInForce.Note {
        let names = Array(executors)
        return { try $0.keepTroubles(of: names) }
    }
}
