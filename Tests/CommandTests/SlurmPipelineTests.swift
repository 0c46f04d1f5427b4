import Foundation
import Glibc
import TestSupport
import Testing

/// The sequencing pipeline in the form of docs/slurm-pipeline.yaml, on a real cluster.
@Suite(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(5))) struct SlurmPipelineTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private let cluster: SlurmCluster
    private let fixture: CommandFixture

    init() throws {
        cluster = try SlurmCluster.running()
        fixture = try CommandFixture()
        // The same places as in the repository, beside each other.
        try fixture.folder.write(String(contentsOfFile: Self.root + "/docs/slurm-pipeline.yaml", encoding: .utf8), to: "docs/pipeline.yaml")
        try FileManager.default.createDirectory(atPath: fixture.jobs + "/pipeline", withIntermediateDirectories: true)
        try fixture.copyJobs(from: Self.root + "/jobs/pipeline/bin", to: "pipeline/bin")
        let settings = "executors: { hpc: { type: slurm, folder: \(fixture.folder.path)/shared, pollInterval: PT0.2S } }\n"
        try FileManager.default.createDirectory(atPath: fixture.folder.path + "/shared", withIntermediateDirectories: true)
        try fixture.folder.write(settings, to: "rota.yaml")
    }

    @Test func theHeavyStepsOfAFlowRunOnNodes() throws {
        let serve = try fixture.serve(
            ["--jobs", fixture.folder.path + "/docs", "--config", fixture.folder.path + "/rota.yaml"],
            environment: cluster.environment)
        let data = fixture.folder.path + "/data"
        let accepted = try fixture.rota("run", "reads", "--param", "PIPELINE=\(data)", "--json")
        let run = try #require(try JSONSerialization.jsonObject(with: Data(accepted.stdout.utf8)) as? [String: Any], "\(accepted.stderr)")
        let flow = "reads@" + (try #require(run["due"] as? String))
        #expect(wait { (try? fixture.json("history", "--flow", flow).count { $0["state"] as? String == "succeeded" }) == 6 })

        let rows = try fixture.json("history", "--flow", flow)
        let nodes = Dictionary(rows.compactMap { row in (row["job"] as? String).map { ($0, row["node"] as? String ?? "") } }) { $1 }
        #expect(nodes.filter { ["n1", "n2", "n3"].contains($0.value) }.keys.sorted() == ["coverage", "filter", "kmers"], "\(nodes)")
        let said = try fixture.rota("logs", "report").stdout
        #expect(said.contains("words were counted on \(nodes["kmers"] ?? "?"), coverage on \(nodes["coverage"] ?? "?")"), "\(said)")
        #expect(try fixture.rota("logs", "kmers").stdout.contains("ATGTAATC"), "the word that was planted")
        let report = try String(contentsOfFile: data + "/current/report.txt", encoding: .utf8)
        #expect(report.contains("reads made            2000"), "\(report)")
        serve.signal(SIGTERM)
        try serve.wait()
    }
}
