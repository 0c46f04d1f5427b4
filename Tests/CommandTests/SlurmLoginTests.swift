import Foundation
import Glibc
import TestSupport
import Testing

/// A cluster behind a login node, with nothing shared, as a user meets it.
@Suite(
    .enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)),
    .enabled(if: SSHServer.isPossible, Comment(rawValue: SSHServer.reasonForNone ?? "")), .timeLimit(.minutes(5))
) struct SlurmLoginTests {
    private let fixture: CommandFixture
    private let there: String

    init() throws {
        fixture = try CommandFixture()
        there = fixture.folder.path + "/there"
        try FileManager.default.createDirectory(atPath: there, withIntermediateDirectories: true)
    }

    private func configure(_ folder: String, _ more: String = "") throws {
        let (cluster, server) = (try SlurmCluster.running(), try SSHServer.running())
        let configuration = "configuration: \(cluster.environment["SLURM_CONF"] ?? ""), pollInterval: PT0.2S"
        let login = "ssh: login, sshConfiguration: \(server.configuration), remoteFolder: \(folder)"
        try fixture.folder.write("executors: { hpc: { type: slurm, \(configuration), \(login)\(more) } }\n", to: "rota.yaml")
    }

    private var config: [String] { ["--config", fixture.folder.path + "/rota.yaml"] }

    @Test func logsAreFollowedAndValuesReachChildren() throws {
        try configure(there)
        let gate = fixture.folder.path + "/gate"
        let jobs = """
            name: head
            runOn: hpc
            workdir: /
            command: |
              echo "PLACE=$SLURMD_NODENAME" > "$ROTA_OUTPUT"; echo first
              until [ -e \(gate) ]; do sleep 0.1; done
              echo second >&2
            ---
            name: child
            after: head
            command: echo "from $PLACE"
            """
        try fixture.folder.write(jobs + "\n", to: "jobs/all.yaml")
        let serve = try fixture.serve(config)
        defer { serve.signal(SIGKILL) }
        #expect(try fixture.rota("run", "head").status == 0)

        let follower = try Program("rota", ["logs", "-f", "head"], environment: ["ROTA_STATE": fixture.state])
        #expect(follower.line(holding: "first") != nil, "while it runs")
        #expect(try fixture.json("history", "head").first?["state"] as? String == "running")
        try fixture.folder.write("", to: "gate")
        #expect(try follower.wait().stdout.hasPrefix("first\n"))
        #expect(follower.errors.contains("second"))
        #expect(wait { (try? fixture.rota("logs", "child").stdout.contains("from n")) == true })
        #expect(try FileManager.default.contentsOfDirectory(atPath: there).count == 2, "bin, and the folder of one run")
    }

    @Test func whatTheClusterCannotSeeIsToldByValidate() throws {
        try configure(there)
        try fixture.folder.write("command: 'true'\nrunOn: hpc\n", to: "jobs/a.yaml")
        try fixture.folder.write("command: 'true'\nrunOn: hpc\nworkdir: data\n", to: "jobs/b.yaml")
        try fixture.folder.write("command: 'true'\nrunOn: hpc\nworkdir: /data\n", to: "jobs/c.yaml")
        let told = try Program.run("rota", ["validate", fixture.jobs] + config).stdout
        #expect(
            told.contains(
                "/a.yaml:1:1: error: the job says no `workdir`, and so begins in the folder of its file, which is on this machine"))
        #expect(told.contains("/b.yaml:3:1: error: `data` begins in the folder of the job file, which is on this machine"))
        #expect(!told.contains("/c.yaml"), "\(told)")
    }

    @Test func doctorLooksAtTheFolderOverThereAndAtOptions() throws {
        func doctor(_ folder: String, _ more: String = "") throws -> String {
            try configure(folder, more)
            return try Program.run("rota", ["doctor", "--state", fixture.state, "--jobs", fixture.jobs] + config).stdout
        }
        let well = try doctor(there)
        #expect(well.contains("\(there) on login; nodes must see it under this path"), "\(well)")
        let ill = try doctor(there + "/nowhere", ", options: { tres-per-task: 1, exclusive: true, overcommit: 2 }")
        #expect(
            ill.contains("runs cannot have their folders there: login has no folder \(there)/nowhere, or you may not enter it"), "\(ill)")
        #expect(ill.contains("`overcommit` takes no value; write true") && ill.contains("has no option `tres-per-task`"), "\(ill)")
    }
}
