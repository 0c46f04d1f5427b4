import GRDB
import Synchronization

/// Folds the write-ahead log into the database, with a connection and in a thread of its own: that waits for the disk, and the loop must not.
///
/// A log of any length is folded in while commits go on; they are held up only for the last few pages, after which the log begins anew.
/// While somebody reads an old state of the ledger neither is possible. It is tried again later, and the log grows meanwhile.
final class Checkpoints: Sendable {
    private struct State {
        /// About how many pages were written since the last look.
        var pages = 0
        var isUnderWay = false
        /// Whether the last look had to leave something.
        var isBehind = false
        var queue: DatabaseQueue?
        var isClosed = false
        /// Why the last try failed.
        var fault: LedgerError?
    }

    /// What a checkpoint answers.
    private struct Progress {
        /// Pages in the log, and those of them that stand in the database as well.
        let log: Int
        let done: Int
    }

    private let path: String
    private let tell: @Sendable (LedgerError) -> Void
    private let state = Mutex(State())

    /// After as many pages SQLite itself would do it, in the middle of a commit.
    private static let period = 1_000
    /// So many pages are folded in while commits wait.
    private static let rest = 250
    /// A log file of more bytes than this is cut when it begins anew.
    static let bytesKept = 16 << 20

    /// - Parameter tell: Called for each try that failed, from any thread.
    init(path: String, tell: @escaping @Sendable (LedgerError) -> Void) {
        self.path = path
        self.tell = tell
    }

    /// Why the log could not be folded in; nil when the last try was in order, also one that readers were in the way of.
    var fault: LedgerError? { state.withLock { $0.fault } }

    /// Notes a commit, whose pages are guessed: some for each record, some for each commit. Where there were many more, the file tells.
    func noteCommit(of records: Int) {
        begin { state in
            state.pages += 8 + 4 * records
            return state.pages >= Self.period || !state.isBehind && FileIdentity.size(of: path + "-wal") ?? 0 > Self.bytesKept
        }
    }

    /// A quiet moment to make up for what had to be left.
    func lookAgain() { begin { $0.isBehind } }

    /// Ends what is under way.
    func close() {
        let queue = state.withLock { state in
            state.isClosed = true
            return state.queue.take()
        }
        queue?.interrupt()
        try? queue?.close()
    }

    private func begin(if isWanted: (inout State) -> Bool) {
        do {
            let queue = try state.withLock { state throws -> DatabaseQueue? in
                guard isWanted(&state), !state.isUnderWay, !state.isClosed else { return nil }
                state.pages = 0
                // A connection that cannot be opened now is opened another time; commits do not need it.
                let queue = try state.queue ?? DatabaseQueue(path: path, configuration: Self.configuration)
                state.queue = queue
                state.isUnderWay = true
                return queue
            }
            queue?.asyncWriteWithoutTransaction { [self] db in note(Result { try foldIn(db) }) }
        } catch {
            note(.failure(error))
        }
    }

    private func note(_ result: Result<Bool, any Error>) {
        let fault = state.withLock { state -> LedgerError? in
            state.isUnderWay = false
            switch result {
            case .success(let isBehind):
                state.isBehind = isBehind
                state.fault = nil
            case .failure(let error):
                state.isBehind = true
                // What was interrupted because all is over has not failed.
                if !state.isClosed { state.fault = LedgerError.of(error, path: path) }
            }
            return state.isClosed ? nil : state.fault
        }
        if let fault { tell(fault) }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "checkpoints"
        // So long a commit may have to wait for us while we wait for readers.
        configuration.busyMode = .timeout(0.01)
        return configuration
    }

    /// - Returns: Whether something had to be left.
    private func foldIn(_ db: Database) throws -> Bool {
        var progress = try checkpoint("PASSIVE", db)
        for _ in 0..<3 where progress.log - progress.done > Self.rest { progress = try checkpoint("PASSIVE", db) }
        // A log that is folded in begins anew by itself, unless commits and readers follow one another without a gap.
        guard progress.log > 2 * Self.period else { return progress.done < progress.log }
        guard progress.log - progress.done <= Self.rest else { return true }
        let isLong = progress.log * 4_096 > Self.bytesKept
        progress = try checkpoint(isLong ? "TRUNCATE" : "RESTART", db)
        return progress.log > 2 * Self.period
    }

    private func checkpoint(_ mode: String, _ db: Database) throws -> Progress {
        guard let row = try Row.fetchOne(db, sql: "PRAGMA wal_checkpoint(\(mode))") else { return Progress(log: 0, done: 0) }
        return Progress(log: max(row[1] ?? 0, 0), done: max(row[2] ?? 0, 0))
    }
}
