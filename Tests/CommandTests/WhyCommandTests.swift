import Foundation
import TestSupport
import Testing

/// `rota why` as a user calls it.
struct WhyCommandTests {
    private let jobs = [
        "nightly.yaml": """
        schedule: R/2026-01-01T02:30/P1D
        zone: Europe/Berlin
        except: --12-25
        command: 'true'

        """,
        "hand.yaml": "command: exit 4\n",
    ]

    private func why(_ fixture: CommandFixture, _ arguments: String...) throws -> [String: Any] {
        let result = try Program.run("rota", ["why"] + arguments + ["--json"], environment: ["ROTA_STATE": fixture.state])
        return try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any], "\(result.stderr)")
    }

    @Test(.timeLimit(.minutes(1))) func itAnswersForRunsSlotsAndInstants() throws {
        let fixture = try CommandFixture(jobs: jobs)
        let serve = try fixture.serve()
        #expect(try fixture.rota("why", "hand").stdout.contains("when somebody asks for it"))
        #expect(try fixture.rota("run", "hand", "--wait").status == 1)
        let failed = try why(fixture, "hand")
        #expect(Set(failed.keys) == ["job", "due", "isSlot", "state", "reasons", "commands"])
        #expect(failed["state"] as? String == "failed")
        let reasons = try #require(failed["reasons"] as? [[String: Any]])
        #expect(reasons.map { $0["rule"] as? String } == ["request", "outcome", "retries"])
        #expect(reasons.allSatisfy { Set($0.keys) == ["rule", "text", "at"] })
        let id = try #require((failed["commands"] as? [String])?.first?.split(separator: " ").last.map(String.init))
        #expect(try fixture.rota("why", id).stdout.contains("failed with exit code 4"))
        #expect(try fixture.rota("why", id, "--due", "2026-01-01").status == 64)

        let slot = try why(fixture, "nightly", "--due", "2027-03-01")
        #expect(slot["due"] as? String == "2027-03-01T01:30:00Z" && slot["isSlot"] as? Bool == true && slot["state"] is NSNull)
        let excepted = try why(fixture, "nightly", "--due", "2027-12-25")
        #expect(excepted["due"] as? String == "2027-12-25T01:30:00Z" && excepted["isSlot"] as? Bool == false)
        #expect((excepted["reasons"] as? [[String: Any]])?.first?["rule"] as? String == "except")
        #expect(try fixture.rota("why", "nobody").status == 64)
        #expect(try fixture.rota("why", "nightly", "--due", "soon").status == 64)
        serve.signal(SIGTERM)
        try serve.wait()
        #expect(try fixture.rota("why", "nightly", "--due", "2026-02-03").stdout.contains("registered"))
    }
}
