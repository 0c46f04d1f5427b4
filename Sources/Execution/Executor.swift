package import Timetable

/// Carries runs out: as local processes, or as tasks of a cluster engine.
///
/// Everything that becomes known of a run is told to the `report` closure that the executor was made with. Calls return at once, but for
/// `reattach`. Doing anything twice is harmless, and so is hearing a report twice.
package protocol Executor: Sendable {
    /// Hands runs over, whose intents are durable.
    ///
    /// Idempotent by run id: a run that was handed over before is looked up, never started again.
    func launch(_ launches: [Launch])

    /// Ends a run, whose kill is durable: TERM to all that it started, KILL after `killAfter`. A run that has not begun never will.
    ///
    /// Its `ended` report follows in any case; a run that ended by itself before is reported as it ended.
    func kill(run: String, reason: String)

    /// Finds the open runs of an earlier process again, before anything is scheduled.
    ///
    /// When it returns, each of them is watched again, handed over again, or its end was reported; one of which that cannot be found out is
    /// reported as pending and asked about again until it can. Throws only when nothing can be found out of any run; nothing may be
    /// scheduled then.
    func reattach(_ open: [OpenRun]) throws

    /// The ends of these runs are durable: what was kept for us may be released.
    func forget(_ runs: [String])

    /// What was kept of these ended runs is not wanted any more.
    ///
    /// One `discarded` follows for each call, in its own time. What was removed before, or was never there, is gone, too; what could not be
    /// removed is asked for again some day.
    func discard(_ data: RunData, of runs: [String])

    /// Stops watching and reporting; what runs lives on.
    func shutdown()
}

package enum ExecutorReport: Hashable, Sendable {
    /// Handed over, and the engine says why it does not run yet, or why nothing can be found out about it at present.
    ///
    /// Told once for each distinct reason.
    case pending(run: String, reason: String)
    /// The command began. Precedes the `ended` of the same run whenever the command did begin.
    case started(run: String, at: Instant, node: String)
    case ended(run: String, Ending)
    /// Nothing was started and nothing will be: launching again is safe, and so is giving up. The reason begins with a stable word.
    ///
    /// The launch is the one that was handed over, unchanged, so that exactly it can be handed over again.
    case couldNotHandOver(Launch, reason: String)
    /// What keeps the executor of that name from its engine now; nil: nothing does. Told once for each change, and at first.
    case trouble(executor: String, EngineTrouble?)
    /// What became of a `discard`; of those in `kept` it could not be removed, for that reason.
    case discarded(RunData, gone: [String], kept: [String: String])
}

/// A run of which no end is known.
package struct OpenRun: Hashable, Sendable {
    package var launch: Launch
    /// The boot of the machine in which its intent was committed.
    package var bootID: String?
    /// The reason of a kill that was committed.
    package var killWanted: String?
    /// Whether its command is known to have begun: it is never begun again then, whatever can be found of it.
    package var hasStarted: Bool

    package init(launch: Launch, bootID: String? = nil, killWanted: String? = nil, hasStarted: Bool = false) {
        self.launch = launch
        self.bootID = bootID
        self.killWanted = killWanted
        self.hasStarted = hasStarted
    }
}
