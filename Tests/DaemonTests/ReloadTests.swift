import Daemon
import Foundation
import Logging
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// Live reload with the real clock and the real inotify; the tests wait for what they mean, never for a time.
struct ReloadTests {
    private func daemon(_ fixture: DaemonFixture) throws -> (Daemon, Task<Void, Never>) {
        var log = Logger(label: "test")
        log.logLevel = .critical
        let daemon = try Daemon.open(fixture.configuration, clock: SystemClock(), log: log)
        return (daemon, Task { await daemon.run() })
    }

    /// Asks until the answer is the awaited one; the scheduler itself is the event that is waited for.
    private func ask(_ daemon: Daemon, for job: JobName, until isAwaited: (RequestAnswer) -> Bool) async -> RequestAnswer {
        while true {
            let answer = await daemon.request(.run(job, parameters: [:]), who: "test")
            if isAwaited(answer) { return answer }
            SystemClock().wait(until: SystemClock().now() + .milliseconds(10), descriptors: [])
        }
    }

    @Test(.timeLimit(.minutes(1))) func aNewFileIsInForceSoon() async throws {
        let fixture = try DaemonFixture(jobs: [:])
        let (daemon, task) = try daemon(fixture)
        try fixture.folder.write("command: 'true'\n", to: "jobs/sub/new.yaml")
        _ = await ask(daemon, for: "new") { if case .accepted = $0 { true } else { false } }
        let changes = try fixture.reader().job(JobName("new"))
        #expect(changes?.definition.source == "command: 'true'\n")
        daemon.stop()
        await task.value
    }

    // catalogue 63
    @Test(.timeLimit(.minutes(1))) func aFileThatTurnsBadKeepsItsLastGoodVersionAndIsTold() async throws {
        let fixture = try DaemonFixture(jobs: ["a.yaml": "command: 'true'\n"])
        let (daemon, task) = try daemon(fixture)
        _ = await ask(daemon, for: "a") { if case .accepted = $0 { true } else { false } }
        try fixture.folder.write("comand: 'true'\n", to: "jobs/a.yaml")
        while try fixture.reader().problems().isEmpty {
            SystemClock().wait(until: SystemClock().now() + .milliseconds(10), descriptors: [])
        }
        let problem = try #require(try fixture.reader().problems().first)
        #expect(problem.file.hasSuffix("jobs/a.yaml") && problem.line == 1 && problem.severity == "error")
        #expect(await daemon.request(.run(JobName("a"), parameters: [:]), who: "test").isAccepted)
        daemon.stop()
        await task.value
        // Also after a restart, which reads the file anew.
        let (again, secondTask) = try self.daemon(fixture)
        #expect(await again.request(.run(JobName("a"), parameters: [:]), who: "test").isAccepted)
        again.stop()
        await secondTask.value
    }
}
