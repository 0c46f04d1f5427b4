import Timetable

/// What executors tell, and what follows for the run and its slot: its end, its retry, its children.
extension Scheduler {
    mutating func noteStart(of key: RunKey, at instant: Instant, node: String?) {
        guard var run = runs[key], run.state == .launching else { return }
        noteTaken(run)
        run.state = .running
        run.reason = nil
        run.startedAt = instant
        run.node = node
        store(run)
    }

    mutating func notePending(_ key: RunKey, reason: String) {
        guard var run = runs[key], run.state == .launching else { return }
        noteTaken(run)
        guard run.reason != reason else { return }
        run.reason = reason
        store(run)
    }

    /// The first outcome of an active run counts; anything later, and anything about a run that is not ours, changes nothing.
    mutating func finish(_ key: RunKey, with outcome: Outcome) {
        guard var run = runs[key], run.state.isActive else { return }
        noteTaken(run)
        // What an executor tells never makes a step that the ledger refuses: a command that ran could start.
        run.state = outcome.state.isOpen || !run.state.mayBecome(outcome.state) ? .failed : outcome.state
        run.reason = outcome.state == .killed ? Run.reasonOfKill(wanted: run.killWanted, told: outcome.reason) : outcome.reason
        run.exitCode = outcome.exitCode
        run.signal = outcome.signal
        run.startedAt = outcome.startedAt ?? run.startedAt
        run.endedAt = outcome.endedAt
        run.node = outcome.node ?? run.node
        run.handedOn = outcome.handedOn
        pools.release(key)
        step.touch(key.job)
        switch sequel(of: run) {
        case .attempt(let next):
            if run.state == .lost { reruns[next.key] = (reruns[key] ?? 0) + 1 }
            store(run)
            addWaiting(next)
        case .none(let reason):
            if let reason { run.reason = [run.reason, reason].compactMap(\.self).joined(separator: "; ") }
            settle(run)
        }
    }

    /// Ends a run that was never handed over.
    mutating func end(_ waiting: Run, _ state: RunState, reason: String) {
        var run = waiting
        run.state = state
        run.reason = reason
        run.endedAt = step.now
        settle(run)
    }

    private enum Sequel {
        case attempt(Run)
        /// The slot is settled by this end; why, if the policy would have had it otherwise.
        case none(reason: String?)
    }

    /// What the job's policies owe after this end.
    private func sequel(of run: Run) -> Sequel {
        guard let shared = graph.jobs[run.key.job], run.killWanted == nil, let end = run.endedAt else { return .none(reason: nil) }
        // It may have ended by a clock that was set back since.
        let endedAt = min(end, step.now)
        // The job may have been taken out of the backfill's hands meanwhile.
        if let cancellation = run.backfill.flatMap({ backfills[$0]?.cancellation }) {
            return .none(reason: [.failed, .timedOut, .couldNotStart, .lost].contains(run.state) ? "not run again: \(cancellation)" : nil)
        }
        if run.state == .lost, shared.job.onUnknown == .rerun {
            // What takes the machine down with it would do so for ever.
            guard reruns[run.key] ?? 0 < Run.mostReruns else { return .none(reason: Run.noMoreReruns) }
            return .attempt(retry(of: run, notBefore: endedAt, retry: run.retry))
        }
        if let refusal = shared.job.retries.refusal(of: run) { return .none(reason: refusal.reason) }
        let wait = shared.job.retries.wait(before: run.retry + 1, of: run.key.next)
        return .attempt(retry(of: run, notBefore: endedAt + wait, retry: run.retry + 1))
    }

    private func retry(of run: Run, notBefore: Instant, retry: Int) -> Run {
        var next = nextAttempt(after: run, .retry, readyAt: notBefore)
        next.notBefore = notBefore
        next.retry = retry
        next.takePromises(of: run)
        next.isByHand = run.isByHand
        if notBefore > step.now { next.reason = "retry" }
        return next
    }

    /// The next attempt at the due of `run`, with whatever each takes over from the one before: its flow, its values, what it used up, the
    /// backfill that it goes with.
    func nextAttempt(after run: Run, _ trigger: RunTrigger, readyAt: Instant) -> Run {
        var next = Run(key: run.key.next, flow: run.flow, trigger: trigger, readyAt: readyAt, waitingSince: step.now)
        next.parameters = run.parameters
        next.consumed = run.consumed
        next.isCaughtUp = run.isCaughtUp
        next.backfill = backfillGoingOn(of: run)
        return next
    }

    /// No attempt is open at this slot and no retry is owed: counts it, and looks at everything that waited for it.
    mutating func settle(_ ended: Run, isNew: Bool = false) {
        var run = ended
        if run.hasNeverBegun { keepDescendants(of: run) }
        let shared = graph.jobs[run.key.job]
        let isHeld = run.isHeld(under: shared?.job.onUnknown)
        let isEnding = run.state != .skipped && run.state != .missed && !isHeld
        if isEnding {
            lastEnding += 1
            run.ending = lastEnding
        }
        store(run, isNew: isNew, isSettled: true)
        if isEnding { count(run, by: shared) }
        advance(run.flow, below: run.key.job)
        if isEnding, shared != nil, let endedAt = run.endedAt { offerToLatest(childrenOf: run.key.job, endedAt: endedAt) }
    }

    /// A run that outlived its job's file counts too, by the defaults of the policies.
    private mutating func count(_ run: Run, by shared: SharedJob?) {
        guard let number = run.ending, let place = controls.index(forKey: run.key.job) else { return }
        let (softError, onUnknown) = (shared?.job.softError ?? false, shared?.job.onUnknown ?? .hold)
        if run.state == .succeeded { controls.values[place].successes += 1 } else { controls.values[place].failures += 1 }
        if shared?.job.expect.isAboutEnds == true { controls.values[place].noteDuration(of: run) }
        if run.meets(.success, softError: softError, onUnknown: onUnknown) { controls.values[place].lastSuccess = number }
        if run.meets(.failure, softError: softError, onUnknown: onUnknown) { controls.values[place].lastFailure = number }
        if run.meets(.done, softError: softError, onUnknown: onUnknown) { controls.values[place].lastDone = number }
        step.writeControl(of: run.key.job)
    }

    // MARK: rows

    /// Puts a new run in its place among those that wait.
    mutating func addWaiting(_ run: Run) {
        store(run, isNew: true)
        turns[run.key.job, default: Turn()].addWaiting(run)
        step.touch(run.key.job)
    }

    /// The one way in which a row changes: kept as long as it is open, shown to its flow, written at the end of the step.
    ///
    /// - Parameter isSettled: The run has ended, and nobody owes another attempt at its due.
    mutating func store(_ changed: Run, isNew: Bool = false, isSettled: Bool = false) {
        let made = isNew ? completed(changed) : changed
        let run = made.promises.isEmpty ? made : withBreaches(made, isNew: isNew, isSettled: isSettled)
        step.write(run, isNew: isNew)
        if isNew, !ahead.isEmpty, run.key.due > step.now { ahead.insert([run.key.due], of: run.key.job) }
        if let place = flows.index(forKey: run.flow) { flows.values[place].show(run) }
        if run.state.isOpen {
            runs[run.key] = run
        } else {
            runs[run.key] = nil
            refused[run.key] = nil
            reruns[run.key] = nil
            look(at: run.key, again: nil)
            // A row that is born ended came to that by something else.
            if let order = orders[run.key.job, run.key.due] { isNew ? void(order) : drop(order) }
            if let place = turns.index(forKey: run.key.job) {
                turns.values[place].remove(run)
                if turns.values[place].isEmpty { turns.remove(at: place) }
            }
        }
        if isNew, !breaksAt.isEmpty { setPromiseAlarm(of: .member(run.key.job, run.flow), at: nil) }
        if !run.promises.isEmpty { setPromiseAlarm(of: .run(run.key), at: run.nextBreach) }
    }

    /// A new row with what its job gives it.
    private func completed(_ run: Run) -> Run {
        guard let shared = graph.jobs[run.key.job] else { return run }
        return withPromises(withOwnParameters(run, of: shared), of: shared)
    }

    mutating func takeActions() -> [Action] {
        let actions = step.takeActions(controls: controls)
        step.begin(at: step.now)
        return actions
    }
}
