import Execution
import Glibc
import JobFiles
import Logging
import RunHistory
import Scheduling
import Timetable

/// Makes a ledger anew from what can be read of the old one, the folders of the runs and the job files.
///
/// It starts nothing, and nothing that came due before it is owed because of it: a slot without a row is told as missed.
struct LedgerRebuilding {
    let opening: LedgerOpening
    let entries: [RunEntry]
    let now: Instant

    private var folder: StateFolder { opening.folder }
    private var jobsFolder: String { opening.configuration.jobsFolder }

    func rebuild(because reason: String) throws(DaemonError) {
        let aside = folder.freeNameAside(at: now)
        opening.log.critical(
            "the ledger cannot be used and is made anew from what can be read of it and the folders of the runs",
            metadata: ["reason": "\(reason)", "aside": "\(aside)"])
        let rebuild = try opening.ledger { () throws(LedgerError) in try LedgerRebuild(at: folder.database, now: now) }
        let identity = try identity(rebuild)
        let own = entries.filter { $0.ledger == identity.id }
        let reading = try readJobs(rebuild)
        var report = RebuildReport(reason: reason, at: now, ledger: folder.database, aside: aside)
        report.foreignFolders = entries.count - own.count
        let mark = folder.mark().flatMap { $0.ledger == identity.id ? $0.change : nil } ?? 0
        let isStale = rebuild.newest.change < mark || rebuild.newest.run < own.map(\.number).max() ?? 0
        let found = try foundRuns(own, &report)
        try opening.ledger { () throws(LedgerError) in
            report.account = try rebuild.take(found, numbers: own.map(\.number), isStale: isStale)
            try rebuild.numberChanges(above: mark)
            try rebuild.keep(reading.definitions.values.map(LedgerRebuild.Text.init))
            let jobs = JobAccounts(rebuild: rebuild, reading: reading, isWhole: report.isWhole, now: now)
            let (controls, gaps) = try jobs.all()
            try rebuild.account(controls: controls, gaps: gaps)
            report.missedSlots = gaps.reduce(0) { $0 + $1.slots }
            for flow in try rebuild.flowsInProgress() {
                try rebuild.keepOpen(flow, plan: reading.graph[flow.head] == nil ? nil : reading.graph.flowPlan(from: flow.head))
            }
            if isStale { try rebuild.closeFlowsAtRest() }
            // The old ledger may have lost its newest commits: better a pause too many than one too few.
            if let pauses = folder.pauseCopy.read() {
                try rebuild.keep(pauses)
                report.arePausesOfCopy = true
            }
            report.pauses = try rebuild.pauses().count
            try rebuild.keep(folder.slotOrderCopy.read() ?? [])
            report.slotOrders = try rebuild.orders().count
        }
        // Before the new ledger is complete: from then on a start that was cut off is gone on with, and it must be told all the same.
        try folder.keep(report)
        do {
            try rebuild.complete(id: identity.id, machine: identity.machine, detail: report.notice)
        } catch {
            unlink(report.file)
            throw .ledger(error)
        }
        DurableStep.ledgerRemade.passed()
        try opening.ledger { () throws(LedgerError) in
            try LedgerRebuild.putInPlace(folder.database, aside: aside) { DurableStep.oldFileAside.passed() }
        }
        DurableStep.newLedgerInPlace.passed()
        for entry in entries { finishRemoval(of: entry) }
        opening.log.critical("the ledger was made anew", metadata: ["detail": "\(report.notice)"])
    }

    /// The row that would lead retention there may be lost.
    private func finishRemoval(of entry: RunEntry) {
        do {
            try RunFolder.finishRemoval(of: entry.name, in: folder.runs)
        } catch {
            opening.log.warning("the rest of a run that was removed is still there", metadata: ["detail": "\(error)"])
        }
    }

    /// The id of the old ledger, for it names the folders of its runs; where it cannot be read, that of the newest folder.
    private func identity(_ rebuild: LedgerRebuild) throws(DaemonError) -> (id: String, machine: String) {
        let machine = StateFolder.machineID()
        guard let known = try opening.ledger({ () throws(LedgerError) in try rebuild.identity() }) else {
            return (newestLedger() ?? Ledger.newID(), machine)
        }
        if known.machine != machine, !known.machine.isEmpty, !machine.isEmpty, !opening.configuration.takeOver {
            throw .ledger(.foreignMachine(path: folder.database))
        }
        return (known.id, machine)
    }

    private func newestLedger() -> String? {
        let newest = Dictionary(grouping: entries, by: \.ledger).compactMapValues { $0.max { $0.number < $1.number } }
        return newest.values.max { folder.changedAt($0.name) < folder.changedAt($1.name) }?.ledger
    }

    /// As a start reads them, but without waiting for files that somebody may be writing: each job is to be known now.
    private func readJobs(_ rebuild: LedgerRebuild) throws(DaemonError) -> Reading {
        let stored = try opening.ledger { () throws(LedgerError) in try rebuild.definitionsInForce() }
        var jobs = JobFolder(path: jobsFolder, inForce: StoredJobs(stored).definitions(below: jobsFolder), mindsWriters: false)
        do { return try jobs.read(at: now) } catch { throw .jobs(error) }
    }

    /// - Throws: When a folder cannot be read: it may tell of a run that lives, and another start may be able to read it.
    private func foundRuns(_ own: [RunEntry], _ report: inout RebuildReport) throws(DaemonError) -> [LedgerRebuild.FoundRun] {
        var found: [LedgerRebuild.FoundRun] = []
        for entry in own where !entry.isReplaced {
            let facts: RunFacts?
            do { facts = try RunFolder(runs: folder.runs, run: entry.name).facts() } catch { throw .recovery("\(error)") }
            if let facts, let run = Run(facts) {
                found.append(
                    LedgerRebuild.FoundRun(number: entry.number, run: run, boot: facts.bootID, knowsFlow: facts.launch.origin != nil))
            } else {
                report.unreadableFolders += 1
            }
        }
        return found
    }
}

extension Run {
    /// The row of a run that its folder tells of; what a folder of an earlier version does not say is filled in. nil when its job cannot be.
    init?(_ facts: RunFacts) {
        let launch = facts.launch
        guard let job = JobName(launch.job), launch.attempt >= 1 else { return nil }
        let origin = launch.origin
        self.init(
            key: RunKey(job: job, due: launch.due, attempt: launch.attempt), flow: origin?.flow ?? FlowKey(head: job, due: launch.due),
            trigger: origin?.trigger ?? (launch.attempt > 1 ? .retry : .schedule), readyAt: origin?.readyAt ?? launch.due,
            waitingSince: origin?.readyAt ?? launch.due)
        retry = origin?.retry ?? launch.attempt - 1
        executor = origin?.executor ?? "local"
        version = launch.definition.isEmpty ? "unknown" : launch.definition
        ranAs = launch.user ?? ""
        isCaughtUp = origin?.isCaughtUp ?? false
        isByHand = origin?.isByHand ?? false
        parameters = origin?.parameters ?? [:]
        killWanted = facts.killWanted
        switch facts.standing {
        case .handedOver: state = .launching
        case .begun(let at):
            state = .running
            startedAt = at
        case .ended(let ending): take(Outcome(ending))
        }
    }

    private mutating func take(_ outcome: Outcome) {
        state = outcome.state
        reason = outcome.state == .killed ? Run.reasonOfKill(wanted: killWanted, told: outcome.reason) : outcome.reason
        exitCode = outcome.exitCode
        signal = outcome.signal
        startedAt = outcome.startedAt
        endedAt = outcome.endedAt
        node = outcome.node
        handedOn = outcome.handedOn
    }
}

extension LedgerRebuild.Text {
    init(_ definition: Definition) {
        self.init(
            version: definition.job.version, job: definition.job.name, canonical: definition.canonical, source: definition.source,
            file: StateFolder.absolute(definition.file), line: definition.line)
    }
}
