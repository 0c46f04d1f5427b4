import Glibc
import Testing
import Timetable

@testable import Execution

/// Timeouts, kills, and what must be gone afterwards, wherever a run is carried out.
@Suite(.timeLimit(.minutes(5))) struct EndConformanceTests {
    private func elapsed(_ ending: Ending) -> Duration {
        ending.startedAt.map { ending.endedAt - $0 } ?? .zero
    }

    // catalogue 13
    @Test(arguments: Engine.all) func timeoutEndsACommandThatIgnoresTerm(engine: Engine) async throws {
        let place = try Place(engine: engine)
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

    /// The command hears of it before anybody looks for the others, and not once more with them.
    @Test(arguments: Engine.all) func aCommandHearsTermOnce(engine: Engine) async throws {
        let place = try Place(engine: engine)
        var launch = place.shell("t-1", "trap 'echo >> \(place.path)/terms' TERM; while :; do \(place.waitAtGate); done")
        launch.timeout = .milliseconds(300)
        launch.killAfter = .milliseconds(400)
        let ending = await place.end(launch)

        #expect(ending.kind == .timedOut && ending.signal == Int(SIGKILL))
        #expect(try place.text("\(place.path)/terms") == "\n")
    }

    @Test(arguments: Engine.all) func aCommandMayAnswerTermInItsOwnWay(engine: Engine) async throws {
        let place = try Place(engine: engine)
        var launch = place.shell("t-1", "trap 'exit 5' TERM; \(place.waitAtGate)")
        launch.timeout = .milliseconds(300)
        let ending = await place.end(launch)

        #expect(ending.kind == .timedOut)
        #expect(ending.exitCode == 5)
    }

    // catalogue 17
    @Test(arguments: Engine.all) func aStoppedCommandTimesOut(engine: Engine) async throws {
        let place = try Place(engine: engine)
        var launch = place.shell("t-1", "kill -STOP $$; \(place.waitAtGate)")
        launch.timeout = .milliseconds(300)
        launch.killAfter = .seconds(60)
        let ending = await place.end(launch)

        #expect(ending.kind == .timedOut)
        #expect(ending.signal == Int(SIGTERM), "it is continued, so that it need not be killed")
    }

    // catalogue 14, 15
    @Test(arguments: Engine.all) func theWholeTreeIsGoneAfterATimeout(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let stubborn = "sh -c \"trap '' TERM; sleep 1000; sleep 1000\""
        let tree = "\(stubborn) & setsid \(stubborn) & (setsid sleep 1000 & echo 1; \(place.waitAtGate)); wait"
        var launch = place.shell("t-1", "\(place.holdLock); \(tree)")
        launch.timeout = .milliseconds(500)
        launch.killAfter = .milliseconds(300)
        let ending = await place.end(launch)

        #expect(ending.kind == .timedOut)
        #expect(try place.stdout() == "1\n")
        #expect(place.isLockFree)
    }

    // catalogue 15
    @Test(arguments: Engine.all) func whatIsLeftAfterTheEndIsEndedAndReported(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let ending = await place.end("\(place.holdLock); setsid sleep 1000 > /dev/null 2>&1 & exit 4")

        #expect(ending.kind == .exited)
        #expect(ending.exitCode == 4)
        #expect(ending.leftOver == 1)
        #expect(place.isLockFree)
    }

    // catalogue 16
    @Test(arguments: Engine.all) func aGrandchildThatHoldsThePipesDelaysTheEndBriefly(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let ending = await place.end("\(place.holdLock); sleep 1000 & exit 4")

        #expect(ending.exitCode == 4)
        #expect(elapsed(ending) < .seconds(1), "the end is that of the command")
        #expect(ending.leftOver == 1)
        #expect(place.isLockFree)
    }

    @Test(arguments: Engine.all) func outputOfAGrandchildIsAwaited(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let ending = await place.end("(sleep 0.2; echo late) & exit 0")

        #expect(ending.leftOver == 0)
        #expect(try place.stdout() == "late\n")
    }

    @Test(arguments: Engine.all) func killEndsARun(engine: Engine) async throws {
        let place = try Place(engine: engine)
        place.executor.launch([place.shell("t-1", "\(place.holdLock); echo 1; \(place.waitAtGate)")])
        _ = try await place.line()

        place.executor.kill(run: "t-1", reason: "by: somebody\nwith \\ reason")
        place.executor.kill(run: "t-1", reason: "another")
        let ending = await place.reports.ending(of: "t-1")

        #expect(ending.kind == .killed)
        #expect(ending.signal == Int(SIGTERM))
        #expect(ending.reason == "by: somebody\nwith \\ reason")
        #expect(ending.startedAt != nil)
        #expect(place.isLockFree)
    }

    @Test(arguments: Engine.all) func killTakesTheLadderToo(engine: Engine) async throws {
        let place = try Place(engine: engine)
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
    @Test(arguments: Engine.all) func killRightAfterLaunch(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launches = (0..<engine.crowd / 10).map { place.shell("t-\($0)", "\(place.waitAtGate); echo passed >> \(place.path)/marks") }

        for launch in launches {
            place.executor.launch([launch])
            place.executor.kill(run: launch.run, reason: "stop")
        }

        for launch in launches {
            let ending = await place.reports.ending(of: launch.run)
            #expect(ending.kind == .killed)
            #expect(ending.reason == "stop")
        }
        let ends = place.reports.all.filter { if case .ended = $0 { true } else { false } }
        #expect(ends.count == launches.count)
    }

    @Test(arguments: Engine.all) func aRunThatWasKilledBeforeItsLaunchNeverStarts(engine: Engine) async throws {
        let place = try Place(engine: engine)
        place.executor.kill(run: "t-1", reason: "stop")
        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed)
        #expect(ending.startedAt == nil)

        let again = try place.restart()
        place.executor.launch([place.shell("t-1", "echo begun > \(place.path)/marks")])
        #expect(await again.ending(of: "t-1").kind == .killed)
        #expect(!Files.exists("\(place.path)/marks"))
    }

    // catalogue 84
    @Test(arguments: Engine.all) func aKillAfterTheEndChangesNothing(engine: Engine) async throws {
        let place = try Place(engine: engine)
        _ = await place.end("exit 3")
        let again = try place.restart()

        place.executor.kill(run: "t-1", reason: "late")
        let ending = await again.ending(of: "t-1")

        #expect(ending.kind == .exited)
        #expect(ending.exitCode == 3)
    }
}
