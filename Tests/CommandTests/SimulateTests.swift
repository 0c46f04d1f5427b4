import Foundation
import TestSupport
import Testing

struct SimulateTests {
    private let jobs = [
        "extract.yaml":
            "schedule: R/2026-01-01T02:30/P1D\nzone: Europe/Berlin\ncommand: 'true'\npool: warehouse\nretries: { limit: 1, delay: PT1M }\n",
        "load.yaml": "after: [extract]\ncommand: 'true'\npool: warehouse\n",
        "prices.yaml": "schedule: R/2026-01-01T02:30/P1D\nzone: Europe/Berlin\ncommand: 'true'\npool: warehouse\nstartWithin: PT10M\n",
    ]

    private func fixture() throws -> CommandFixture {
        let fixture = try CommandFixture(jobs: jobs)
        try fixture.folder.write("pools: { warehouse: 1 }\n", to: "rota.yaml")
        try fixture.folder.write("extract: PT45M\nload: PT10M\n", to: "durations.yaml")
        return fixture
    }

    private func simulate(_ fixture: CommandFixture, _ more: String...) throws -> Program.Result {
        try Program.run(
            "rota",
            ["simulate", "--jobs", fixture.jobs, "--config", fixture.folder.path + "/rota.yaml"] + more
                + ["--durations", fixture.folder.path + "/durations.yaml"])
    }

    private func object(_ result: Program.Result) throws -> [String: Any] {
        #expect(result.status == 0, "\(result.stderr)")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any], "\(result.stdout)")
    }

    @Test func aDurationOfNoJobIsRefusedWithTheNameThatIsNear() throws {
        let fixture = try fixture()
        try fixture.folder.write("extrakt: PT45M\n", to: "durations.yaml")
        let result = try simulate(fixture, "--from", "2026-03-01", "--days", "1")
        #expect(result.status == 64 && result.stderr.contains("durations.yaml: there is no job `extrakt`"), "\(result.stderr)")
        #expect(result.stderr.contains("did you mean `extract`?"), "\(result.stderr)")
        let days = try simulate(fixture, "--days", "-1")
        #expect(days.status == 64 && days.stderr.contains("a whole number from 1 to 36600"), "\(days.stderr)")
    }

    @Test func aFolderAloneIsRegisteredWhereTheSimulationBegins() throws {
        let result = try simulate(try fixture(), "--from", "2026-03-01", "--duration", "P2D", "--json")
        let object = try object(result)
        #expect(result.stderr == "1 job (prices) of which nothing is known takes 1 min 0 s, see --assume\n")
        #expect(Set(object.keys) == ["runs", "peaks", "missed"])
        let runs = try #require(object["runs"] as? [[String: Any]])
        #expect(runs.allSatisfy { Set($0.keys) == ["job", "due", "attempt", "state", "reason", "startedAt", "endedAt"] })
        #expect(runs.map { $0["job"] as? String } == ["prices", "extract", "load", "prices", "extract", "load"])
        #expect(runs[1]["due"] as? String == "2026-03-01T01:30:00Z" && runs[1]["endedAt"] as? String == "2026-03-01T02:15:00Z")
        #expect(runs[2]["due"] as? String == "2026-03-01T01:30:00Z" && runs[2]["startedAt"] as? String == "2026-03-01T02:15:00Z")
        #expect(runs[0]["state"] as? String == "missed" && runs[0]["startedAt"] is NSNull)
        let missed = try #require(object["missed"] as? [[String: Any]])
        #expect(missed.count == 1 && missed[0]["slots"] as? Int == 2 && missed[0]["reason"] as? String == "startWithin")
        let peaks = try #require(object["peaks"] as? [[String: Any]])
        #expect(peaks.map { $0["pool"] as? String } == [nil, "local", "warehouse"])
        #expect(peaks[2]["waited"] as? Int == 2 && (peaks[2]["runs"] as? [String: Any])?["capacity"] as? Int == 1)
    }

    @Test func aPersonReadsDaysPoolsWhatIsMissedAndWhatTheClockDoes() throws {
        let result = try simulate(try fixture(), "--from", "2026-03-28", "--days", "2", "--zone", "Europe/Berlin")
        #expect(result.status == 0, "\(result.stderr)")
        for part in [
            "2026-03-28T00:00:00+01:00 to 2026-03-30T00:00:00+02:00", "4 succeeded, 2 missed; 3 jobs",
            "2026-03-28 Saturday  3 runs", "  02:30:00  extract  succeeded  takes 45 min 0 s",
            "  02:40:00  prices   missed     startWithin",
            "1 of 1 runs at 2026-03-28T02:30:00+01:00; 2 runs had to wait, 1 at once",
            "prices  2 slots  missed: startWithin",
            "extract: 2026-03-29T02:30:00 does not exist; its slot is moved to 2026-03-29T03:30:00+02:00",
            "1 job (prices) of which nothing is known takes 1 min 0 s",
        ] {
            #expect(result.stdout.contains(part), "\(part) is missing in:\n\(result.stdout)")
        }
    }

    @Test func aJobMayBeAssumedToFail() throws {
        let result = try simulate(try fixture(), "extract", "load", "--from", "2026-03-01", "--days", "1", "--fail", "extract", "--json")
        let runs = try #require(try object(result)["runs"] as? [[String: Any]])
        #expect(
            runs.map { "\($0["job"] ?? "") \($0["state"] ?? "") \($0["attempt"] ?? "")" } == [
                "extract failed 1", "extract failed 2", "load skipped 1",
            ])
        let unknown = try simulate(try fixture(), "--from", "2026-03-01", "--fail", "nobody")
        #expect(unknown.status == 64 && unknown.stderr.contains("no job `nobody`"))
    }

    @Test func aMonthOfManyRunsIsSummedUp() throws {
        let fixture = try CommandFixture(jobs: ["tick.yaml": "cron: '*/15 * * * *'\ncommand: 'true'\n"])
        let result = try Program.run("rota", ["simulate", "--jobs", fixture.jobs, "--from", "2026-01-01", "--duration", "P1Y"])
        #expect(result.stdout.contains("35040 succeeded; 1 job"), "\(result.stdout)")
        #expect(result.stdout.contains("2026-02  2688 runs\n  tick  2688 runs  2026-02-01 – 2026-02-28"))
        #expect(result.stdout.split(separator: "\n").count < 60)
    }

    @Test(.timeLimit(.minutes(1))) func theLedgerTellsWhatIsInForcePausedUnderWayAndUsual() throws {
        // Half an hour from now, so that no slot comes while the test runs.
        let minute = (Int(Date().timeIntervalSince1970) / 60 + 30) % 60
        let hourly = "schedule: R/2026-01-01T00:\(minute < 10 ? "0" : "")\(minute):00Z/PT1H\ncommand: 'true'\n"
        let fixture = try CommandFixture(jobs: [
            "a.yaml": hourly, "b.yaml": hourly,
            "long.yaml": "command: 'sleep 300'\n",
        ])
        let program = try fixture.serve()
        #expect(try fixture.rota("run", "a", "--wait").status == 0)
        #expect(try fixture.rota("pause", "b").status == 0)
        #expect(try fixture.rota("run", "long").status == 0)
        let runs = try #require(try object(try fixture.rota("simulate", "--duration", "PT3H", "--json"))["runs"] as? [[String: Any]])
        let words = runs.map { "\($0["job"] ?? "") \($0["state"] ?? "")" }
        #expect(words.filter { $0 == "a succeeded" }.count == 3 && !words.contains { $0.hasPrefix("b ") }, "\(words)")
        #expect(words.filter { $0.hasPrefix("long") } == ["long succeeded"])
        // What `true` took, and not a minute.
        let first = try #require(runs.first { $0["job"] as? String == "a" })
        #expect((first["endedAt"] as? String)?.prefix(17) == (first["startedAt"] as? String)?.prefix(17), "\(first)")
        let past = try fixture.rota("simulate", "--from", "2026-01-01")
        #expect(past.status == 64 && past.stderr.contains("rota history"))
        let later = ISO8601DateFormatter().string(from: Date() + 2 * 86_400)
        let afterwards = try #require(
            try object(try fixture.rota("simulate", "--from", later, "--duration", "PT3H", "--json"))["runs"] as? [[String: Any]])
        #expect(afterwards.count == 3 && afterwards.allSatisfy { ($0["due"] as? String ?? "") >= later }, "\(afterwards)")
        #expect(try fixture.rota("kill", "long", "--wait").status == 0)
        program.signal(SIGTERM)
        try program.wait()
    }

    @Test func withoutLedgerAndFolderThereIsNothingToBeginWith() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "comand: 'true'\n", "b.yaml": "command: 'true'\n"])
        #expect(try fixture.rota("simulate").status == 69)
        #expect(try fixture.rota("simulate", "--jobs", "/nowhere").status == 66)
        #expect(try fixture.rota("simulate", "--days", "3", "--until", "P1D").status == 64)
        let faulty = try fixture.rota("simulate", "--jobs", fixture.jobs, "--days", "1")
        #expect(faulty.status == 1 && faulty.stderr.contains("a.yaml:1:1: error: unknown key"), "\(faulty.stderr)")
    }
}
