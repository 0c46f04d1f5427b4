import Foundation
import Glibc
import Testing
import Timetable

@testable import Execution

@Suite(.timeLimit(.minutes(2))) struct RecoveryTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    private func launchAndLeave(_ launch: Launch) async throws -> Claim {
        place.executor.launch([launch])
        await place.reports.start(of: launch.run)
        place.executor.shutdown()
        return try place.claim(launch.run)
    }

    /// A ledger that was restored from a backup gives ids out again; what an earlier run of that id left is not this one's.
    @Test func aFolderOfAnotherRunIsSetAside() async throws {
        let earlier = place.shell("t-1", "echo earlier; exit 3")
        #expect(await place.end(earlier).exitCode == 3)
        place.executor.shutdown()

        let reports = try place.restart()
        var later = place.shell("t-1", "echo later")
        later.due = earlier.due + .seconds(60)
        place.executor.launch([later])
        let ending = await reports.ending(of: "t-1")

        #expect(ending.exitCode == 0)
        #expect(try place.stdout() == "later\n")
        #expect(try place.text(place.folder("t-1").path + ".replaced-1/stdout") == "earlier\n")
    }

    // catalogue 5
    @Test func aKeeperThatWasKilledWithoutWitness() async throws {
        let launch = place.shell("t-1", "setsid sleep 1000 & echo $$ $!; \(place.waitAtGate)")
        let claim = try await launchAndLeave(launch)
        let pids = try await place.line()
        kill(claim.pid, SIGKILL)
        await awaitEnd(of: claim.pid)

        let ending = try place.endFoundAfterRestart(of: launch)
        #expect(ending.kind == .lost)
        #expect(pids.count == 2)
        #expect(pids.filter(isAlive).isEmpty)
    }

    // catalogue 6
    @Test(arguments: [true, false]) func anotherBootMeansLost(wasClaimed: Bool) async throws {
        let launch = place.shell("t-1", "echo begun > \(place.path)/marks")
        if wasClaimed {
            try writeClaim(run: "t-1", pid: 1, start: 1, boot: "earlier")
        }

        try place.executor.reattach([OpenRun(launch: launch, bootID: "earlier")])

        guard case .ended("t-1", let ending) = place.reports.all.last else {
            Issue.record("\(place.reports.all)")
            return
        }
        #expect(ending.kind == .lost)
        #expect(ending.reason?.hasPrefix("reboot") == true)
        #expect(!Files.exists("\(place.path)/marks"))
    }

    @Test func anOutcomeSurvivesTheBoot() async throws {
        _ = await place.end("exit 3")

        let reports = try place.restart()
        try place.executor.reattach([OpenRun(launch: place.shell("t-1", "exit 3"), bootID: "earlier")])

        #expect(await reports.ending(of: "t-1").exitCode == 3)
    }

    @Test func oneRunThatCannotBeReadStopsNoOther() async throws {
        let broken = place.shell("t-1", "exit 4")
        try makeFolder()
        // Held, but nobody can say by whom.
        try Files.replace(place.folder("t-1").claimFile, with: Array("nonsense\n".utf8))
        let holder = open(place.folder("t-1").claimFile, O_RDWR | O_CLOEXEC)
        #expect(flock(holder, LOCK_EX) == 0)

        try place.executor.reattach([place.open(broken), place.open(place.shell("t-2", "exit 3"))])

        #expect(place.reports.pendings(of: "t-1").count == 1)
        #expect(place.reports.pendings(of: "t-1").first?.hasPrefix("system-error:") == true)
        #expect(await place.reports.ending(of: "t-2").exitCode == 3)
        // It is asked about again.
        close(holder)
        #expect(await place.reports.ending(of: "t-1").exitCode == 4)
        #expect(place.reports.pendings(of: "t-1").count == 1)
    }

    @Test func withoutThePlaceOfRunsNothingIsKnown() throws {
        try FileManager.default.removeItem(atPath: place.runs)

        #expect(throws: SystemError.self) { try place.executor.reattach([place.open(place.shell("t-1", "true"))]) }
        #expect(place.reports.all.isEmpty)
    }

    @Test func aHandOverThatFailsAfterARestartSaysWhy() async throws {
        let launch = place.shell("t-1", "exit 3")
        _ = try place.folder("t-1").prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")
        let keeper = "\(place.path)/keeper"
        try Files.replace(keeper, with: Array("#!/bin/sh\necho >> \(place.path)/tries; exit 71\n".utf8))
        chmod(keeper, 0o700)
        let reports = Reports()
        let executor = try LocalExecutor(runs: place.runs, keeper: keeper, node: "node-1") { reports.add($0) }
        defer { executor.shutdown() }

        try executor.reattach([place.open(launch)])
        // Nobody can promise that the keeper of the earlier scheduler will not start it: no refusal, but another try.
        await reports.pending(of: "t-1", reason: "no-resources: the keeper got no process, pipe or memory")
        while try place.text("\(place.path)/tries").utf8.count < 2 { try await Task.sleep(for: .milliseconds(20)) }
        unlink(keeper)
        symlink(try Place.keeper(), keeper)

        #expect(await reports.ending(of: "t-1").exitCode == 3)
        #expect(reports.pendings(of: "t-1").filter { $0.hasPrefix("no-resources:") }.count == 1)
    }

    /// A refusal takes `run` away, so that after a restart nobody need fear a keeper of the earlier scheduler.
    @Test func whatWasRefusedBeforeARestartIsRefusedAfterIt() async throws {
        let launch = place.shell("t-1", "exit 3")
        _ = try place.folder("t-1").prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")
        unlink(place.folder("t-1").runFile)
        let keeper = "\(place.path)/keeper"
        try Files.replace(keeper, with: Array("#!/bin/sh\nexit 71\n".utf8))
        chmod(keeper, 0o700)
        let reports = Reports()
        let executor = try LocalExecutor(runs: place.runs, keeper: keeper, node: "node-1") { reports.add($0) }
        defer { executor.shutdown() }

        try executor.reattach([place.open(launch)])
        let report = await reports.first { if case .started = $0 { false } else { true } }
        #expect(report == .couldNotHandOver(launch, reason: "no-resources: the keeper got no process, pipe or memory"))
    }

    @Test func processesThatAreHiddenAreNotOurs() throws {
        func entry(_ pid: pid_t) throws(SystemError) -> ProcessTable.Entry? {
            if pid == 1 { throw SystemError("open", "/proc/1/stat", EPERM) }
            if pid == getppid() { throw SystemError("open", "/proc/\(pid)/stat", EACCES) }
            return try ProcessTable.entry(pid)
        }
        let seen = try ProcessTable.all(entry).map(\.pid)

        #expect(seen.contains(getpid()))
        #expect(!seen.contains(1) && !seen.contains(getppid()))
        #expect(throws: SystemError.self) {
            try ProcessTable.all { pid throws(SystemError) in throw SystemError("read", "/proc/\(pid)/stat", EIO) }
        }
    }

    // catalogue 7
    @Test func aStrangerWithTheKeepersNumberIsLeftAlone() async throws {
        // A process of ours that leads a session and has the number that an old claim names.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which the module leaves out
        posix_spawnattr_setflags(&attributes, newSession)
        var stranger: pid_t = 0
        var words = [strdup("/bin/sleep"), strdup("1000"), nil]
        defer { words.forEach { free($0) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        #expect(posix_spawn(&stranger, "/bin/sleep", nil, &attributes, &words, &environment) == 0)
        defer {
            kill(stranger, SIGKILL)
            waitpid(stranger, nil, 0)
        }
        let start = try #require(try ProcessTable.entry(stranger)).start
        try writeClaim(run: "t-1", pid: stranger, start: start - 1, boot: RunFolder.currentBootID())

        try place.executor.reattach([place.open(place.shell("t-1", "true"))])

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .lost)
        #expect(isAlive(stranger))
    }

    @Test(arguments: [
        "", "rota-claim 1\nrun t-1\npid 1\n", "rota-claim 1\nrun other-1\npid 1\nstart 1\nboot x\nend\n", "rota-claim 9\nend\n",
    ])
    func whatIsNoClaimCountsAsAbsent(text: String) async throws {
        try makeFolder()
        try Files.replace(place.folder("t-1").claimFile, with: Array(text.utf8))

        try place.executor.reattach([place.open(place.shell("t-1", "exit 3"))])

        #expect(await place.reports.ending(of: "t-1").exitCode == 3)
    }

    @Test(arguments: [
        "", "rota-outcome 1\nrun t-1\nkind exited\nexit-code 0\nended 1\n", "rota-outcome 1\nrun t-2\nkind exited\nended 1\nend\n",
    ])
    func whatIsNoOutcomeCountsAsAbsent(text: String) async throws {
        try makeFolder()
        try Files.replace(place.folder("t-1").outcomeFile, with: Array(text.utf8))

        #expect(try place.folder("t-1").ending() == nil)
        #expect(await place.end("exit 3").exitCode == 3)
    }

    @Test func unknownKeysOfLaterFormatsAreIgnored() throws {
        try makeFolder()
        let text = "rota-outcome 1\nrun t-1\ncolour blue\nkind exited\nexit-code 3\nended 5\nend\n"
        try Files.replace(place.folder("t-1").outcomeFile, with: Array(text.utf8))

        #expect(try place.folder("t-1").ending() == Ending(kind: .exited, exitCode: 3, endedAt: Instant(microseconds: 5)))
    }

    // catalogue 8
    @Test func nothingIsLeftAfterManyRuns() async throws {
        let launches = (0..<300).map { Launch(run: "t-\($0)", job: "test", due: .epoch, words: ["/bin/true"]) }
        place.executor.launch(launches)
        for launch in launches { _ = await place.reports.ending(of: launch.run) }

        let claims = try launches.compactMap { launch -> Claim? in
            if case .free(let claim) = try place.folder(launch.run).claim() { claim } else { nil }
        }
        #expect(claims.count == launches.count)
        let zombies = try claims.filter { claim in try ProcessTable.entry(claim.pid)?.start == claim.start }
        #expect(zombies.isEmpty)
        // Descriptors of processes that are gone: other tests may be about to close theirs, so what is still there after another run counts.
        let before = staleDescriptors()
        _ = await place.end("true")
        #expect(before.intersection(staleDescriptors()).isEmpty)
    }

    private func staleDescriptors() -> Set<Int32> {
        let limit: Int32 = 4096
        // One that another test closes meanwhile cannot be read, and is not stale.
        return Set((0..<limit).filter { (try? place.text("/proc/self/fdinfo/\($0)"))?.contains("\nPid:\t-1\n") == true })
    }

    private func makeFolder() throws {
        _ = try Files.makeFolder(place.folder("t-1").path, mode: 0o700)
        _ = try Files.makeFolder(place.folder("t-1").outputFolder, mode: 0o700)
    }

    private func writeClaim(run: String, pid: pid_t, start: UInt64, boot: String) throws {
        try makeFolder()
        let text = "rota-claim 1\nrun \(run)\npid \(pid)\nstart \(start)\nboot \(boot)\nend\n"
        try Files.replace(place.folder(run).claimFile, with: Array(text.utf8))
    }
}
