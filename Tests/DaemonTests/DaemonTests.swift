import Daemon
import Execution
import Foundation
import GRDB
import Logging
import RunHistory
import Scheduling
import Synchronization
import TestSupport
import Testing
import Timetable

struct DaemonTests {
    private let hourly = ["hourly.yaml": "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n"]

    @Test func aSlotIsLaunchedWhenTheClockReachesIt() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let launch = await fixture.executor.nextLaunch()
        #expect(launch.job == "hourly" && launch.due == Instant(rfc3339: "2026-03-01T01:00:00Z"))
        #expect(launch.words == ["/bin/sh", "-c", "true"])
        await fixture.stop()
    }

    @Test func theIntentIsDurableBeforeTheExecutorHearsOfTheRun() async throws {
        let states = Mutex<[RunState?]>([])
        let path = Mutex<String>("")
        let fixture = try DaemonFixture(jobs: hourly) { launch in
            let state = try? LedgerReader.open(at: path.withLock { $0 }).run(id: launch.run)?.run.state
            states.withLock { $0.append(state) }
        }
        path.withLock { $0 = fixture.state + "/rota.db" }
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        _ = await fixture.executor.nextLaunch()
        #expect(states.withLock { $0 } == [.launching])
        await fixture.stop()
    }

    /// Runs that are due at one instant cost one durable commit, however many they are.
    @Test func whatIsDueTogetherSharesOneCommit() async throws {
        let seen = Mutex<[(version: Int, launching: Int)]>([])
        let observer = Mutex<DatabaseQueue?>(nil)
        let jobs = Dictionary(
            uniqueKeysWithValues: (0..<40).map { ("j\($0).yaml", "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: 'true'\n") })
        let fixture = try DaemonFixture(jobs: jobs) { _ in
            let facts = observer.withLock { queue in
                try? queue?.read { db in
                    // Another number after each commit of another connection.
                    (
                        try Int.fetchOne(db, sql: "PRAGMA data_version") ?? 0,
                        try Int.fetchOne(db, sql: "SELECT count(*) FROM run WHERE state = 'launching'") ?? 0
                    )
                }
            }
            seen.withLock { $0 += [facts].compactMap(\.self) }
        }
        let daemon = try fixture.start()
        _ = await daemon.request(.run("nobody", parameters: [:]), who: "test")
        try observer.withLock { $0 = try ledgerFile(fixture.state + "/rota.db") }
        fixture.clock.advance(by: .seconds(3_600))
        for _ in 0..<40 { _ = await fixture.executor.nextLaunch() }
        let facts = seen.withLock(\.self)
        #expect(facts.count == 40 && facts.allSatisfy { $0.launching == 40 } && Set(facts.map(\.version)).count == 1, "\(facts)")
        await fixture.stop()
    }

    @Test func anEndIsRecordedWithItsTrueTimes() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let launch = await fixture.executor.nextLaunch()
        let start = launch.due + .milliseconds(20)
        fixture.executor.report(.started(run: launch.run, at: start, node: "n1"))
        fixture.executor.report(
            .ended(run: launch.run, Ending(kind: .exited, exitCode: 3, startedAt: start, endedAt: start + .seconds(2), node: "n1")))
        let end = await fixture.ends.next()
        #expect(end.id == launch.run && end.run.state == .failed && end.run.exitCode == 3)
        #expect(end.run.lateness == .milliseconds(20) && end.run.endedAt == start + .seconds(2))
        #expect(try fixture.reader().run(id: launch.run) == end)
        await fixture.stop()
    }

    // catalogue 1, 4
    @Test func aRestartAdoptsOpenRunsAndImportsTheirEnds() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let launch = await fixture.executor.nextLaunch()
        await fixture.stop()
        fixture.clock.advance(by: .seconds(600))
        try fixture.start()
        let endedAt = launch.due + .seconds(60)
        fixture.executor.report(.ended(run: launch.run, Ending(kind: .exited, exitCode: 0, startedAt: launch.due, endedAt: endedAt)))
        let end = await fixture.ends.next()
        #expect(end.id == launch.run && end.run.state == .succeeded && end.run.endedAt == endedAt)
        #expect(fixture.executor.unclaimed.isEmpty, "the run was not handed over a second time")
        await fixture.stop()
    }

    @Test func aRetryIsARowAndComesAfterItsDelayAlsoThroughARestart() async throws {
        let job = "schedule: R1/2026-03-01T01:00:00Z/PT1H\ncommand: 'false'\nretries: { limit: 1, delay: PT5M }\n"
        let fixture = try DaemonFixture(jobs: ["once.yaml": job])
        try fixture.start()
        fixture.clock.advance(by: .seconds(3_600))
        let first = await fixture.executor.nextLaunch()
        fixture.executor.report(.ended(run: first.run, Ending(kind: .exited, exitCode: 1, startedAt: first.due, endedAt: first.due)))
        _ = await fixture.ends.next()
        let waiting = try fixture.reader().openRuns()
        #expect(waiting.map(\.run.key.attempt) == [2] && waiting.first?.run.notBefore == first.due + .seconds(300))
        await fixture.stop()
        try fixture.start()
        #expect(fixture.executor.unclaimed.isEmpty)
        fixture.clock.advance(by: .seconds(300))
        let second = await fixture.executor.nextLaunch()
        #expect(second.attempt == 2 && second.due == first.due)
        await fixture.stop()
    }

    @Test func requestsAreAnsweredWithADurableRun() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: echo hi\n", "off.yaml": "command: 'true'\ndisabled: true\n"])
        let daemon = try fixture.start()
        let answer = await daemon.request(.run(JobName("a"), parameters: ["DAY": "monday"]), who: "test")
        guard case .accepted(let id, let key) = answer else {
            await fixture.stop()
            Issue.record("\(answer)")
            return
        }
        #expect(try fixture.reader().run(id: id)?.run.key == key)
        let launch = await fixture.executor.nextLaunch()
        #expect(launch.run == id && launch.environment["DAY"] == "monday" && launch.environment["ROTA_TRIGGER"] == "manual")
        #expect(await daemon.request(.run(JobName("nobody"), parameters: [:]), who: "test") == .unknownJob(JobName("nobody")))
        #expect(await daemon.request(.run(JobName("off"), parameters: [:]), who: "test").isRefused)
        await fixture.stop()
    }

    @Test func aRunKnowsItsSlotItsNeighboursAndItsDate() async throws {
        let job = "schedule: R/2026-03-01T00:30/P1D\nzone: Asia/Tokyo\ncommand: [printenv]\nenv: { STAGE: prod }\n"
        let fixture = try DaemonFixture(jobs: ["tokyo.yaml": job])
        try fixture.start()
        fixture.clock.set(Instant(rfc3339: "2026-03-01T15:30:00Z")!)
        let launch = await fixture.executor.nextLaunch()
        #expect(launch.words == ["printenv"])
        let expected = [
            "STAGE": "prod", "ROTA_JOB": "tokyo", "ROTA_RUN": launch.run, "ROTA_DUE": "2026-03-01T15:30:00Z", "ROTA_DUE_DATE": "2026-03-02",
            "ROTA_DUE_EPOCH": "1772379000", "ROTA_PREVIOUS_DUE": "2026-02-28T15:30:00Z", "ROTA_NEXT_DUE": "2026-03-02T15:30:00Z",
            "ROTA_ATTEMPT": "1", "ROTA_TRIGGER": "schedule", "ROTA_EXECUTOR": "local", "CHRONOS_JOB_NAME": "tokyo",
            "CHRONOS_JOB_RUN_TIME": "1772379000000", "CHRONOS_JOB_RUN_ATTEMPT": "0", "mesos_task_id": "ct:1772379000000:0:tokyo:",
        ]
        for (name, value) in expected { #expect(launch.environment[name] == value, "\(name)") }
        await fixture.stop()
    }

    @Test func aJobThatAsksForMoreThanItsPoolHasIsToldWithTheJobFiles() async throws {
        let fixture = try DaemonFixture(jobs: [
            "big.yaml": "command: 'true'\ncpus: 2.5\nmemory: 3GiB\n", "small.yaml": "command: 'true'\ncpus: 2\n",
        ])
        fixture.capacities = ["local": PoolCapacity(runs: 64, milliCPUs: 2_000, memory: 2 << 30)]
        let daemon = try fixture.start()
        let answer = await daemon.request(.run("big", parameters: [:]), who: "test")
        #expect(answer.isAccepted, "\(answer)")
        #expect(await fixture.executor.nextLaunch().job == "big", "it runs all the same, alone")
        let problems = try fixture.reader().problems()
        #expect(problems.map(\.severity) == ["warning", "warning"])
        #expect(problems.first?.message.hasPrefix("the job `big` asks for 2.5 cpus, and the pool `local` has 2 cpus in all") == true)
        #expect(problems.last?.message.hasPrefix("the job `big` asks for 3 GiB, and the pool `local` has 2 GiB in all") == true)
        #expect(await daemon.request(.run("small", parameters: [:]), who: "test").isAccepted)
        while !Task.isCancelled, try fixture.reader().openRuns().last?.run.reason != "pool: local (cpus)" { await Task.yield() }
        await fixture.stop()
    }

    // catalogue 38
    @Test func aSecondSchedulerOnTheSameFolderIsRefused() async throws {
        let fixture = try DaemonFixture(jobs: hourly)
        try fixture.start()
        #expect {
            try fixture.open()
        } throws: { error in
            if case DaemonError.heldByAnother(_, let pid) = error { pid == "\(getpid())" } else { false }
        }
        await fixture.stop()
        try fixture.start()
        await fixture.stop()
    }

    @Test func aMissingJobsFolderAndAForeignPathAreSentences() throws {
        let fixture = try DaemonFixture(jobs: [:])
        var configuration = fixture.configuration
        configuration.jobsFolder = fixture.folder.path + "/nowhere"
        #expect {
            try Daemon.open(configuration, clock: fixture.clock, log: Logger(label: "test"))
        } throws: { error in
            if case DaemonError.jobs = error { "\(error)".contains("--jobs") } else { false }
        }
        configuration = fixture.configuration
        configuration.stateFolder = "/dev/null/state"
        #expect {
            try Daemon.open(configuration, clock: fixture.clock, log: Logger(label: "test"))
        } throws: { error in
            if case DaemonError.stateNotWritable = error { "\(error)".contains("--state") } else { false }
        }
        configuration.stateFolder = "/tmp/" + String(repeating: "x", count: 120)
        #expect {
            try Daemon.open(configuration, clock: fixture.clock, log: Logger(label: "test"))
        } throws: { error in
            if case DaemonError.socketPathTooLong = error { "\(error)".contains("107") } else { false }
        }
    }
}
