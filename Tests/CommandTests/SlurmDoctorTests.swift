import Foundation
import Glibc
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

    private enum User {
        static var isRoot: Bool { geteuid() == 0 }
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

    /// docs/slurm.md says 0711; `mkdir` makes 0755, and nobody notices.
    @Test(
        arguments: [
            (0o711, nil, ""), (0o755, "warning", "everybody can list"), (0o777, "error", "can be written by others"),
            (0o700, User.isRoot ? "error" : nil, "jobs of other users"),
        ] as [(Int, String?, String)])
    func theModeOfTheFolderIsLookedAt(mode: Int, status: String?, words: String) throws {
        let shared = try TemporaryFolder()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: shared.path)
        let access = try doctor("commands: /nonexistent/bin, folder: \(shared.path)")["access"]
        #expect(access?.status == status && access?.finding.contains(words) ?? true, "\(String(describing: access))")
        #expect(access?.advice?.contains("chmod 711 \(shared.path)") ?? true)
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
        for thing in ["commands", "controller", "submission", "accounting"] {
            #expect(well[thing]?.status == "ok", "\(thing): \(String(describing: well[thing]))")
        }
        #expect(well["commands"]?.finding.hasPrefix("slurm-wlm ") == true)
        let missing = try doctor("partition: nowhere", environment: cluster.environment)["controller"]
        #expect(missing?.status == "error" && missing?.finding.hasPrefix("there is no partition nowhere; there are ") == true)
        #expect(try doctor("reservation: nowhere", environment: cluster.environment)["submission"]?.status == "error")
        let stranger = try doctor("account: nobodys", environment: cluster.environment)["submission"]
        #expect(
            stranger?.status == "warning" && stranger?.finding.contains("knows no account nobodys") == true,
            "\(String(describing: stranger))")
        let lost = try doctor("configuration: /nonexistent/slurm.conf, commandLimit: PT3S")["commands"]
        #expect(lost?.status == "error" && lost?.advice?.contains("SLURM_CONF") == true, "\(String(describing: lost))")
        let unanswered = try doctor("commandLimit: PT20S", environment: ["SLURM_CONF": "/nonexistent/slurm.conf"])
        #expect(unanswered["controller"]?.status != "ok" || unanswered["commands"]?.status == "error")
    }
}
