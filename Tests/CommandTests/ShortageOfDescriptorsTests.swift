import Foundation
import TestSupport
import Testing

/// A scheduler that has more to launch than descriptors to watch it with.
@Suite(.timeLimit(.minutes(2))) struct ShortageOfDescriptorsTests {
    // catalogue 55
    @Test func launchesWaitUntilDescriptorsAreFree() throws {
        let count = 40
        let fixture = try CommandFixture()
        let gate = fixture.folder.path + "/gate"
        #expect(mkfifo(gate, 0o600) == 0)
        let open = Glibc.open(gate, O_RDWR | O_CLOEXEC)
        defer { close(open) }
        for number in 1...count {
            let command = "echo \(number) >> \(fixture.folder.path)/marks; read x < \(gate)"
            try fixture.folder.write("schedule: R1/PT1S\ncommand: \(command)\n", to: "jobs/j\(number).yaml")
        }
        let serve = "exec \(Program.products)/rota serve --jobs \(fixture.jobs) --state \(fixture.state) --listen 127.0.0.1:0"
        let scheduler = try Program("/bin/sh", ["-c", "ulimit -n 50; \(serve)"])
        let hasWaited = wait { scheduler.errors.contains("Too many open files") }
        write(open, String(repeating: "\n", count: count), count)
        let hasEnded = wait { scheduler.output.split(separator: "\n").count { $0.contains("succeeded") } == count }
        let status = try fixture.rota("status")
        let history = try fixture.json("history", "--limit", "1000")
        scheduler.signal(SIGTERM)
        let result = try scheduler.wait()

        #expect(hasWaited)
        #expect(hasEnded, "\(status.stdout)\(result.stderr)")
        #expect(history.count { $0["state"] as? String == "succeeded" } == count)
        #expect(history.count == count, "none was charged with an attempt")
        #expect(try Set(fixture.folder.read("marks").split(separator: "\n")).count == count)
        #expect(try fixture.folder.read("marks").split(separator: "\n").count == count, "none ran twice")
        #expect(result.status == 0)
    }
}
