import Foundation
import Glibc
import TestSupport
import Testing

/// Parameters and `$ROTA_OUTPUT` through a real flow, with real commands and a real scheduler.
struct OutputTests {
    /// Each writes what it found to a file of its name; `top` waits for a file.
    private static let flow = """
        name: top
        params: { DAY: null, REGION: eu }
        command: |
          echo "ROWS=3 = three" >> "$ROTA_OUTPUT"
          while ! test -e ../go; do sleep 0.02; done
        ---
        name: mid
        after: top
        env: { ROWS: none }
        command: |
          echo "$DAY $REGION $ROWS" > ../mid.found
          echo "MID=$ROWS'" >> "$ROTA_OUTPUT"
        ---
        name: low
        after: mid
        command: echo "$DAY $REGION $ROWS $MID" > ../low.found

        """

    private func fixture() throws -> CommandFixture { try CommandFixture(jobs: ["flow.yaml": Self.flow]) }

    private func letGo(_ fixture: CommandFixture) {
        #expect(FileManager.default.createFile(atPath: fixture.folder.path + "/go", contents: nil))
    }

    private func begin(_ fixture: CommandFixture) throws -> String {
        let id = try fixture.rota("run", "top", "-p", "DAY=monday").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(wait { (try? fixture.json("history", "top").first?["state"] as? String) == "running" })
        return id
    }

    private func expectWholeFlow(_ fixture: CommandFixture) throws {
        #expect(wait { (try? fixture.json("history", "low").first?["state"] as? String) == "succeeded" })
        #expect(try fixture.folder.read("mid.found") == "monday eu 3 = three\n")
        #expect(try fixture.folder.read("low.found") == "monday eu 3 = three 3 = three'\n")
        let top = try #require(try fixture.json("history", "top").first)
        #expect(top["parameters"] as? [String: String] == ["DAY": "monday", "REGION": "eu"])
        #expect(top["handedOn"] as? [String: String] == ["ROWS": "3 = three"])
        for job in ["top", "mid", "low"] { #expect(try fixture.json("history", job).count == 1) }
    }

    @Test(.timeLimit(.minutes(1))) func whatAParentWritesReachesChildAndGrandchild() throws {
        let fixture = try fixture()
        let serve = try fixture.serve()
        let id = try begin(fixture)
        letGo(fixture)
        try expectWholeFlow(fixture)
        let shown = try fixture.rota("show", id).stdout
        #expect(shown.contains("parameters  DAY=monday REGION=eu") && shown.contains("handed on   ROWS=3 = three"))
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// catalogue 4
    @Test(.timeLimit(.minutes(1))) func aParentThatEndsWhileNobodySchedulesHandsOnAllTheSame() throws {
        let fixture = try fixture()
        let first = try fixture.serve()
        let id = try begin(fixture)
        first.signal(SIGKILL)
        try first.wait()
        letGo(fixture)
        let outcome = fixture.state + "/runs/\(id)/outcome"
        #expect(wait { FileManager.default.fileExists(atPath: outcome) })
        let second = try fixture.serve()
        try expectWholeFlow(fixture)
        second.signal(SIGTERM)
        try second.wait()
    }

    /// catalogue 1: killed when it has heard of the end, and when the end is in the ledger and the child is not begun.
    @Test(.timeLimit(.minutes(1)), arguments: ["end-heard", "end-committed"])
    func aSchedulerThatDiesAtTheEndOfAParentLosesNothing(_ step: String) throws {
        let fixture = try fixture()
        let first = try fixture.serve(environment: ["ROTA_CRASH_AT": step])
        _ = try begin(fixture)
        letGo(fixture)
        #expect(try first.wait().status == -SIGKILL)
        let second = try fixture.serve()
        try expectWholeFlow(fixture)
        second.signal(SIGTERM)
        try second.wait()
    }

    @Test(.timeLimit(.minutes(1))) func aParameterThatIsMissingOrUnknownIsRefused() throws {
        let fixture = try fixture()
        let serve = try fixture.serve()
        let missing = try fixture.rota("run", "top")
        #expect(missing.status == 1 && missing.stderr.contains("rota run top --param DAY=…"), "\(missing)")
        let unknown = try fixture.rota("run", "top", "--param", "DAY=1", "--param", "REGON=us")
        #expect(unknown.status == 1 && unknown.stderr.contains("did you mean `REGION`?"), "\(unknown)")
        #expect(try fixture.rota("run", "top", "-p", "DAY").status == 64)
        #expect(try fixture.json("history").isEmpty)
        serve.signal(SIGTERM)
        try serve.wait()
    }
}
