import Foundation
import Glibc
import TestSupport
import Testing

/// `rota mark-success`, `skip`, `hold`, `release` and `backfill` as a user meets them.
struct OperationCommandTests {
    private let jobs = [
        "bad.yaml": "command: exit 3\n", "after.yaml": "command: 'true'\nafter: [bad]\n",
        "yearly.yaml": "schedule: R/2020-01-01T00:00:00/P1Y\nzone: Europe/Berlin\ncommand: 'true'\n",
        "below.yaml": "command: 'true'\nafter: [yearly]\n", "slow.yaml": "schedule: R/2020-01-01T00:00:00Z/P1Y\ncommand: sleep 60\n",
    ]

    private func serving(_ body: (CommandFixture) throws -> Void) throws {
        let fixture = try CommandFixture(jobs: jobs)
        let serve = try fixture.serve()
        defer {
            serve.signal(SIGTERM)
            _ = try? serve.wait()
        }
        try body(fixture)
    }

    private func object(_ result: Program.Result) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any], "\(result.stderr)")
    }

    @Test(.timeLimit(.minutes(1))) func aMarkFreesWhatWasSkipped() throws {
        try serving { fixture in
            #expect(try fixture.rota("mark-success", "bad").stderr.contains("no run yet"))
            #expect(try fixture.rota("run", "bad", "--wait").status == 1)
            #expect(try fixture.json("history", "after").first?["reason"] as? String == "upstream")
            let marked = try fixture.rota("mark-success", "bad")
            #expect(marked.status == 0 && marked.stdout.contains("marked as succeeded"), "\(marked.stderr)")
            let isFreed = wait { (try? fixture.json("history", "after").first?["state"] as? String) == "succeeded" }
            #expect(isFreed)
            #expect(try fixture.json("history", "bad").first?["trigger"] as? String == "mark")
            let again = try fixture.rota("mark-success", "bad")
            #expect(again.status == 0 && again.stdout.contains("succeeded, marked by"))
            #expect(try fixture.rota("mark-success", "nobody").status == 64)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aSlotIsOrderedOnTheClockOfItsJob() throws {
        try serving { fixture in
            let skip = try fixture.rota("skip", "yearly", "--due", "2100-01-01")
            #expect(skip.status == 0 && skip.stdout.contains("2099-12-31T23:00:00Z"), "\(skip.stdout)\(skip.stderr)")
            let wrong = try fixture.rota("skip", "below", "--due", "2100-01-02")
            #expect(wrong.status == 1 && wrong.stderr.contains("2099-12-31T23:00:00Z"), "the nearest: \(wrong.stderr)")
            #expect(try fixture.rota("skip", "yearly").stderr.contains("--due"))
            #expect(try fixture.rota("hold", "slow").status == 0)
            let status = try fixture.rota("status")
            #expect(status.stdout.contains("1 held, 1 to be skipped"), "\(status.stdout)")
            #expect(try fixture.rota("show", "yearly").stdout.contains("skip 2099-12-31T23:00:00Z by "))
            #expect(try fixture.rota("release", "slow").stdout.contains("released 1 slot"))
            #expect(try fixture.rota("release", "yearly").stdout.contains("nothing of `yearly` is held"))
            #expect(try object(fixture.rota("release", "yearly", "--due", "2100-01-01", "--json"))["orders"] as? Int == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func nextTellsWhatIsOrderedAboutSlots() throws {
        try serving { fixture in
            let before = try fixture.json("next", "slow", "--count", "3").compactMap { $0["due"] as? String }
            #expect(before.count == 3)
            #expect(try fixture.rota("skip", "slow", "--due", before[0]).status == 0)
            #expect(try fixture.rota("hold", "slow", "--due", before[1]).status == 0)
            let after = try fixture.json("next", "slow", "--count", "2")
            #expect(after.map { $0["due"] as? String } == before, "what is passed over does not count")
            #expect(after.map { $0["mark"] as? String } == ["skipped by order", "held", nil])
            let text = try fixture.rota("next", "slow").stdout
            #expect(text.contains("skipped by order of ") && text.contains("held by "), "\(text)")
            // Without a name each job has the next slot for which something is run, and what is passed over before it.
            let all = try fixture.json("next").filter { $0["job"] as? String == "slow" }
            #expect(all.map { $0["due"] as? String } == [before[0], before[1]])
            let listed = try fixture.json("list").first { $0["name"] as? String == "slow" }
            #expect(listed?["nextDue"] as? String == before[1], "the slot that is skipped is not the next")
            #expect(try fixture.rota("release", "slow", "--due", before[0]).status == 0)
            #expect(try fixture.json("next", "slow", "--count", "1").first?["mark"] == nil)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aBackfillIsShownRunAndListed() throws {
        try serving { fixture in
            let preview = try fixture.rota("backfill", "yearly", "--from", "2020-01-01", "--to", "2022-01-01", "--dry-run")
            #expect(preview.status == 0 && preview.stdout.contains("2020-01-01T00:00:00+01:00"), "\(preview.stdout)\(preview.stderr)")
            #expect(preview.stdout.contains("below") && preview.stdout.contains("it never ran"))
            #expect(try fixture.json("backfill", "--list").isEmpty)
            let run = try fixture.rota("backfill", "yearly", "--from", "2020-01-01", "--to", "2022-01-01")
            #expect(run.status == 0 && run.stdout.contains("backfill 1: 3 of 3 slots, done"), "\(run.stdout)\(run.stderr)")
            #expect(try fixture.json("history", "below").count { $0["state"] as? String == "succeeded" } == 3)
            #expect(try fixture.json("history", "below").allSatisfy { $0["backfill"] as? Int == 1 })
            let none = try fixture.rota("backfill", "yearly", "--from", "2020-01-01", "--to", "2022-01-01", "--only-missed")
            #expect(none.status == 0 && none.stdout.contains("ran already"))
            let listed = try #require(try fixture.json("backfill", "--list").first)
            #expect(listed["state"] as? String == "done" && listed["ended"] as? Int == 3)
            let json = try object(fixture.rota("backfill", "yearly", "--from", "2020-01-01", "--dry-run", "--json"))
            #expect(json["again"] as? Int == 3 && json["below"] as? [String] == ["below"] && json["expectedSeconds"] is Double)
        }
    }

    @Test(.timeLimit(.minutes(1))) func thePreviewCountsWhatPoolsAllowAndSaysWhatIsLeftOut() throws {
        let yearly = "schedule: R/2000-01-01T00:00:00Z/P1Y\noverlap: allow\ncommand: 'true'\npool: gentle\n"
        let fixture = try CommandFixture(jobs: ["yearly.yaml": yearly, "off.yaml": yearly + "disabled: true\n"])
        try fixture.folder.write("pools: { gentle: { maxStartsPerSecond: 1 } }\n", to: "rota.yaml")
        let serve = try fixture.serve(["--config", fixture.folder.path + "/rota.yaml"])
        defer {
            serve.signal(SIGTERM)
            _ = try? serve.wait()
        }
        #expect(try fixture.rota("run", "yearly", "--wait").status == 0)
        func preview(_ from: String, _ to: String) throws -> [String: Any] {
            try object(
                fixture.rota(
                    "backfill", "yearly", "--from", from, "--to", to, "--max-running", "9", "--dry-run", "--json"))
        }
        let ten = try preview("2001-01-01", "2010-01-01")
        #expect(ten["slots"] as? Int == 10 && ten["expectedSeconds"] as? Double ?? 0 >= 9, "\(ten)")
        #expect((ten["expectedBy"] as? String)?.hasSuffix("the pool `gentle` allows 1 start a second") == true, "\(ten)")
        #expect((ten["reasons"] as? [Any])?.isEmpty == true)
        let none = try preview("1990-01-01", "1995-01-01")
        let reasons = try #require(none["reasons"] as? [[String: String]])
        #expect(none["slots"] as? Int == 0 && reasons.map { $0["rule"] } == ["schedule"], "\(none)")
        let shown = try fixture.rota("backfill", "yearly", "--from", "1990-01-01", "--to", "1995-01-01", "--dry-run")
        #expect(shown.stdout.contains("left out") && shown.stdout.contains("the schedule begins with its slot at 2000-01-01T00:00:00Z"))
        #expect(!shown.stdout.contains("at a time") && !shown.stdout.contains("takes"))
        #expect(try fixture.rota("backfill", "yearly", "--from", "P0D", "--dry-run").status == 0, "it is now")
        let off = try fixture.rota("backfill", "off", "--from", "2001-01-01", "--dry-run")
        #expect(off.status == 1 && off.stderr.contains("disabled; take `disabled: true` out of its file"), "what it would be told")
        let refused = try fixture.rota("backfill", "yearly", "--from", "1990-01-01", "--to", "1995-01-01")
        #expect(refused.status == 1 && refused.stderr.contains(": the schedule begins with its slot"), "\(refused.stderr)")
    }

    @Test(.timeLimit(.minutes(1))) func aBackfillGoesOnWithoutWhoeverWatchesAndIsCancelled() throws {
        try serving { fixture in
            let watching = try Program(
                "rota", ["backfill", "slow", "--from", "2020-01-01", "--to", "2022-01-01"], environment: ["ROTA_STATE": fixture.state])
            #expect(watching.line(holding: "0 of 3 slots") != nil)
            watching.signal(SIGINT)
            let left = try watching.wait()
            #expect(left.status == 130 && left.stderr.contains("rota backfill --cancel 1"), "\(left.status) \(left.stderr)")
            let cancelled = try fixture.rota("backfill", "--cancel", "1", "--kill")
            let again = try object(fixture.rota("backfill", "--cancel", "1", "--json"))
            #expect(Set(again.keys) == ["changed", "job", "detail"], "\(again)")
            #expect(cancelled.status == 0 && cancelled.stdout.contains("2 runs withdrawn"), "\(cancelled.stdout)\(cancelled.stderr)")
            let isOver = wait { (try? fixture.json("backfill", "--list").first?["state"] as? String) == "cancelled" }
            #expect(isOver)
            let row = try fixture.rota("backfill", "--list").stdout.split(separator: "\n").last.map(String.init) ?? ""
            #expect(row.contains("cancelled, rest withdrawn"), "\(row)")
            let counts = row.split(whereSeparator: \.isWhitespace).dropFirst(4).prefix(5)
            #expect(counts == ["3", "0", "0", "1", "2"], "slots, done, running, failed, skipped: \(row)")
            #expect(try fixture.rota("backfill", "--cancel", "1").stdout.contains("is over, cancelled by"))
            #expect(try fixture.rota("backfill", "--cancel", "9").status == 64)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aNameThatNoJobHasIsToldWithTheOneThatIsNear() throws {
        let commands = [
            ["backfill", "yerly", "--from", "P7D"], ["why", "yerly"], ["show", "yerly"], ["history", "yerly"], ["kill", "yerly"],
            ["retry", "yerly"], ["run", "yerly"], ["hold", "yerly"], ["skip", "yerly", "--due", "2100-01-01"], ["pause", "yerly"],
            ["mark-success", "yerly"], ["logs", "yerly"], ["stats", "yerly"], ["graph", "yerly"], ["next", "yerly"],
        ]
        try serving { fixture in
            for arguments in commands {
                let result = try Program.run("rota", arguments, environment: ["ROTA_STATE": fixture.state])
                #expect(result.status == 64 && result.stderr.contains("did you mean `yearly`?"), "\(arguments): \(result.stderr)")
                #expect(!result.stderr.contains("any more"))
            }
            #expect(try fixture.rota("backfill", "--cancel", "99").stderr.contains("`rota backfill --list`"))
            #expect(try fixture.rota("run", "bad", "--param", "DAY").stderr.contains("write --param DAY=value"))
            #expect(try fixture.rota("run", "bad", "--param", "DAY=1", "--param", "DAY=2").stderr.contains("`DAY` is given twice"))
            #expect(try fixture.rota("next", "bad").stderr == "`bad` has no schedule: it runs when somebody asks for it\n")
            #expect(try fixture.rota("next", "below").stderr == "`below` has no schedule: it runs after `yearly`\n")
            #expect(try fixture.rota("skip", "bad").stderr.contains("`bad` has no slots; name the run"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoAskedForARunIsNamed() throws {
        try serving { fixture in
            #expect(try fixture.rota("run", "bad", "--wait").status == 1)
            let asker = ProcessInfo.processInfo.environment["SUDO_USER"] ?? NSUserName()
            let why = try fixture.rota("why", "bad").stdout.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(why.contains("\(asker) asked for it"), "\(why)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aDateAloneMeansItsOnlySlot() throws {
        let fixture = try CommandFixture(jobs: ["noon.yaml": "schedule: R/2020-01-01T12:00:00/P1D\nzone: Europe/Berlin\ncommand: 'true'\n"])
        let serve = try fixture.serve()
        defer {
            serve.signal(SIGTERM)
            _ = try? serve.wait()
        }
        for verb in ["skip", "hold"] {
            let result = try fixture.rota(verb, "noon", "--due", "2100-01-0\(verb.count - 3)")
            #expect(result.status == 0 && result.stdout.contains("T11:00:00Z"), "\(result.stdout)\(result.stderr)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aSchedulerThatIsStartingIsNotToldAsBroken() throws {
        let fixture = try CommandFixture(jobs: jobs)
        let serve = try fixture.serve()
        // It listens before its first commit, which tells of itself.
        #expect(try fixture.rota("run", "bad", "--wait").status == 1)
        let lock = try String(contentsOfFile: fixture.state + "/lock", encoding: .utf8)
        #expect(lock.hasSuffix("\nlistens\n"), "\(lock)")
        serve.signal(SIGKILL)
        _ = try serve.wait()
        // What a scheduler does first: it takes the lock and notes its process.
        let file = open(fixture.state + "/lock", O_RDWR | O_CLOEXEC)
        defer { close(file) }
        #expect(flock(file, LOCK_EX | LOCK_NB) == 0 && ftruncate(file, 0) == 0 && write(file, "1\n", 2) == 2)
        let run = try fixture.rota("run", "bad")
        #expect(run.status == 69 && run.stderr.contains("is starting there") && run.stderr.contains("try again"), "\(run.stderr)")
        let status = try fixture.rota("status")
        #expect(status.stderr.contains("the scheduler is starting") && status.stdout.contains("ended without a stop"), "\(status.stdout)")
        #expect(try fixture.rota("doctor").stdout.contains("it is starting"))
        _ = write(file, "listens\n", 8)
        #expect(try fixture.rota("run", "bad").stderr.contains("is gone; restart it"))
    }

    @Test(.timeLimit(.minutes(1))) func whatIsNotACommandSaysSo() throws {
        let wrong = [
            ["backfill"], ["backfill", "yearly"], ["backfill", "yearly", "--list"], ["backfill", "--kill"], ["hold"],
            ["backfill", "yearly", "--from", "2020-01-01", "--max-running", "0"], ["hold", "yearly", "--due", "soon"],
            ["backfill", "yearly", "--from", "2022-01-01", "--to", "2020-01-01"], ["backfill", "nobody", "--from", "2020-01-01"],
        ]
        try serving { fixture in
            for arguments in wrong {
                let result = try Program.run("rota", arguments, environment: ["ROTA_STATE": fixture.state])
                #expect(result.status == 64 && result.stderr.hasPrefix("error: "), "\(arguments): \(result.status) \(result.stderr)")
            }
        }
    }
}
