import Foundation
import Glibc
import TestSupport
import Testing

/// What the commands print, with and without a scheduler.
struct ReadingCommandTests {
    @Test func nextOfAScheduleHasStableKeysAndMovesAGap() throws {
        let result = try Program.run(
            "rota",
            ["next", "R/2026-03-27T02:30/P1D", "--zone", "Europe/Berlin", "--from", "2026-03-29T00:00:00Z", "--count", "2", "--json"])
        #expect(result.status == 0, "\(result.stderr)")
        let slots = try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [[String: Any]]
        #expect(slots?.first?["occurrence"] as? Int == 2)
        #expect(slots?.first?["due"] as? String == "2026-03-29T01:30:00Z")
        #expect(slots?.first?["local"] as? String == "2026-03-29T03:30:00+02:00")
        #expect(slots?.last?["local"] as? String == "2026-03-30T02:30:00+02:00")
        #expect(slots?.first?["clockChange"] as? String == "shifted")
        #expect(slots?.last.map { Set($0.keys) } == ["occurrence", "due", "local"])
    }

    @Test func aBadScheduleIsExplainedWithItsColumn() throws {
        let result = try Program.run("rota", ["next", "R/2026-03-27T02:30/P1H"])
        #expect(result.status == 64 && result.stderr.contains("column") && result.stderr.contains("PT1H"), "\(result.stderr)")
    }

    @Test(.timeLimit(.minutes(1))) func everythingCanBeReadAfterTheSchedulerIsGone() throws {
        let fixture = try CommandFixture(jobs: [
            "a.yaml":
                "schedule: R/2026-01-01T00:00:00Z/PT1S\ncommand: echo out; echo err >&2\ndescription: writes\nlabels: { team: data }\n",
            "b.yaml": "command: 'true'\nafter: [a]\n", "c.yaml": "command: 'true'\nafter: [a, { job: b, on: done }]\n",
        ])
        let serve = try fixture.serve()
        _ = serve.line(holding: "  c  ")
        serve.signal(SIGTERM)
        try serve.wait()

        let list = try fixture.rota("list").stdout
        #expect(list.contains("R/2026-01-01T00:00:00Z/PT1S") && list.contains("after a, b (done)"))
        #expect(try fixture.json("list", "--label", "team=data").count == 1)
        #expect(try fixture.rota("show", "a").stdout.contains("writes"))
        #expect(try fixture.rota("graph").stdout.contains("c  ← a, b (done)"))
        #expect(try fixture.rota("graph", "--format", "dot").stdout.contains("\"b\" -> \"c\" [label=\"done\"];"))
        #expect(try fixture.rota("graph", "--format", "mermaid").stdout.contains("-->|done|"))
        #expect(try fixture.rota("graph", "nobody").status == 64)
        let logs = try fixture.rota("logs", "a")
        #expect(logs.stdout == "out\n" && logs.stderr == "err\n")
        #expect(try fixture.rota("logs", "a", "--stderr").stdout == "err\n")
        let status = try fixture.rota("status")
        #expect(status.status == 1 && status.stdout.contains("not running") && status.stdout.contains("stopped at"))
        let flow = try #require(try fixture.json("history", "c", "--limit", "1").first?["flow"] as? String)
        #expect(flow.hasPrefix("a@"))
        let rows = try fixture.json("history", "--flow", flow)
        #expect(Set(rows.compactMap { $0["job"] as? String }) == ["a", "b", "c"])
        let id = try #require(rows.first?["id"] as? String)
        #expect(try fixture.rota("show", id).stdout.contains(flow))
        #expect(try fixture.rota("history", "--state", "slumbering").status == 64)
        #expect(try fixture.rota("history", "--limit", "0").status == 64)

        let stats = try fixture.json("stats", "--since", "2026-01-01")
        #expect(stats.compactMap { $0["job"] as? String } == ["a", "b", "c"])
        #expect(Set(stats[0].keys) == ["job", "total", "states", "successRate", "durationSeconds", "latenessSeconds"])
        #expect(stats[0]["successRate"] as? Double == 1 && (stats[0]["states"] as? [String: Int])?["succeeded"] ?? 0 > 0)
        #expect(try fixture.rota("stats", "a").stdout.contains("a\t"))
        #expect(try fixture.rota("stats", "nobody").status == 64)
    }

    /// What cannot be printed is no success, and what a command left behind is told.
    @Test(.timeLimit(.minutes(1))) func whatIsLostIsToldSo() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: setsid -f sleep 600; exit 3\n"])
        let serve = try fixture.serve()
        let end = try fixture.rota("run", "a", "--wait")
        #expect(end.stdout.contains("exit code 3; left-over: 1 process of it went on and had to be ended"), "\(end.stdout)")
        for words in ["history", "list --json", "show a"] {
            let text = "exec \"$0\" \(words) --state '\(fixture.state)' > /dev/full"
            let result = try Program.run("/bin/sh", ["-c", text, Program.products + "/rota"])
            #expect(result.status == 74 && result.stderr.contains("No space left"), "\(words): \(result.status)")
        }
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// `--state` names the folder with every command; with `history` a state of runs is one, too.
    @Test(.timeLimit(.minutes(1))) func historyTakesTheFolderAndTheState() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: 'false'\n"])
        let serve = try fixture.serve()
        _ = try fixture.rota("run", "a", "--wait")
        let both = try Program.run("rota", ["history", "--state", fixture.state, "--state", "failed", "--json"])
        #expect(both.status == 0 && both.stdout.contains("\"failed\""))
        #expect(try Program.run("rota", ["history", "--state", fixture.state, "--state", "succeeded", "--json"]).stdout == "[\n\n]\n")
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func statusAndShowTellWhatPoolsHaveAndWhatIsTaken() throws {
        let fixture = try CommandFixture(jobs: [
            "a.yaml": "command: sleep 60\ncpus: 1.5\nmemory: 512MiB\npool: p\n", "b.yaml": "command: 'true'\ncpus: 1\n",
            "giant.yaml": "command: 'true'\nmemory: 3GiB\n",
        ])
        try fixture.folder.write("pools: { local: { cpus: 2, memory: 2GiB }, p: { runs: 4, maxStartsPerSecond: 10 } }\n", to: "rota.yaml")
        let serve = try fixture.serve(["--config", fixture.folder.path + "/rota.yaml"])
        #expect(try fixture.rota("run", "a").status == 0 && fixture.rota("run", "b").status == 0)
        let status = try fixture.rota("status")
        #expect(status.stdout.contains("pools      local: 1 of 64 runs, 1.5 of 2 cpus, 512 MiB of 2 GiB\n"))
        #expect(status.stdout.contains("           p: 1 of 4 runs, at most 10 starts a second\n"))
        #expect(status.stdout.contains("waiting: pool: local (cpus)"), "\(status.stdout)")
        #expect(status.status == 0)
        #expect(status.stdout.contains("warning: the job `giant` asks for 3 GiB, and the pool `local` has 2 GiB in all"))
        #expect(try fixture.rota("show", "a").stdout.contains("takes       a place in local and p, 1.5 cpus, 512 MiB of memory"))
        #expect(try fixture.rota("kill", "a").status == 0)
        #expect(try wait { try fixture.rota("history", "b").stdout.contains("succeeded") })
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func aFileThatTurnsBadShowsInStatus() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: 'true'\n"])
        let serve = try fixture.serve()
        #expect(try fixture.rota("status").status == 0)
        try fixture.folder.write("command: [\n", to: "jobs/a.yaml")
        #expect(try wait { try fixture.rota("status").status != 0 })
        let status = try fixture.rota("status")
        #expect(status.stdout.contains("jobs/a.yaml:") && status.stderr.contains("last good versions stay in force"))
        #expect(try fixture.rota("run", "a", "--wait").status == 0)
        #expect(try fixture.rota("run", "nobody").stderr.contains("and `rota status` 1 error in the job files"))
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// A socket is only a file; the lock is the proof of life.
    @Test(.timeLimit(.minutes(1))) func aSchedulerWithoutItsSocketIsNotCalledDead() throws {
        let fixture = try CommandFixture()
        let serve = try fixture.serve()
        #expect(try wait { try fixture.rota("status").status == 0 })
        try fixture.folder.remove("state/rota.sock")
        let status = try fixture.rota("status")
        #expect(status.status == 1 && status.stdout.contains("not reachable") && status.stderr.contains("process \(serve.pid)"))
        serve.signal(SIGTERM)
        try serve.wait()
        #expect(try fixture.rota("status").stdout.contains("not running"))
    }

    // catalogue 63: the folder of all files is no better than a file.
    @Test(.timeLimit(.minutes(1))) func aJobsFolderThatVanishesShowsInStatusAndKeepsItsJobs() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: 'true'\nworkdir: /\n"])
        let serve = try fixture.serve()
        #expect(try wait { try fixture.rota("status").status == 0 })
        try FileManager.default.moveItem(atPath: fixture.jobs, toPath: fixture.jobs + ".away")
        #expect(try wait { try fixture.rota("status").status == 1 })
        let status = try fixture.rota("status")
        #expect(status.stdout.contains("jobs folder") && status.stdout.contains("does not exist"))
        #expect(try fixture.rota("run", "a", "--wait").status == 0)
        try FileManager.default.moveItem(atPath: fixture.jobs + ".away", toPath: fixture.jobs)
        #expect(try wait { try fixture.rota("status").status == 0 })
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func outputThatWasNotKeptIsTold() throws {
        let fixture = try CommandFixture(jobs: ["loud.yaml": "command: head -c 25000000 /dev/zero\n"])
        let serve = try fixture.serve()
        #expect(try fixture.rota("run", "loud", "--wait").status == 0)
        let logs = try fixture.rota("logs", "loud")
        // The first half of the limit, the last half and a little before that; what lies between is told.
        let kept = logs.stdout.utf8.count
        #expect((10_485_760..<10_485_760 + (2 << 20)).contains(kept))
        #expect(logs.stderr.contains("\(25_000_000 - kept) bytes of stdout were not kept here"), "\(logs.stderr)")
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(arguments: [
        "serve", "validate", "next", "explain", "list", "show", "run", "history", "logs", "status", "doctor", "graph",
        "import crontab",
    ])
    func helpHasExamples(_ command: String) throws {
        let result = try Program.run("rota", command.split(separator: " ").map(String.init) + ["--help"])
        #expect(result.status == 0 && result.stdout.contains("EXAMPLES"))
        // Each example stands in one line, so that it can be pasted.
        let examples = result.stdout.split(separator: "\n", omittingEmptySubsequences: false).drop { $0 != "EXAMPLES" }.dropFirst().prefix {
            !$0.isEmpty
        }
        #expect(!examples.isEmpty)
        for example in examples { #expect(example.contains("rota \(command)"), "\(example)") }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionScriptsAreMade(_ shell: String) throws {
        let result = try Program.run("rota", ["--generate-completion-script", shell])
        #expect(result.status == 0 && result.stdout.contains("history"))
    }
}
