import CPlatform
import Glibc

/// Runs as tasks of a Slurm cluster, each of which is a keeper in a folder that its node shares with us; docs/slurm.md tells it whole.
///
/// Slurm's own commands are asked, by one question for all runs. What the cluster says tells whether a task waits, runs or is gone; how its
/// command ended, the keeper's outcome tells. A cluster that does not answer, and a file system that hangs, hold up nothing else.
package final class SlurmExecutor: Executor {
    private let inbox: Inbox<SlurmWatch.Request>
    private let thread: OwnThread
    private let helpers: SlurmWatch.Helpers
    private let remover: FolderRemover
    private let remote: SlurmRemote?
    private let stop: Int32
    private let report: @Sendable (ExecutorReport) -> Void

    /// Begins to watch, with threads of its own. Nothing is asked of the cluster before it is needed, but whether tasks of ours were left.
    ///
    /// - Parameters:
    ///   - runs: The folder of the runs' folders in the state folder, which must exist.
    ///   - keeper: The executable of rota-keeper, which nodes get a copy of.
    ///   - report: Called in the executor's threads; it must not wait for a call of this executor.
    package init(
        _ settings: SlurmSettings, runs: String, keeper: String, report: @escaping @Sendable (ExecutorReport) -> Void
    ) throws {
        let stop = platform_eventfd()
        guard stop >= 0 else { throw SystemError("eventfd", "executor") }
        var queues: [WorkQueue] = []
        do {
            let inbox = try Inbox<SlurmWatch.Request>()
            let place = try SlurmPlace(
                links: LocalExecutor.absolute(runs), shared: settings.folder, remote: settings.remoteFolder,
                keeper: LocalExecutor.absolute(keeper), bootID: RunFolder.currentBootID())
            for threads in [SlurmWatch.mostSubmissions, 1, 1, 1] { queues.append(try WorkQueue(threads: threads)) }
            let helpers = SlurmWatch.Helpers(submissions: queues[0], questions: queues[1], files: queues[2], glances: queues[3])
            let commands = SlurmCommands(settings: settings, stop: stop)
            remover = try FolderRemover(runs: place.runs, links: place.runs == place.links ? nil : place.links, report: report)
            thread = try OwnThread {
                var watch = SlurmWatch(
                    settings: settings, place: place, commands: commands, helpers: helpers, inbox: inbox, report: report)
                watch.run()
            }
            self.inbox = inbox
            self.helpers = helpers
            remote = place.remote(commands)
            self.stop = stop
            self.report = report
        } catch {
            // Nobody else would.
            for queue in queues { queue.shutdown() }
            close(stop)
            throw error
        }
    }

    deinit {
        shutdown()
        close(stop)
    }

    package func launch(_ launches: [Launch]) {
        inbox.post(.launch(launches))
    }

    package func kill(run: String, reason: String) {
        inbox.post(.kill(run: run, reason: reason))
    }

    /// Waits for the folders of the runs, for some seconds at most, and never for the cluster. Does not throw: a cluster of which nothing can
    /// be found out keeps its own runs waiting, and no others.
    package func reattach(_ open: [OpenRun]) throws {
        let latch = try Latch()
        inbox.post(.reattach(open, latch))
        try latch.wait()
    }

    /// A run's folder stays until retention removes it, and Slurm forgets by itself.
    package func forget(_ runs: [String]) {}

    package func discard(_ data: RunData, of runs: [String]) {
        guard let remote else { return discardHere(data, of: runs, kept: [:]) }
        helpers.files.post { [self] in discardHere(data, of: runs, kept: remote.remove(data, of: runs)) }
    }

    /// - Parameter kept: What could not be removed over there, and so stays here too.
    private func discardHere(_ data: RunData, of runs: [String], kept: [String: String]) {
        do {
            try remover.post(data, of: runs.filter { kept[$0] == nil }, kept: kept)
        } catch {
            report(.discarded(data, gone: [], kept: Dictionary(runs.map { ($0, error.description) }) { first, _ in first }))
        }
    }

    /// A submission that is under way gets a moment to come to its end, which spares a look for it.
    package func shutdown() {
        inbox.post(.shutdown)
        thread.join()
        var one: UInt64 = 1
        _ = write(stop, &one, 8)
        for queue in [helpers.submissions, helpers.questions, helpers.files, helpers.glances] { queue.shutdown() }
        remover.shutdown()
    }
}
