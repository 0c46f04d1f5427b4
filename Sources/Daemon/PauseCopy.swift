import Scheduling
import Timetable

/// The pauses in force, once more beside the ledger: a paused job must not run because its ledger was lost.
///
/// The ledger alone counts as long as it can be read. The copy is brought up to date after each commit that changes a pause.
struct PauseCopy {
    let path: String

    private struct Entry: Codable {
        let scope: String
        let name: String
        let value: String?
        let by: String
        let since: Int64

        init(_ pause: Pause) {
            (scope, name, value) =
                switch pause.scope {
                case .job(let name): ("job", name.text, nil)
                case .label(let key, let value): ("label", key, value)
                case .everything: ("everything", "", nil)
                }
            by = pause.by
            since = pause.since.microseconds
        }

        var pause: Pause? {
            let scope: PauseScope? =
                switch scope {
                case "job": JobName(name).map(PauseScope.job)
                case "label": .label(key: name, value: value)
                case "everything": .everything
                default: nil
                }
            return scope.map { Pause(scope: $0, by: by, since: Instant(microseconds: since)) }
        }
    }

    /// Durable when it returns: the machine may stop, and the ledger be lost with it.
    ///
    /// - Throws: When it cannot be written.
    func write(_ pauses: Pauses) throws {
        try StateFile.replace(path, with: pauses.all.map(Entry.init))
    }

    /// nil when there is none that can be read whole.
    func read() -> [Pause]? { StateFile.read(path) { (entry: Entry) in entry.pause } }
}

extension StateFolder {
    var pauseCopy: PauseCopy { PauseCopy(path: path + "/pauses") }
}
