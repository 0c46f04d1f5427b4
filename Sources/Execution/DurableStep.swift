import Glibc
import Synchronization

/// The steps of a run's life on the scheduler's side, and of the scheduler's own, in their order: wherever something has just become
/// durable, or is about to, a crash must lose nothing and start nothing twice.
///
/// `ROTA_CRASH_AT=<step>`, or `<step>:<n>` for the n-th time, makes the scheduler kill itself there with SIGKILL, which is how the tests
/// hold a restart against what really ran. Without the variable a step costs one load and one branch.
package enum DurableStep: String, CaseIterable, Sendable {
    // A launch.

    /// A run got its turn; nothing of that is in the ledger yet.
    case intentDecided = "intent-decided"
    /// That the run is launched is in the ledger; nobody acted on it yet.
    case intentCommitted = "intent-committed"
    /// The run's folder is there, and empty.
    case folderMade = "folder-made"
    /// All that the keeper needs is in the folder.
    case runWritten = "run-written"
    /// A keeper lives that may claim the run.
    case keeperSpawned = "keeper-spawned"

    // What comes back.

    /// The command is known to have begun; the ledger does not know.
    case startHeard = "start-heard"
    case startCommitted = "start-committed"
    /// The outcome is there; the ledger does not know.
    case endHeard = "end-heard"
    /// The end is in the ledger, with the retry that it leads to and the children that it frees.
    case endCommitted = "end-committed"

    // A kill.

    case killDecided = "kill-decided"
    case killCommitted = "kill-committed"
    /// The word is in the run's folder; the keeper was not called.
    case killWritten = "kill-written"
    case keeperRung = "keeper-rung"
    /// The scheduler has taken a run that nobody had, so that nobody can start it.
    case runCancelled = "run-cancelled"

    // What is decided without a process.

    /// Runs that wait for their turn are in the ledger.
    case waitCommitted = "wait-committed"
    /// Slots that no run is made of are in the ledger, with the reason.
    case gapCommitted = "gap-committed"
    /// What somebody asked for is in the ledger; nobody was answered.
    case requestCommitted = "request-committed"

    // Recovery.

    /// The ledger was read; no run was looked for.
    case ledgerRead = "ledger-read"
    /// A keeper of an earlier scheduler is watched again.
    case keeperAdopted = "keeper-adopted"
    /// The outcome of a run that ended while nobody watched was found.
    case outcomeFound = "outcome-found"
    /// A run was found that nobody has claimed; it is not started again yet.
    case unclaimedFound = "unclaimed-found"
    /// Every open run was looked for; the ledger is as it was.
    case runsRecovered = "runs-recovered"
    /// What recovery found is in the ledger, with the definitions in force; nothing was launched.
    case recoveryCommitted = "recovery-committed"

    // New definitions, and the end.

    case definitionsRead = "definitions-read"
    /// New definitions are in force, with their registrations; nothing was done about it.
    case definitionsCommitted = "definitions-committed"
    case stopCommitted = "stop-committed"

    // Retention.

    /// The output of a run is gone; the ledger does not know.
    case outputRemoved = "output-removed"
    /// The folder of a run goes: it is there under another name, and whole.
    case folderRenamed = "folder-renamed"
    /// The folder is gone; its row is there.
    case folderRemoved = "folder-removed"
    /// The rows are gone.
    case rowsRemoved = "rows-removed"

    // A ledger that is made anew.

    /// The new ledger is complete; the old one is in its place.
    case ledgerRemade = "ledger-remade"
    /// One of the old files has another name; the database is the first of them.
    case oldFileAside = "old-file-aside"
    /// The new ledger is in the place of the old one; nothing was read from it.
    case newLedgerInPlace = "new-ledger-in-place"

    // A task of a cluster. Those of a launch and of a kill come before.

    /// The run's folder says that it is being submitted; the engine was not asked.
    case taskMarked = "task-marked"
    /// The engine answered; what it said is nowhere yet.
    case taskSubmitted = "task-submitted"
    /// The engine shows a task of which nobody had known whether it was accepted.
    case taskFound = "task-found"
    /// The engine was told to let go of tasks.
    case taskCancelled = "task-cancelled"
}

extension DurableStep {
    /// Whether it lies on the way of a cluster's task alone.
    package var isOfTasks: Bool {
        switch self {
        case .taskMarked, .taskSubmitted, .taskFound, .taskCancelled: true
        default: false
        }
    }
}

extension DurableStep {
    /// Whether somebody wants the scheduler to die at a step.
    package static var isAwaited: Bool { crash != nil }

    /// To be called where the step lies; does not return if the scheduler is to die there.
    package func passed() {
        if let crash = Self.crash { crash.meet(self) }
    }

    /// - Throws: `Crash.NotAStep` when ROTA_CRASH_AT names no step. A scheduler that ignored it would prove nothing.
    package static func checkCrash() throws(Crash.NotAStep) {
        guard let text = Crash.wanted else { return }
        _ = try Crash(text)
    }

    private static let crash = Crash.wanted.flatMap { text in try? Crash(text) }

    /// At which step the scheduler is to kill itself.
    package final class Crash: Sendable {
        package struct NotAStep: Error, CustomStringConvertible {
            let text: String

            package var description: String {
                let steps = DurableStep.allCases.map(\.rawValue).joined(separator: " ")
                return "ROTA_CRASH_AT names no step: `\(text)`; unset it, or write one of these, or <step>:<n> for its n-th time: \(steps)"
            }
        }

        let step: DurableStep
        private let left: Atomic<Int>

        fileprivate static var wanted: String? {
            getenv("ROTA_CRASH_AT").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }

        /// - Parameter text: `<step>` or `<step>:<n>`; the step by its name or its number, the first being 1.
        init(_ text: String) throws(NotAStep) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
            let number = parts.first.flatMap { Int($0) } ?? 0
            let numbered = DurableStep.allCases.indices.contains(number - 1) ? DurableStep.allCases[number - 1] : nil
            let times = parts.count == 2 ? Int(parts[1]) ?? 0 : 1
            guard let step = numbered ?? parts.first.flatMap({ DurableStep(rawValue: $0) }), parts.count <= 2, times > 0 else {
                throw NotAStep(text: text)
            }
            self.step = step
            left = Atomic(times)
        }

        func meet(_ step: DurableStep) {
            guard step == self.step, left.subtract(1, ordering: .relaxed).newValue == 0 else { return }
            let text = "rota: reached \(step.rawValue), and kills itself as ROTA_CRASH_AT wants\n"
            _ = text.withCString { write(STDERR_FILENO, $0, text.utf8.count) }
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    }
}
