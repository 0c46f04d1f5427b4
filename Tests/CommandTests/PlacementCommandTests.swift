import Foundation
import TestSupport
import Testing

/// Jobs and the executors of the settings, as a user meets them.
struct PlacementCommandTests {
    private static let jobs = [
        "good.yaml": "command: 'true'\nrunOn: hpc\ngres: { gpu: 1 }\nslurm: { exclusive: true }\n",
        "options.yaml": "command: 'true'\nrunOn: hpc\nslurm: { nice: 5, output: x }\n",
        "rack.yaml": "command: 'true'\nrunOn: hpc\nconstraints: [[feature, EQUALS, a], [rack, EQUALS, r1]]\n",
        "slip.yaml": "command: 'true'\nrunOn: hpc\nslurm: { partion: long }\n",
        "typo.yaml": "command: 'true'\nrunOn: hpv\n",
    ]
    private static let expected = [
        "options.yaml:3:19: error: `slurm.output` is not for a task of the executor `hpc`: the command's output is kept in the run's folder, "
            + "for `rota logs`",
        "rack.yaml:3:37: error: the executor `hpc` is a Slurm cluster, whose nodes have no attribute `rack`; there are `node`, `hostname`, "
            + "`nodename`, `feature`, and a feature is named as its value: [feature, EQUALS, bigmem]",
        "slip.yaml:3:10: error: `slurm.partion` cannot be asked of the executor `hpc`: `sbatch` has no option `partion`; did you mean "
            + "`partition`?",
        "typo.yaml:2:1: error: the job `typo` runs on `hpv`, but no such executor is configured; did you mean `hpc`?",
    ]

    private func fixture() throws -> CommandFixture {
        let fixture = try CommandFixture(jobs: Self.jobs)
        try fixture.folder.write(
            "executors: { hpc: { type: slurm, partition: batch, commands: /nonexistent } }\npools: { wide: 3 }\n", to: "rota.yaml")
        return fixture
    }

    private func lines(_ text: String, _ fixture: CommandFixture) -> [String] {
        text.split(separator: "\n").compactMap { line in
            line.firstRange(of: fixture.jobs + "/").map { String(line[$0.upperBound...]) }
        }
    }

    @Test func validateHoldsJobsAgainstTheSettings() throws {
        let fixture = try fixture()
        let told = try Program.run("rota", ["validate", fixture.jobs, "--config", fixture.folder.path + "/rota.yaml"])
        #expect(told.status == 1)
        #expect(lines(told.stdout, fixture) == Self.expected)
        let file = try Program.run("rota", ["validate", fixture.jobs + "/typo.yaml", "--config", fixture.folder.path + "/rota.yaml"])
        #expect(file.status == 1 && lines(file.stdout, fixture) == [Self.expected[3]])
    }

    /// In a checkout of the job files alone, nobody can know.
    @Test func withoutSettingsNobodyIsBlamedForAnExecutor() throws {
        let fixture = try fixture()
        let told = try Program.run("rota", ["validate", fixture.jobs])
        #expect(told.status == 0, "\(told.stdout)")
        #expect(lines(told.stdout, fixture).count == 5)
        #expect(told.stdout.contains("typo.yaml:2:1: warning: nothing is known here of the executor `hpv`; name the settings file"))
    }

    @Test func simulateTellsTheSameAndLeavesOutWhatCannotRun() throws {
        let fixture = try fixture()
        let told = try Program.run(
            "rota", ["simulate", "--jobs", fixture.jobs, "--config", fixture.folder.path + "/rota.yaml", "--days", "1"])
        #expect(told.status == 1 && lines(told.stderr, fixture).filter { $0.contains(": error: ") } == Self.expected, "\(told.stderr)")
    }

    /// Who names an image is not to find later that the command ran without it.
    @Test func aContainerNeedsAnExecutorThatHasThem() throws {
        let fixture = try CommandFixture(jobs: [
            "here.yaml": "command: 'true'\ncontainer: lab.sif\n", "there.yaml": "command: 'true'\nrunOn: hpc\ncontainer: lab.sif\n",
        ])
        func validate(_ executor: String) throws -> [String] {
            try fixture.folder.write("executors: { hpc: { type: slurm\(executor) } }\n", to: "rota.yaml")
            let told = try Program.run("rota", ["validate", fixture.jobs, "--config", fixture.folder.path + "/rota.yaml"])
            return lines(told.stdout, fixture).filter { $0.contains(": error: ") }
        }
        let without = try validate("")
        #expect(without.count == 2 && without[0].hasPrefix("here.yaml:2:1: error: the executor `local` runs commands as processes"))
        #expect(without.last?.hasPrefix("there.yaml:3:1: error: the executor `hpc` does not say with what it runs containers") == true)
        #expect(try validate(", containers: apptainer") == [without[0]])
    }

    @Test func planAndTheSchedulerTellTheSame() throws {
        let fixture = try fixture()
        let config = fixture.folder.path + "/rota.yaml"
        let plan = try Program.run("rota", ["plan", "--jobs", fixture.jobs, "--config", config, "--state", fixture.state])
        #expect(plan.status == 1)
        let program = try fixture.serve(["--config", config])
        defer { program.signal(SIGKILL) }
        let status = try fixture.rota("status", "--json")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(status.stdout.utf8)) as? [String: Any])
        let problems = try #require(document["problems"] as? [[String: Any]])
        let told = problems.compactMap { problem -> String? in
            guard let file = problem["file"] as? String, let line = problem["line"], let column = problem["column"],
                let severity = problem["severity"], let message = problem["message"]
            else { return nil }
            return "\(file.split(separator: "/").last ?? ""):\(line):\(column): \(severity): \(message)"
        }
        #expect(told == Self.expected)
        for line in Self.expected { #expect(plan.stdout.contains(line), "\(line)") }
        let executors = try #require(document["executors"] as? [[String: Any]])
        #expect(executors.map { $0["name"] as? String } == ["hpc", "local"])
        #expect(executors[0]["type"] as? String == "slurm" && executors[0]["partition"] as? String == "batch")
        #expect(executors[0]["pollSeconds"] as? Double == 2 && executors[0]["account"] is NSNull)
        let pools = try #require(document["pools"] as? [[String: Any]])
        #expect(pools.map { $0["name"] as? String } == ["local", "wide"], "a cluster has no pool with a limit that nobody wrote")
        #expect(try fixture.rota("status").stdout.contains("executor   hpc: slurm, partition batch"))
        #expect(try fixture.rota("show", "good").stdout.contains("task        gres gpu:1, exclusive"))
    }

    @Test func showTellsWhatARunCost() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: 'true'\n"])
        let program = try fixture.serve()
        defer { program.signal(SIGKILL) }
        let run = try fixture.rota("run", "a", "--wait", "--json")
        #expect(run.status == 0, "\(run.stderr)")
        let id = try #require(try fixture.json("history", "a").first?["id"] as? String)
        let shown = try fixture.rota("show", id, "--json")
        let document = try #require(try JSONSerialization.jsonObject(with: Data(shown.stdout.utf8)) as? [String: Any])
        #expect(document["id"] as? String == id && document["state"] as? String == "succeeded")
        #expect(document["handedOverAt"] is String && document["queuedSeconds"] is Double)
        #expect(document["cpuSeconds"] is Double && (document["peakMemory"] as? Int64).map { $0 > 0 } == true)
        #expect(document["droppedOutput"] as? Int64 == 0)
        let text = try fixture.rota("show", id).stdout
        #expect(text.contains("handed over") && text.contains("processor") && text.contains("memory"), "\(text)")
    }
}
