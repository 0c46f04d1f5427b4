import CPlatform
import Execution
import Foundation
import JobFiles
import Logging
import RunHistory
import Scheduling
import Timetable

/// One life of the loop's state, from reading the ledger to a stop or to a commit that failed.
///
/// After a failed commit nobody knows what the ledger holds, so a session never goes on: the next one is rebuilt from the ledger,
/// exactly as after a restart.
struct Session {
    private let configuration: Daemon.Configuration
    private let mailbox: Mailbox
    private let clock: any WallClock
    private let log: Logger
    private let ledger: Ledger
    private let boot: String
    private let executors: [String: any Executor]
    private let runs: String
    private let folder: StateFolder
    private var scheduler: Scheduler
    private var ids: [RunKey: String]
    private var keys: [String: RunKey]
    private var inForce: DefinitionsInForce
    private var requests = OpenRequests()
    private var heartbeatDue: Instant
    private var retention: Retention
    /// When to stop without being asked.
    private var end: Instant?
    /// Why runs could not be handed over, and when that was last told.
    private var trouble: (word: String, at: Instant)?
    private var clockWatch: ClockWatch
    /// When it was last told that the write-ahead log is long.
    private var logNotice = Instant.distantPast
    private var progress: NotedProgress
    /// What executors could not take, as it was handed over.
    private var refused: [RunKey: Launch] = [:]

    /// What stays the same from session to session.
    struct Frame {
        /// Where the REST API listens.
        let address: String?
        /// When the scheduler began, not the session.
        let startedAt: Instant
        /// When to stop without being asked.
        let end: Instant?
        /// Called when the first commit of the session is durable.
        let onBegin: () -> Void
    }

    private static let heartbeatPeriod = Duration.seconds(10)

    /// Recovers: when this returns, every run that was handed over is watched again or has its outcome in the mailbox.
    init(
        _ configuration: Daemon.Configuration, ledger: Ledger, restored: RestoredLedger, jobs: StoredJobs, folder: StateFolder,
        mailbox: Mailbox, clock: any WallClock, log: Logger
    ) throws {
        self.configuration = configuration
        self.mailbox = mailbox
        self.clock = clock
        self.log = log
        self.ledger = ledger
        boot = try RunFolder.currentBootID()
        runs = folder.runs
        self.folder = folder
        progress = NotedProgress(of: ledger, in: folder, log: log)
        heartbeatDue = clock.now()
        clockWatch = ClockWatch(clock, seenAt: restored.state.seenAt)
        let calendars = Calendars()
        var state = restored.state
        for open in restored.handedOver {
            state.handedOverAs[open.run.key] = open.definition.flatMap { Definition.parse(canonical: $0.canonical, calendars: calendars) }
        }
        scheduler = Scheduler(
            restoring: state, graph: jobs.graph, settings: Scheduler.Settings(capacities: configuration.places.capacities)
        )
        ids = restored.ids
        keys = Dictionary(uniqueKeysWithValues: restored.ids.map { ($1, $0) })
        executors = try configuration.executors(folder.runs) { mailbox.post($0) }
        retention = Retention(configuration.retention, ledger: ledger, executors: executors, clock: clock, log: log)
        inForce = DefinitionsInForce(restored.definitions, log: log)
        DurableStep.ledgerRead.passed()
        let open = restored.handedOver.map { openRun($0, of: state.handedOverAs[$0.run.key]) }
        for (name, executor) in executors { try executor.reattach(open.filter { $0.executor == name }.map(\.run)) }
        DurableStep.runsRecovered.passed()
        for run in open where executors[run.executor] == nil {
            log.error(
                "a run waits for an executor that is not configured",
                metadata: ["run": "\(run.run.launch.run)", "executor": "\(run.executor)"])
        }
        if !open.isEmpty { log.info("re-attached to runs that were handed over before", metadata: ["runs": "\(open.count)"]) }
    }

    /// A run whose definition this version cannot read is watched like any other; only beginning it again ends in `couldNotStart`.
    ///
    /// - Parameter job: What it was handed over as; nil when that cannot be read.
    private func openRun(_ open: RestoredLedger.OpenRun, of job: Job?) -> (executor: String, run: OpenRun) {
        let unreadable = Job(name: open.run.key.job, command: .words(["the-definition-of-this-run-cannot-be-read"]))
        let folder = open.definition.map { DefinitionsInForce.folder(of: $0.file) } ?? "/"
        // What was handed over stands in the run's folder; that is the better text where the ledger's is lost.
        let handedOver = job == nil ? try? RunFolder(runs: runs, run: open.id).launch() : nil
        let launch = handedOver ?? launchPlan(open.run, id: open.id, job: job ?? unreadable, folder: folder).launch
        return (
            open.run.executor ?? "",
            OpenRun(launch: launch, bootID: open.boot, killWanted: open.run.killWanted, hasStarted: open.run.state == .running)
        )
    }

    // MARK: the loop

    /// Puts the newest definitions in force, then goes on until a stop.
    ///
    /// - Throws: `LedgerError` when a commit failed; `refuseOpenRequests` is owed then.
    mutating func run(_ frame: Frame) throws {
        end = frame.end
        defer { close() }
        try begin(frame)
        // All job files were just read, and the ledger was: there will not be that much garbage again.
        platform_give_memory_back()
        while try step(mailbox.takeAll()) {
            if clock.wait(until: nextWake, descriptors: [mailbox.bell.descriptor]) { forgetPauses() }
            clockWatch.tell(of: clock, to: log)
        }
        do {
            _ = try ledger.commit([], boot: boot, at: clock.now()) { try $0.noteStop() }
            try progress.note()
            DurableStep.stopCommitted.passed()
        } catch {
            log.error("the stop could not be noted in the ledger", metadata: ["detail": "\(error)"])
        }
    }

    /// The wall clock was set: pauses that were worked out from it may be anywhere.
    private mutating func forgetPauses() {
        heartbeatDue = min(heartbeatDue, clock.now() + Session.heartbeatPeriod)
        scheduler.endRests(at: clock.now())
        retention.forgetPause()
    }

    private var nextWake: Instant {
        [scheduler.nextWake, end, retention.nextStep].compactMap(\.self).reduce(heartbeatDue, min)
    }

    private func close() {
        for executor in executors.values { executor.shutdown() }
        // They will be asked again, and then may take what they refused.
        mailbox.forgetRefusals()
        ledger.close()
    }

    /// The outcomes that recovery found come first: they belong to what was in force then.
    private mutating func begin(_ frame: Frame) throws {
        let now = clockWatch.now(reading: clock.now())
        let (reading, reports) = mailbox.takeForBeginning()
        clockWatch.tellBeforeStart(at: now, to: log)
        var actions = try lookAtClock(at: now)
        actions += take(reports, at: now)
        actions += scheduler.handle(.start(reading.graph), at: now)
        let row = SchedulerRow(
            pid: Int(getpid()), boot: boot, version: configuration.version, jobsFolder: configuration.jobsFolder, address: frame.address,
            settings: configuration.settingsText, startedAt: frame.startedAt, heartbeatAt: now)
        let definitions = inForce.replace(by: reading)
        let troubles = [ExecutorTroubles.ofOthers(than: executors.keys)] + ExecutorTroubles.notes(of: reports, log)
        try carryOut(
            actions, at: now, notes: [{ try $0.replaceScheduler(by: row) }, definitions] + troubles, completing: .recoveryCommitted)
        try copyPauses()
        try copySlotOrders()
        frame.onBegin()
        log.info("scheduling", metadata: ["jobs": "\(reading.graph.jobs.count)", "problems": "\(reading.problems.count)"])
    }

    /// A clock that was set back is told to the core before anything else of that time.
    private mutating func lookAtClock(at now: Instant) throws -> [Action] {
        guard let before = clockWatch.stepBack(at: now) else { return [] }
        // The ledger is to know the new time soon, or a start would find the clock set back once more.
        heartbeatDue = now
        return scheduler.handle(.clockSetBack(from: before, try ledger.rowsAhead(of: now)), at: now)
    }

    /// One turn: everything that came in and everything that became due shares one commit.
    ///
    /// - Returns: Whether to go on.
    private mutating func step(_ mail: Mailbox.Mail) throws -> Bool {
        let now = clockWatch.now(reading: clock.now())
        var notes = ExecutorTroubles.notes(of: mail.reports, log)
        let isOver = end.map { $0 <= now } ?? false
        let goesOn = !isOver && !mailbox.isStopWanted
        if !goesOn { scheduler.stop() }
        for question in mail.questions { requests.add(question) }
        var actions = try lookAtClock(at: now)
        actions += take(mail.reports, at: now)
        if let reading = mail.reading {
            DurableStep.definitionsRead.passed()
            notes.append(inForce.replace(by: reading))
            let zones = ZoneUpdate(scheduler, taking: reading.graph, at: now)
            actions += scheduler.handle(.definitions(reading.graph), at: now)
            if let zones { notes += zones.tell(scheduler, log: log) }
        }
        if let complaint = mail.complaint, let note = inForce.complain(complaint, about: configuration.jobsFolder) { notes.append(note) }
        for token in requests.tokens {
            if requests[token]?.request.readsLedger == true {
                try carryOut(actions, at: now, notes: notes)
                (actions, notes) = ([], [])
            }
            actions += try ask(token, at: now, &notes)
        }
        if goesOn { actions += scheduler.handle(.tick, at: now) }
        if now >= heartbeatDue {
            try ledger.heartbeat(at: now)
            try progress.note()
            heartbeatDue = now + Session.heartbeatPeriod
            lookAtLog(at: now)
        }
        try carryOut(actions, at: now, notes: notes, completing: mail.reading == nil ? nil : .definitionsCommitted)
        // One step of a backfill in a turn: whatever else is to be done comes between two of them.
        if goesOn, let wanted = scheduler.slotsWanted {
            try carryOut(scheduler.handle(.slots(wanted, try ledger.precedents(of: wanted)), at: now), at: now, notes: [])
        }
        if goesOn { try retention.step() }
        return goesOn
    }

    /// A write-ahead log that only grows fills the disk some day; who is in its way is told every ten minutes.
    private mutating func lookAtLog(at now: Instant) {
        let writeAheadLog = WriteAheadLog(of: ledger.path)
        guard writeAheadLog.isLong, logNotice + .seconds(600) <= now || now < logNotice else { return }
        logNotice = now
        log.warning("the ledger has a long \(writeAheadLog.words)")
    }

    /// The first of many runs that cannot be handed over for one reason is told, and then once a minute.
    private mutating func tellTrouble(_ reason: String) {
        let now = clock.now()
        // Behind the word may be what is of this run alone, such as its folder.
        let word = String(reason.prefix { $0 != ":" })
        guard trouble.map({ $0.word != word || $0.at + .seconds(60) <= now }) ?? true else { return }
        trouble = (word, now)
        log.error("a run cannot be handed over and is tried again, as long as its startWithin allows", metadata: ["reason": "\(reason)"])
    }

    // MARK: requests

    /// Puts a request to the core; a run that it accepted is noted with who asked, the rest the core notes itself.
    private mutating func ask(_ token: UInt64, at now: Instant, _ notes: inout [DefinitionsInForce.Note]) throws -> [Action] {
        guard let question = requests[token] else { return [] }
        let actions = scheduler.handle(.request(token: token, try ledger.completed(question.request, in: scheduler.graph)), at: now)
        guard case .run = question.request else { return actions }
        for case .answer(token, .accepted(let key)) in actions {
            notes.append { try $0.change("request.run", job: key.job, who: question.who, detail: "due \(key.due.rfc3339)") }
        }
        return actions
    }

    /// Answers those who wait for a commit of which nobody knows whether it came.
    mutating func refuseOpenRequests() { requests.refuseAll() }

    // MARK: reports

    /// Ends are handled one by one in the order in which they happened, also those that happened while nobody watched; what precedes an
    /// end of the same run comes first anyway.
    private mutating func take(_ reports: [ExecutorReport], at now: Instant) -> [Action] {
        var actions: [Action] = []
        var ends: [(key: RunKey, ending: Ending)] = []
        for report in reports {
            switch report {
            case .started(let id, let at, let node):
                if let key = keys[id] { actions += scheduler.handle(.started(key, at: at, node: node), at: now) }
            case .pending(let id, let reason):
                if let key = keys[id] { actions += scheduler.handle(.pending(key, reason: reason), at: now) }
            case .couldNotHandOver(let launch, let reason):
                guard let key = keys[launch.run] else { continue }
                tellTrouble(reason)
                refused[key] = launch
                actions += scheduler.handle(.notHandedOver(key, reason: reason), at: now)
            case .ended(let id, let ending):
                if let key = keys[id] { ends.append((key, ending)) }
            case .trouble: break
            case .discarded(let data, let gone, let kept): retention.take(data, gone: gone, kept: kept)
            }
        }
        ends.sort { $0.ending.endedAt < $1.ending.endedAt }
        return actions + ends.flatMap { scheduler.handle(.ended($0.key, Outcome($0.ending)), at: now) }
    }

    // MARK: acting

    /// Record, then act: nothing is launched, killed, answered or told before its record is durable.
    private mutating func carryOut(
        _ actions: [Action], at now: Instant, notes: [DefinitionsInForce.Note], completing step: DurableStep? = nil
    ) throws {
        let records = actions.compactMap { action -> LedgerRecord? in if case .record(let record) = action { record } else { nil } }
        if !records.isEmpty || !notes.isEmpty {
            DurableStep.passed(before: records)
            let inserted = try ledger.commit(records, boot: boot, at: now) { ledger in for note in notes { try note(ledger) } }
            for (key, id) in inserted {
                ids[key] = id
                keys[id] = key
            }
            DurableStep.passed(after: records)
            step?.passed()
        }
        act(on: actions)
        tellEnds(in: records)
        if records.contains(where: \.changesPauses) { try copyPauses() }
        if records.contains(where: \.changesSlotOrders) { try copySlotOrders() }
    }

    /// The ledger has them; without the copy, only a ledger that is lost takes them along.
    private mutating func copyPauses() throws(LedgerError) {
        do {
            try folder.pauseCopy.write(scheduler.pauses)
        } catch {
            log.error("the copy of the pauses could not be written", metadata: ["file": "\(folder.pauseCopy.path)", "detail": "\(error)"])
        }
        try progress.note()
    }

    /// As the pauses.
    private mutating func copySlotOrders() throws(LedgerError) {
        do {
            try folder.slotOrderCopy.write(scheduler.slotOrders)
        } catch {
            log.error(
                "the copy of the orders about slots could not be written",
                metadata: ["file": "\(folder.slotOrderCopy.path)", "detail": "\(error)"])
        }
        try progress.note()
    }

    private mutating func act(on actions: [Action]) {
        var launches = HandOver(places: configuration.places)
        var kills: [(run: String, executor: String, reason: String)] = []
        for action in actions {
            switch action {
            case .record: break
            case .launch(let run, let shared):
                guard let id = ids[run.key] else { continue }
                let job = shared.job
                if let reason = refusal(of: job) {
                    mailbox.post(.ended(run: id, Ending(kind: .couldNotStart, reason: reason, endedAt: clock.now())))
                } else {
                    launches.add(launchPlan(run, id: id, job: job, folder: inForce.folder(of: job.name)), to: job.runOn)
                }
            case .handOverAgain(let key, let executor):
                // As it was: the intent stands, and nothing was started.
                if let launch = refused.removeValue(forKey: key) { launches.add(launch, to: executor) }
            case .kill(let key, let executor, let reason):
                if let id = ids[key] { kills.append((id, executor, reason)) }
            case .answer(let token, let answer): requests.answer(token, with: answer, ids: ids)
            }
        }
        launches.carryOut(by: executors)
        // What is handed over and replaced in one turn must be known to its executor before it is ended there.
        for kill in kills { executors[kill.executor]?.kill(run: kill.run, reason: kill.reason) }
    }

    private func launchPlan(_ run: Run, id: String, job: Job, folder: String) -> LaunchPlan {
        let schedule = scheduler.schedule(of: job.name) ?? scheduler.schedule(of: run.flow.head)
        return LaunchPlan(id: id, run: run, job: job, schedule: schedule, folder: folder, node: configuration.node, runs: runs)
    }

    /// Why a run of the job cannot be handed over: one may be in force that was fine by earlier settings.
    private func refusal(of job: Job) -> String? {
        if executors[job.runOn] == nil { return "no-executor: no executor `\(job.runOn)` is configured" }
        return configuration.places.refusal(of: job)
    }

    private mutating func tellEnds(in records: [LedgerRecord]) {
        var ended: [String: [String]] = [:]
        for record in records {
            guard let run = record.run, !run.state.isOpen, let id = ids.removeValue(forKey: run.key) else { continue }
            keys[id] = nil
            refused[run.key] = nil
            if let executor = run.executor { ended[executor, default: []].append(id) }
            configuration.onEnd(StoredRun(id: id, run: run))
        }
        for (executor, ids) in ended { executors[executor]?.forget(ids) }
    }
}
