import Foundation
import TestSupport
import Testing
import Timetable

@testable import Execution

/// What a restart of the scheduler finds, whatever carries its runs out.
@Suite(.timeLimit(.minutes(5))) struct RecoveryConformanceTests {
    private func launchAndLeave(_ launch: Launch, _ place: Place) async {
        place.executor.launch([launch])
        await place.reports.start(of: launch.run)
        place.executor.shutdown()
    }

    // catalogue 3
    @Test(arguments: Engine.all) func aRunningCommandIsAdopted(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", "echo before; \(place.waitAtGate); echo after; exit 7")
        await launchAndLeave(launch, place)

        let reports = try place.restart()
        try place.executor.reattach([place.open(launch)])
        await reports.start(of: "t-1")
        place.openGate()
        let ending = await reports.ending(of: "t-1")

        #expect(ending.kind == .exited)
        #expect(ending.exitCode == 7)
        #expect(try place.stdout() == "before\nafter\n")
    }

    // catalogue 4
    @Test(arguments: Engine.all) func anEndWithoutWitnessIsImported(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", #"\#(place.waitAtGate); echo A=1 > "$ROTA_OUTPUT"; exit 7"#)
        await launchAndLeave(launch, place)
        place.openGate()
        #expect(try wait { try place.realFolder("t-1").ending() != nil })
        let afterwards = LocalWatch.now()

        let reports = try place.restart()
        try place.executor.reattach([place.open(launch)])
        let ending = await reports.ending(of: "t-1")
        #expect(ending.exitCode == 7)
        #expect(ending.endedAt <= afterwards)
        #expect(ending.handedOn.values == ["A": "1"])
    }

    // catalogue 1, 77
    @Test(arguments: Engine.beginnings) func whatNobodyClaimedIsStartedOnce(engine: Engine, beginning: Engine.Beginning) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks; exit 3")
        try beginning.make(place, launch)

        try place.executor.reattach([place.open(launch)])

        #expect(await place.reports.ending(of: "t-1").exitCode == 3)
        #expect(try place.text("\(place.path)/marks") == "begun\n")
    }

    // catalogue 1, 77
    @Test(arguments: Engine.beginnings) func whatNobodyClaimedCanBeKilled(engine: Engine, beginning: Engine.Beginning) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks")
        try beginning.make(place, launch)

        try place.executor.reattach([place.open(launch, killWanted: "stop")])

        let ending = await place.reports.ending(of: "t-1")
        // What an engine has already may be quicker than the kill; then it is told as it was.
        let isKilled = ending.kind == .killed && ending.reason == "stop"
        #expect(isKilled || ending.startedAt != nil && ending.exitCode == 0, "\(ending)")
        #expect(ending.startedAt != nil || !Files.exists("\(place.path)/marks"))
        #expect(ending.startedAt == nil || beginning.mayStart)
    }

    /// An executor that is cut off at any moment of a launch, again and again, leaves what the next one goes on with.
    ///
    /// catalogue 1, 12, 77
    @Test(arguments: Engine.all) func executorsThatAreCutOffStartEachRunOnce(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launches = (0..<max(4, engine.crowd / 20)).map { place.shell("t-\($0)", "echo $ROTA_RUN >> \(place.path)/marks; exit 3") }
        place.executor.launch(launches)
        var reports = place.reports
        for turns in [0, 1, 10, 100, 1_000] {
            for _ in 0..<turns { await Task.yield() }
            reports = try place.restart()
            try place.executor.reattach(launches.map { try place.open($0) })
        }

        for launch in launches { #expect(await reports.ending(of: launch.run).exitCode == 3) }
        let marks = try place.text("\(place.path)/marks").split(separator: "\n").map { String($0) }
        #expect(marks.sorted() == launches.map(\.run).sorted())
    }

    @Test(arguments: Engine.all) func aCommittedKillIsSentAgain(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", "\(place.holdLock); \(place.waitAtGate)")
        await launchAndLeave(launch, place)

        let reports = try place.restart()
        try place.executor.reattach([place.open(launch, killWanted: "stop")])

        let ending = await reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason == "stop")
        #expect(place.isLockFree)
    }

    @Test(arguments: Engine.all) func aKilledRunStaysKilled(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks")
        place.executor.kill(run: "t-1", reason: "stop")
        _ = await place.reports.ending(of: "t-1")

        let reports = try place.restart()
        try place.executor.reattach([place.open(launch)])

        let ending = await reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason == "stop")
        #expect(!Files.exists("\(place.path)/marks"))
    }

    /// What it left may have been removed while nobody watched; its command may still run.
    @Test(arguments: Engine.all) func aRunThatIsKnownToHaveBegunIsNeverBegunAgain(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", "echo >> \(place.path)/mark")

        try place.executor.reattach([OpenRun(launch: launch, bootID: try RunFolder.currentBootID(), hasStarted: true)])
        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .lost && ending.reason?.hasPrefix("folder-removed:") == true, "\(ending)")
        #expect(!Files.exists("\(place.path)/mark"))
    }

    // catalogue 3
    @Test(arguments: Engine.all) func manyRunsAreAdopted(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launches = (0..<engine.crowd).map { place.shell("t-\($0)", "\(place.waitAtGate); exit 7") }
        place.executor.launch(launches)
        for launch in launches { await place.reports.start(of: launch.run) }
        place.executor.shutdown()

        let reports = try place.restart()
        let began = ContinuousClock.now
        try place.executor.reattach(launches.map { try place.open($0) })
        print("\(launches.count) runs of \(engine.testDescription) adopted in", ContinuousClock.now - began)
        place.openGate(for: launches.count)

        for launch in launches {
            let ending = await reports.ending(of: launch.run)
            #expect(ending.exitCode == 7)
        }
    }
}
