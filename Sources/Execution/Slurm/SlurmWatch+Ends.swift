import Glibc
internal import Timetable

/// Kills, runs that are given up, and tasks that nobody wants any more.
extension SlurmWatch {
    /// What scancel is to do after a poll.
    struct Cancellations: Sendable {
        /// How long a keeper gets to hear of one ring, in milliseconds.
        private static let patience: Int64 = 5000

        /// Tasks to be taken out of the queue.
        var strays: [String] = []
        /// Tasks whose keeper is to look for the word.
        var rings: [String] = []
        /// Tasks that Slurm is to end itself, as their keeper did not.
        var stops: [String] = []

        var hasAny: Bool { !strays.isEmpty || !rings.isEmpty || !stops.isEmpty }

        mutating func add(_ task: SlurmTask, _ sight: SlurmSight, at time: Int64, _ note: () -> Void) {
            guard let since = task.killWrittenAt, sight.trace?.ending == nil, time - task.rungAt >= Self.patience else { return }
            let active = sight.rows.filter { $0.state == .running || $0.state == .suspended || $0.state == .other }.map(\.id)
            guard !active.isEmpty else { return }
            let ladder = (task.launch?.killAfter ?? .seconds(10)).wholeMilliseconds + 30_000
            if time - since >= ladder { stops += active } else if !task.isWordMissing { rings += active }
            note()
        }
    }

    /// Told by a poll of a moment ago, so that no number is that of another task by now.
    func carryOut(_ orders: Cancellations) {
        guard orders.hasAny else { return }
        helpers.questions.post { [commands] in
            for (options, ids) in [([], orders.strays + orders.stops), (["--batch", "--signal=USR1"], orders.rings)] where !ids.isEmpty {
                for start in stride(from: 0, to: ids.count, by: 200) {
                    _ = commands.run(.scancel, ["--quiet"] + options + ids[start..<min(start + 200, ids.count)])
                }
            }
            if orders.rings.isEmpty { DurableStep.taskCancelled.passed() } else { DurableStep.keeperRung.passed() }
        }
    }

    mutating func kill(run: String, reason: String) {
        guard RunFolder.isName(run) else { return }
        if tasks[run] == nil {
            // The word may come before the launch, or to a scheduler that knows nothing of it yet.
            tasks[run] = SlurmTask(stage: .open, killWanted: reason)
            return close(run)
        }
        if tasks[run]?.killWanted == nil { update(run) { $0.killWanted = reason } }
        switch tasks[run]?.stage {
        case .queued, .open: close(run)
        // What is under way goes on to the kill when it is through.
        case .submitting, .unread, .closing, nil: break
        }
    }

    /// Takes the claim, so that nothing is begun; what a keeper has already is told to end.
    ///
    /// - Parameter ending: As what it ends; nil: as killed.
    mutating func close(_ run: String, as ending: Ending? = nil) {
        guard let task = tasks[run] else { return }
        update(run) { $0.stage = .closing }
        let ending = ending ?? Ending(kind: .killed, reason: task.killWanted, endedAt: LocalWatch.now())
        let word = task.killWanted
        helpers.files.post { [place, commands, inbox] in
            do throws(SystemError) {
                // A claim that is taken here keeps nobody there from it.
                let trace = try place.trace(run)
                if let folder = trace.elsewhere {
                    return inbox.post(.closed(run: run, .unreached(SlurmTask.elsewhere(folder))))
                }
                let remote = place.remote(commands)
                let closing = try remote?.close(run, as: ending, word: word, isNew: task.isUntold)
                inbox.post(.closed(run: run, closing ?? Self.close(run, task.launch, trace, place, ending, word)))
            } catch {
                inbox.post(.closed(run: run, .failed(error)))
            }
        }
    }

    private static func close(
        _ run: String, _ launch: Launch?, _ trace: TaskTrace, _ place: SlurmPlace, _ ending: Ending, _ word: String?
    ) -> Closing {
        do throws(SystemError) {
            let folder = try place.folder(of: launch, run: run)
            if !trace.isKnown {
                try Files.checkFolder(place.runs)
                _ = try Files.makeFolder(folder.path, mode: 0o700)
                try place.makeLink(run)
            }
            if let ended = trace.ending, !ended.isOfStoppedKeeper { return .ended(ended) }
            if try folder.cancel(reason: ending.reason ?? "", as: ending.kind, bootID: place.bootID) {
                DurableStep.runCancelled.passed()
                try? folder.writeOutcome(ending)
                return .ended(ending)
            }
            if let word {
                try folder.writeKill(reason: word)
                DurableStep.killWritten.passed()
            }
            return .told
        } catch {
            return .failed(error)
        }
    }

    mutating func take(_ closing: Closing, of run: String) {
        guard let task = tasks[run], task.stage == .closing else { return }
        nextPoll = min(nextPoll, LocalWatch.steadyTime() + (pollFailures > 0 ? Self.longestPause : 0))
        mustPollAgain = true
        switch closing {
        case .ended(let ending):
            mayHaveStrays = true
            tellEnd(run, ending)
        case .told:
            update(run) { task in
                task.stage = .open
                task.isWordMissing = false
                if task.killWanted != nil { task.killWrittenAt = task.killWrittenAt ?? LocalWatch.steadyTime() }
            }
        case .unreached(let words):
            tellPending(run, words)
            update(run) { $0.stage = .unread }
        case .failed(let error):
            tellPending(run, "folder: \(error)")
            update(run) { task in
                task.isWordMissing = task.killWanted != nil && (task.hasKeeper || task.isStartTold)
                // Its folder is looked at again with the next polls. A keeper that cannot be told is one that does not heed: Slurm ends it.
                task.stage = task.isWordMissing ? .open : .unread
                if task.isWordMissing { task.killWrittenAt = task.killWrittenAt ?? LocalWatch.steadyTime() }
            }
        }
    }
}
