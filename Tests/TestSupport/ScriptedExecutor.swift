package import Execution
import Synchronization
import Timetable

/// An executor whose runs do what a test says: it takes launches, tells the test, and reports what the test reports.
///
/// Idempotent by run id as every executor must be: a run that was handed over before is not counted again.
package final class ScriptedExecutor: Executor {
    private struct State {
        var known: Set<String> = []
        var waiting: [CheckedContinuation<Launch, Never>] = []
        var launched: [Launch] = []
        var discarded: [(run: String, data: RunData)] = []
        var report: (@Sendable (ExecutorReport) -> Void)?
        var lastWords: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let onLaunch: @Sendable (Launch) -> Void

    /// - Parameter onLaunch: Called for each new run in the caller's thread, before the test hears of it.
    package init(onLaunch: @escaping @Sendable (Launch) -> Void = { _ in }) { self.onLaunch = onLaunch }

    /// To be the executor `local` of a daemon, in one session after another.
    package func executors(_ runs: String, _ report: @escaping @Sendable (ExecutorReport) -> Void) -> [String: any Executor] {
        state.withLock { $0.report = report }
        return ["local": self]
    }

    /// The next run that was handed over; waits for it.
    package func nextLaunch() async -> Launch {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> Launch? in
                guard state.launched.isEmpty else { return state.launched.removeFirst() }
                state.waiting.append(continuation)
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// Launches that no test has asked for yet.
    package var unclaimed: [Launch] { state.withLock { $0.launched } }

    package func report(_ report: ExecutorReport) {
        state.withLock { $0.report }?(report)
    }

    /// Says that the run could not be taken; it may be handed over once more.
    package func refuse(_ launch: Launch, because reason: String) {
        state.withLock { _ = $0.known.remove(launch.run) }
        report(.couldNotHandOver(launch, reason: reason))
    }

    package func launch(_ launches: [Launch]) {
        for launch in launches {
            guard state.withLock({ $0.known.insert(launch.run).inserted }) else { continue }
            onLaunch(launch)
            let waiter = state.withLock { state -> CheckedContinuation<Launch, Never>? in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                state.launched.append(launch)
                return nil
            }
            waiter?.resume(returning: launch)
        }
    }

    /// Reports the run as killed at its launch's due.
    package func kill(run: String, reason: String) {
        report(.ended(run: run, Ending(kind: .killed, reason: reason, endedAt: .epoch)))
    }

    /// Hands over again what was never handed over.
    package func reattach(_ open: [OpenRun]) throws { launch(open.map(\.launch)) }

    package func forget(_ runs: [String]) {}

    /// Has no files: all is gone at once.
    package func discard(_ data: RunData, of runs: [String]) {
        state.withLock { $0.discarded += runs.map { ($0, data) } }
        report(.discarded(data, gone: runs, kept: [:]))
    }

    /// What retention gave up so far.
    package var discarded: [(run: String, data: RunData)] { state.withLock { $0.discarded } }

    /// What happens in the next shutdown, whose session is over then.
    package func atShutdown(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.lastWords = body } }

    package func shutdown() { state.withLock { $0.lastWords.take() }?() }
}
