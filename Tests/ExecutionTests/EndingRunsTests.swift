import Foundation
import Glibc
import Testing
import Timetable

@testable import Execution

/// Timeouts, kills, and what must be gone afterwards.
@Suite(.timeLimit(.minutes(2))) struct EndingRunsTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    private func elapsed(_ ending: Ending) -> Duration {
        ending.startedAt.map { ending.endedAt - $0 } ?? .zero
    }

    /// The command hears of it before anybody looks for the others, and not once more with them.
    @Test func aCommandHearsTermOnce() async throws {
        var launch = place.shell("t-1", "trap 'echo >> \(place.path)/terms' TERM; while :; do \(place.waitAtGate); done")
        launch.timeout = .milliseconds(300)
        launch.killAfter = .milliseconds(400)
        let ending = await place.end(launch)
        #expect(ending.kind == .timedOut && ending.signal == Int(SIGKILL))
        #expect(try place.text("\(place.path)/terms") == "\n")
    }

    /// A keeper that its own command stopped is not deaf to a kill.
    @Test func aStoppedKeeperHearsOfAKill() async throws {
        let reports = Reports()
        let executor = try LocalExecutor(runs: place.runs, keeper: Place.keeper(), node: "node-1") { reports.add($0) }
        defer { executor.shutdown() }
        executor.launch([place.shell("t-1", "kill -STOP $PPID; echo > \(place.path)/mark; exec sleep 600")])
        while !Task.isCancelled, !Files.exists("\(place.path)/mark") { await Task.yield() }
        executor.kill(run: "t-1", reason: "by ada")
        #expect(await reports.ending(of: "t-1").kind == .killed)
    }

    // catalogue 13
    @Test func timeoutEndsACommandThatIgnoresTerm() async {
        var launch = place.shell("t-1", "trap '' TERM; while :; do \(place.waitAtGate); done")
        launch.timeout = .milliseconds(300)
        launch.killAfter = .milliseconds(400)
        let ending = await place.end(launch)

        #expect(ending.kind == .timedOut)
        #expect(ending.signal == Int(SIGKILL))
        #expect(ending.reason == "timeout: after 0.300 s")
        #expect(elapsed(ending) >= .milliseconds(690))
        #expect(elapsed(ending) < .seconds(5))
    }

    @Test func aCommandMayAnswerTermInItsOwnWay() async {
        var launch = place.shell("t-1", "trap 'exit 5' TERM; \(place.waitAtGate)")
        launch.timeout = .milliseconds(300)
        let ending = await place.end(launch)

        #expect(ending.kind == .timedOut)
        #expect(ending.exitCode == 5)
    }

    // catalogue 17
    @Test func aStoppedCommandTimesOut() async {
        var launch = place.shell("t-1", "kill -STOP $$; \(place.waitAtGate)")
        launch.timeout = .milliseconds(300)
        launch.killAfter = .seconds(60)
        let ending = await place.end(launch)

        #expect(ending.kind == .timedOut)
        #expect(ending.signal == Int(SIGTERM), "it is continued, so that it need not be killed")
    }

    // catalogue 14, 15
    @Test func theWholeTreeIsGoneAfterATimeout() async throws {
        let stubborn = "sh -c \"trap '' TERM; sleep 1000; sleep 1000\""
        var launch = place.shell(
            "t-1", "\(stubborn) & a=$!; setsid \(stubborn) & b=$!; (setsid sleep 1000 & echo $a $b $!; \(place.waitAtGate)); wait")
        launch.timeout = .milliseconds(500)
        launch.killAfter = .milliseconds(300)
        let ending = await place.end(launch)
        let pids = try await place.line()

        #expect(ending.kind == .timedOut)
        #expect(pids.count == 3)
        #expect(pids.filter(isAlive).isEmpty)
    }

    // catalogue 15
    @Test func whatIsLeftAfterTheEndIsEndedAndReported() async throws {
        let ending = await place.end("setsid sleep 1000 > /dev/null 2>&1 & echo $!; exit 4")
        let pids = try await place.line()

        #expect(ending.kind == .exited)
        #expect(ending.exitCode == 4)
        #expect(ending.leftOver == 1)
        #expect(pids.count == 1 && !isAlive(pids[0]))
    }

    // catalogue 16
    @Test func aGrandchildThatHoldsThePipesDelaysTheEndBriefly() async throws {
        let ending = await place.end("sleep 1000 & echo $!; exit 4")
        let pids = try await place.line()

        #expect(ending.exitCode == 4)
        #expect(elapsed(ending) < .seconds(1), "the end is that of the command")
        #expect(ending.leftOver == 1)
        #expect(!isAlive(pids[0]))
    }

    @Test func outputOfAGrandchildIsAwaited() async throws {
        let ending = await place.end("(sleep 0.2; echo late) & exit 0")

        #expect(ending.leftOver == 0)
        #expect(try place.stdout() == "late\n")
    }

    @Test func killEndsARun() async throws {
        place.executor.launch([place.shell("t-1", "echo 1; \(place.waitAtGate)")])
        _ = try await place.line()

        place.executor.kill(run: "t-1", reason: "by: somebody\nwith \\ reason")
        place.executor.kill(run: "t-1", reason: "another")
        let ending = await place.reports.ending(of: "t-1")

        #expect(ending.kind == .killed)
        #expect(ending.signal == Int(SIGTERM))
        #expect(ending.reason == "by: somebody\nwith \\ reason")
    }

    /// Both the end and the kill wait for the keeper when it looks: the kill wakes it.
    @Test func anEndThatCameBeforeTheKillStands() async throws {
        place.executor.launch([place.shell("t-1", "echo $$; \(place.waitAtGate); exit 4")])
        let command = try #require(try await place.line().first)
        let keeper = try place.claim().pid
        #expect(Glibc.kill(keeper, SIGSTOP) == 0)
        place.openGate()
        await awaitEnd(of: command)
        place.executor.kill(run: "t-1", reason: "stop")
        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .exited && ending.exitCode == 4 && ending.reason == nil)
    }

    /// Nobody ignores TERM here, so that whoever is still there after it was not asked.
    @Test(.timeLimit(.minutes(2))) func whatForksWhileTermGoesRoundGetsItToo() async throws {
        for round in 0..<6 {
            let run = "fork-\(round)"
            var launch = place.shell(run, "echo 1; while :; do sleep 100 & sleep 0.002; done")
            launch.killAfter = .seconds(3_600)
            place.executor.launch([launch])
            _ = try await place.line(of: run)
            place.executor.kill(run: run, reason: "stop")
            #expect(await place.reports.ending(of: run).kind == .killed)
        }
    }

    @Test func killTakesTheLadderToo() async throws {
        var launch = place.shell("t-1", "trap '' TERM; echo 1; while :; do \(place.waitAtGate); done")
        launch.killAfter = .milliseconds(200)
        place.executor.launch([launch])
        _ = try await place.line()

        place.executor.kill(run: "t-1", reason: "stop")
        let ending = await place.reports.ending(of: "t-1")

        #expect(ending.kind == .killed)
        #expect(ending.signal == Int(SIGKILL))
    }

    /// Wherever the kill comes in between, the run ends as killed and is told once.
    @Test func killRightAfterLaunch() async throws {
        let launches = (0..<20).map { place.shell("t-\($0)", "\(place.waitAtGate); echo passed >> \(place.path)/marks") }

        for launch in launches {
            place.executor.launch([launch])
            place.executor.kill(run: launch.run, reason: "stop")
        }

        for launch in launches {
            let ending = await place.reports.ending(of: launch.run)
            #expect(ending.kind == .killed)
            #expect(ending.reason == "stop")
        }
    }

    @Test func aRunThatWasKilledBeforeItsLaunchNeverStarts() async throws {
        place.executor.kill(run: "t-1", reason: "stop")
        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed)
        #expect(ending.startedAt == nil)

        let again = try place.restart()
        place.executor.launch([place.shell("t-1", "echo begun > \(place.path)/marks")])
        #expect(await again.ending(of: "t-1").kind == .killed)
        #expect(!Files.exists("\(place.path)/marks"))
    }

    @Test func aKeeperLooksForAKillBeforeItStarts() async throws {
        let launch = place.shell("t-1", "echo begun > \(place.path)/marks")
        _ = try place.folder("t-1").prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")
        try place.folder("t-1").writeKill(reason: "stop")

        let ending = await place.end(launch)

        #expect(ending.kind == .killed)
        #expect(ending.startedAt == nil)
        #expect(!Files.exists("\(place.path)/marks"))
    }

    // catalogue 84
    @Test func aKillAfterTheEndChangesNothing() async throws {
        _ = await place.end("exit 3")
        let again = try place.restart()

        place.executor.kill(run: "t-1", reason: "late")
        let ending = await again.ending(of: "t-1")

        #expect(ending.kind == .exited)
        #expect(ending.exitCode == 3)
    }

    @Test func aKeeperThatIsStoppedEndsItsRun() async throws {
        place.executor.launch([place.shell("t-1", "echo $$; \(place.waitAtGate)")])
        let pids = try await place.line()

        kill(try place.claim().pid, SIGTERM)
        let ending = await place.reports.ending(of: "t-1")

        #expect(ending.kind == .killed)
        #expect(ending.reason?.hasPrefix("keeper-stopped:") == true)
        #expect(!isAlive(pids[0]))
    }

    // catalogue 5
    @Test func aKilledKeeperTakesItsRunWithIt() async throws {
        place.executor.launch([place.shell("t-1", "sleep 1000 & a=$!; setsid sleep 1000 & echo $$ $a $!; \(place.waitAtGate)")])
        let pids = try await place.line()
        // The command may speak before its keeper has noted the start.
        _ = await place.reports.first { if case .started = $0 { true } else { false } }

        kill(try place.claim().pid, SIGKILL)
        let ending = await place.reports.ending(of: "t-1")

        #expect(ending.kind == .lost)
        #expect(ending.reason?.hasPrefix("keeper-killed:") == true)
        #expect(ending.startedAt != nil)
        #expect(pids.count == 3)
        #expect(pids.filter(isAlive).isEmpty)
    }
}
