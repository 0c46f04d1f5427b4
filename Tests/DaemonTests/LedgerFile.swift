import GRDB

/// A connection of the test's own to a ledger that a daemon may be writing at the same moment: it waits its turn.
func ledgerFile(_ path: String) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(60)
    return try DatabaseQueue(path: path, configuration: configuration)
}
