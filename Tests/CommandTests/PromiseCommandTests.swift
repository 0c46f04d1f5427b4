import Foundation
import Glibc
import TestSupport
import Testing

/// Broken promises as a user meets them: in `rota status`, `history` and `show`, while nothing is stopped.
struct PromiseCommandTests {
    private let jobs = [
        "slow.yaml": "command: while ! test -e ../go; do sleep 0.02; done\nexpect: { duration: PT0.1S }\n",
        "report.yaml": "command: 'true'\nafter: slow\nexpect: { endBy: \"06:00\" }\nzone: Europe/Berlin\n",
    ]

    private func status(_ fixture: CommandFixture) throws -> [String: Any] {
        let result = try fixture.rota("status", "--json")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [String: Any])
    }

    /// Through a restart it is told once.
    @Test(.timeLimit(.minutes(1))) func aRunThatTakesTooLongIsShownEverywhereAndGoesOn() throws {
        let fixture = try CommandFixture(jobs: jobs)
        let first = try fixture.serve()
        let id = try fixture.rota("run", "slow").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(wait { (try? fixture.json("history", "slow").first?["breaches"] as? [String]) == ["duration"] })
        #expect(try fixture.json("history", "slow").first?["state"] as? String == "running")
        let late = try #require(try status(fixture)["late"] as? [[String: Any]])
        #expect(late.map { $0["id"] as? String } == [id] && late.first?["breaches"] as? [String] == ["duration"])
        #expect(try fixture.rota("status").stdout.contains("late       1\n"))
        first.signal(SIGKILL)
        try first.wait()
        let second = try fixture.serve()
        #expect(FileManager.default.createFile(atPath: fixture.folder.path + "/go", contents: nil))
        #expect(wait { (try? fixture.json("history", "report").first?["state"] as? String) == "succeeded" })
        #expect(try fixture.rota("history", "slow").stdout.contains("broke duration"))
        let shown = try fixture.rota("show", id).stdout
        #expect(shown.contains("promised    take 100 ms at most") && shown.contains("broken      broke duration"), "\(shown)")
        #expect(try status(fixture)["late"] as? [[String: Any]] != nil && (status(fixture)["late"] as? [Any])?.isEmpty == true)
        let promise = try #require(try fixture.json("history", "report").first?["promises"] as? [String: Any])
        #expect((promise["endBy"] as? String)?.hasSuffix(":00:00Z") == true)
        #expect(try fixture.rota("show", "report").stdout.contains("promises    end by 06:00 (Europe/Berlin)"))
        second.signal(SIGTERM)
        try second.wait()
    }
}
