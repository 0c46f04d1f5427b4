import Daemon
import Execution
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// Executors and pools of the settings, and jobs that name them.
struct PlacesTests {
    private static let hpc = Places.Engine.slurm(SlurmSettings(name: "hpc"))

    private func ask(for job: JobName, _ daemon: Daemon) async -> String? {
        guard case .accepted(let id, _) = await daemon.request(.run(job, parameters: [:]), who: "test") else { return nil }
        return id
    }

    @Test func placesThatTheSettingsDoNotHaveAreToldWithTheJobFiles() async throws {
        let fixture = try DaemonFixture(jobs: [
            "far.yaml": "command: 'true'\nrunOn: hpc\n", "near.yaml": "command: 'true'\npool: warehouse\n",
        ])
        let daemon = try fixture.start()
        #expect(await ask(for: "far", daemon) == nil, "as with any other error, the job is not taken")
        #expect(await ask(for: "near", daemon) != nil)
        let problems = try fixture.reader().problems()
        #expect(problems.map(\.severity) == ["error", "warning"] && problems.map(\.line) == [2, 2])
        #expect(
            problems.map(\.message) == [
                "the job `far` runs on `hpc`, but no such executor is configured; there is `local`",
                "the pool `warehouse` of the job `near` has no capacity and so no limit; write pools: { warehouse: 4 } in the settings",
            ])
        await fixture.stop()
    }

    @Test func aRunIsHandedOverWithAllThatAClusterIsToldOfIt() async throws {
        let text = """
            command: [work]
            runOn: hpc
            cpus: 2
            memory: 1GiB
            disk: 2GiB
            constraints: [[feature, EQUALS, bigmem]]
            gres: { gpu: 1 }
            slurm: { exclusive: true, nice: 100 }
            priority: 7
            pool: wide
            labels: { team: data }
            """
        let fixture = try DaemonFixture(jobs: ["a.yaml": text])
        fixture.engines = ["local": .local, "hpc": Self.hpc]
        let daemon = try fixture.start()
        #expect(await ask(for: "a", daemon) != nil)
        let launch = await fixture.executor.nextLaunch()
        #expect(
            launch.task
                == TaskDemand(
                    cpus: 2, memory: 1 << 30, disk: 2 << 30,
                    constraints: [Constraint(attribute: "feature", operation: .equals, value: "bigmem")], gres: ["gpu:1"],
                    options: ["exclusive": "", "nice": "100"], priority: 7, pool: "wide", labels: ["team": "data"]))
        #expect(launch.environment["ROTA_EXECUTOR"] == "hpc" && launch.origin?.executor == "hpc")
        await fixture.stop()
    }

    /// A cluster has a queue of its own.
    @Test func aClusterHasNoLimitThatNobodyWrote() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\nrunOn: hpc\ncpus: 4000\nmemory: 900TB\n"])
        fixture.engines = ["local": .local, "hpc": Self.hpc]
        let daemon = try fixture.start()
        #expect(await ask(for: "a", daemon) != nil)
        _ = await fixture.executor.nextLaunch()
        #expect(try fixture.reader().problems().isEmpty)
        await fixture.stop()
    }

    @Test func theRunsOfAJobWhoseExecutorIsGoneTellSo() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\nrunOn: hpc\n"])
        fixture.engines = ["local": .local, "hpc": Self.hpc]
        try fixture.start()
        await fixture.stop()
        fixture.engines = ["local": .local]
        let daemon = try fixture.start()
        let id = await ask(for: "a", daemon)
        #expect(id != nil, "its last good version stays in force")
        let end = await fixture.ends.next()
        #expect(end.id == id && end.run.state == .couldNotStart)
        #expect(end.run.reason == "no-executor: no executor `hpc` is configured")
        #expect(try fixture.reader().problems().map(\.severity) == ["error"])
        await fixture.stop()
    }

    /// What was fine on this machine may be impossible on the cluster that has the name now; it must not run in a wrong place.
    @Test func aJobThatTheNewSettingsCannotPlaceIsNotHandedOver() async throws {
        let text = "command: 'true'\nrunOn: hpc\nconstraints: [[rack, EQUALS, r1]]\n"
        let fixture = try DaemonFixture(jobs: ["a.yaml": text, "b.yaml": "command: 'true'\nrunOn: hpc\n"])
        fixture.engines = ["local": .local, "hpc": .local]
        try fixture.start()
        await fixture.stop()
        fixture.engines = ["local": .local, "hpc": Self.hpc]
        let daemon = try fixture.start()
        _ = await ask(for: "a", daemon)
        let end = await fixture.ends.next()
        #expect(end.run.state == .couldNotStart)
        #expect(end.run.reason?.hasPrefix("refused: the executor `hpc` is a Slurm cluster, whose nodes have no attribute `rack`") == true)
        #expect(fixture.executor.unclaimed.isEmpty)
        let problems = try fixture.reader().problems()
        #expect(problems.map(\.line) == [3] && problems.map(\.column) == [15])
        #expect(await ask(for: "b", daemon) != nil, "one bad job stops no other")
        #expect(await fixture.executor.nextLaunch().job == "b")
        await fixture.stop()
    }

    @Test func keysForAClusterAreNoErrorOnThisMachine() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\ngres: gpu:1\nslurm: { output: x }\n"])
        let daemon = try fixture.start()
        #expect(await ask(for: "a", daemon) != nil)
        _ = await fixture.executor.nextLaunch()
        let problems = try fixture.reader().problems()
        #expect(problems.map(\.severity) == ["warning", "warning"] && problems.map(\.line) == [2, 3])
        #expect(problems.first?.message.hasPrefix("`gres` has no effect on the executor `local`") == true)
        await fixture.stop()
    }
}
