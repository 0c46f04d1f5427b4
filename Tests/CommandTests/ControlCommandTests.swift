import Foundation
import Glibc
import TestSupport
import Testing

/// `rota kill`, `retry`, `pause` and `resume` as a user meets them.
struct ControlCommandTests {
    private let jobs = [
        "nap.yaml": "command: sleep 60\nlabels: { team: data }\n", "bad.yaml": "command: exit 3\n", "good.yaml": "command: 'true'\n",
    ]

    private func object(_ result: Program.Result) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any])
    }

    private func serving(_ body: (CommandFixture) throws -> Void) throws {
        let fixture = try CommandFixture(jobs: jobs)
        let serve = try fixture.serve()
        defer {
            serve.signal(SIGTERM)
            _ = try? serve.wait()
        }
        try body(fixture)
    }

    @Test(.timeLimit(.minutes(1))) func aKilledRunTellsByWhom() throws {
        try serving { fixture in
            let id = try fixture.rota("run", "nap").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
            let killed = try fixture.rota("kill", "nap")
            #expect(killed.status == 0 && killed.stdout.contains(id), "\(killed.stderr)")
            let isOver = wait { (try? fixture.json("history", "nap").first?["state"] as? String) == "killed" }
            #expect(isOver)
            #expect((try fixture.json("history", "nap").first?["reason"] as? String)?.hasPrefix("by ") == true)
            let again = try fixture.rota("kill", id)
            #expect(again.status == 1 && again.stderr.contains("has ended"), "\(again.stderr)")
            #expect(try fixture.rota("kill", "nap").status == 1)
            #expect(try fixture.rota("kill", "nobody").status == 64)
            #expect(try fixture.rota("kill").status == 64)
        }
    }

    /// The end of the one that runs must not let the next of them begin.
    @Test(.timeLimit(.minutes(1))) func killingAJobStartsNothingOfIt() throws {
        try serving { fixture in
            for _ in 0..<8 { #expect(try fixture.rota("run", "nap").status == 0) }
            #expect(try fixture.rota("kill", "nap").status == 0)
            let states = wait {
                let rows = (try? fixture.json("history", "nap")) ?? []
                return rows.count == 8 && rows.allSatisfy { $0["state"] as? String == "killed" }
            }
            #expect(states)
            let started = try fixture.json("history", "nap").filter { ($0["started"] ?? $0["startedAt"]) is String }
            #expect(started.count == 1, "\(started.count) of them ran")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aKillIsConfirmedOnRequest() throws {
        try serving { fixture in
            for _ in 0..<2 { #expect(try fixture.rota("run", "nap").status == 0) }
            let killed = try fixture.rota("kill", "nap", "--wait", "--json")
            #expect(killed.status == 0, "\(killed.stderr)")
            let runs = try #require(try JSONSerialization.jsonObject(with: Data(killed.stdout.utf8)) as? [[String: Any]])
            #expect(runs.count == 2 && runs.allSatisfy { $0["state"] as? String == "killed" }, "\(killed.stdout)")
            #expect(try fixture.rota("kill", "nap", "--wait").status == 1)
        }
    }

    @Test(.timeLimit(.minutes(1))) func aRetryIsAwaitedOnRequest() throws {
        try serving { fixture in
            #expect(try fixture.rota("run", "bad", "--wait").status == 1)
            let retry = try fixture.rota("retry", "bad", "--wait")
            #expect(
                retry.status == 1 && retry.stdout.contains("failed") && retry.stderr.contains("exit code 3"),
                "\(retry.stdout)\(retry.stderr)")
            #expect(try object(fixture.rota("retry", "bad", "--wait", "--json"))["attempt"] as? Int == 3)
        }
    }

    @Test(.timeLimit(.minutes(1))) func anEndThatIsNotRetriedTellsItsCodeAndTheRule() throws {
        let fixture = try CommandFixture(jobs: ["odd.yaml": "command: exit 7\nretries: { limit: 2, exitCodes: 75 }\n"])
        let serve = try fixture.serve()
        #expect(try fixture.rota("run", "odd", "--wait").stderr.contains("exit code 7; not retried: retries.exitCodes"))
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func aRetryIsTheNextAttempt() throws {
        try serving { fixture in
            #expect(try fixture.rota("run", "bad", "--wait").status == 1)
            let retry = try fixture.rota("retry", "bad", "--json")
            #expect(retry.status == 0, "\(retry.stderr)")
            let answer = try object(retry)
            #expect(answer["attempt"] as? Int == 2 && answer["job"] as? String == "bad")
            let keys: Set = [
                "changed", "id", "job", "due", "attempt", "jobs", "stillPaused", "backfill", "slots", "leftAlone", "withdrawn", "active",
                "orders", "runs", "detail",
            ]
            #expect(Set(answer.keys) == keys)
            #expect(try fixture.rota("retry", "good").stderr.contains("has no run yet"))
            #expect(try fixture.rota("run", "good", "--wait").status == 0)
            let well = try fixture.rota("retry", "good")
            #expect(well.status == 1 && well.stderr.contains("succeeded") && well.stderr.contains("rota run good"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func whatIsPausedIsToldByEveryCommand() throws {
        try serving { fixture in
            #expect(try fixture.rota("pause", "nap", "good").status == 0)
            #expect(try fixture.rota("pause", "--label", "team=data").stdout.contains("1 job"))
            let again = try fixture.rota("pause", "nap")
            #expect(again.status == 0 && again.stdout.contains("already"), "\(again.stderr)")
            #expect(try fixture.rota("list").stdout.contains("paused by "))
            #expect(try fixture.rota("show", "nap").stdout.contains("paused      by "))
            let status = try fixture.rota("status").stdout
            #expect(status.contains("the label team=data, by ") && status.contains("the job `good`, by "), "\(status)")
            let paused = try fixture.json("list").first { $0["name"] as? String == "nap" }?["paused"] as? [String: Any]
            #expect(Set(paused?.keys.map { $0 } ?? []) == ["scope", "job", "label", "value", "by", "since"])
            #expect(try object(fixture.rota("status", "--json"))["paused"] as? [[String: Any]] != nil)

            #expect(try fixture.rota("resume", "nap").stdout.contains("another pause"))
            let wider = try fixture.rota("resume", "nap")
            #expect(wider.status == 1 && wider.stderr.contains("rota resume --label team=data"), "\(wider.stderr)")
            #expect(try fixture.rota("resume", "--label", "team=data").status == 0)
            #expect(try fixture.rota("resume", "good").status == 0)
            #expect(try fixture.rota("status").stdout.contains("paused     nothing"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func oneThatIsRefusedStopsNoOther() throws {
        try serving { fixture in
            let result = try fixture.rota("pause", "nobody", "nap")
            #expect(result.status == 64 && result.stderr.contains("`nobody`") && result.stdout.contains("nap"), "\(result.stderr)")
        }
    }

    @Test func whatIsToBePausedMustBeNamed() throws {
        let fixture = try CommandFixture()
        for arguments in [[], ["--all", "a"], ["--all", "--label", "x"]] {
            let result = try Program.run("rota", ["pause"] + arguments, environment: ["ROTA_STATE": fixture.state])
            #expect(result.status == 64 && result.stderr.contains("--all"), "\(result.stderr)")
        }
        for label in ["", "=x"] {
            let result = try fixture.rota("pause", "--label", label)
            #expect(result.status == 64 && result.stderr.contains("--label key=value"), "\(result.stderr)")
        }
        #expect(try fixture.rota("pause", "--all").status == 69)
        #expect(try fixture.rota("kill", "a").status == 69)
        #expect(try fixture.rota("retry", "a").status == 69)
    }
}
