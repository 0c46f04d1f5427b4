import CPlatform
import Glibc
internal import Timetable

/// Finding out what is true of a run, and acting on it: the same order for a launch of a known run, a keeper's end and a restart.
extension LocalWatch {
    /// What a folder says, the outcome looked for last.
    enum Finding {
        case kept(Claim)
        case ended(Ending)
        case cancelled(Claim)
        /// Claimed by somebody who is dead, and no outcome.
        case dead(Claim)
        case unclaimed
    }

    static func finding(_ folder: RunFolder) throws(SystemError) -> Finding {
        let claim = try folder.claimState()
        if case .held(let claim) = claim { return .kept(claim) }
        if let ending = try folder.outcome() { return .ended(ending) }
        guard case .free(let claim) = claim else { return .unclaimed }
        return claim.cancelled == nil ? .dead(claim) : .cancelled(claim)
    }

    /// The first step of a launch: a new folder means that nobody can have the run.
    mutating func begin(_ run: String) {
        guard let kept = runs[run], let launch = kept.launch else { return }
        if kept.killWanted == nil, unstarted.remove(run) != nil { return startAgain(run, launch) }
        guard kept.killWanted == nil, !Files.exists(kept.folder.path) else { return recover(run) }
        start(run, launch)
    }

    /// Its folder is there, and nobody has it: what cannot be read of that, for want of descriptors, leaves nothing in doubt.
    private mutating func startAgain(_ run: String, _ launch: Launch) {
        do {
            try folder(run).clearVoidClaim()
        } catch {
            return tellNothingStarted(launch, error.description)
        }
        start(run, launch)
    }

    /// Finds out about a run whose keeper, if it has one, is not known to us, and does what follows.
    mutating func recover(_ run: String) {
        guard let kept = runs[run] else { return }
        do {
            if let launch = kept.launch, try kept.folder.belongsToAnother(than: launch) { try kept.folder.setAside() }
            switch try Self.finding(kept.folder) {
            case .unclaimed: try recoverUnclaimed(run, kept)
            case .ended(let ending):
                DurableStep.outcomeFound.passed()
                tellEnd(run, ending)
            case let finding: act(run, on: finding, wasWatched: false)
            }
        } catch {
            unsure(run, error)
        }
    }

    private mutating func recoverUnclaimed(_ run: String, _ kept: Kept) throws(SystemError) {
        // Its end could not be looked into when it came, or came while nobody watched.
        if kept.isStartTold { return loseFolder(run) }
        let bootID = if let known = kept.bootID { known } else { try kept.folder.bootOfLaunch() }
        if let bootID, bootID != place.bootID {
            lose(run, "reboot: the machine was restarted under the run")
        } else if let reason = kept.killWanted {
            try cancel(run, kept, reason)
        } else if let launch = kept.launch {
            DurableStep.unclaimedFound.passed()
            try kept.folder.clearVoidClaim()
            // `run` is there before a keeper is started, and taken away when it is known to have started nothing.
            let isWritten = try kept.folder.bootOfLaunch() != nil
            update(run) { $0.mayHaveOlderKeeper = isWritten }
            start(run, launch)
        }
    }

    /// A keeper that we watched is gone.
    mutating func keeperEnded(_ run: String) {
        guard let kept = runs[run], let keeper = kept.keeper else { return }
        var end = platform_end()
        // Not ours to reap when an earlier scheduler started it.
        let isReaped = platform_pidfd_reap(keeper, &end) == 1
        _ = platform_epoll_remove(channels.epoll, keeper)
        close(keeper)
        byKeeper[keeper] = nil
        update(run) { $0.keeper = nil }
        keepingEnded(run, isReaped ? end : nil, wasWatched: true)
    }

    private mutating func keepingEnded(_ run: String, _ end: platform_end?, wasWatched: Bool) {
        guard let kept = runs[run] else { return }
        do {
            switch try Self.finding(kept.folder) {
            case .unclaimed where kept.isStartTold || !KeeperProcess.startedNothing(end, kept.folder):
                loseFolder(run)
            case .unclaimed:
                // One of the two is there: what was neither handed over nor killed is not kept.
                if let reason = kept.killWanted {
                    try cancel(run, kept, reason)
                } else if let launch = kept.launch {
                    tellNothingStarted(launch, KeeperProcess.refusal(end))
                }
            case let finding: act(run, on: finding, wasWatched: wasWatched)
            }
        } catch {
            unsure(run, error)
        }
    }

    /// What follows when somebody had claimed the run.
    private mutating func act(_ run: String, on finding: Finding, wasWatched: Bool) {
        switch finding {
        case .kept(let claim): adopt(run, claim)
        case .ended(let ending): tellEnd(run, ending)
        case .cancelled(let claim): finishCancelled(run, claim.cancelled ?? "")
        case .dead(let claim) where claim.bootID != place.bootID:
            lose(run, "reboot: the machine was restarted under the run", startedAt: claim.startedAt)
        case .dead(let claim): clear(run, LeftOvers(folder: folder(run), claim: claim, isSessionProven: wasWatched))
        case .unclaimed: break
        }
    }

    private mutating func adopt(_ run: String, _ claim: Claim) {
        // The lock was held after the process began, so a process of this number and start is its holder.
        let keeper = try? ProcessTable.open(claim.pid, start: claim.start)
        watch(run, keeper)
        DurableStep.keeperAdopted.passed()
        if let at = claim.startedAt { tellStart(run, at) }
        ring(run)
        reattached(run)
    }

    /// `keeper` nil: there is no descriptor to be had (of them, or of a process in a namespace that we do not see).
    private mutating func watch(_ run: String, _ keeper: Int32?) {
        guard let keeper, LocalWatch.Channels.add(keeper, to: channels.epoll) else {
            if let keeper { close(keeper) }
            return update(run) { $0.stage = .keptByLock }
        }
        byKeeper[keeper] = run
        update(run) { kept in
            kept.keeper = keeper
            kept.child = nil
            kept.stage = .kept
        }
    }

    private mutating func start(_ run: String, _ launch: Launch) {
        do {
            _ = try folder(run).prepare(launch, bootID: place.bootID, node: place.node, group: place.groups?.path(of: run))
            let pid = try KeeperProcess.start(place.keeper, folder(run), reports: channels.reportsForKeepers)
            DurableStep.keeperSpawned.passed()
            update(run) { $0.child = pid }
            let keeper = platform_pidfd_open(pid)
            watch(run, keeper >= 0 ? keeper : nil)
            reattached(run)
        } catch {
            tellNothingStarted(launch, error.description)
        }
    }

    /// Nothing can be done about this run until more can be found out about it; no other run waits for that.
    private mutating func unsure(_ run: String, _ error: SystemError) {
        update(run) { $0.stage = .unsure }
        tellPending(run, error.description)
        reattached(run)
    }

    mutating func look(again run: String) {
        guard let kept = runs[run], Self.steadyTime() >= kept.quietUntil else { return }
        switch kept.stage {
        case .queued: break
        case .unsure: recover(run)
        case .clearing(let left): clear(run, left)
        case .kept: lookForStart(run, kept)
        case .keptByLock: lookWithoutDescriptor(run, kept)
        }
    }

    /// Asks the lock, or our own child, and tries again to come by a descriptor.
    private mutating func lookWithoutDescriptor(_ run: String, _ kept: Kept) {
        if let child = kept.child {
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child {
                update(run) { $0.child = nil }
                return keepingEnded(run, Self.end(status), wasWatched: true)
            }
            let keeper = platform_pidfd_open(child)
            return keeper >= 0 ? watch(run, keeper) : lookForStart(run, kept)
        }
        switch try? kept.folder.claimState() {
        case .held(let claim): adopt(run, claim)
        case .free, .absent: keepingEnded(run, nil, wasWatched: false)
        case nil: break
        }
    }

    /// Of a status of waitpid.
    private static func end(_ status: Int32) -> platform_end {
        let signal = status & 0x7f
        return platform_end(exited: signal == 0 ? 1 : 0, status: signal == 0 ? (status >> 8) & 0xff : signal)
    }

    private mutating func lookForStart(_ run: String, _ kept: Kept) {
        if case .held(let claim)? = try? kept.folder.claimState(), let at = claim.startedAt { tellStart(run, at) }
    }
}
