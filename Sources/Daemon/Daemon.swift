package import Execution
import Foundation
import JobFiles
package import Logging
package import RunHistory
package import Scheduling
import Synchronization
package import Timetable

/// The scheduler as a running thing: it holds the state folder, and its one loop owns everything that changes.
///
/// `open` takes the folder and reads everything that can be wrong; `run` schedules until `stop`.
package final class Daemon: Sendable {
    package struct Configuration: Sendable {
        package var stateFolder: String
        package var jobsFolder: String
        package var executors: Executors
        /// How many runs fit into each pool.
        package var capacities: [String: Int] = ["local": 64]
        /// The name of this machine, as runs tell where they ran.
        package var node: String
        /// This program's version.
        package var version: String
        /// The settings in force as JSON, for those who only read the ledger.
        package var settingsText = "{}"
        /// Makes a state folder of another machine this one's.
        package var takeOver = false
        /// Called from the loop for each run that ended, once that is durable; must return at once.
        package var onEnd: @Sendable (StoredRun) -> Void = { _ in }

        package init(stateFolder: String, jobsFolder: String, executors: @escaping Executors, node: String, version: String) {
            self.stateFolder = stateFolder
            self.jobsFolder = jobsFolder
            self.executors = executors
            self.node = node
            self.version = version
        }
    }

    /// Makes the executors by their names, anew for each session, over the folder of the runs' folders.
    package typealias Executors =
        @Sendable (_ runs: String, _ report: @escaping @Sendable (ExecutorReport) -> Void) throws -> [String: any Executor]

    /// Local processes alone.
    ///
    /// - Parameters:
    ///   - keeper: The path of `rota-keeper`.
    ///   - node: The name of this machine.
    package static func localExecutor(keeper: String, node: String) throws(DaemonError) -> Executors {
        guard access(keeper, X_OK) == 0 else { throw .keeperMissing(path: keeper) }
        return { runs, report in ["local": try LocalExecutor(runs: runs, keeper: keeper, node: node, report: report)] }
    }

    package enum Health: Hashable, Sendable {
        case starting
        case scheduling
        /// Nothing is launched; tries again by itself.
        case failing(String)
        case stopped
    }

    package let folder: StateFolder
    package let ledgerPath: String
    private let configuration: Configuration
    private let clock: any WallClock
    private let log: Logger
    private let mailbox: Mailbox
    private let feed: JobsFeed
    private let first: (folder: JobFolder, reading: Reading)
    private let firstSession: Mutex<Session?>
    private let currentHealth = Mutex(Health.starting)

    package var health: Health { currentHealth.withLock { $0 } }

    /// Takes the state folder, opens the ledger, reads the job folder and recovers open runs. Nothing is launched yet.
    package static func open(_ configuration: Configuration, clock: any WallClock, log: Logger) throws(DaemonError) -> Daemon {
        try Daemon(configuration, clock: clock, log: log)
    }

    private init(_ configuration: Configuration, clock: any WallClock, log: Logger) throws(DaemonError) {
        let watch = try Daemon.jobs { () throws(JobFolderError) in try FolderWatch(path: configuration.jobsFolder) }
        folder = try StateFolder.take(configuration.stateFolder)
        ledgerPath = folder.database
        mailbox = try Mailbox()
        feed = try JobsFeed(watch: watch, clock: clock)
        self.configuration = configuration
        self.clock = clock
        self.log = log
        let opened = try Daemon.openLedger(configuration, folder: folder, clock: clock)
        var jobs = JobFolder(path: configuration.jobsFolder, inForce: opened.restored.definitions(below: configuration.jobsFolder))
        let reading = try Daemon.jobs { () throws(JobFolderError) in try jobs.read(at: clock.now()) }
        first = (jobs, reading)
        do {
            firstSession = Mutex(
                try Session(
                    configuration, ledger: opened.ledger, restored: opened.restored, folder: folder, mailbox: mailbox, clock: clock,
                    log: log))
        } catch {
            throw .recovery("\(error)")
        }
    }

    private static func jobs<Value>(_ body: () throws(JobFolderError) -> Value) throws(DaemonError) -> Value {
        do { return try body() } catch { throw .jobs(error) }
    }

    private static func openLedger(
        _ configuration: Configuration, folder: StateFolder, clock: any WallClock
    ) throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        do {
            let ledger = try Ledger.open(
                at: folder.database, machine: StateFolder.machineID(), takeOver: configuration.takeOver, now: clock.now())
            return (ledger, try ledger.restore())
        } catch {
            throw .ledger(error)
        }
    }

    /// Schedules until `stop`; to be called once.
    ///
    /// - Parameters:
    ///   - address: Where the REST API listens, for those who only read the ledger.
    ///   - end: When to stop without being asked; nil for never.
    package func run(address: String? = nil, until end: Instant? = nil) async {
        feed.start(with: first.folder, lookAgain: first.reading.lookAgain) { [mailbox] in mailbox.post($0) }
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                runSessions(address: address, until: end)
                continuation.resume()
            }
        }
        feed.stop()
        currentHealth.withLock { $0 = .stopped }
        folder.release()
    }

    /// Ends `run` soon: nothing more is launched, running runs live on.
    package func stop() { mailbox.post(.stop) }

    /// Asks the scheduler for something; the answer is durable.
    package func request(_ request: Request) async -> RequestAnswer {
        await withCheckedContinuation { mailbox.post(.request(request, $0)) }
    }

    /// One session after another, each rebuilt from the ledger; only a failed commit ends one before its time.
    private func runSessions(address: String?, until end: Instant?) {
        var reading = first.reading
        var session = firstSession.withLock { session in session.take() }
        while true {
            do {
                var current = try session ?? anotherSession()
                session = nil
                currentHealth.withLock { $0 = .scheduling }
                try schedule(in: &current, beginningWith: reading, address: address, until: end)
                return
            } catch {
                tellFailure(error)
                log.critical("nothing is launched until the ledger can be written again", metadata: ["detail": "\(error)"])
                if waitOut(&reading) { return }
            }
        }
    }

    /// Whoever waits for an answer when a session breaks off is refused, once the failure can be seen.
    private func schedule(in session: inout Session, beginningWith reading: Reading, address: String?, until end: Instant?) throws {
        defer { session.refuseOpenRequests() }
        do {
            try session.run(beginningWith: reading, address: address, until: end)
        } catch {
            tellFailure(error)
            throw error
        }
    }

    private func tellFailure(_ error: any Error) { currentHealth.withLock { $0 = .failing("\(error)") } }

    private func anotherSession() throws -> Session {
        let opened = try Daemon.openLedger(configuration, folder: folder, clock: clock)
        return try Session(
            configuration, ledger: opened.ledger, restored: opened.restored, folder: folder, mailbox: mailbox, clock: clock, log: log)
    }

    /// Waits a second, keeping the newest definitions and refusing requests meanwhile.
    ///
    /// - Returns: Whether a stop was asked for.
    private func waitOut(_ reading: inout Reading) -> Bool {
        let end = clock.now() + .seconds(1)
        while clock.now() < end {
            clock.wait(until: end, descriptors: [mailbox.bell.descriptor])
            for message in mailbox.takeAll() {
                switch message {
                case .definitions(let newer): reading = newer
                case .request(_, let continuation): continuation.resume(returning: .refused("the ledger cannot be written at the moment"))
                case .stop: return true
                case .report, .jobsUnreadable: break
                }
            }
        }
        return false
    }
}

extension RestoredLedger {
    /// What was in force of the files below `folder`, named as the user names them now.
    fileprivate func definitions(below folder: String) -> [Definition] {
        let root = StateFolder.absolute(folder) + "/"
        return definitions.compactMap { stored in
            guard stored.file.hasPrefix(root), let job = Definition.parse(canonical: stored.canonical) else { return nil }
            let file = (folder.hasSuffix("/") ? folder : folder + "/") + stored.file.dropFirst(root.count)
            return Definition(job: job, canonical: stored.canonical, source: stored.source, file: file, line: stored.line)
        }
    }
}
