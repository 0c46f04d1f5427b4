import CPlatform
import Glibc
internal import Timetable

/// Ends that do not come from a keeper, and the way back into a scheduler that was restarted.
extension LocalWatch {
    /// How long a reattachment waits for what dead keepers left behind.
    private static let clearingLimit: Int64 = 5000

    mutating func reattach(_ open: [OpenRun], _ latch: Latch) {
        do {
            // Without the place of all runs, each would look as if nobody had ever claimed it.
            try Files.checkFolder(place.runs)
        } catch {
            return latch.open(.failure(error))
        }
        reattaching?.latch.open(.failure(SystemError("reattach", "executor", ECANCELED)))
        reattaching = (latch, Set(open.map(\.launch.run)), Self.steadyTime() + Self.clearingLimit)
        for one in open {
            let run = one.launch.run
            if runs[run] == nil {
                runs[run] = Kept(
                    folder: folder(run),
                    launch: one.launch,
                    bootID: one.bootID,
                    killWanted: one.killWanted,
                    stage: .unsure,
                    isStartTold: one.hasStarted
                )
                recover(run)
            } else {
                reattached(run)
            }
        }
        openWhenDone()
    }

    /// Whatever had to be found out of this run was found out.
    mutating func reattached(_ run: String) {
        guard reattaching?.missing.remove(run) != nil else { return }
        openWhenDone()
    }

    private mutating func openWhenDone() {
        guard let open = reattaching, open.missing.isEmpty else { return }
        reattaching = nil
        open.latch.open(.success(()))
    }

    mutating func kill(run: String, reason: String) {
        guard let kept = runs[run] else {
            guard RunFolder.isName(run) else { return }
            runs[run] = Kept(folder: folder(run), killWanted: reason, stage: .unsure)
            return recover(run)
        }
        if kept.killWanted == nil { update(run) { $0.killWanted = reason } }
        switch kept.stage {
        case .kept, .keptByLock: ring(run)
        case .queued, .clearing, .unsure: break
        }
    }

    /// Leaves the word for the keeper, and calls it if it may have looked before.
    mutating func ring(_ run: String) {
        guard let kept = runs[run], let reason = kept.killWanted else { return }
        var signal = SIGUSR1
        do {
            try kept.folder.writeKill(reason: reason)
            DurableStep.killWritten.passed()
            // A keeper that has no claim yet is not deaf to the signal; it looks for the word once it has.
            guard case .held = try kept.folder.claimState() else { return }
        } catch {
            // No room for the word: the keeper can be stopped itself, which ends the run no less.
            signal = SIGTERM
        }
        // A keeper that was stopped, perhaps by its own command, would not hear of it.
        for number in [signal, SIGCONT] {
            if let keeper = kept.keeper {
                _ = platform_pidfd_signal(keeper, number)
            } else if let child = kept.child {
                _ = Glibc.kill(child, number)
            }
        }
        DurableStep.keeperRung.passed()
    }

    /// Takes the run ourselves, so that nobody can start it any more.
    mutating func cancel(_ run: String, _ kept: Kept, _ reason: String) throws(SystemError) {
        _ = try Files.makeFolder(kept.folder.path, mode: 0o700)
        if try kept.folder.cancel(reason: reason, bootID: place.bootID) {
            DurableStep.runCancelled.passed()
            finishCancelled(run, reason)
        } else {
            recover(run)
        }
    }

    mutating func finishCancelled(_ run: String, _ reason: String) {
        finish(run, Ending(kind: .killed, reason: reason, endedAt: Self.now(), node: place.node))
    }

    mutating func lose(_ run: String, _ reason: String, startedAt: Instant? = nil) {
        finish(run, Ending(kind: .lost, reason: reason, startedAt: startedAt, endedAt: Self.now(), node: place.node))
    }

    mutating func loseFolder(_ run: String) {
        lose(run, "folder-removed: the run's folder was removed, and with it all that was known of its end")
    }

    /// Ends what a dead keeper left behind, and when nothing is left, says that the run is lost.
    mutating func clear(_ run: String, _ left: LeftOvers) {
        update(run) { $0.stage = .clearing(left) }
        do {
            guard try left.end() else { return }
        } catch {
            return tellPending(run, error.description)
        }
        lose(run, "keeper-killed: the keeper was killed, and all that it kept with it", startedAt: left.claim.startedAt)
    }

    /// Nobody will ever write the outcome of this run, so we do, for those who read its folder; the report does not depend on it.
    private mutating func finish(_ run: String, _ ending: Ending) {
        if let folder = runs[run]?.folder { try? folder.writeOutcome(ending) }
        tellEnd(run, ending)
    }
}
