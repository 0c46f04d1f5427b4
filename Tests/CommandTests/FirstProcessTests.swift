import Foundation
import Glibc
import TestSupport
import Testing

/// The scheduler as the first process of a container, of which it also has duties.
@Suite(.timeLimit(.minutes(1)), .enabled(if: geteuid() == 0, "only root can make a container"))
struct FirstProcessTests {
    /// Those that live, and those that have ended and were not asked about.
    private func children(of process: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { pid in
            let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
            return status.contains("\nPPid:\t\(process)\n")
        }
    }

    // catalogue 8
    @Test func orphansDoNotStayAsZombies() throws {
        let fixture = try CommandFixture(jobs: [
            "j.yaml": "schedule: R1/PT1S\ncommand: setsid sleep 1000 & setsid sleep 1000 & sleep 1000\nonUnknown: skip\n"
        ])
        let words = ["--fork", "--pid", "--mount-proc", "--kill-child", Program.products + "/rota", "serve"]
        let container = try Program(
            "/usr/bin/unshare", words + ["--jobs", fixture.jobs, "--state", fixture.state, "--listen", "127.0.0.1:0"])
        var scheduler: pid_t = 0
        var keeper: pid_t = 0
        let isRunning = wait {
            scheduler = children(of: container.pid).first ?? 0
            // With the command's shell these are the keeper's three.
            keeper = children(of: scheduler).first { children(of: $0).flatMap(children).count == 3 } ?? 0
            return keeper != 0
        }
        guard isRunning else {
            container.signal(SIGKILL)
            Issue.record("\(try container.wait().stderr)")
            return
        }
        kill(keeper, SIGKILL)
        let isClean = wait { children(of: scheduler).isEmpty }
        let left = children(of: scheduler)
        kill(scheduler, SIGTERM)
        let result = try container.wait()

        #expect(isClean, "\(left) are still there")
        #expect(result.status == 0)
        #expect(result.stdout.contains("lost"))
    }
}
