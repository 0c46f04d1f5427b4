import Foundation
import Glibc
import TestSupport
import Testing

/// What the commands tell of retention.
struct RetentionCommandTests {
    // catalogue 26
    @Test(.timeLimit(.minutes(1))) func logsTellSinceWhenAndByWhichRuleTheOutputIsGone() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "command: echo hello\n"])
        try fixture.folder.write("retention: { runs: PT1H, logs: PT1S }\n", to: "rota.yaml")
        let program = try fixture.serve(["--config", fixture.folder.path + "/rota.yaml"])
        #expect(try wait { try fixture.rota("run", "a").status == 0 })
        let isGone = try wait {
            let logs = try fixture.rota("logs", "a")
            return logs.status == 1 && logs.stderr.contains("by retention (`retention: { logs: PT1S }`)")
        }
        #expect(isGone)
        let status = try fixture.rota("status").stdout
        #expect(status.contains("retention  runs PT1H, logs PT1S; removed last at ") && status.contains(": 1 output"))
        #expect(try fixture.json("history").first?["outputRemovedAt"] is String)
        program.signal(SIGTERM)
        #expect(try program.wait().status == 0)
    }
}
