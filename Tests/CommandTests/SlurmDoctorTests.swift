import Foundation
import TestSupport
import Testing

/// `rota doctor` and the clusters of the settings.
struct SlurmDoctorTests {
    private struct Document: Decodable {
        struct Check: Decodable {
            let name: String
            let status: String
            let finding: String
            let advice: String?
        }

        let checks: [Check]
    }

    private func doctor(_ executor: String, environment: [String: String] = [:]) throws -> [String: Document.Check] {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: 'true'\nrunOn: hpc\n"])
        let config = fixture.folder.path + "/rota.yaml"
        try fixture.folder.write("executors: { hpc: { type: slurm, \(executor) } }\n", to: "rota.yaml")
        let arguments = ["doctor", "--json", "--state", fixture.state, "--jobs", fixture.jobs, "--config", config]
        let result = try Program.run("rota", arguments, environment: environment)
        let checks = try JSONDecoder().decode(Document.self, from: Data(result.stdout.utf8)).checks
        #expect(checks.first { $0.name == "jobs.folder" }?.status == "ok", "the executor of the job is there")
        return Dictionary(
            checks.filter { $0.name.hasPrefix("executors.") }.map { (String($0.name.dropFirst("executors.hpc-".count)), $0) }
        ) { first, _ in first }
    }

    @Test func commandsAndFoldersThatAreNotThereAreErrors() throws {
        let checks = try doctor("commands: /nonexistent/bin, folder: /nonexistent/runs")
        #expect(checks.keys.sorted() == ["commands", "folder"], "who cannot be executed is not asked")
        #expect(checks.values.allSatisfy { $0.status == "error" })
        #expect(checks["commands"]?.finding.contains("/nonexistent/bin/scancel") == true, "\(checks)")
        #expect(checks["commands"]?.advice?.contains("executors.hpc.commands") == true)
        #expect(checks["folder"]?.finding == "there is no folder /nonexistent/runs")
    }

    @Test func noFolderOfTheSettingsIsThatOfTheState() throws {
        let folder = try doctor("commands: /nonexistent/bin")["folder"]
        #expect(
            folder?.status == "ok" && folder?.finding.contains("/state/runs, which `rota serve` makes") == true,
            "\(String(describing: folder))")
    }

    @Test(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(3)))
    func aRealClusterIsAskedForAllOfIt() throws {
        let cluster = try SlurmCluster.running()
        let well = try doctor("account: root", environment: cluster.environment)
        for thing in ["commands", "controller", "accounting"] {
            #expect(well[thing]?.status == "ok", "\(thing): \(String(describing: well[thing]))")
        }
        #expect(well["commands"]?.finding.hasPrefix("slurm-wlm ") == true)
        let missing = try doctor("partition: nowhere", environment: cluster.environment)["controller"]
        #expect(missing?.status == "error" && missing?.finding.hasPrefix("there is no partition nowhere; there are ") == true)
        let unanswered = try doctor("commandLimit: PT20S", environment: ["SLURM_CONF": "/nonexistent/slurm.conf"])
        #expect(unanswered["controller"]?.status != "ok" || unanswered["commands"]?.status == "error")
    }
}
