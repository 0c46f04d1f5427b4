import Glibc
internal import Timetable

/// Asking for all open tasks at once, and what follows from the answer.
extension SlurmWatch {
    /// Also without any run, as long as something is known to be wrong: that it is over is to be told.
    var needsPoll: Bool { mayHaveStrays || submissionsWaitUntil > 0 || !tasks.isEmpty || pollTrouble != nil }

    mutating func pollIfDue() {
        guard needsPoll, !isPolling, LocalWatch.steadyTime() >= nextPoll else { return }
        isPolling = true
        mustPollAgain = false
        readAgain()
        let poll = SlurmPoll(commands: commands, place: place, subjects: subjects(), users: users(), since: since - .seconds(3600))
        helpers.questions.post { [inbox] in inbox.post(.polled(poll.answer())) }
    }

    private func subjects() -> [SlurmPoll.Subject] {
        tasks.filter { $0.value.stage == .open }.map { run, task in
            SlurmPoll.Subject(
                run: run, hasBegun: task.hasKeeper || task.isStartTold || task.killWanted != nil || task.isDoubtful,
                isStartTold: task.isStartTold, isSilent: task.silentSince != nil)
        }
    }

    private func users() -> Set<String> { Set(tasks.values.compactMap { $0.launch?.user }) }

    mutating func take(_ answer: SlurmPoll.Answer) {
        isPolling = false
        let time = LocalWatch.steadyTime()
        note(answer.controllerTrouble ?? answer.folderTrouble)
        if answer.controllerTrouble == nil {
            pollFailures = 0
            mayHaveStrays = !answer.strays.isEmpty
        } else {
            pollFailures += 1
        }
        nextPoll = time + pauseAfterPoll
        var orders = Cancellations(strays: answer.strays)
        for (run, sight) in answer.sights { take(sight, of: run, isAnswer: answer.controllerTrouble == nil, at: time, &orders) }
        carryOut(orders)
        renewGlances()
        giveBackOverdue()
        // One that became open since the question was asked waits no longer than for the next.
        if pollFailures == 0, orders.hasAny { nextPoll = min(nextPoll, time + 500) }
        if pollFailures == 0, mustPollAgain || answer.isUnfinished { nextPoll = time }
    }

    private mutating func take(
        _ sight: SlurmSight, of run: String, isAnswer: Bool, at time: Int64, _ orders: inout Cancellations
    ) {
        guard let task = tasks[run], task.stage == .open else { return }
        note(sight, of: run, isAnswer: isAnswer, at: time)
        guard isAnswer else { return takeWithoutController(sight, of: run) }
        if let at = sight.trace?.claim?.startedAt { tellStart(run, at, node: sight.nodes) }
        guard let known = tasks[run] else { return }
        switch known.verdict(sight, at: time, now: LocalWatch.now(), doubt: settings.doubt.wholeMilliseconds) {
        case .waits(let reason): if let reason, !known.isStartTold, pollTrouble == nil { tellPending(run, reason) }
        case .runs: break
        case .ended(let ending):
            // A second incarnation, or a second task, waits for nothing.
            if sight.waitingRow != nil { mayHaveStrays = true }
            orders.strays += sight.rows.filter { $0.state.phase == .waiting || $0.state.phase == .held }.map(\.id)
            return end(run, ending, wasWritten: sight.trace?.ending != nil)
        case .refuse(let ending): return close(run, as: ending)
        case .submitAgain: return submitAgain(run)
        }
        guard known.killWanted != nil else { return }
        orders.add(known, sight, at: time) { update(run) { $0.rungAt = time } }
        if known.isWordMissing, tasks[run]?.rungAt == time { close(run) }
    }

    /// What is known of it beside the verdict.
    private mutating func note(_ sight: SlurmSight, of run: String, isAnswer: Bool, at time: Int64) {
        let wasDoubtful = tasks[run]?.isDoubtful ?? false
        update(run) { task in
            if !sight.nodes.isEmpty { task.lastNodes = sight.nodes }
            let hasKeeper = sight.trace?.claim.map { $0.cancelled == nil } ?? false
            // A row that waits is one that goes on, unless a keeper had the run before the cluster was asked.
            let goesOn = sight.activeRow != nil || sight.waitingRow != nil && !(hasKeeper && task.hasKeeper || task.isStartTold)
            if isAnswer, !goesOn, sight.fault == nil {
                task.silentSince = task.silentSince ?? time
            } else {
                task.silentSince = nil
            }
            if hasKeeper { task.hasKeeper = true }
            if isAnswer { task.isQueued = sight.activeRow == nil && sight.waitingRow != nil && !task.hasKeeper && !task.isStartTold }
            if !sight.rows.isEmpty { task.isDoubtful = false }
        }
        if wasDoubtful, !sight.rows.isEmpty { DurableStep.taskFound.passed() }
    }

    /// Files tell of starts and ends all the same.
    private mutating func takeWithoutController(_ sight: SlurmSight, of run: String) {
        guard let task = tasks[run] else { return }
        if let claim = sight.trace?.claim, let at = claim.startedAt { tellStart(run, at, node: task.lastNodes) }
        if let ending = sight.trace?.ending, !ending.isOfStoppedKeeper || task.killWanted != nil { tellEnd(run, ending) }
    }

    /// Its readers learn from the outcome that nothing more will come.
    private mutating func end(_ run: String, _ ending: Ending, wasWritten: Bool) {
        if !wasWritten {
            helpers.files.post { [place, launch = tasks[run]?.launch] in
                try? place.folder(of: launch, run: run).writeOutcome(ending)
            }
        }
        tellEnd(run, ending)
    }

    /// Whatever becomes of the first one, the run is begun once.
    private mutating func submitAgain(_ run: String) {
        guard tasks[run]?.launch != nil else { return close(run) }
        update(run) { task in
            task.stage = .queued
            task.isAgain = true
            task.isDoubtful = true
            task.silentSince = nil
        }
        tellPending(run, "again: the cluster knows nothing of the task, which is submitted once more")
        queue.append(run)
    }
}
