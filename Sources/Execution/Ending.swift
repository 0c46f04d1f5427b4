package import Timetable

/// How a run ended.
package struct Ending: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// By itself, with `exitCode`.
        case exited
        /// By a `signal` that was not ours; `reason` has its name.
        case signaled
        case timedOut
        /// On request; `reason` is that of the request.
        case killed
        /// The command never began; `reason` says why.
        case couldNotStart
        /// Nobody can know; `reason` says why.
        case lost
    }

    package var kind: Kind
    /// Also after a timeout or kill that the command answered by exiting.
    package var exitCode: Int?
    package var signal: Int?
    package var coreDumped: Bool
    /// A stable word first, then a colon and a sentence where there is more to say: `not-found: ./x.sh: No such file or directory`.
    package var reason: String?
    package var startedAt: Instant?
    package var endedAt: Instant
    /// Of the command and all its descendants.
    package var cpu: Duration?
    /// Bytes: of the run as a whole where its control group counts them, else of its largest process.
    package var peakMemory: Int64?
    package var node: String?
    /// Bytes of output that were not kept, both streams together.
    package var droppedOutput: Int64
    /// How many processes were still there, and were ended, when the command had ended by itself.
    package var leftOver: Int
    /// What the command left for those that come after it.
    package var handedOn: RunOutput
    /// Of a task of an engine: whether somebody stopped the keeper so soon after this end that the command may have come to it by that.
    var wasToldToStop = false

    package init(
        kind: Kind,
        exitCode: Int? = nil,
        signal: Int? = nil,
        coreDumped: Bool = false,
        reason: String? = nil,
        startedAt: Instant? = nil,
        endedAt: Instant,
        cpu: Duration? = nil,
        peakMemory: Int64? = nil,
        node: String? = nil,
        droppedOutput: Int64 = 0,
        leftOver: Int = 0,
        handedOn: RunOutput = RunOutput()
    ) {
        self.kind = kind
        self.exitCode = exitCode
        self.signal = signal
        self.coreDumped = coreDumped
        self.reason = reason
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.cpu = cpu
        self.peakMemory = peakMemory
        self.node = node
        self.droppedOutput = droppedOutput
        self.leftOver = leftOver
        self.handedOn = handedOn
    }
}
