import Daemon
import Execution
import JobFiles
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// What `rota why` reads from a ledger that a scheduler wrote.
struct WhyTests {
    private let hour = Duration.seconds(3_600)

    private func ask(_ fixture: DaemonFixture, _ name: JobName, due: Instant? = nil) throws -> Why {
        let reader = try fixture.reader()
        let stored = try #require(try reader.job(name))
        let parse = { (stored: StoredDefinition) in Definition.parse(canonical: stored.canonical, calendars: Calendars()) }
        let known = try due ?? reader.dueInQuestion(of: stored, now: fixture.clock.now(), parse: parse)
        return try reader.whyFacts(of: stored, due: known, now: fixture.clock.now(), parse: parse).answer
    }

    private func start(_ fixture: DaemonFixture) async throws -> Daemon {
        let daemon = try fixture.start()
        _ = await daemon.request(.run("nobody", parameters: [:]), who: "test")
        return daemon
    }

    private func end(_ launch: Launch, _ fixture: DaemonFixture, code: Int = 0) async {
        let now = fixture.clock.now()
        fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: code, startedAt: now, endedAt: now)))
        _ = await fixture.ends.next()
    }

    /// Lets the loop go on until `condition` holds.
    private func goOn(until condition: () throws -> Bool) async rethrows {
        while try !condition() && !Task.isCancelled { await Task.yield() }
    }

    @Test(.timeLimit(.minutes(1))) func overlapNamesTheRunThatIsInTheWayAndTheWaitIsTold() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n"])
        _ = try await start(fixture)
        fixture.clock.advance(by: hour)
        let first = await fixture.executor.nextLaunch()
        fixture.clock.advance(by: hour)
        try await goOn { try fixture.reader().openRuns().count == 2 }
        let waiting = try ask(fixture, "a", due: "02:00:00")
        #expect(waiting.state == .waiting && waiting.reasons.map(\.rule) == [.schedule, .overlap])
        #expect(waiting.paragraph.contains(first.run) && waiting.commands.first == "rota kill \(first.run)")
        #expect(try ask(fixture, "a").due == "01:00:00")
        fixture.clock.advance(by: .seconds(600))
        await end(first, fixture)
        let second = await fixture.executor.nextLaunch()
        await end(second, fixture)
        let ended = try ask(fixture, "a")
        #expect(ended.due == "02:00:00" && ended.state == .succeeded)
        #expect(
            ended.paragraph.contains("10 minutes after it was ready: it waited for another run of the job for 10 minutes"),
            "\(ended.paragraph)")
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aPoolTellsWhatIsTaken() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\npool: narrow\noverlap: allow\npriority: 7\n"])
        fixture.capacities = ["local": 64, "narrow": 1]
        let daemon = try await start(fixture)
        _ = await daemon.request(.run("a", parameters: [:]), who: "ada")
        _ = await fixture.executor.nextLaunch()
        guard case .accepted(_, let key) = await daemon.request(.run("a", parameters: [:]), who: "bob") else { throw CancellationError() }
        let why = try ask(fixture, "a", due: key.due)
        #expect(why.reasons.map(\.rule) == [.request, .pool] && why.paragraph.contains("bob asked for it"), "\(why.paragraph)")
        #expect(why.paragraph.contains("`narrow` has 1 of 1 runs taken") && why.paragraph.contains("this job has 7"), "\(why.paragraph)")
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func whatKeepsARunPendingWithItsExecutorIsTold() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\n"])
        let daemon = try await start(fixture)
        _ = await daemon.request(.run("a", parameters: [:]), who: "ada")
        let launch = await fixture.executor.nextLaunch()
        #expect(
            try ask(fixture, "a").paragraph.contains(
                "It was handed over to the executor `local` at 2026-03-01T00:00:00Z, and its start is not known yet."))
        fixture.clock.advance(by: .seconds(60))
        fixture.executor.report(.pending(run: launch.run, reason: "queued: others are before it (Priority)"))
        try await goOn { try fixture.reader().run(id: launch.run)?.run.reason != nil }
        let pending = try ask(fixture, "a")
        #expect(
            pending.paragraph.contains(
                "It was handed over to the executor `local` at 2026-03-01T00:00:00Z, and is pending there since 2026-03-01T00:01:00Z: "
                    + "others are before it (Priority)."), "\(pending.paragraph)")
        #expect(!pending.paragraph.contains("after it was ready"), "its executor got it at once")
        #expect(pending.reasons.last?.rule == .executor && pending.commands == ["rota kill \(launch.run)", "rota logs -f \(launch.run)"])
        fixture.clock.advance(by: .seconds(540))
        fixture.executor.report(.started(run: launch.run, at: fixture.clock.now(), node: "n2"))
        try await goOn { try fixture.reader().run(id: launch.run)?.run.state == .running }
        let running = try ask(fixture, "a")
        #expect(
            running.paragraph.contains(
                "10 minutes after it was ready: it waited for its turn on the executor `local` for 10 minutes "
                    + "(others are before it (Priority))."), "\(running.paragraph)")
        #expect(running.paragraph.contains("It runs since 2026-03-01T00:10:00Z on n2."))
        let stored = try #require(try fixture.reader().run(id: launch.run))
        #expect(try fixture.reader().handOver(of: stored, now: fixture.clock.now()) == DaemonFixture.start)
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aFlowNamesWhoIsWaitedForAndWhoBrokeIt() async throws {
        let fixture = try DaemonFixture(jobs: [
            "a.yaml": "schedule: R1/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n", "b.yaml": "after: [a]\ncommand: 'true'\n",
            "c.yaml": "after: [b]\ncommand: 'true'\n", "d.yaml": "after: [c]\ncommand: 'true'\n",
        ])
        _ = try await start(fixture)
        fixture.clock.advance(by: hour)
        let head = await fixture.executor.nextLaunch()
        let owed = try ask(fixture, "d")
        #expect(owed.isSlot && owed.state == nil && owed.due == "01:00:00")
        #expect(owed.paragraph.contains("It waits for `a`: run \(head.run)"), "\(owed.paragraph)")
        await end(head, fixture)
        let failed = await fixture.executor.nextLaunch()
        #expect(try ask(fixture, "d").paragraph.contains("It waits for `b`"))
        await end(failed, fixture, code: 3)
        try await goOn { try fixture.reader().newestRun(of: "d") != nil }
        let skipped = try ask(fixture, "d")
        #expect(skipped.state == .skipped && skipped.reasons.last?.rule == .parents)
        #expect(skipped.paragraph.contains("the `after` of `c` wants `b` to succeed, and run \(failed.run)"), "\(skipped.paragraph)")
        #expect(skipped.commands.first == "rota retry \(failed.run)")
        let culprit = try ask(fixture, "b")
        #expect(culprit.paragraph.contains("failed with exit code 3") && culprit.paragraph.contains("The job has no `retries`."))
        await fixture.stop()
    }

    // catalogue 53
    @Test(.timeLimit(.minutes(1))) func pausesAndDowntimeAreToldOfGaps() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n"])
        let daemon = try await start(fixture)
        _ = await daemon.request(.pause(.everything, by: "ada"), who: "test")
        for _ in 0..<3 { fixture.clock.advance(by: hour) }
        _ = await daemon.request(.resume(.everything, by: "ada"), who: "test")
        let paused = try ask(fixture, "a", due: "02:00:00")
        #expect(paused.state == .skipped && paused.reasons.last?.rule == .paused)
        #expect(paused.paragraph.contains("with everything, by ada at 2026-03-01T00:00:00Z"), "\(paused.paragraph)")
        #expect(paused.commands.contains("rota backfill a --from 2026-03-01T02:00:00Z --to 2026-03-01T02:00:00Z"))
        await fixture.stop()
        for _ in 0..<4 { fixture.clock.advance(by: hour) }
        _ = try await start(fixture)
        _ = await fixture.executor.nextLaunch()
        let missed = try ask(fixture, "a", due: "05:00:00")
        #expect(missed.state == .missed && missed.reasons.last?.rule == .catchUp && missed.paragraph.contains("`catchUp: latest`"))
        #expect(missed.paragraph.contains("It is one of 2 slots"), "\(missed.paragraph)")
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aRetryAndItsEarlierAttemptsAreTold() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\nretries: { limit: 1, delay: PT10M }\n"])
        let daemon = try await start(fixture)
        _ = await daemon.request(.run("a", parameters: [:]), who: "ada")
        let first = await fixture.executor.nextLaunch()
        fixture.executor.report(.ended(run: first.run, Ending(kind: .exited, exitCode: 9, endedAt: DaemonFixture.start)))
        try await goOn { try fixture.reader().run(id: first.run)?.run.state == .failed }
        let why = try ask(fixture, "a")
        #expect(why.state == .waiting && why.reasons.map(\.rule) == [.request, .outcome, .retries, .retries], "\(why.reasons)")
        #expect(why.paragraph.contains("Attempt 1 failed with exit code 9") && why.paragraph.contains("until 2026-03-01T00:10:00Z"))
        #expect(why.commands.first?.hasPrefix("rota retry ") == true)
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func everyJobHasAnAnswerBeforeItsFirstRun() async throws {
        let fixture = try DaemonFixture(jobs: [
            "daily.yaml": "schedule: R/2026-03-01T02:00:00Z/P1D\ncommand: 'true'\n", "child.yaml": "after: [daily]\ncommand: 'true'\n",
            "over.yaml": "schedule: R3/2026-02-01T02:00:00Z/P1D\ncommand: 'true'\n", "hand.yaml": "command: 'true'\n",
            "latest.yaml": "after: [over, hand]\njoin: latest\ncommand: 'true'\n",
        ])
        let daemon = try await start(fixture)
        let child = try ask(fixture, "child")
        #expect(child.due == "02:00:00" && child.isSlot && child.state == nil)
        #expect(
            child.paragraph.contains("flow `daily` of 2026-03-01T02:00:00Z, which begins in 2 hours, once `daily` has ended there"),
            "\(child.paragraph)")
        #expect(try ask(fixture, "child", due: "03:00:00").paragraph.contains("nearest slots of `daily`"))
        #expect(try ask(fixture, "over").paragraph.contains("all of its repetitions have come"))
        #expect(try ask(fixture, "hand").paragraph.contains("when somebody asks for it"))
        #expect(try ask(fixture, "latest").paragraph.contains("waits for an end of `over` and `hand`"))
        _ = await daemon.request(.pause(.everything, by: "ada"), who: "test")
        let paused = try ask(fixture, "daily")
        #expect(paused.due == "02:00:00" && paused.reasons.last?.rule == .paused && paused.commands == ["rota resume --all"])
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aSlotThatWasCaughtUpTellsOfTheDowntime() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n"])
        _ = try await start(fixture)
        await fixture.stop()
        fixture.clock.advance(by: .seconds(2 * 3_600 + 600))
        _ = try await start(fixture)
        await end(await fixture.executor.nextLaunch(), fixture)
        let why = try ask(fixture, "a", due: "02:00:00")
        #expect(why.reasons.map(\.rule).contains(.catchUp), "\(why.paragraph)")
        #expect(
            why.paragraph.contains("Nobody looked at it until 2026-03-01T02:10:00Z, when it was 10 minutes overdue"), "\(why.paragraph)")
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aHoldThatIsOverIsTold() async throws {
        let fixture = try DaemonFixture(jobs: [
            "a.yaml": "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n", "b.yaml": "command: 'true'\n",
        ])
        let daemon = try await start(fixture)
        _ = await daemon.request(.hold("a", due: "01:00:00", by: "ada"), who: "ada")
        fixture.clock.advance(by: hour)
        try await goOn { try fixture.reader().openRuns().count == 1 }
        fixture.clock.advance(by: .seconds(600))
        #expect(await daemon.request(.release("a", due: nil, by: "bob"), who: "bob") == .released(orders: 1, runs: 1))
        await end(await fixture.executor.nextLaunch(), fixture)
        let slot = try ask(fixture, "a", due: "01:00:00")
        #expect(
            slot.paragraph.contains(
                "It was held by ada from 2026-03-01T01:00:00Z until bob released it at 2026-03-01T01:10:00Z, for 10 minutes."),
            "\(slot.paragraph)")
        #expect(slot.state == .succeeded && slot.reasons.map(\.rule) == [.schedule, .hold, .outcome])

        // A run that waits for another one, is held, and killed.
        for _ in 1...2 { _ = await daemon.request(.run("b", parameters: [:]), who: "ada") }
        _ = await fixture.executor.nextLaunch()
        let waiting = try #require(try fixture.reader().openRuns().first { $0.run.state == .waiting })
        _ = await daemon.request(.hold("b", due: waiting.run.key.due, by: "ada"), who: "ada")
        fixture.clock.advance(by: .seconds(60))
        #expect(try !ask(fixture, "b", due: waiting.run.key.due).paragraph.contains("It was held"), "it is")
        _ = await daemon.request(.kill(waiting.run.key, by: "eve"), who: "eve")
        let killed = try ask(fixture, "b", due: waiting.run.key.due)
        #expect(
            killed.paragraph.contains("It was held by ada from 2026-03-01T01:10:00Z until 2026-03-01T01:11:00Z, for 1 minute."),
            "\(killed.paragraph)")
        await fixture.stop()
    }

    @Test(.timeLimit(.minutes(1))) func aGapThatBreaksAPromiseIsMarkedInTheHistory() async throws {
        let text = "schedule: R/2026-03-01T01:00:00Z/PT1H\ncatchUp: none\ncommand: 'true'\n"
        let fixture = try DaemonFixture(jobs: ["a.yaml": text + "expect: { endBy: '06:00' }\n", "b.yaml": text])
        _ = try await start(fixture)
        await fixture.stop()
        fixture.clock.advance(by: .seconds(3 * 3_600 + 600))
        _ = try await start(fixture)
        let entries = try fixture.reader().history(HistoryFilter())
        let gaps = entries.compactMap { if case .gap(let stored) = $0 { stored } else { nil } }
        let breaches = Dictionary(uniqueKeysWithValues: gaps.map { ($0.gap.job, $0.breaches) })
        #expect(gaps.map(\.gap.slots) == [3, 3] && breaches == ["a": [.endBy], "b": []])
        await fixture.stop()
    }
}
