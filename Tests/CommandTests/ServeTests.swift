import Foundation
import Glibc
import TestSupport
import Testing

/// The real program with real processes.
@Suite(.serialized)
struct ServeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test(.timeLimit(.minutes(1))) func aJobFileBecomesARecordedRun() throws {
        let fixture = try CommandFixture(jobs: ["tick.yaml": "schedule: R/2026-01-01T00:00:00Z/PT1S\ncommand: echo hello from $ROTA_JOB\n"])
        let serve = try fixture.serve(["--for", "PT3S"])
        let line = try #require(serve.line(holding: "succeeded"))
        #expect(line.contains("tick") && line.contains("due ") && line.contains("late ") && line.contains("took "))
        #expect(try serve.wait().status == 0)
        let history = try fixture.json("history", "--state", "succeeded")
        #expect(!history.isEmpty)
        let run = try #require(history.first)
        #expect(run["job"] as? String == "tick" && run["exitCode"] as? Int == 0 && run["trigger"] as? String == "schedule")
        let id = try #require(run["id"] as? String)
        #expect(try fixture.rota("logs", id).stdout == "hello from tick\n")
        #expect(try fixture.rota("logs", "tick").stdout == "hello from tick\n")
    }

    // catalogue 3, 4: rule 3 of the promise, a restart has no consequences.
    @Test(.timeLimit(.minutes(1))) func aKilledSchedulerLosesNeitherRunNorExitCode() throws {
        let fixture = try CommandFixture()
        let command = "command: |\n  echo begun\n  while [ ! -e go ]; do sleep 0.02; done\n  echo done >&2\n  exit 7\n"
        try fixture.folder.write(command + "workdir: \(fixture.folder.path)\n", to: "jobs/slow.yaml")
        let first = try fixture.serve()
        let id = try fixture.rota("run", "slow").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
        waitFor { (try? fixture.rota("logs", id).stdout) == "begun\n" }
        first.signal(SIGKILL)
        try first.wait()
        // The run ends while nobody is there.
        let outcome = fixture.state + "/runs/\(id)/outcome"
        let go = fixture.folder.path + "/go"
        #expect(FileManager.default.createFile(atPath: go, contents: nil))
        waitFor { FileManager.default.fileExists(atPath: outcome) }
        let endedBefore = Date()
        let second = try fixture.serve()
        #expect(second.line(holding: id)?.contains("failed") == true)
        let run = try #require(try fixture.json("history", "slow").first)
        #expect(run["exitCode"] as? Int == 7 && run["state"] as? String == "failed" && run["attempt"] as? Int == 1)
        let endText = try #require(run["endedAt"] as? String)
        let endedAt = try #require(ISO8601DateFormatter.withFraction.date(from: endText))
        #expect(endedAt <= endedBefore, "the end is that of the command, not of the restart")
        #expect(try fixture.rota("logs", id).stderr == "done\n")
        #expect(try fixture.json("history").count == 1)
        second.signal(SIGTERM)
        #expect(try second.wait().status == 0)
    }

    @Test(.timeLimit(.minutes(1))) func aRunningJobIsAdoptedAndItsEndArrives() throws {
        let fixture = try CommandFixture()
        let command = "command: while [ ! -e go ]; do sleep 0.02; done\n"
        try fixture.folder.write(command + "workdir: \(fixture.folder.path)\n", to: "jobs/slow.yaml")
        let first = try fixture.serve()
        let id = try fixture.rota("run", "slow").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
        waitFor { (try? fixture.json("history").first?["state"] as? String) == "running" }
        // SIGTERM leaves it running, too.
        first.signal(SIGTERM)
        #expect(try first.wait().status == 0)
        #expect(try fixture.json("history").first?["state"] as? String == "running")
        let second = try fixture.serve()
        #expect(FileManager.default.createFile(atPath: fixture.folder.path + "/go", contents: nil))
        #expect(second.line(holding: id)?.contains("succeeded") == true)
        second.signal(SIGTERM)
        try second.wait()
    }

    @Test(.timeLimit(.minutes(1))) func aRunWaitedForTellsItsEnd() throws {
        let fixture = try CommandFixture(jobs: [
            "good.yaml": "command: test \"$DAY\" = monday\n", "bad.yaml": "command: exit 3\nretries: { limit: 1, delay: PT0.1S }\n",
        ])
        let serve = try fixture.serve()
        let good = try fixture.rota("run", "good", "--wait", "--env", "DAY=monday")
        #expect(good.status == 0 && good.stdout.contains("succeeded"))
        let bad = try fixture.rota("run", "bad", "--wait")
        #expect(bad.status == 1 && bad.stderr.contains("exit code 3") && bad.stdout.contains("attempt 2"))
        #expect(try fixture.rota("run", "nobody").status == 64)
        #expect(try fixture.rota("run", "good", "--env", "ROTA_RUN=x").status == 64)
        serve.signal(SIGINT)
        #expect(try serve.wait().status == 0)
        #expect(try fixture.rota("run", "good").status == 69)
    }

    @Test(.timeLimit(.minutes(1))) func aTimeoutEndsTheWholeTree() throws {
        let fixture = try CommandFixture(jobs: [
            "deaf.yaml": "command: trap '' TERM; sleep 60 & sleep 60\ntimeout: PT0.3S\nkillAfter: PT0.2S\n"
        ])
        let serve = try fixture.serve()
        let result = try fixture.rota("run", "deaf", "--wait")
        #expect(result.status == 1 && result.stdout.contains("timedOut"))
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func thePipelineIsOneFlowOfSixRuns() throws {
        let fixture = try CommandFixture()
        try fixture.copyJobs(from: Self.root.path + "/jobs/pipeline", to: "pipeline")
        let serve = try fixture.serve()
        let accepted = try fixture.rota("run", "reads", "--json")
        let run = try #require(try JSONSerialization.jsonObject(with: Data(accepted.stdout.utf8)) as? [String: Any])
        let flow = "reads@" + (try #require(run["due"] as? String))
        waitFor { (try? fixture.json("history", "--flow", flow).count { $0["state"] as? String == "succeeded" }) == 6 }
        let rows = try fixture.json("history", "--flow", flow)
        #expect(Set(rows.compactMap { $0["job"] as? String }) == ["reads", "filter", "kmers", "coverage", "report", "publish"])
        #expect(Set(rows.compactMap { $0["due"] as? String }).count == 1)
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// Every job of jobs/ that does not wait for a time of day does its work.
    @Test(.timeLimit(.minutes(2))) func theSampleJobsPass() throws {
        let fixture = try CommandFixture()
        try fixture.copyJobs(from: Self.root.path + "/jobs")
        #expect(try fixture.rota("validate", fixture.jobs).status == 0)
        let serve = try fixture.serve()
        for job in [
            "heartbeat", "rotate-logs", "disk-usage", "shop-orders", "shop-backup", "verify-release", "load-sample", "morning-digest",
            "weekday-tidy", "stocktaking",
        ] {
            let result = try fixture.rota("run", job, "--wait")
            let logs = try fixture.rota("logs", job)
            #expect(result.status == 0, "\(job): \(result.stdout) \(result.stderr) \(logs.stdout) \(logs.stderr)")
        }
        #expect(try fixture.rota("run", "nap", "--wait", "--env", "SECONDS=0").status == 0)
        #expect(try fixture.json("list").count >= 10)
        serve.signal(SIGTERM)
        try serve.wait()
    }

    private func waitFor(sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool) {
        let came = wait(until: condition)
        #expect(came, "what was waited for did not come", sourceLocation: sourceLocation)
    }
}

extension ISO8601DateFormatter {
    static var withFraction: ISO8601DateFormatter {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        return formatter
    }
}
