import Daemon
import Execution
import Foundation
import Logging
import RunHistory
import Scheduling
import Synchronization
import TestSupport
import Timetable

/// A daemon over real files and a real ledger, with a clock that the test moves and an executor that does what the test says.
final class DaemonFixture: Sendable {
    let folder: TemporaryFolder
    let clock: ManualClock
    let executor: ScriptedExecutor
    let ends = Ends()
    private let givenCapacities = Mutex<[String: PoolCapacity]?>(nil)
    private let givenEngines = Mutex<[String: Places.Engine]>(["local": .local])
    private let retention: RetentionRule
    private let daemon = Mutex<(Daemon, Task<Void, Never>)?>(nil)

    /// The instant at which a fixture's clock stands at first.
    static let start = Instant(seconds: 1_772_323_200)  // 2026-03-01T00:00:00Z

    init(
        jobs: [String: String], retention: RetentionRule = .forever, onLaunch: @escaping @Sendable (Launch) -> Void = { _ in }
    ) throws {
        self.retention = retention
        folder = try TemporaryFolder()
        clock = ManualClock(Self.start)
        executor = ScriptedExecutor(onLaunch: onLaunch)
        try FileManager.default.createDirectory(atPath: folder.path + "/jobs", withIntermediateDirectories: true)
        for (name, text) in jobs { try folder.write(text, to: "jobs/" + name) }
    }

    /// What the pools of the next daemon have; nil for what they have by default.
    var capacities: [String: PoolCapacity]? {
        get { givenCapacities.withLock(\.self) }
        set { givenCapacities.withLock { $0 = newValue } }
    }

    /// What the executors of the next daemon are; behind each name stands `executor`.
    var engines: [String: Places.Engine] {
        get { givenEngines.withLock(\.self) }
        set { givenEngines.withLock { $0 = newValue } }
    }

    var state: String { folder.path + "/state" }
    var configuration: Daemon.Configuration {
        let (executor, names) = (executor, engines.keys)
        let executors: Daemon.Executors = { runs, report in
            let scripted = executor.executors(runs, report).values.first
            return Dictionary(uniqueKeysWithValues: names.compactMap { name in scripted.map { (name, $0) } })
        }
        var configuration = Daemon.Configuration(
            stateFolder: state, jobsFolder: folder.path + "/jobs", executors: executors, node: "n1", version: "test")
        configuration.places.engines = engines
        configuration.retention = retention
        configuration.onEnd = { [ends] in ends.add($0) }
        if let given = givenCapacities.withLock(\.self) { configuration.places.capacities = given }
        configuration.settingsText = SettingsDocument(pools: configuration.places.capacities).text
        return configuration
    }

    func open() throws(DaemonError) -> Daemon {
        var log = Logger(label: "test")
        log.logLevel = .critical
        return try Daemon.open(configuration, clock: clock, log: log)
    }

    /// Opens a daemon and lets it run.
    @discardableResult
    func start() throws -> Daemon {
        let daemon = try open()
        let task = Task { await daemon.run() }
        self.daemon.withLock { $0 = (daemon, task) }
        return daemon
    }

    /// Stops the daemon and waits until it let go of the state folder.
    func stop() async {
        guard let (daemon, task) = daemon.withLock({ $0.take() }) else { return }
        daemon.stop()
        await task.value
    }

    func reader() throws -> LedgerReader { try LedgerReader.open(at: state + "/rota.db") }
}

/// Runs that ended, in the order in which they were told.
final class Ends: Sendable {
    private struct State {
        var ended: [StoredRun] = []
        var waiting: CheckedContinuation<StoredRun, Never>?
    }

    private let state = Mutex(State())

    func add(_ run: StoredRun) {
        let waiter = state.withLock { state -> CheckedContinuation<StoredRun, Never>? in
            guard let waiter = state.waiting.take() else {
                state.ended.append(run)
                return nil
            }
            return waiter
        }
        waiter?.resume(returning: run)
    }

    /// The next end; waits for it.
    func next() async -> StoredRun {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> StoredRun? in
                guard state.ended.isEmpty else { return state.ended.removeFirst() }
                state.waiting = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}
