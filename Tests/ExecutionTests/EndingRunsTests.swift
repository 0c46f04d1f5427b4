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

    @Test func aKeeperLooksForAKillBeforeItStarts() async throws {
        let launch = place.shell("t-1", "echo begun > \(place.path)/marks")
        _ = try place.folder("t-1").prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")
        try place.folder("t-1").writeKill(reason: "stop")

        let ending = await place.end(launch)

        #expect(ending.kind == .killed)
        #expect(ending.startedAt == nil)
        #expect(!Files.exists("\(place.path)/marks"))
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
