package import Timetable

/// What goes into the scheduler core.
package enum Event: Sendable {
    /// Recovery is over: these definitions are in force from now on, and slots may be judged. Comes once, first of all but outcomes.
    case start(JobGraph)
    /// Time has passed.
    case tick
    /// The clock reads less than `from`, which it had come to before: now, or before the start. First of all that is told at the new time; of
    /// the ledger it brings what lies beyond that.
    case clockSetBack(from: Instant, RowsAhead)
    /// The job files changed: these definitions are in force from now on. Before a start and after a stop they change nothing: the next
    /// start brings its own.
    case definitions(JobGraph)
    /// The command of a run has started.
    case started(RunKey, at: Instant, node: String?)
    /// An engine keeps a run that was handed over pending.
    case pending(RunKey, reason: String)
    /// The executor could not take a run: nothing was started, and nothing will be unless it is handed over again.
    case notHandedOver(RunKey, reason: String)
    case ended(RunKey, Outcome)
    /// What the ledger holds of slots that a backfill comes to, see `Scheduler.slotsWanted`.
    case slots(BackfillSlots, BackfillPrecedents)
    /// Somebody asks for something; exactly one `Action.answer` with this token follows.
    case request(token: UInt64, Request)
}

/// How a run came to its end, as its executor tells it.
package struct Outcome: Hashable, Sendable {
    /// `succeeded`, `failed`, `timedOut`, `couldNotStart`, `killed` or `lost`.
    package var state: RunState
    package var reason: String?
    package var exitCode: Int?
    package var signal: Int?
    package var startedAt: Instant?
    package var endedAt: Instant
    package var node: String?
    /// What the command left for those that come after it in the flow.
    package var handedOn: [String: String]

    package init(
        state: RunState, reason: String? = nil, exitCode: Int? = nil, signal: Int? = nil, startedAt: Instant? = nil, endedAt: Instant,
        node: String? = nil, handedOn: [String: String] = [:]
    ) {
        self.state = state
        self.reason = reason
        self.exitCode = exitCode
        self.signal = signal
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.node = node
        self.handedOn = handedOn
    }
}

package enum Request: Hashable, Sendable {
    /// Run this job now, with these parameters.
    case run(JobName, parameters: [String: String])
    /// End this run.
    case kill(RunKey, by: String)
    /// Run the due of this run once more: its waiting attempt at once, or another attempt. `precedent` is what the ledger holds of the due
    /// at the moment of the step; without it the run is unknown. With `downstream` whoever had his run below it in its flow runs again, too.
    case retry(RunKey, precedent: Precedent? = nil, downstream: Bool = false, by: String)
    /// Take the due of this run for a success.
    case markSuccess(RunKey, precedent: Precedent? = nil, by: String)
    /// Pass over a slot that comes, or the run of that due that waits.
    case skip(JobName, due: Instant, precedent: Precedent? = nil, by: String)
    /// Keep it waiting until it is released; without a due the run that waits now, else the next slot.
    case hold(JobName, due: Instant?, precedent: Precedent? = nil, by: String)
    /// Take back what was ordered about a due; without one all holds of the job.
    case release(JobName, due: Instant?, precedent: Precedent? = nil, by: String)
    /// Run slots of the past; `survey` is what the ledger holds of them at the moment of the step.
    case backfill(BackfillOrder, survey: BackfillSurvey? = nil, by: String)
    /// Begin nothing more of this backfill, and with `kill` end what is under way of it.
    case cancelBackfill(Int64, kill: Bool, by: String)
    /// Run nothing of this by itself until it is resumed.
    case pause(PauseScope, by: String)
    case resume(PauseScope, by: String)
}

package enum Answer: Hashable, Sendable {
    /// The run, or what was asked of it, is in the ledger.
    case accepted(RunKey)
    /// So many jobs in force are held by the pause that began.
    case paused(jobs: Int)
    /// The pause is over for so many jobs in force, of which some are held by another.
    case resumed(jobs: Int, stillPaused: Int)
    /// What was ordered about a slot that is still to come is in the ledger.
    case ordered(JobName, Instant)
    /// So many orders were taken back, of which so many runs may go on now.
    case released(orders: Int, runs: Int)
    /// So many slots get a run; so many more are left alone.
    case backfilling(Int64, slots: Int, leftAlone: Int)
    /// So many runs of the backfill were withdrawn; so many are still under way.
    case cancelled(Int64, withdrawn: Int, active: Int)
    /// Nothing was to be done: it is so already. In one sentence.
    case already(String)
    case unknownJob(JobName)
    case unknownRun(RunKey)
    /// In one sentence, with a way out.
    case refused(String)
}

/// What comes out of the scheduler core, in the order in which it is to be done.
///
/// All records of one step are committed in one transaction before anything else of that step is carried out.
package enum Action: Sendable {
    case record(LedgerRecord)
    /// Hand the run over to its executor, as the job says.
    case launch(Run, SharedJob)
    /// Hand the run over once more, exactly as its executor could not take it.
    case handOverAgain(RunKey, executor: String)
    case kill(RunKey, executor: String, reason: String)
    case answer(token: UInt64, Answer)
}

package enum LedgerRecord: Hashable, Sendable {
    case insert(Run)
    case update(Run)
    case gap(Gap)
    /// Slots at the end of the gap are open again: it is now this one, or none. Only with `clockSetBack`.
    case cutGap(Gap, to: Gap?)
    /// From here on, and in this step alone, times of jobs and of waiting runs may move back.
    case clockSetBack(from: Instant)
    case control(JobControl)
    case openFlow(FlowKey, FlowPlan)
    case closeFlow(FlowKey)
    /// Somebody of a closed flow owes a run again.
    case reopenFlow(FlowKey)
    /// What is promised of the members of a flow that have no row yet, all of it.
    case promises(FlowKey, [JobName: FlowPromise])
    case pause(Pause)
    case resume(PauseScope)
    /// In place of an earlier one about the same due.
    case order(SlotOrder)
    case orderIsOver(JobName, Instant)
    /// Members of a flow whose attempts are out of date, in place of those before.
    case markStale(FlowKey, StaleMarks)
    /// Others owe their runs in a flow than before.
    case replanFlow(FlowKey, FlowPlan)
    /// A new one, or one that was cancelled.
    case backfill(Backfill)
    case change(Change)
}
