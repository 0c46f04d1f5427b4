import Glibc
internal import Timetable

/// The way back into a scheduler that was restarted.
extension SlurmWatch {
    /// How long a reattachment waits for the folders, in milliseconds; for the cluster it never waits.
    private static let readingLimit: Int64 = 5000

    mutating func reattach(_ open: [OpenRun], _ latch: Latch) {
        reattaching?.latch.open(.failure(SystemError("reattach", "executor", ECANCELED)))
        reattaching = (latch, Set(open.map(\.launch.run)), LocalWatch.steadyTime() + Self.readingLimit)
        mayHaveStrays = true
        nextPoll = LocalWatch.steadyTime()
        for one in open {
            let run = one.launch.run
            guard tasks[run] == nil else {
                reattached(run)
                continue
            }
            tasks[run] = SlurmTask(launch: one.launch, killWanted: one.killWanted, isStartTold: one.hasStarted)
        }
        read(open.map(\.launch.run).filter { tasks[$0]?.stage == .unread })
        openIfDone()
    }

    /// In another thread, for files may be on a server that does not answer.
    private mutating func read(_ runs: [String]) {
        guard !runs.isEmpty else { return }
        reading += 1
        helpers.files.post { [place, inbox] in
            var traces: [String: Swift.Result<TaskTrace, SystemError>] = [:]
            for run in runs { traces[run] = Swift.Result { () throws(SystemError) in try place.trace(run) } }
            inbox.post(.read(traces))
        }
    }

    /// Those of which the files told nothing; a server that does not answer is not asked twice at a time.
    mutating func readAgain() {
        guard reading == 0 else { return }
        read(tasks.filter { $0.value.stage == .unread }.map(\.key))
    }

    mutating func take(_ trace: Swift.Result<TaskTrace, SystemError>, of run: String) {
        guard let task = tasks[run], task.stage == .unread else { return }
        switch trace {
        case .failure(let error): tellPending(run, "folder: \(error)")
        case .success(let trace): take(trace, of: run, task)
        }
        reattached(run)
    }

    private mutating func take(_ trace: TaskTrace, of run: String, _ task: SlurmTask) {
        if let mark = trace.mark { since = min(since, mark.at) }
        if let ending = trace.ending, !ending.isOfStoppedKeeper || task.killWanted != nil {
            DurableStep.outcomeFound.passed()
            return tellEnd(run, ending)
        }
        update(run) { $0.hasKeeper = trace.claim.map { $0.cancelled == nil } ?? false }
        if let claim = trace.claim, let at = claim.startedAt { tellStart(run, at, node: "") }
        if trace.isMarked || trace.claim != nil || task.isStartTold {
            update(run) { task in
                task.stage = .open
                task.isDoubtful = trace.mark?.id == nil
            }
            glances.runs.append(run)
            if task.killWanted != nil { close(run) }
        } else if task.killWanted != nil {
            close(run)
        } else {
            // Without a mark, nobody ever asked the cluster for it.
            DurableStep.unclaimedFound.passed()
            update(run) { $0.stage = .queued }
            queue.append(run)
        }
    }

    /// Whatever had to be found out of this run was found out.
    mutating func reattached(_ run: String) {
        guard reattaching?.missing.remove(run) != nil else { return }
        openIfDone()
    }

    private mutating func openIfDone() {
        guard let open = reattaching, open.missing.isEmpty else { return }
        reattaching = nil
        open.latch.open(.success(()))
    }

    /// Those whose folders do not answer stay watched; nothing else waits for them.
    mutating func endReattachmentIfDue() {
        guard let open = reattaching, LocalWatch.steadyTime() >= open.until else { return }
        reattaching = nil
        for run in open.missing { tellPending(run, "folder: \(place.runs) does not answer") }
        open.latch.open(.success(()))
    }
}
