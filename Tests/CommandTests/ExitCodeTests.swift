import Foundation
import Glibc
import TestSupport
import Testing

/// Bad days: each a sentence with a way out, and the exit code that scripts look at.
struct ExitCodeTests {
    private let tick = ["tick.yaml": "schedule: R/2026-01-01T00:00:00Z/PT1H\ncommand: 'true'\n"]

    private func serve(_ arguments: [String]) throws -> Program.Result {
        try Program.run("rota", ["serve", "--listen", "127.0.0.1:0"] + arguments)
    }

    @Test func usageIs64() throws {
        let bogus = try Program.run("rota", ["serve", "--bogus"])
        #expect(
            bogus.status == 64 && bogus.stderr.hasPrefix("error: ") && bogus.stderr.split(separator: "\n").count == 1, "\(bogus.stderr)")
        #expect(bogus.stderr.contains("rota serve --help"))
        #expect(try Program.run("rota", ["frobnicate"]).status == 64)
        #expect(try Program.run("rota", ["serve", "--listen", "nowhere"]).status == 64)
        #expect(try Program.run("rota", ["serve", "--listen", "0.0.0.0:4400"]).status == 64)
    }

    @Test func aMissingJobsFolderIs66() throws {
        let fixture = try CommandFixture()
        let result = try serve(["--jobs", fixture.folder.path + "/nowhere", "--state", fixture.state])
        #expect(
            result.status == 66 && result.stderr.contains("--jobs") && result.stderr.split(separator: "\n").count == 1, "\(result.stderr)")
        #expect(try Program.run("rota", ["validate", fixture.folder.path + "/nowhere"]).status == 66)
    }

    @Test func noLedgerAndNoSchedulerAre69() throws {
        let fixture = try CommandFixture()
        for command in ["history", "list", "next", "status", "graph"] {
            let result = try fixture.rota(command)
            #expect(result.status == 69 && result.stderr.contains("rota serve"), "\(command): \(result.stderr)")
        }
        #expect(try fixture.rota("run", "a").status == 69)
    }

    @Test(.timeLimit(.minutes(1))) func aTakenPortIs71() throws {
        let fixture = try CommandFixture(jobs: tick)
        let first = try fixture.serve()
        let line = try #require(first.line(holding: "Rota listens on"))
        let address = try #require(line.split(separator: " ").first { $0.hasPrefix("http://") }).dropFirst("http://".count)
        let other = try CommandFixture(jobs: tick)
        let result = try Program.run("rota", ["serve", "--jobs", other.jobs, "--state", other.state, "--listen", String(address)])
        #expect(result.status == 71 && result.stderr.contains("--listen"), "\(result.stderr)")
        #expect(result.stdout.isEmpty)
        first.signal(SIGTERM)
        try first.wait()
    }

    @Test func aStateFolderThatCannotBeWrittenIs73() throws {
        let fixture = try CommandFixture(jobs: tick)
        let result = try serve(["--jobs", fixture.jobs, "--state", "/dev/null/state"])
        #expect(result.status == 73 && result.stderr.contains("--state"), "\(result.stderr)")
    }

    // catalogue 38: the lock goes with the process, however it goes.
    @Test(.timeLimit(.minutes(1))) func aSecondSchedulerIs75UntilTheFirstIsGone() throws {
        let fixture = try CommandFixture(jobs: tick)
        let first = try fixture.serve()
        let second = try serve(["--jobs", fixture.jobs, "--state", fixture.state])
        #expect(second.status == 75 && second.stderr.contains("process \(first.pid)"), "\(second.stderr)")
        first.signal(SIGKILL)
        try first.wait()
        let third = try fixture.serve()
        third.signal(SIGTERM)
        #expect(try third.wait().status == 0)
    }

    // catalogue 34, 37
    @Test(.timeLimit(.minutes(1))) func aDamagedLedgerIs65AndANewerOne76() throws {
        let damaged = try CommandFixture(jobs: tick)
        try damaged.folder.write(String(repeating: "not a database ", count: 1_000), to: "state/rota.db")
        let result = try damaged.rota("history")
        #expect(result.status == 65 && result.stderr.contains("restore a backup"), "\(result.stderr)")

        let newer = try CommandFixture(jobs: tick)
        let once = try newer.serve()
        once.signal(SIGTERM)
        try once.wait()
        #expect(try Program.run("/usr/bin/sqlite3", [newer.state + "/rota.db", "PRAGMA user_version = 99"]).status == 0)
        #expect(try serve(["--jobs", newer.jobs, "--state", newer.state]).status == 76)
        #expect(try newer.rota("history").status == 76)
    }

    @Test func validateIs1WithEveryProblemInItsPlace() throws {
        let fixture = try CommandFixture(jobs: [
            "a.yaml": "comand: 'true'\n",
            "b.yaml": "command: 'true'\nschedule: R/2026-02-30T00:00:00Z/P1D\n",
            "c.yaml": "command: 'true'\nafter: [nobody]\n",
            "d.yaml": "command: 'true'\nretries: many\n",
            "e.json": "{\"name\": \"e\", \"command\": \"true\", }",
            "f.yaml": "command: 'true'\nafter: [f]\n",
            "good.yaml": "command: 'true'\n",
        ])
        let result = try Program.run("rota", ["validate", fixture.jobs])
        #expect(result.status == 1)
        let lines = result.stdout.split(separator: "\n")
        for file in ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.json", "f.yaml"] {
            #expect(
                lines.contains { $0.hasPrefix(fixture.jobs + "/" + file + ":") && $0.contains(": error: ") }, "\(file): \(result.stdout)")
        }
        #expect(!result.stdout.contains("good.yaml") && result.stderr.contains("1 job in 7 files"), "\(result.stderr)")
    }
}
