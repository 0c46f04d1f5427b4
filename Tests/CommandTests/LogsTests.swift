import Foundation
import Glibc
import TestSupport
import Testing

/// `rota logs` on runs that wait, run and have ended.
struct LogsTests {
    /// A command that waits for a file beside its jobs folder.
    private func awaiting(_ file: String, _ fixture: CommandFixture) -> String {
        "while [ ! -e \(fixture.folder.path)/\(file) ]; do sleep 0.02; done"
    }

    private func open(_ gate: String, _ fixture: CommandFixture) {
        #expect(FileManager.default.createFile(atPath: fixture.folder.path + "/" + gate, contents: nil))
    }

    @Test(.timeLimit(.minutes(1))) func theLastLinesTimesAndObjects() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: echo 1; echo 2; echo é; sleep 0.05; printf 'x\\377' >&2\n"])
        let serve = try fixture.serve()
        #expect(try fixture.rota("run", "a", "--wait").status == 0)
        serve.signal(SIGTERM)
        try serve.wait()

        let tail = try fixture.rota("logs", "a", "-n", "2")
        #expect(tail.stdout == "é\n" && tail.status == 0)
        #expect(try fixture.rota("logs", "a", "--tail", "0").stdout == "")
        #expect(try fixture.rota("logs", "a", "-n", "-1").status == 64)
        let timed = try fixture.rota("logs", "a", "--timestamps").stdout.split(separator: "\n")
        #expect(timed.count == 3 && timed.allSatisfy { $0.contains(/^20\d\d-\d\d-\d\dT[0-9:.]+Z  [12é]$/) }, "\(timed)")
        let objects = try fixture.rota("logs", "a", "--json").stdout.split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        #expect(objects.map { $0?["text"] as? String } == ["1\n", "2\n", "é\n", "x\u{FFFD}"])
        #expect(objects.map { $0?["offset"] as? Int } == [0, 2, 4, 0])
        #expect(objects.map { $0?["stream"] as? String } == ["stdout", "stdout", "stdout", "stderr"])
        #expect(objects.allSatisfy { ($0?["at"] as? String)?.hasSuffix("Z") == true })
    }

    @Test(.timeLimit(.minutes(1))) func followingWaitsForTheBeginAndEndsWithTheRun() throws {
        let fixture = try CommandFixture()
        try fixture.folder.write("command: \(awaiting("first", fixture))\npool: narrow\n", to: "jobs/first.yaml")
        try fixture.folder.write("command: echo begun; \(awaiting("second", fixture)); echo over\npool: narrow\n", to: "jobs/second.yaml")
        try fixture.folder.write("pools: { narrow: 1 }\n", to: "rota.yaml")
        let serve = try fixture.serve(["--config", fixture.folder.path + "/rota.yaml"])
        #expect(try fixture.rota("run", "first").status == 0)
        #expect(try wait { try fixture.json("history", "first").first?["state"] as? String == "running" })
        #expect(try fixture.rota("run", "second").status == 0)
        // It waits for its place in the pool, and has no folder yet.
        #expect(try fixture.rota("logs", "second").stderr.contains("has not started yet"))
        let logs = try Program("rota", ["logs", "second", "-f"], environment: ["ROTA_STATE": fixture.state])
        open("first", fixture)
        #expect(logs.line(holding: "begun") != nil)
        open("second", fixture)
        let result = try logs.wait()
        #expect(result.status == 0 && result.stdout == "begun\nover\n")
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// Of a job the run that has not ended is followed, from its last lines on; a retry that is to come is none.
    @Test(.timeLimit(.minutes(1))) func followingAJobTakesTheRunThatHasNotEnded() throws {
        let fixture = try CommandFixture(jobs: ["bad.yaml": "command: echo once; exit 3\nretries: { limit: 1, delay: PT1H }\n"])
        let serve = try fixture.serve()
        #expect(try fixture.rota("run", "bad").status == 0)
        #expect(try wait { try fixture.json("history", "bad", "--state", "failed").count == 1 })
        #expect(try wait { try fixture.json("history", "bad").first?["state"] as? String == "waiting" })
        #expect(try fixture.rota("logs", "bad", "-f").stdout == "once\n")
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// An empty output and no word about it would look like that of a command that wrote nothing.
    @Test(.timeLimit(.minutes(1))) func whatNeverStartedSaysSo() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: [/nonexistent/program]\n", "b.yaml": "command: 'true'\n"])
        let serve = try fixture.serve()
        for job in ["a", "b"] { _ = try fixture.rota("run", job, "--wait") }
        for arguments in [["a"], ["a", "-f"], ["a", "--json"]] {
            let result = try Program.run("rota", ["logs"] + arguments, environment: ["ROTA_STATE": fixture.state])
            #expect(result.status == 1 && result.stdout.isEmpty, "\(result)")
            #expect(result.stderr.contains(" never started (couldNotStart: ") && result.stderr.contains("/nonexistent/program"))
        }
        let silent = try fixture.rota("logs", "b")
        #expect(silent.status == 0 && silent.stderr.isEmpty, "it ran, and wrote nothing")
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// Whoever looks after the end of `logs -f` finds the run ended.
    @Test(.timeLimit(.minutes(1))) func afterFollowingTheEndIsInTheLedger() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: echo 1; exit 3\n"])
        let serve = try fixture.serve()
        for _ in 1...5 {
            #expect(try fixture.rota("run", "a").status == 0)
            #expect(try fixture.rota("logs", "a", "-f").stdout == "1\n")
            #expect(try fixture.json("history", "a", "--limit", "1").first?["state"] as? String == "failed")
        }
        serve.signal(SIGTERM)
        try serve.wait()
    }

    // catalogue 25
    @Test(.timeLimit(.minutes(1))) func controlCharactersAreShownOnATerminalAndRawInAPipe() throws {
        let fixture = try CommandFixture(jobs: ["ugly.yaml": "command: printf 'a\\033[31mb\\0c\\007\\377\\n'\n"])
        let serve = try fixture.serve()
        #expect(try fixture.rota("run", "ugly", "--wait").status == 0)
        serve.signal(SIGTERM)
        try serve.wait()
        let piped = fixture.folder.path + "/piped"
        let rota = Program.products + "/rota"
        let environment = ["ROTA_STATE": fixture.state, "LC_ALL": "C.UTF-8"]
        #expect(try Program.run("/bin/sh", ["-c", "\(rota) logs ugly > \(piped)"], environment: environment).status == 0)
        #expect(FileManager.default.contents(atPath: piped) == Data("a\u{1B}[31mb\0c\u{07}".utf8) + [0xFF, 0x0A])
        let seen = try Program.run("/usr/bin/script", ["-qec", "\(rota) logs ugly", "/dev/null"], environment: environment).stdout
        #expect(seen.contains("a^[[31mb^@c^G\u{FFFD}"), "\(seen)")
        #expect(!seen.contains("\u{1B}") && !seen.contains("\0"))
    }
}
