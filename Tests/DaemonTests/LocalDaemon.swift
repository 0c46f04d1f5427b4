import Daemon
import Foundation
import Logging
import RunHistory
import TestSupport

/// The jobs and the state folder of a daemon with real keepers, and a clock that the test moves.
struct LocalDaemon {
    let path: String

    init(_ path: String) { self.path = path }

    var jobs: String { path + "/jobs" }
    var state: String { path + "/state" }

    func open(_ clock: ManualClock, _ ends: Ends) throws -> Daemon {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var configuration = Daemon.Configuration(
            stateFolder: state, jobsFolder: jobs,
            executors: try Daemon.executors(["local": .local], keeper: Program.products + "/rota-keeper", node: "n1"), node: "n1",
            version: "test")
        configuration.onEnd = { ends.add($0) }
        // A child that is just being started somewhere in this process holds, until it executes, a copy of the lock of the daemon before.
        var daemon: Daemon?
        _ = try wait {
            do { daemon = try Daemon.open(configuration, clock: clock, log: log) } catch DaemonError.heldByAnother {}
            return daemon != nil
        }
        guard let daemon else { throw DaemonError.heldByAnother(path: state, pid: "") }
        return daemon
    }

    func reader() throws -> LedgerReader { try LedgerReader.open(at: state + "/rota.db") }

    /// What the commands wrote of their runs.
    func marks() -> [Substring] {
        ((try? String(contentsOfFile: path + "/marks", encoding: .utf8)) ?? "").split(separator: "\n")
    }
}
