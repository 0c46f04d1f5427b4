import Daemon
import Execution
import JobFiles
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// What an executor tells of itself is durable and read by everybody, and nothing is decided by it.
struct ExecutorTroubleTests {
    private let down = EngineTrouble(reason: "controller: Unable to contact slurm controller (connect failure)")

    private func why(_ fixture: DaemonFixture, _ name: JobName) throws -> Why {
        let reader = try fixture.reader()
        let stored = try #require(try reader.job(name))
        let parse = { (stored: StoredDefinition) in Definition.parse(canonical: stored.canonical, calendars: Calendars()) }
        let due = try reader.dueInQuestion(of: stored, now: fixture.clock.now(), parse: parse)
        return try reader.whyFacts(of: stored, due: due, now: fixture.clock.now(), parse: parse).answer
    }

    private func tell(_ trouble: EngineTrouble?, _ fixture: DaemonFixture) async throws {
        fixture.executor.report(.trouble(executor: "local", trouble))
        while !Task.isCancelled, try fixture.reader().executorTroubles().first?.reason != trouble?.reason { await Task.yield() }
    }

    // catalogue 79
    @Test(.timeLimit(.minutes(1))) func whatRunsAndWhatIsBeingHandedOverShowIt() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\n", "b.yaml": "command: 'true'\n"])
        let daemon = try fixture.start()
        for name in ["a", "b"] { #expect(await daemon.request(.run(JobName(name)!, parameters: [:]), who: "ada").isAccepted) }
        let launches = [await fixture.executor.nextLaunch(), await fixture.executor.nextLaunch()]
        let running = try #require(launches.first { $0.job == "a" })
        fixture.executor.report(.started(run: running.run, at: fixture.clock.now(), node: "n2"))
        while !Task.isCancelled, try fixture.reader().run(id: running.run)?.run.state != .running { await Task.yield() }
        fixture.clock.advance(by: .seconds(60))
        try await tell(down, fixture)

        #expect(try fixture.reader().openRuns().map(\.run.reason) == [down.reason, down.reason])
        let told = try why(fixture, "a")
        let since = "Since 2026-03-01T00:01:00Z the executor `local` is in trouble: \(down.reason)."
        #expect(told.paragraph.contains("on n2. \(since) Its command goes on"), "\(told.paragraph)")
        #expect(told.commands.contains("rota doctor") && told.reasons.last?.rule == .executor)
        let waiting = try why(fixture, "b").paragraph
        #expect(waiting.contains("It was handed over to the executor `local` at 2026-03-01T00:00:00Z. \(since)"), "\(waiting)")

        try await tell(nil, fixture)
        #expect(try fixture.reader().openRuns().map(\.run.reason) == [nil, nil])
        #expect(try !why(fixture, "a").paragraph.contains("trouble"))
        await fixture.stop()
    }

    /// It goes on to be told after a crash, until the executor says that it is well; a stop in peace leaves nothing to be told.
    @Test(.timeLimit(.minutes(1))) func aStopForgetsIt() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\n"])
        try fixture.start()
        try await tell(down, fixture)
        await fixture.stop()
        #expect(try fixture.reader().executorTroubles().isEmpty)
    }

    /// The window of a run that its executor has not begun with is the executor's to keep as well.
    @Test(.timeLimit(.minutes(1))) func aLaunchSaysUntilWhenItIsWanted() async throws {
        let job = "schedule: R1/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\nstartWithin: PT20S\n"
        let fixture = try DaemonFixture(jobs: ["a.yaml": job, "b.yaml": "command: 'true'\nstartWithin: PT20S\n"])
        let daemon = try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let launch = await fixture.executor.nextLaunch()
        #expect(launch.handOverBy == launch.due + .seconds(20) + Instant.resolution)
        fixture.clock.advance(by: .seconds(20) + .microseconds(1))
        fixture.executor.refuse(launch, because: down.reason)
        let end = await fixture.ends.next().run
        #expect(end.state == .missed && end.reason == "startWithin: \(down.reason)")
        #expect(await daemon.request(.run("b", parameters: [:]), who: "ada").isAccepted)
        #expect(await fixture.executor.nextLaunch().handOverBy == nil, "asked for by hand")
        await fixture.stop()
    }
}
