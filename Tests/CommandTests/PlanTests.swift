import Foundation
import TestSupport
import Testing

/// What a folder of job files would change, with the real program on a real ledger.
struct PlanTests {
    /// A ledger on which a scheduler ran with these jobs, and runs no more.
    private func ledger(_ jobs: [String: String], while body: (CommandFixture) throws -> Void = { _ in }) throws -> CommandFixture {
        let fixture = try CommandFixture(jobs: jobs)
        let program = try fixture.serve()
        try body(fixture)
        program.signal(SIGTERM)
        try program.wait()
        return fixture
    }

    private func object(_ result: Program.Result) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any], "\(result.stdout) \(result.stderr)")
    }

    /// The first hour of the tests' day, six hours from now: no slot comes while a test runs, whatever the time.
    private static let firstHour = Int(Date().timeIntervalSince1970) / 3_600 + 6

    /// - Parameter hour: Counted from `firstHour`.
    private func schedule(_ hour: Int) -> String {
        let hour = (Self.firstHour + hour) % 24
        return "R/2026-01-01T\(hour < 10 ? "0" : "")\(hour):00:00Z/P1D"
    }

    private func daily(_ hour: Int, _ more: String = "") -> String { "schedule: \(schedule(hour))\ncommand: 'true'\n" + more }

    @Test(.timeLimit(.minutes(1))) func nothingChangedIsZero() throws {
        let fixture = try ledger(["a.yaml": daily(2), "b.yaml": "after: [a]\ncommand: 'true'\n"])
        let result = try fixture.rota("plan")
        #expect(result.status == 0 && result.stdout == "Nothing changes.\n", "\(result.stdout)\(result.stderr)")
        // The same text in another place, and with another comment, is the same job.
        try fixture.folder.write("# daily\n" + daily(2, "name: a\n"), to: "jobs/renamed.yaml")
        try FileManager.default.removeItem(atPath: fixture.jobs + "/a.yaml")
        #expect(try fixture.rota("plan").status == 0)
    }

    @Test(.timeLimit(.minutes(1))) func whatComesChangesAndGoesIsToldWithItsRuns() throws {
        let fixture = try ledger([
            "moved.yaml": daily(2), "child.yaml": "after: [moved]\ncommand: 'true'\n", "gone.yaml": daily(3), "same.yaml": daily(4),
            "old.yaml": daily(5, "labels: { team: data }\n"),
        ])
        try fixture.folder.write(daily(6, "env: { A: '1' }\nretries: 3\n"), to: "jobs/moved.yaml")
        try FileManager.default.removeItem(atPath: fixture.jobs + "/gone.yaml")
        try FileManager.default.moveItem(atPath: fixture.jobs + "/old.yaml", toPath: fixture.jobs + "/new.yaml")
        try fixture.folder.write(daily(7), to: "jobs/fresh.yaml")
        let result = try fixture.rota("plan", "--days", "3")
        #expect(result.status == 2, "\(result.stderr)")
        for part in [
            "+ fresh  ", "+ new  ", "(renamed from old, it seems)", "- old  (renamed to new, it seems)", "- gone\n    runs      3 vanish: ",
            "~ moved  ", "    env.A     (none) → 1\n", "    retries   (none) → 3\n",
            "    schedule  \(schedule(2)) → \(schedule(6))\n",
            "  child  (not changed itself)\n    runs      3 move: ",
            "2 jobs added, 1 changed, 2 removed; ",
        ] {
            #expect(result.stdout.contains(part), "\(part) is missing in:\n\(result.stdout)")
        }
        #expect(!result.stdout.contains("same"))

        let object = try object(try fixture.rota("plan", "--days", "3", "--json"))
        let changed = try #require((object["changed"] as? [[String: Any]])?.first)
        let changes = try #require(changed["changes"] as? [[String: Any]])
        #expect(changed["job"] as? String == "moved" && changes.map { $0["key"] as? String } == ["env.A", "retries", "schedule"])
        #expect(changes[0]["before"] is NSNull && changes[0]["after"] as? String == "1")
        let runs = try #require(changed["runs"] as? [String: Any])
        #expect((runs["appear"] as? [String])?.count == 3 && (runs["vanish"] as? [String])?.count == 3)
        #expect((object["affected"] as? [[String: Any]])?.map { $0["job"] as? String } == ["child"])
        #expect((object["removed"] as? [[String: Any]])?.map { $0["job"] as? String } == ["gone", "old"])
        #expect((object["problems"] as? [Any])?.isEmpty == true)
        // Nothing of it was done.
        #expect(try fixture.json("list").count == 5)
    }

    @Test(.timeLimit(.minutes(1))) func anInvalidFileIsOneAndLeavesItsJobAsItIs() throws {
        let fixture = try ledger(["a.yaml": daily(2), "b.yaml": "after: [a]\ncommand: 'true'\n"])
        try fixture.folder.write("after: [b]\ncommand: 'true'\n", to: "jobs/a.yaml")
        let cycle = try fixture.rota("plan")
        #expect(cycle.status == 1 && cycle.stdout.contains("a → b → a"), "\(cycle.stdout)")
        #expect(cycle.stdout.contains("the job `a` stays in force as it is until its file is mended"), "\(cycle.stdout)")
        try fixture.folder.write("comand: 'true'\n", to: "jobs/a.yaml")
        let result = try fixture.rota("plan", "--json")
        #expect(result.status == 1 && result.stderr.hasPrefix("error: ") && result.stderr.split(separator: "\n").count == 1)
        let object = try object(result)
        #expect((object["kept"] as? [String])?.contains("a") == true && (object["changed"] as? [Any])?.isEmpty == true)
        #expect((object["problems"] as? [[String: Any]])?.first?["line"] as? Int == 1)
    }

    @Test(.timeLimit(.minutes(1))) func allThatIsWrongIsToldAndOnlyWhatStaysIsSaidToStay() throws {
        func file(_ more: String) -> String {
            (1...12).map { "---\nname: j\($0)\ncommand: 'true'\n" }.joined() + "---\nname: a\nafter: [b]\ncommand: 'true'\n" + more
        }
        let fixture = try ledger(["all.yaml": file(""), "b.yaml": daily(2)])
        // A slip of the hand beside a circle: the good version of the file, which stays in force, has neither.
        let circle = "---\nname: x\nafter: [y]\ncommand: 'true'\n---\nname: y\nafter: [x]\ncommand: 'true'\n"
        try fixture.folder.write(file(circle + "---\nname: z\ncomand: 'true'\n"), to: "jobs/all.yaml")
        let both = try fixture.rota("plan")
        let validated = try fixture.rota("validate", fixture.jobs)
        #expect(validated.stdout.contains("x → y → x") && validated.stdout.contains("comand"), "\(validated.stdout)")
        for line in validated.stdout.split(separator: "\n") {
            #expect(both.stdout.contains(line), "\(line) is missing in:\n\(both.stdout)")
        }
        #expect(!both.stdout.contains("`j1` stays"), "it says the same as before: \(both.stdout)")

        // One job is refused for its parent; the others of its file are taken.
        try fixture.folder.write(file("description: new\n---\nname: z\nafter: [nobody]\ncommand: 'true'\n"), to: "jobs/all.yaml")
        let one = try fixture.rota("plan")
        #expect(one.status == 1 && one.stdout.contains("~ a  ") && !one.stdout.contains("in force as"), "\(one.stdout)")

        // Of a file with an error nothing is taken: one line for what it would have changed.
        let other = file("").replacingOccurrences(of: "true", with: "false")
        try fixture.folder.write(other + "---\nname: z\ncomand: 'true'\n", to: "jobs/all.yaml")
        let elsewhere = try ledger(["a.yaml": daily(2)])
        try elsewhere.folder.write("name: a\ncomand: 'true'\n", to: "checkout/moved.yaml")
        let moved = try elsewhere.rota("plan", "--jobs", elsewhere.folder.path + "/checkout")
        #expect(moved.stdout.contains("\nthe job `a` stays in force as it is"), "\(moved.stdout)")
        let kept = try fixture.rota("plan")
        #expect(kept.stdout.contains("all.yaml: 13 jobs stay in force as they are until that is mended: `a`, `j1`, "), "\(kept.stdout)")
        #expect(kept.stdout.split(separator: "\n").count { $0.contains("in force as") } == 1, "\(kept.stdout)")
    }

    @Test(.timeLimit(.minutes(1))) func aCheckoutIsPlannedAsIfItStoodInThePlaceOfTheFolder() throws {
        let fixture = try ledger(["a.yaml": daily(2), "below/b.yaml": daily(3)])
        try fixture.folder.write(daily(2), to: "checkout/a.yaml")
        try fixture.folder.write("comand: 'true'\n", to: "checkout/below/b.yaml")
        let checkout = fixture.folder.path + "/checkout"
        let faulty = try fixture.rota("plan", "--jobs", checkout)
        #expect(faulty.status == 1 && !faulty.stdout.contains("- b"), "\(faulty.stdout)")
        #expect(faulty.stdout.contains("`b` stays in force as it is"), "\(faulty.stdout)")
        try fixture.folder.write(daily(3), to: "checkout/below/b.yaml")
        #expect(try fixture.rota("plan", "--jobs", checkout).status == 0)
    }

    @Test func beforeASchedulerRanEverythingIsNewAndWithoutAFolderItIs66() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": daily(2)])
        let result = try fixture.rota("plan", "--jobs", fixture.jobs)
        #expect(result.status == 2 && result.stdout.contains("No scheduler has run") && result.stdout.contains("+ a  "), "\(result.stdout)")
        #expect(result.stdout.contains("7 appear: "))
        #expect(try fixture.rota("plan", "--jobs", "/nowhere").status == 66)
    }

    @Test(.timeLimit(.minutes(1))) func aPoolThatOverflowsAndAJoinThatTurnsAreTold() throws {
        let text = "command: 'true'\npool: warehouse\n"
        let fixture = try CommandFixture(jobs: ["a.yaml": daily(2, "pool: warehouse\n"), "c.yaml": "after: [a]\n" + text])
        try fixture.folder.write("pools: { warehouse: 1 }\n", to: "rota.yaml")
        let program = try fixture.serve(["--config", fixture.folder.path + "/rota.yaml"])
        program.signal(SIGTERM)
        try program.wait()
        try fixture.folder.write(daily(2, "pool: warehouse\n"), to: "jobs/b.yaml")
        try fixture.folder.write("after: [a, d]\n" + text, to: "jobs/c.yaml")
        // At the same time as the others: of each day's three runs in the pool, a goes first, and b and c wait for its place.
        try fixture.folder.write(daily(2), to: "jobs/d.yaml")
        let result = try fixture.rota("plan", "--days", "2")
        for part in [
            "    after     [a] → [a, d]\n", "    flows     those that have begun keep their parents", "    join      flow → latest: ",
            "    warehouse\n      before  1 of 1 runs", "; 4 runs had to wait, 1 at once",
        ] {
            #expect(result.stdout.contains(part), "\(part) is missing in:\n\(result.stdout)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatIsUnderWayIsToldWhatBecomesOfIt() throws {
        let fixture = try ledger(["a.yaml": "command: 'sleep 300'\n", "b.yaml": "command: |\n  sleep 300\n  echo one\n"]) { fixture in
            for job in ["a", "b", "b"] { _ = try fixture.rota("run", job) }
        }
        try FileManager.default.removeItem(atPath: fixture.jobs + "/a.yaml")
        try fixture.folder.write("command: |\n  sleep 300\n  echo two\n", to: "jobs/b.yaml")
        let result = try fixture.rota("plan")
        #expect(result.status == 2)
        for part in [
            "it goes on to its end, and is not retried", "it goes on as it was handed over", "is waiting: it is run as the file says now",
            "    command\n        sleep 300\n      - echo one\n      + echo two\n",
        ] {
            #expect(result.stdout.contains(part), "\(part) is missing in:\n\(result.stdout)")
        }
        let program = try fixture.serve()
        #expect(try fixture.rota("kill", "a", "b", "--wait").status == 0)
        program.signal(SIGTERM)
        try program.wait()
    }
}
