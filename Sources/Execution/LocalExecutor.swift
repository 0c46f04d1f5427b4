import Glibc

/// Runs as processes of this machine, each with a keeper of its own that outlives us.
///
/// Runs are watched in one thread, which reports what happened to each in its order; what is discarded is removed, and reported, in another.
/// The `report` closure must not wait for a call of this executor.
package final class LocalExecutor: Executor {
    private let inbox: Inbox<LocalWatch.Request>
    private let thread: OwnThread
    private let remover: FolderRemover
    private let report: @Sendable (ExecutorReport) -> Void

    /// Begins to watch, with a thread of its own.
    ///
    /// - Parameters:
    ///   - runs: The folder of the runs' folders, which must exist.
    ///   - keeper: The executable of rota-keeper.
    ///   - node: The name of this machine in reports, and HOST of the commands.
    ///   - hasControlGroups: Whether runs get control groups where they may.
    ///   - report: Called in the executor's thread.
    package init(
        runs: String,
        keeper: String,
        node: String,
        hasControlGroups: Bool = true,
        report: @escaping @Sendable (ExecutorReport) -> Void
    ) throws {
        let inbox = try Inbox<LocalWatch.Request>()
        let place = try LocalWatch.Place(
            runs: Self.absolute(runs),
            keeper: Self.absolute(keeper),
            node: node,
            bootID: RunFolder.currentBootID(),
            groups: hasControlGroups ? ControlGroups(for: Self.absolute(runs)) : nil
        )
        let channels = try LocalWatch.Channels(inbox: inbox.descriptor)
        self.inbox = inbox
        self.report = report
        do {
            remover = try FolderRemover(runs: place.runs, report: report)
            thread = try OwnThread {
                var watch = LocalWatch(place: place, channels: channels, inbox: inbox, report: report)
                watch.run()
            }
        } catch {
            // Nobody else would: the thread closes them at its end.
            channels.close()
            throw error
        }
    }

    deinit {
        shutdown()
    }

    package func launch(_ launches: [Launch]) {
        inbox.post(.launch(launches))
    }

    package func kill(run: String, reason: String) {
        inbox.post(.kill(run: run, reason: reason))
    }

    package func reattach(_ open: [OpenRun]) throws {
        let latch = try Latch()
        inbox.post(.reattach(open, latch))
        try latch.wait()
    }

    /// A run's folder stays until retention removes it: its claim keeps latecomers from starting it, its outcome can rebuild a ledger.
    package func forget(_ runs: [String]) {}

    package func discard(_ data: RunData, of runs: [String]) {
        do {
            try remover.post(data, of: runs)
        } catch {
            report(.discarded(data, gone: [], kept: Dictionary(runs.map { ($0, error.description) }) { first, _ in first }))
        }
    }

    package func shutdown() {
        inbox.post(.shutdown)
        thread.join()
        remover.shutdown()
    }

    /// Keepers are given absolute paths, which hold wherever anybody's working directory is.
    static func absolute(_ path: String) throws(SystemError) -> String {
        guard let resolved = realpath(path, nil) else { throw SystemError("realpath", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
