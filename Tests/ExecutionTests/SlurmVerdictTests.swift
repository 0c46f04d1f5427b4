import Glibc
import TestSupport
import Testing
import Timetable

@testable import Execution

/// What follows from what was seen of a task, without a cluster: also what takes minutes, or a bug of Slurm, to come about.
struct SlurmVerdictTests {
    private let now = Instant(seconds: 1_795_390_600)
    private let claim = Claim(pid: 7, start: 1, bootID: "b", startedAt: Instant(seconds: 1_795_390_500))

    private func verdict(_ sight: SlurmSight, silent: Int64? = nil, _ change: (inout SlurmTask) -> Void = { _ in }) -> SlurmTask.Verdict {
        var task = SlurmTask(stage: .open)
        task.silentSince = silent.map { 1_000_000 - $0 }
        change(&task)
        return task.verdict(sight, at: 1_000_000, now: now, doubt: 60_000)
    }

    private func row(_ state: SlurmState, _ reason: String = "None") -> SlurmRow {
        SlurmRow(id: "1", state: state, reason: reason, nodes: state.phase == .waiting ? "" : "n1", name: "rota-a-1", workdir: "/b")
    }

    private func end(_ state: SlurmState, exit: Int = 0, signal: Int = 0, by: String? = nil) -> SlurmEnd {
        SlurmEnd(id: "1", state: state, by: by, exitCode: exit, signal: signal, nodes: "n1", ended: Instant(seconds: 1_795_390_590))
    }

    private func sight(_ rows: [SlurmRow] = [], _ ends: [SlurmEnd] = [], claim: Claim? = nil, ending: Ending? = nil) -> SlurmSight {
        SlurmSight(rows: rows, ends: ends, trace: TaskTrace(isMarked: true, claim: claim, ending: ending, isKnown: true))
    }

    private func ended(_ verdict: SlurmTask.Verdict) -> Ending? {
        switch verdict {
        case .ended(let ending), .refuse(let ending): ending
        default: nil
        }
    }

    @Test func theOutcomeIsTheOutcome() {
        let outcome = Ending(kind: .exited, exitCode: 3, endedAt: now)
        #expect(verdict(sight([row(.running)], claim: claim, ending: outcome)) == .ended(outcome))
        #expect(verdict(sight([], [end(.nodeFail)], claim: claim, ending: outcome)) == .ended(outcome))
    }

    @Test(arguments: [
        (SlurmState.nodeFail, Ending.Kind.signaled, "node-failed:"), (.preempted, .signaled, "preempted:"),
        (.outOfMemory, .signaled, "out-of-memory:"), (.timeout, .timedOut, "timeout:"), (.deadline, .timedOut, "deadline:"),
        (.cancelled, .killed, "cancelled:"), (.bootFail, .signaled, "boot-failed:"), (.failed, .lost, "keeper-killed:"),
    ])
    func aTaskThatLeftNoOutcomeEndsByItsStateInSlurm(state: SlurmState, kind: Ending.Kind, word: String) {
        let seen = sight([row(state)], [end(state, signal: 9)], claim: claim)
        #expect(ended(verdict(seen, silent: 1000)) == nil, "the outcome may be on its way")
        let ending = ended(verdict(seen, silent: 7000))
        #expect(ending?.kind == kind && ending?.reason?.hasPrefix(word) == true, "\(String(describing: ending))")
        #expect(ending?.startedAt == claim.startedAt && ending?.node == "n1" && ending?.endedAt == Instant(seconds: 1_795_390_590))
    }

    @Test(arguments: [
        (SlurmState.nodeFail, "node-failed:"), (.preempted, "preempted:"), (.deadline, "deadline:"), (.bootFail, "boot-failed:"),
        (.timeout, "timeout:"), (.failed, "launch-failed:"),
    ])
    func aTaskThatNobodyClaimedCouldNotStart(state: SlurmState, word: String) {
        guard case .refuse(let ending) = verdict(sight([row(state)], [end(state, exit: 1)]), silent: 100) else {
            Issue.record("\(state)")
            return
        }
        #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix(word) == true, "\(ending)")
    }

    /// Slurm calls it cancelled when a node could not begin a task.
    @Test func aCancellationByANodeThatCouldNotBeginItIsNone() {
        var seen = sight([row(.cancelled)], [end(.cancelled, by: "0")])
        seen.nodeFault = "Prolog error"
        let ending = ended(verdict(seen, silent: 100))
        #expect(ending?.kind == .couldNotStart)
        #expect(ending?.reason == "launch-failed: node n1 could not begin the task and takes no more: Prolog error")
        let held = ended(verdict(SlurmSight(rows: [row(.pending, "launch failed requeued held")])))
        #expect(held?.kind == .couldNotStart && held?.reason?.hasPrefix("launch-failed:") == true)
    }

    /// A task that finds the run taken says nothing of how it ended.
    @Test func aSecondTaskIsNotTheEndOfTheFirst() {
        let ending = ended(verdict(sight([row(.failed)], [end(.failed, exit: 75)], claim: claim), silent: 7000))
        #expect(ending?.kind == .lost && ending?.reason?.contains("one that Slurm began later started nothing") == true)
        var alive = sight([row(.pending)], claim: claim)
        alive.isKeeperAlive = true
        #expect(verdict(alive, silent: 600_000) == .waits(nil), "the first one lives")
    }

    @Test(arguments: [(66, "no-folder:"), (65, "keeper-failed:"), (73, "no-space:"), (71, "no-resources:"), (127, "no-keeper:")])
    func theKeepersOwnCodesSayWhy(code: Int, word: String) {
        #expect(ended(verdict(sight([row(.failed)], [end(.failed, exit: code)]), silent: 0))?.reason?.hasPrefix(word) == true)
    }

    @Test func aStoppedKeeperIsExplainedBySlurm() {
        let outcome = Ending(kind: .killed, signal: 15, reason: "keeper-stopped: the keeper was told to stop", endedAt: now)
        let seen = sight([row(.preempted)], [end(.preempted)], claim: claim, ending: outcome)
        let ending = ended(verdict(seen, silent: 0))
        #expect(ending?.kind == .signaled && ending?.signal == 15 && ending?.reason?.hasPrefix("preempted:") == true)
        #expect(verdict(sight([row(.completing)], claim: claim, ending: outcome)) == .waits(nil), "Slurm has not said why yet")
        #expect(verdict(sight(claim: claim, ending: outcome), silent: 13_000) == .ended(outcome), "it never will")
        let wanted = verdict(seen, silent: 0) { $0.killWanted = "by ada" }
        #expect(wanted == .ended(outcome), "it was us")
        let cancelled = ended(verdict(sight([], [end(.cancelled, by: "1000")], claim: claim, ending: outcome), silent: 0))
        #expect(cancelled?.kind == .killed && cancelled?.reason == "cancelled: by user 1000 on the cluster")
    }

    /// What Slurm did to the task is what its command answered; else it had come to its end by itself.
    @Test(arguments: [
        (SlurmState.preempted, Ending.Kind.signaled, "preempted:"), (.cancelled, .killed, "cancelled:"), (.timeout, .timedOut, "timeout:"),
        (.nodeFail, .signaled, "node-failed:"), (.deadline, .timedOut, "deadline:"),
    ])
    func aCommandThatAnsweredAStopIsExplainedBySlurm(state: SlurmState, kind: Ending.Kind, word: String) {
        var outcome = Ending(kind: .exited, exitCode: 0, endedAt: now)
        outcome.wasToldToStop = true
        #expect(verdict(sight([row(.completing)], claim: claim, ending: outcome)) == .waits(nil), "Slurm has not said why yet")
        let ending = ended(verdict(sight([row(state)], [end(state)], claim: claim, ending: outcome), silent: 0))
        #expect(ending?.kind == kind && ending?.exitCode == 0 && ending?.reason?.hasPrefix(word) == true)
        let ownEnds = sight([row(.completed)], [end(.completed)], claim: claim, ending: outcome)
        #expect(verdict(ownEnds, silent: 0) == .ended(outcome))
    }

    /// Not every cluster keeps books.
    @Test func withoutBooksTheControllersWordHasToDo() {
        let outcome = Ending(kind: .killed, signal: 15, reason: "keeper-stopped: the keeper was told to stop", endedAt: now)
        let stopped = sight([row(.cancelled)], claim: claim, ending: outcome)
        #expect(verdict(stopped, silent: 1000) == .waits(nil))
        #expect(ended(verdict(stopped, silent: 6000))?.reason == "cancelled: by somebody on the cluster")
        #expect(ended(verdict(sight([row(.cancelled)]), silent: 6000))?.reason == "cancelled: by somebody on the cluster")
        let died = ended(verdict(sight([row(.nodeFail)], claim: claim), silent: 6000))
        #expect(died?.reason == "node-failed: node n1 failed under the command")
    }

    /// The controller forgot an accepted task: sacct shows it as pending for ever.
    ///
    /// catalogue 77
    @Test func whatNobodyKnowsAndNobodyClaimedIsSubmittedAgain() {
        let runaway = sight([], [end(.pending)])
        guard case .waits = verdict(runaway, silent: 59_000) else { Issue.record("too soon"); return }
        #expect(verdict(runaway, silent: 60_000) == .submitAgain)
        var blind = runaway
        blind.accountFault = "accounting: connection refused"
        #expect(verdict(blind, silent: 600_000) == .waits("accounting: connection refused"))
    }

    /// What a refused submission left behind is no task.
    @Test func rubbishOfARefusalIsNoEnd() {
        var refusal = end(.failed, exit: 1)
        refusal.nodes = ""
        #expect(verdict(sight([], [refusal]), silent: 60_000) == .submitAgain)
        #expect(verdict(sight([row(.failed, "BadConstraints")]), silent: 1000) == .waits(nil))
    }

    /// What was asked for is what the run ended of, also when the cluster came first.
    @Test(arguments: [
        (SlurmState.nodeFail, "by ada; Slurm: node-failed: node n1 failed under the command"), (.cancelled, "by ada"),
        (.failed, "by ada; Slurm: keeper-killed: node n1 ended the task with signal 9, and the command with it"),
    ])
    func aKillThatWasAskedForIsTheEnd(state: SlurmState, reason: String) {
        let seen = sight([row(state)], [end(state, signal: 9)], claim: claim)
        let ending = ended(verdict(seen, silent: 7000) { $0.killWanted = "by ada" })
        #expect(ending?.kind == .killed && ending?.reason == reason, "\(String(describing: ending))")
        let unclaimed = ended(verdict(sight([row(state)], [end(state, signal: 9)]), silent: 7000) { $0.killWanted = "by ada" })
        #expect(unclaimed?.kind == .killed && unclaimed?.reason?.hasPrefix("by ada") == true)
        let outcome = Ending(kind: .exited, exitCode: 3, endedAt: now)
        let own = verdict(sight([row(state)], [], claim: claim, ending: outcome)) { $0.killWanted = "by ada" }
        #expect(own == .ended(outcome), "an end of its own came before")
    }

    @Test func aKillOfWhatNobodyKnowsIsTheEnd() {
        let ending = ended(verdict(sight(claim: claim), silent: 60_000) { $0.killWanted = "by ada" })
        #expect(ending?.kind == .killed && ending?.reason?.hasPrefix("by ada; Slurm: task-vanished:") == true)
    }

    // catalogue 78, 81
    @Test func whatNobodyKnowsButAKeeperHadIsLostUnlessTheKeeperLives() {
        #expect(verdict(sight(claim: claim), silent: 59_000) == .waits(nil))
        var alive = sight(claim: claim)
        alive.isKeeperAlive = true
        #expect(verdict(alive, silent: 600_000) == .waits(nil))
        let ending = ended(verdict(sight(claim: claim), silent: 60_000))
        #expect(ending?.kind == .lost && ending?.reason?.hasPrefix("task-vanished:") == true)
    }

    @Test func aSecondIncarnationIsNotWaitedFor() {
        let requeued = sight([row(.pending, "BeginTime")], [end(.nodeFail)], claim: claim)
        #expect(verdict(requeued) == .waits(nil), "the first look may have come in between")
        #expect(ended(verdict(requeued, silent: 7000))?.reason?.hasPrefix("node-failed:") == true)
        #expect(ended(verdict(sight([row(.pending)], claim: claim), silent: 13_000))?.reason?.hasPrefix("node-failed:") == true)
    }

    /// By hand, which is not what a node that fails does.
    @Test func aRequeueByHandIsToldAsThat() {
        let outcome = Ending(kind: .killed, signal: 15, reason: "keeper-stopped: the keeper was told to stop", endedAt: now)
        for outcome in [outcome, nil] {
            let requeued = sight([row(.pending, "BeginTime")], [end(.requeued), end(.pending)], claim: claim, ending: outcome)
            let ending = ended(verdict(requeued, silent: 7000))
            #expect(ending?.kind == .signaled && ending?.reason?.hasPrefix("requeued:") == true, "\(String(describing: ending))")
        }
        let unbooked = verdict(sight([row(.pending, "BeginTime")], claim: claim, ending: outcome), silent: 13_000)
        #expect(ended(unbooked)?.reason?.hasPrefix("requeued:") == true, "a node that fails lets nobody leave an outcome")
    }

    @Test func aRequestThatCanNeverBeSatisfiedIsRefused() {
        guard case .refuse(let ending) = verdict(SlurmSight(rows: [row(.pending, "PartitionTimeLimit")])) else {
            Issue.record("it waits")
            return
        }
        #expect(ending.kind == .couldNotStart && ending.reason == "never: Slurm will not begin it as it is asked for: PartitionTimeLimit")
        guard case .refuse = verdict(SlurmSight(rows: [row(.requeueHold)])) else {
            Issue.record("it waits for a hand")
            return
        }
        #expect(verdict(SlurmSight(rows: [row(.pending, "JobHeldUser")])) == .waits(SlurmReason(text: "JobHeldUser").words))
    }

    @Test func anEndThatIsVagueIsAskedForAgain() {
        let vague = sight([], [end(.failed)])
        #expect(verdict(vague, silent: 1000) == .waits(nil))
        #expect(ended(verdict(vague, silent: 6000)) != nil)
    }

    @Test func aFolderThatCannotBeReadDecidesNothing() {
        var blind = SlurmSight(rows: [])
        blind.fault = "folder: not-found: opendir /srv/runs/a-1: No such file or directory"
        #expect(verdict(blind, silent: 600_000) == .waits(blind.fault))
    }

    // MARK: folders

    /// It may have begun there, or begin yet: a task of its name here would be a second one.
    @Test func whatWasBegunInAnotherFolderIsNotSubmittedAgain() {
        for claim in [nil, claim] {
            var seen = sight([], [], claim: claim)
            seen.trace?.elsewhere = "/old/bin"
            for isStartTold in [false, true] {
                let verdict = verdict(seen, silent: 600_000) { $0.isStartTold = isStartTold }
                #expect(verdict == .waits(SlurmTask.elsewhere("/old/bin")))
            }
        }
    }

    /// Its claim went with it, so nobody can tell whether the command had begun.
    @Test func whatSomebodyRemovedIsNotSubmittedAgain() {
        let seen = SlurmSight(trace: TaskTrace())
        #expect(verdict(seen, silent: 60_000) { $0.isDoubtful = true } == .submitAgain, "it may never have had one")
        let gone = SlurmSight(trace: TaskTrace(isRemoved: true))
        #expect(ended(verdict(gone, silent: 60_000) { $0.isDoubtful = true })?.kind == .lost)
        #expect(ended(verdict(seen, silent: 50_000)) == nil)
        #expect(ended(verdict(seen, silent: 60_000))?.reason?.hasPrefix("folder-removed:") == true)
        #expect(ended(verdict(seen, silent: 60_000) { $0.killWanted = "by ada" })?.kind == .killed)
        let failed = SlurmSight(ends: [end(.failed, exit: 74)], trace: TaskTrace())
        #expect(ended(verdict(failed, silent: 7000))?.kind == .lost)
        #expect(verdict(SlurmSight(rows: [row(.pending, "Priority")], trace: TaskTrace())) == .waits(SlurmReason(text: "Priority").words))
    }

    @Test func whatTheClusterDoesNotShowSaysSoWhileItIsInDoubt() {
        guard case .waits(let reason?) = verdict(sight(), silent: 10_000) else {
            Issue.record("it waits without a word")
            return
        }
        #expect(reason.hasPrefix("unclear: "))
    }

    /// A folder that was removed is told from a file system that is not there.
    @Test func aFolderThatIsGoneIsToldFromOneThatCannotBeSeen() throws {
        let ground = try TemporaryFolder()
        for name in ["runs", "shared", "shared/bin", "old", "old/t-3"] { _ = try Files.makeFolder("\(ground.path)/\(name)", mode: 0o700) }
        let place = SlurmPlace(links: "\(ground.path)/runs", shared: "\(ground.path)/shared", keeper: "/bin/true", bootID: "b")
        _ = try Files.makeFolder(place.folder("t-1").path, mode: 0o700)
        try place.makeLink("t-1")
        #expect(try place.trace("t-1").isKnown)
        #expect(rmdir(place.folder("t-1").path) == 0)
        #expect(try place.trace("t-1") == TaskTrace(isRemoved: true))
        #expect(rmdir("\(ground.path)/shared/bin") == 0)
        #expect(throws: SystemError.self) { try place.trace("t-1") }
        #expect(symlink("\(ground.path)/old/t-3", "\(ground.path)/runs/t-3") == 0)
        #expect(try place.trace("t-3").elsewhere == "\(ground.path)/old")
    }

    @Test func aMarkTellsWhereItsTaskWasBegun() throws {
        let ground = try TemporaryFolder()
        let place = SlurmPlace(links: ground.path, shared: nil, remote: "/there/new", keeper: "/bin/true", bootID: "b")
        let folder = place.folder("t-1")
        _ = try Files.makeFolder(folder.path, mode: 0o700)
        for (origin, elsewhere) in [("/there/old/bin", "/there/old/bin"), (place.programFolder, nil), (nil, nil)] as [(String?, String?)] {
            try folder.writeMark(TaskMark(at: now, folder: origin))
            #expect(try place.trace("t-1").elsewhere == elsewhere)
        }
    }
}
