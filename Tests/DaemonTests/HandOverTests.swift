import Daemon
import Execution
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// What an executor could not take is handed over again as it was, until it is taken, killed or too late.
struct HandOverTests {
    private let trouble = "no-resources: Resource temporarily unavailable"

    /// The executor's refusal, once it is in the ledger.
    private func refuse(_ launch: Launch, in fixture: DaemonFixture) async throws {
        fixture.executor.refuse(launch, because: trouble)
        while !Task.isCancelled, try fixture.reader().run(id: launch.run)?.run.reason != trouble { await Task.yield() }
    }

    // catalogue 55, 56
    @Test(.timeLimit(.minutes(1))) func aRefusedLaunchIsOfferedAgainUnchanged() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: echo one\n"])
        let daemon = try fixture.start()
        #expect(await daemon.request(.run("a", parameters: [:]), who: "test").isAccepted)
        let launch = await fixture.executor.nextLaunch()
        try await refuse(launch, in: fixture)
        #expect(try fixture.reader().run(id: launch.run)?.run.state == .launching)
        // What the file says by now is for the next run.
        try fixture.folder.write("command: echo two\n", to: "jobs/a.yaml")
        daemon.reread()
        fixture.clock.advance(by: .seconds(1))
        #expect(await fixture.executor.nextLaunch() == launch)
        fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: 0, startedAt: launch.due, endedAt: launch.due)))
        #expect(await fixture.ends.next().run.state == .succeeded)
        await fixture.stop()
    }

    // catalogue 56: missed with the last trouble, which is no failure of the job.
    @Test(.timeLimit(.minutes(1))) func aLaunchThatIsRefusedThroughoutItsWindowIsMissed() async throws {
        let job = "schedule: R1/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\nstartWithin: PT20S\nretries: 3\n"
        let fixture = try DaemonFixture(jobs: ["a.yaml": job])
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let launch = await fixture.executor.nextLaunch()
        try await refuse(launch, in: fixture)
        fixture.clock.advance(by: .seconds(1))
        #expect(await fixture.executor.nextLaunch() == launch)
        fixture.executor.refuse(launch, because: "no-space: No space left on device")
        while !Task.isCancelled, try fixture.reader().run(id: launch.run)?.run.reason == trouble { await Task.yield() }
        fixture.clock.advance(by: .seconds(20))
        let end = await fixture.ends.next().run
        #expect(end.state == .missed && end.reason == "startWithin: no-space: No space left on device")
        #expect(try fixture.reader().openRuns().isEmpty && fixture.reader().job("a")?.control.failures == 0)
        fixture.clock.advance(by: .seconds(60))
        await fixture.stop()
        #expect(fixture.executor.unclaimed.isEmpty)
    }

    /// After a commit that failed the executor is asked anew, and takes the run: what the one before it said is not held against it.
    @Test(.timeLimit(.minutes(1))) func aRefusalOfAnEarlierSessionIsNotBelieved() async throws {
        let job = "schedule: R1/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\nstartWithin: PT20S\n"
        let fixture = try DaemonFixture(jobs: ["a.yaml": job])
        let daemon = try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let launch = await fixture.executor.nextLaunch()
        fixture.executor.atShutdown { [executor = fixture.executor, trouble] in
            executor.report(.couldNotHandOver(launch, reason: trouble))
        }
        let ledger = try ledgerFile(fixture.state + "/rota.db")
        try await ledger.write { db in
            try db.execute(sql: "CREATE TRIGGER broken BEFORE INSERT ON run BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END")
        }
        #expect(await daemon.request(.run("a", parameters: [:]), who: "test").isUnavailable)
        try await ledger.write { db in try db.execute(sql: "DROP TRIGGER broken") }
        fixture.clock.advance(by: .seconds(30))
        // It tries again each second, counted from when it failed.
        while !Task.isCancelled, daemon.health != .scheduling {
            fixture.clock.advance(by: .seconds(1))
            await Task.yield()
        }
        fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: 0, startedAt: launch.due, endedAt: launch.due)))
        #expect(await fixture.ends.next().run.state == .succeeded)
        await fixture.stop()
    }

    /// However many are due on a cluster, a local run that is due with them waits for none of them.
    @Test(.timeLimit(.minutes(1))) func localRunsAreHandedOverBeforeThoseOfClusters() async throws {
        let due = "schedule: R1/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n"
        let clusters = (1...5).map { "cluster-\($0)" }
        var files = Dictionary(uniqueKeysWithValues: clusters.map { ("a-\($0).yaml", due + "runOn: \($0)\n") })
        files["z.yaml"] = due
        let fixture = try DaemonFixture(jobs: files)
        fixture.engines = Dictionary(uniqueKeysWithValues: clusters.map { ($0, .slurm(SlurmSettings(name: $0))) })
            .merging(["local": .local]) { $1 }
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        var jobs: [String] = []
        for _ in 1...6 { jobs.append(await fixture.executor.nextLaunch().job) }
        #expect(jobs.first == "z" && Set(jobs) == Set(clusters.map { "a-\($0)" } + ["z"]), "\(jobs)")
        await fixture.stop()
    }

    // catalogue 84
    @Test(.timeLimit(.minutes(1))) func aRefusedLaunchIsKilledWithoutItsExecutor() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\n"])
        let daemon = try fixture.start()
        #expect(await daemon.request(.run("a", parameters: [:]), who: "test").isAccepted)
        let launch = await fixture.executor.nextLaunch()
        try await refuse(launch, in: fixture)
        let key = try #require(try fixture.reader().run(id: launch.run)?.run.key)
        #expect(await daemon.request(.kill(key, by: "ada"), who: "test") == .accepted(id: launch.run, key))
        let end = await fixture.ends.next().run
        // The executor's own report would end it at its due.
        #expect(end.state == .killed && end.reason == "by ada" && end.endedAt == fixture.clock.now())
        fixture.clock.advance(by: .seconds(60))
        await fixture.stop()
        #expect(fixture.executor.unclaimed.isEmpty)
    }

    // catalogue 57: a scheduler that starts anew hands over again at once, and asks the window.
    @Test(.timeLimit(.minutes(1))) func theWindowHoldsThroughARestart() async throws {
        let job = "schedule: R1/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\nstartWithin: PT20S\n"
        let fixture = try DaemonFixture(jobs: ["a.yaml": job])
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let launch = await fixture.executor.nextLaunch()
        try await refuse(launch, in: fixture)
        await fixture.stop()
        fixture.clock.advance(by: .seconds(15))
        try fixture.start()
        #expect(await fixture.executor.nextLaunch() == launch)
        fixture.executor.refuse(launch, because: trouble)
        fixture.clock.advance(by: .seconds(10))
        let end = await fixture.ends.next().run
        #expect(end.state == .missed && end.reason == "startWithin: " + trouble)
        await fixture.stop()
    }
}
