import Foundation
import Glibc
import Testing
import Timetable

@testable import Execution

@Suite(.timeLimit(.minutes(2))) struct LocalRunTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    // catalogue 19
    @Test(arguments: [0, 1, 42, 127, 255]) func exitCodesArriveAsTheyAre(code: Int) async {
        let ending = await place.end("exit \(code)")

        #expect(ending.kind == .exited)
        #expect(ending.exitCode == code)
        #expect(ending.reason == nil)
        #expect(ending.node == "node-1")
    }

    // catalogue 19
    @Test(arguments: [(SIGHUP, "SIGHUP"), (SIGKILL, "SIGKILL"), (SIGSYS, "SIGSYS"), (SIGTERM, "SIGTERM"), (40, "SIGRTMIN+6")])
    func signalsArriveAsTheyAre(signal: Int32, name: String) async {
        let ending = await place.end("kill -\(signal) $$")

        #expect(ending.kind == .signaled)
        #expect(ending.signal == Int(signal))
        #expect(ending.exitCode == nil)
        #expect(ending.reason == "signal: \(name)" + (ending.coreDumped ? ", with a core dump" : ""))
    }

    // catalogue 19
    @Test func aCoreIsTold() async throws {
        let pattern = try place.text("/proc/sys/kernel/core_pattern")
        try #require(!pattern.hasPrefix("|"))

        var launch = place.shell("t-1", "ulimit -c unlimited; kill -ABRT $$")
        launch.workdir = place.path
        let ending = await place.end(launch)

        #expect(ending.signal == Int(SIGABRT))
        #expect(ending.coreDumped)
        #expect(ending.reason == "signal: SIGABRT, with a core dump")
    }

    @Test func aStartIsToldBeforeTheEnd() async throws {
        let ending = await place.end("true")

        let reports = place.reports.all
        try #require(reports.count == 2)
        guard case .started("t-1", let at, "node-1") = reports[0] else {
            Issue.record("\(reports[0])")
            return
        }
        #expect(at == ending.startedAt)
        #expect(at <= ending.endedAt)
        #expect(ending.cpu ?? .zero > .zero)
        #expect(ending.peakMemory ?? 0 > 0)
    }

    // catalogue 23
    @Test func aCommandThatEndsAtOnceIsNeverMissed() async {
        let launches = (0..<200).map { Launch(run: "t-\($0)", job: "test", due: .epoch, words: ["/bin/true"]) }

        place.executor.launch(launches)

        for launch in launches {
            let ending = await place.reports.ending(of: launch.run)
            #expect(ending.exitCode == 0)
        }
    }

    // catalogue 25
    @Test func bothStreamsAreKeptRawAndApart() async throws {
        _ = await place.end(#"printf 'a\000b\377\033[2J'; printf 'err\n' >&2"#)

        #expect(try Files.read(place.folder("t-1").stdoutFile) == [0x61, 0, 0x62, 0xff] + Array("\u{1b}[2J".utf8))
        #expect(try place.stderr() == "err\n")
    }

    // catalogue 20
    @Test func stdinIsEmpty() async throws {
        let ending = await place.end("cat; echo rest")

        #expect(ending.exitCode == 0)
        #expect(try place.stdout() == "rest\n")
    }

    // catalogue 20
    @Test func aCommandMayCloseAllItsDescriptors() async {
        let ending = await place.end("exec 0<&- 1>&- 2>&-; /bin/true; exit 7")

        #expect(ending.exitCode == 7)
    }

    // catalogue 22
    @Test func nothingIsInherited() async throws {
        // Descriptors without close-on-exec in the scheduler, a blocked and an ignored signal.
        let stray = dup(0)
        defer { close(stray) }
        signal(SIGPIPE, SIG_IGN)
        _ = await place.end(
            "ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status; umask; ps -o pgid= -p $$ | grep -qw $$ && echo group")

        let lines = try place.stdout().split(separator: "\n")
        // 0, 1, 2 and the folder that ls reads.
        #expect(lines.first == "4")
        #expect(lines.contains("SigBlk:\t0000000000000000"))
        #expect(lines.contains("SigIgn:\t0000000000000000"))
        #expect(lines.contains("0022"))
        #expect(lines.last == "group")
    }

    // catalogue 22
    @Test func theEnvironmentIsTheGivenOne() async throws {
        var launch = Launch(run: "t-1", job: "test", due: .epoch, words: ["env"])
        launch.environment = ["B": "two\nlines \\n", "A": "1", "PATH": "/usr/bin"]
        _ = await place.end(launch)

        let expected = [
            "A=1", "B=two\nlines \\n", "HOST=node-1", "PATH=/usr/bin", "ROTA_OUTPUT=\(place.folder("t-1").outputFile)", "ROTA_RUN=t-1",
        ]
        #expect(try place.stdout() == expected.map { $0 + "\n" }.joined())
    }

    @Test func workdirIsWhereItRuns() async throws {
        var launch = place.shell("t-1", "pwd")
        launch.workdir = "/usr/bin"
        _ = await place.end(launch)

        #expect(try place.stdout() == "/usr/bin\n")
    }

    @Test(.enabled(if: isRoot, "only root can run a command as another user")) func userIsWhoRunsIt() async throws {
        let output = #"echo A=1 > "$ROTA_OUTPUT"; cat "$ROTA_OUTPUT"; ls "${ROTA_OUTPUT%/*/*}" 2>/dev/null"#
        var launch = place.shell("t-1", "id -un; id -Gn; echo $HOME $LOGNAME; \(output)")
        launch.user = "nobody"
        launch.workdir = "/"
        let ending = await place.end(launch)

        #expect(try place.stdout() == "nobody\nnogroup\n/nonexistent nobody\nA=1\n", "\(ending)")
        #expect(try place.text(place.folder("t-1").outputFile) == "A=1\n")
    }

    @Test func oneRunIsHandedOverOnce() async throws {
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks")

        place.executor.launch([launch, launch])
        place.executor.launch([launch])
        _ = await place.reports.ending(of: "t-1")
        let again = try place.restart()
        place.executor.launch([launch])
        let ending = await again.ending(of: "t-1")

        #expect(ending.exitCode == 0)
        #expect(try place.text("\(place.path)/marks") == "begun\n")
    }

    @Test func aRefusedLaunchComesBackAsItWas() async throws {
        let reports = Reports()
        let executor = try LocalExecutor(runs: place.runs, keeper: "/bin/false", node: "node-1") { reports.add($0) }
        defer { executor.shutdown() }
        var launch = place.shell("t-1", "true")
        launch.timeout = .seconds(7)

        executor.launch([launch])

        #expect(await reports.refusal(of: launch) == "keeper-failed: the keeper ended with 1")
    }

    /// catalogue 55: what cannot even be looked for is refused again, and not left in doubt, for nothing was started.
    @Test(.timeLimit(.minutes(1))) func aRefusedLaunchThatCannotBeLookedForIsRefusedAgain() async throws {
        let reports = Reports()
        let executor = try LocalExecutor(runs: place.runs, keeper: "/bin/false", node: "node-1") { reports.add($0) }
        defer { executor.shutdown() }
        let launch = place.shell("t-1", "true")
        executor.launch([launch])
        _ = await reports.refusal(of: launch)
        let folder = place.folder("t-1")
        #expect(symlink("claim", folder.claimFile) == 0 && mkdir(folder.runFile + ".new", 0o700) == 0)

        executor.launch([launch])

        _ = await reports.first { report in
            if case .couldNotHandOver(launch, let reason) = report { reason.hasSuffix("Is a directory") } else { false }
        }
        #expect(reports.pendings(of: "t-1") == [])
        #expect(unlink(folder.claimFile) == 0 && rmdir(folder.runFile + ".new") == 0)
        #expect(await place.end(launch).exitCode == 0)
    }

    @Test func aRunWhoseFolderWasRemovedEndsAndIsLost() async throws {
        place.executor.launch([place.shell("t-1", "echo 1; \(place.waitAtGate); echo passed >> \(place.path)/marks")])
        _ = try await place.line()
        let claim = try place.claim()

        try FileManager.default.removeItem(atPath: place.folder("t-1").path)
        place.openGate()
        let ending = await place.reports.ending(of: "t-1")

        #expect(ending.kind == .lost)
        #expect(ending.reason?.hasPrefix("folder-removed:") == true)
        #expect(!isAlive(claim.pid))
        #expect(try place.text("\(place.path)/marks") == "passed\n", "it came to its own end")
        #expect(!Files.exists(place.folder("t-1").path))
    }

    @Test func aKeeperWithoutFolderSaysThatItCarriedSomethingOut() async throws {
        let folder = place.folder("t-1")
        let launch = place.shell("t-1", "rm -r \(folder.path)")
        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")

        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(null) }
        let keeper = try KeeperProcess.start(Place.keeper(), folder, reports: null)
        await awaitEnd(of: keeper)
        var status: Int32 = 0
        waitpid(keeper, &status, 0)

        #expect(status >> 8 == 74)
    }

    // catalogue 1
    @Test func ofManyKeepersOneHasTheRun() async throws {
        let folder = place.folder("t-1")
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks")
        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")

        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(null) }
        let keepers = try (0..<20).map { _ in try KeeperProcess.start(Place.keeper(), folder, reports: null) }
        var codes: [Int32] = []
        for keeper in keepers {
            await awaitEnd(of: keeper)
            var status: Int32 = 0
            waitpid(keeper, &status, 0)
            codes.append(status >> 8)
        }

        #expect(codes.filter { $0 == 0 }.count == 1)
        #expect(codes.filter { $0 == 75 }.count == 19)
        #expect(try place.text("\(place.path)/marks") == "begun\n")
    }
}
