import Foundation
import Glibc
import TestSupport
import Testing

@testable import JobFiles

/// What each key of a job becomes on a real cluster; docs/slurm.md has the same as a table.
@Suite(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(5))) struct SlurmMappingTests {
    enum Mapping {
        /// Slurm's own record of the task holds that.
        case task(_ lines: String, _ text: String)
        /// The command, of which this is the rest, prints that.
        case said(_ lines: String, _ command: String, _ text: String)
        /// The keeper is told so.
        case keeper(_ lines: String, _ text: String)
        /// Slurm refuses it here, for what these nodes have not; so it was asked for.
        case refused(_ lines: String, _ text: String)
        /// It is carried out before a task is submitted, or after it has ended, and says nothing of the task itself.
        case scheduler
        /// Another test holds it against a cluster that has what it needs.
        case elsewhere
    }

    /// A key that is new has to be thought of here.
    static let mappings: [String: Mapping] = [
        "name": .task("", " Comment=rota run="),
        "command": .said("", "echo begun", "\nbegun\n"),
        "runOn": .task("", "JobState=RUNNING"),
        "workdir": .said("workdir: /usr", "pwd", "\n/usr\n"),
        "env": .said("env: { STAGE: \"a 'b' $c\" }", "echo \"<$STAGE>\"", "\n<a 'b' $c>\n"),
        "params": .said("params: { DAY: monday }", "echo $DAY", "\nmonday\n"),
        "cpus": .task("cpus: 2.5", "CPUs/Task=3"),
        "memory": .task("memory: 128MiB", "MinMemoryNode=128M"),
        "disk": .refused("disk: 10GiB", "refused: Requested node configuration is not available"),
        "constraints": .task("constraints: [[feature, EQUALS, last], [node, UNLIKE, n1]]", "NodeList=n3"),
        "gres": .task("gres: { widget: 2 }", "gres:widget:2"),
        "slurm": .task("slurm: { mincpus: 2, wckey: w }", "MinCPUsNode=2"),
        "container": .elsewhere,
        "user": .task("user: nobody", "UserId=nobody("),
        "timeout": .task("timeout: PT10M", "TimeLimit=00:16:00"),
        "killAfter": .task("timeout: PT10M\nkillAfter: PT5M", "TimeLimit=00:20:00"),
        "priority": .task("priority: 3", "Nice=200"),
        "labels": .task("labels: { team: data }", "team=data"),
        "umask": .said("umask: \"027\"", "umask", "\n0027\n"),
        "nice": .said("nice: 5", "nice", "\n5\n"),
        "limits": .said("limits: { openFiles: 100 }", "ulimit -n", "\n100\n"),
        "logLimit": .keeper("logLimit: 128KiB", "output-limit 131072"),
        "onLogFull": .keeper("onLogFull: stop", "on-log-full stop"),
        "description": .scheduler, "schedule": .scheduler, "cron": .scheduler, "after": .scheduler, "join": .scheduler, "zone": .scheduler,
        "dst": .scheduler, "except": .scheduler, "between": .scheduler, "notBefore": .scheduler, "notAfter": .scheduler,
        "spread": .scheduler, "retries": .scheduler, "startWithin": .scheduler, "catchUp": .scheduler, "maxCatchUp": .scheduler,
        "overlap": .scheduler, "pool": .scheduler, "onUnknown": .scheduler, "expect": .scheduler, "notify": .scheduler,
        "disabled": .scheduler, "softError": .scheduler,
    ]

    @Test func noKeyIsForgotten() {
        #expect(Set(Self.mappings.keys) == Set(JobReader.keys))
    }

    private static func document(_ key: String, _ lines: String, _ command: String) -> String {
        let all = [
            "name: \(key)", "runOn: hpc", lines.contains("workdir") ? "" : "workdir: /",
            "command: |\n  scontrol -o show job $SLURM_JOB_ID; \(command)", lines,
        ]
        return all.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }

    private static func document(of key: String, _ mapping: Mapping) -> String? {
        switch mapping {
        case .task(let lines, _), .keeper(let lines, _), .refused(let lines, _): document(key, lines, "true")
        case .said(let lines, let command, _): document(key, lines, command)
        case .scheduler, .elsewhere: nil
        }
    }

    @Test func eachKeyArrives() throws {
        let cluster = try SlurmCluster.running()
        // Users other than ours get through to it.
        let shared = "/tmp/rota-mapping-\(getpid())"
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
        chmod(shared, 0o711)
        defer { try? FileManager.default.removeItem(atPath: shared) }
        let fixture = try CommandFixture()
        try fixture.folder.write("executors: { hpc: { type: slurm, folder: \(shared), pollInterval: PT0.2S } }\n", to: "rota.yaml")
        let jobs = Self.mappings.compactMap { key, mapping in Self.document(of: key, mapping).map { (key, $0) } }
        try fixture.folder.write(jobs.map(\.1).joined(separator: "---\n"), to: "jobs/all.yaml")
        let serve = try fixture.serve(["--config", fixture.folder.path + "/rota.yaml"], environment: cluster.environment)
        defer { serve.signal(SIGKILL) }
        for (key, _) in jobs {
            let accepted = try fixture.rota("run", key)
            #expect(accepted.status == 0, "\(key): \(accepted.stderr)")
        }
        let open = ["waiting", "launching", "running"]
        #expect(
            wait {
                guard let rows = try? fixture.json("history") else { return false }
                return rows.count == jobs.count && rows.allSatisfy { !open.contains($0["state"] as? String ?? "") }
            })
        let rows = try fixture.json("history")
        for (key, _) in jobs {
            let row = try #require(rows.first { $0["job"] as? String == key })
            try check(key, row, said: fixture.rota("logs", key).stdout, shared)
        }
    }

    private func check(_ key: String, _ row: [String: Any], said: String, _ shared: String) throws {
        let mapping = try #require(Self.mappings[key])
        if case .refused(_, let text) = mapping {
            #expect(row["state"] as? String == "couldNotStart" && (row["reason"] as? String)?.hasPrefix(text) == true, "\(key): \(row)")
            return
        }
        #expect(row["state"] as? String == "succeeded", "\(key): \(row)")
        switch mapping {
        case .task(_, let text), .said(_, _, let text): #expect(said.contains(text), "\(key): \(said)")
        case .keeper(_, let text):
            let run = try #require(row["run"] as? String ?? row["id"] as? String, "\(row)")
            #expect(try String(contentsOfFile: "\(shared)/\(run)/run", encoding: .utf8).contains("\n\(text)\n"), "\(key)")
        case .refused, .scheduler, .elsewhere: break
        }
    }
}
