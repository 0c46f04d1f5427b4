package import Timetable

/// What the ledger and the definitions hold about one due of one job: all that `why` needs, and nothing that lives in memory.
package struct WhyFacts: Sendable {
    /// A row with its id.
    package struct Row: Hashable, Sendable {
        package let id: String
        package let run: Run

        package init(id: String, run: Run) {
            self.id = id
            self.run = run
        }
    }

    /// Something that was noted in the audit.
    package struct Note: Hashable, Sendable {
        package let at: Instant
        package let kind: String
        package let who: String?
        package let detail: String?

        package init(at: Instant, kind: String, who: String? = nil, detail: String? = nil) {
            self.at = at
            self.kind = kind
            self.who = who
            self.detail = detail
        }
    }

    package let due: Instant
    package let now: Instant
    package let control: JobControl
    /// The definition in force, or the last one that was; nil when this version cannot read it.
    package let definition: Job?
    /// The schedule with its anchor pinned; nil without one.
    package let schedule: Schedule?

    package var pauses = Pauses()
    /// All attempts at the due, the oldest first.
    package var attempts: [Row] = []
    /// What was noted of the newest attempt, the oldest first.
    package var trail: [Note] = []
    /// Who asked for the first attempt, if somebody did.
    package var request: Note?
    /// What somebody ordered about the slot, as long as that is in force.
    package var order: SlotOrder?
    /// The backfill that the newest attempt goes with, or the last that one went with.
    package var backfill: Backfill?
    /// A backfill that has not come to the slot yet.
    package var comingBackfill: Backfill?
    /// The gap that the due lies in; of a slot that has not come one from before the clock was set back, by an earlier schedule.
    package var gap: Gap?
    /// The pause that was asked for last before the due was skipped by one.
    package var pauseThen: Note?
    /// Of the same job, at other dues: the open runs, and those that were under way when the newest attempt, or the gap, came to its end.
    package var others: [Row] = []
    /// The flow that the due belongs to, with the newest rows of its members.
    package var flow: LedgerState.Flow?
    /// For each run of `flow` its id.
    package var flowIDs: [RunKey: String] = [:]
    /// The control rows of all jobs above this one.
    package var parents: [JobName: JobControl] = [:]
    /// The definitions in force of the job and of all above it.
    package var graph = JobGraph()
    /// The pools with what is taken of them.
    package var pools: [PoolUse] = []
    /// What is wrong with the executor of the newest attempt, if it concerns it.
    package var trouble: ExecutorTrouble?
    package var isSchedulerAlive = true
    /// The last sign of life of a scheduler that is gone.
    package var lastHeard: Instant?

    package init(due: Instant, now: Instant, control: JobControl, definition: Job?, schedule: Schedule?) {
        self.due = due
        self.now = now
        self.control = control
        self.definition = definition
        self.schedule = schedule
    }

    var job: JobName { control.job }
    var newest: Row? { attempts.last }
    var isScheduled: Bool { schedule?.contains(due) == true }
    /// The job whose runs begin the flows that this one is a member of; itself for a head.
    var head: JobName { graph.head(of: job) }
    /// That job's schedule with its anchor pinned; nil for a head, and for a member of flows that nobody but a request begins.
    var headSchedule: Schedule? {
        guard head != job, let schedule = graph[head]?.schedule else { return nil }
        return parents[head]?.anchor.map { schedule.anchored(at: $0) } ?? schedule
    }
    /// Whether the head of the job's flows has a slot there.
    var isSlotOfHead: Bool { headSchedule?.contains(due) == true }
    /// Whether the flow of the due owes, or owed, a run of this job.
    var isMember: Bool { flow?.plan.members.contains { $0.job == job } ?? false }

    /// The one answer that these facts give.
    package var answer: Why {
        let fate = due <= max(control.accountedUntil, now) ? gap : nil
        var why = Why(job: job, due: due, isSlot: isScheduled || isMember || isSlotOfHead, state: newest?.run.state ?? fate?.state)
        if let newest {
            tellTrigger(of: newest, &why)
            tellEarlierAttempts(&why)
            tellRun(newest, &why)
        } else if isMember {
            tellOwed(&why)
        } else if let fate {
            tellSlot(&why)
            tellGap(fate, &why)
        } else if isScheduled {
            tellSlot(&why)
            due > now ? tellComing(&why) : tellUndecided(&why)
        } else if isSlotOfHead {
            due > now ? tellComingFlow(&why) : tellNoFlow(&why)
        } else {
            tellNoSlot(&why)
        }
        if let gap, fate == nil, newest == nil { tellOutdated(gap, &why) }
        if let comingBackfill, newest?.run.state.isOpen != true { tell(comingBackfill, &why) }
        tellScheduler(&why)
        return why
    }

    /// What is due or open cannot go on by itself without one.
    private func tellScheduler(_ why: inout Why) {
        guard !isSchedulerAlive, why.state?.isOpen ?? (due > control.accountedUntil && why.isSlot) else { return }
        let since = lastHeard.map { "; one was last heard of at \(moment($0))" } ?? ""
        let fate = newest?.run.state == .running ? "The command goes on, and its end is taken in once" : "Nothing is launched until"
        why.say(.scheduler, at: lastHeard, "No scheduler runs at the moment\(since). \(fate) one is started.")
        why.advise("rota serve")
    }

    // MARK: words

    /// In UTC, and on the job's clock where that is another.
    func words(_ instant: Instant) -> String {
        guard let zone = (schedule ?? headSchedule)?.localZone, zone != .utc else { return instant.rfc3339 }
        let local = zone.local(instant)
        // `02:30` of `2026-03-01T02:30:00+01:00`; with the date where the zone has another one.
        let time = local.dropFirst(11).prefix { $0 != "+" && $0 != "-" && $0 != "Z" }
        let date = zone.date(instant) == Zone.utc.date(instant) ? "" : local.prefix(11)
        return "\(instant.rfc3339) (\(date)\(time.hasSuffix(":00") ? time.dropLast(3) : time) in \(zone.name))"
    }

    /// The same for what is no due: to the second.
    func moment(_ instant: Instant) -> String { words(Instant(seconds: instant.microseconds / 1_000_000)) }

    func length(from start: Instant, to end: Instant) -> String { max(end - start, .zero).roundedInWords }

    /// `run k3x9q2-17 due 2026-03-01T02:00:00Z`
    func words(_ row: Row) -> String { "run \(row.id) due \(row.run.key.due.rfc3339)" }
}

extension Duration {
    /// Whole seconds from ten on, whole minutes from an hour on: what a person wants to know.
    fileprivate var roundedInWords: String {
        let unit: Int64 = self >= .seconds(86_400) ? 3_600 : self >= .seconds(3_600) ? 60 : 1
        let seconds = components.seconds
        return seconds < 1 ? "less than a second" : Duration.seconds(seconds / unit * unit).inWords
    }
}
