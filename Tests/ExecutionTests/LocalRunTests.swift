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

    @Test(.enabled(if: isRoot, "only root can run a command as another user")) func aUserSeesOfTheFolderOnlyWhatIsItsOwn() async throws {
        let look = #"echo A=1 > "$ROTA_OUTPUT"; cat "$ROTA_OUTPUT"; ls "${ROTA_OUTPUT%/*/*}" 2>/dev/null"#
        var launch = place.shell("t-1", look)
        launch.user = "nobody"
        launch.workdir = "/"
        let ending = await place.end(launch)

        #expect(try place.stdout() == "A=1\n", "\(ending)")
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
