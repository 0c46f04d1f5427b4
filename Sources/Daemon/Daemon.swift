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
        /// What the executors are, and what the pools have.
        package var places = Places()
        /// The name of this machine, as runs tell where they ran.
        package var node: String
        /// This program's version.
        package var version: String
        /// The settings in force as JSON, for those who only read the ledger.
        package var settingsText = "{}"
        /// How long what has ended is kept.
        package var retention = RetentionRule.forever
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
    private let opening: LedgerOpening
    private let jobs: (folder: JobFolder, lookAgain: Instant?)
    private let firstSession: Mutex<Session?>
    private let currentHealth = Mutex(Health.starting)

    package var health: Health { currentHealth.withLock { $0 } }

    /// What the operator is to know though everything works; nil when there is nothing.
    package var notice: String? {
        if let fault = opening.foldingFault { return "the write-ahead log cannot be folded in: \(fault)" }
        return StateFolder.rebuildNotices(in: folder.path).first
    }

    /// Takes the state folder, opens the ledger, reads the job folder and recovers open runs. Nothing
    /// that is not open already is launched yet.
    package static func open(_ configuration: Configuration, clock: any WallClock, log: Logger) throws(DaemonError) -> Daemon {
        try Daemon(configuration, clock: clock, log: log)
    }

    private init(_ configuration: Configuration, clock: any WallClock, log: Logger) throws(DaemonError) {
        let watch = try Daemon.jobs { () throws(JobFolderError) in try FolderWatch(path: configuration.jobsFolder) }
        folder = try StateFolder.take(configuration.stateFolder)
        if let warning = folder.fileSystem.warning {
            log.warning("the state folder is in a doubtful place", metadata: ["detail": "\(warning)"])
        }
        ledgerPath = folder.database
        feed = try JobsFeed(watch: watch, clock: clock)
        self.configuration = configuration
        self.clock = clock
        self.log = log
        opening = LedgerOpening(configuration: configuration, folder: folder, clock: clock, log: log)
        let opened = try opening.open()
        let stored = StoredJobs(opened.restored.definitions)
        var jobs = JobFolder(
            path: configuration.jobsFolder, inForce: stored.definitions(below: configuration.jobsFolder),
            placement: configuration.places.placement)
        let reading = try Daemon.jobs { () throws(JobFolderError) in try jobs.read(at: clock.now()) }
        self.jobs = (jobs, reading.lookAgain)
        mailbox = try Mailbox(reading: reading)
        do {
            firstSession = Mutex(
                try Session(
                    configuration, ledger: opened.ledger, restored: opened.restored, jobs: stored, folder: folder, mailbox: mailbox,
                    clock: clock, log: log))
        } catch {
            throw .recovery("\(error)")
        }
    }

    private static func jobs<Value>(_ body: () throws(JobFolderError) -> Value) throws(DaemonError) -> Value {
        do { return try body() } catch { throw .jobs(error) }
    }

    /// Schedules until `stop`; to be called once.
    ///
    /// - Parameters:
    ///   - address: Where the REST API listens, for those who only read the ledger.
    ///   - end: When to stop without being asked; nil for never.
    package func run(address: String? = nil, until end: Instant? = nil) async {
        feed.start(with: jobs.folder, lookAgain: jobs.lookAgain, into: mailbox)
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                runSessions(address: address, until: end)
                mailbox.close()
                continuation.resume()
            }
        }
        feed.stop()
        currentHealth.withLock { $0 = .stopped }
        folder.release()
    }

    /// Ends `run` soon: nothing more is launched, running runs live on.
    package func stop() { mailbox.stop() }

    /// Reads all job files and the tz database anew, soon.
    package func reread() { feed.reread() }

    /// Asks the scheduler for something; the answer is durable.
    ///
    /// - Parameter who: By which way the request came, for the audit.
    package func request(_ request: Request, who: String) async -> RequestAnswer {
        await withCheckedContinuation { mailbox.post(Mailbox.Question(request: request, who: who, answer: $0)) }
    }

    /// One session after another, each rebuilt from the ledger; only a failed commit ends one before its time.
    private func runSessions(address: String?, until end: Instant?) {
        var session = firstSession.withLock { session in session.take() }
        let startedAt = clock.now()
        var told = (text: "", at: Instant.distantPast)
        repeat {
            do {
                var current = try session ?? anotherSession()
                session = nil
                let frame = Session.Frame(address: address, startedAt: startedAt, end: end) { [self] in
                    currentHealth.withLock { $0 = .scheduling }
                }
                return try schedule(in: &current, frame)
            } catch {
                tellFailure(error)
                // Each second the same again would fill the disk that may be full already.
                if told.text != "\(error)" || told.at + .seconds(60) <= clock.now() {
                    told = ("\(error)", clock.now())
                    log.critical("nothing is launched until the ledger can be written again", metadata: ["detail": "\(error)"])
                }
                waitOut(until: end)
            }
        } while !mailbox.isStopWanted && end.map { clock.now() < $0 } ?? true
    }

    /// Whoever waits for an answer when a session breaks off is refused, once the failure can be seen.
    private func schedule(in session: inout Session, _ frame: Session.Frame) throws {
        defer { session.refuseOpenRequests() }
        do {
            try session.run(frame)
        } catch {
            tellFailure(error)
            throw error
        }
    }

    private func tellFailure(_ error: any Error) {
        if Self.provesDamage(error) { folder.suspectLedger() }
        currentHealth.withLock { $0 = .failing("\(error)") }
    }

    /// Whether the ledger cannot become right by itself.
    private static func provesDamage(_ error: any Error) -> Bool {
        switch error {
        case LedgerError.corrupt, DaemonError.ledger(.corrupt): true
        default: false
        }
    }

    private func anotherSession() throws -> Session {
        let opened = try opening.openAgain()
        return try Session(
            configuration, ledger: opened.ledger, restored: opened.restored, jobs: StoredJobs(opened.restored.definitions), folder: folder,
            mailbox: mailbox, clock: clock, log: log)
    }

    /// Waits a second, or until a stop is wanted; whoever asks meanwhile is refused.
    private func waitOut(until end: Instant?) {
        let over = min(clock.now() + .seconds(1), end ?? .distantFuture)
        while clock.now() < over, !mailbox.isStopWanted {
            let wasSet = clock.wait(until: over, descriptors: [mailbox.bell.descriptor])
            mailbox.refuseAll(because: "the ledger cannot be written at the moment; `rota status` tells why")
            if wasSet { return }
        }
    }
}
