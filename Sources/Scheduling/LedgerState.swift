package import Timetable

/// Who is out of date in a flow: for each member the jobs above it that were run once more, and with each the attempt up to which those of the
/// member are out of date for its sake.
package typealias StaleMarks = [JobName: [JobName: Int]]

extension StaleMarks {
    /// Whether that attempt of `job` came before what it is to follow now.
    func outdate(_ attempt: Int, of job: JobName) -> Bool { self[job]?.values.max().map { attempt <= $0 } ?? false }
}

/// What a start reads of the ledger: everything that the core knows comes from here and from the definitions.
package struct LedgerState: Sendable {
    package struct Flow: Hashable, Sendable {
        package var key: FlowKey
        package var plan: FlowPlan
        /// The newest attempt of each member that has a row, ended ones included.
        package var runs: [Run]
        package var stale: StaleMarks
        /// What is promised of members that had no row when the flow was opened.
        package var promises: [JobName: FlowPromise]
        /// Of a flow that may be opened again: members without a row in it that have one of its due in the flow of another head.
        package var elsewhere: Set<JobName>

        package init(
            key: FlowKey, plan: FlowPlan, runs: [Run], stale: StaleMarks = [:], promises: [JobName: FlowPromise] = [:],
            elsewhere: Set<JobName> = []
        ) {
            self.key = key
            self.plan = plan
            self.runs = runs
            self.stale = stale
            self.promises = promises
            self.elsewhere = elsewhere
        }
    }

    package var controls: [JobControl] = []
    /// All runs that are waiting, launching or running.
    package var openRuns: [Run] = []
    /// The definitions that active runs were handed over with, where they are known: these tell which places the runs hold. A run
    /// without one holds a place in the pool of its executor and in those that the definition in force names.
    package var handedOverAs: [RunKey: Job] = [:]
    /// Of the open runs that come after lost ones: how many of these came one after the other before it, since the last attempt that nobody
    /// made by itself.
    package var reruns: [RunKey: Int] = [:]
    package var openFlows: [Flow] = []
    package var pauses: [Pause] = []
    package var orders: [SlotOrder] = []
    /// All that retention has left: also one without a run that is open may get one in a flow.
    package var backfills: [Backfill] = []
    /// The newest time that the ledger knows of; nil for one that nobody has written to.
    package var seenAt: Instant?
    /// Dues with rows that lie beyond `seenAt`, or beyond the progress of their job if it has a schedule.
    package var duesAhead: [JobName: Set<Instant>] = [:]
    /// The number that the newest ending got in the ledger-wide sequence.
    package var lastEnding: Int64 = 0

    package init() {}
}
