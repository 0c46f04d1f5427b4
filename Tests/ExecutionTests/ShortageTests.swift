import Foundation
import Glibc
import Scheduling
import TestSupport
import Testing
import Timetable

@testable import Execution

/// Keepers that lack descriptors or processes give their run back whole: it is handed over again, and nothing of it is charged to the job.
@Suite(.timeLimit(.minutes(1))) struct ShortageTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    /// Carries a run out with a keeper that shell text begins: the path of the keeper and the run's folder follow it.
    private func handOver(_ launch: Launch, by text: String) async throws -> ExecutorReport {
        let wrapper = "\(place.path)/keeper-\(launch.run)"
        try Data("#!/bin/sh\n\(text) \(Place.keeper()) $1\n".utf8).write(to: URL(fileURLWithPath: wrapper))
        chmod(wrapper, 0o755)
        try TemporaryFolder.settle(wrapper)
        let reports = Reports()
        let executor = try LocalExecutor(runs: place.runs, keeper: wrapper, node: "node-1") { reports.add($0) }
        defer { executor.shutdown() }
        executor.launch([launch])
        return await reports.first { report in
            switch report {
            case .ended, .couldNotHandOver: true
            case .started, .pending, .trouble, .discarded: false
            }
        }
    }

    /// What must be true of a run that was given back: nothing was begun, and the next keeper can have it.
    private func expectGivenBack(_ report: ExecutorReport, _ launch: Launch, _ comment: Comment? = nil) async throws {
        guard case .couldNotHandOver(launch, let reason) = report else {
            Issue.record("\(report): \(comment ?? "")")
            return
        }
        #expect(reason == "no-resources: the keeper got no process, pipe or memory", comment)
        #expect(try place.folder(launch.run).claim() == .absent, comment)
        #expect(try place.folder(launch.run).ending() == nil, comment)
        #expect(try place.folder(launch.run).controlGroup().map { Files.exists($0.path) } != true, comment)
        #expect(await place.end(launch).exitCode == 0, comment)
    }

    // catalogue 55
    @Test func withTooFewDescriptorsARunIsGivenBackOrCarriedOutWhole() async throws {
        var carriedOut: [Int] = []
        // With fewer than five not even the keeper's library can be opened, so that it never begins.
        for count in 5...24 {
            let launch = place.shell("t-\(count)", "echo begun >> \(place.path)/marks-\(count)")
            let report = try await handOver(launch, by: "ulimit -n \(count)\nexec")
            if case .ended(_, let ending) = report {
                #expect(ending.exitCode == 0, "with \(count): \(ending)")
                carriedOut.append(count)
            } else {
                try await expectGivenBack(report, launch, "with \(count)")
            }
            #expect(try place.text("\(place.path)/marks-\(count)") == "begun\n", "with \(count)")
        }
        #expect(carriedOut.first ?? 0 > 5)
        #expect(carriedOut.last == 24)
    }

    // catalogue 56, 57
    @Test(.enabled(if: isRoot, "it takes a user who has no other processes")) func aKeeperThatCannotForkGivesItsRunBack() async throws {
        let launch = place.shell("t-1", "true")
        let keeper = "\(place.path)/keeper"
        try FileManager.default.copyItem(atPath: Place.keeper(), toPath: keeper)
        let asUser = "exec /usr/bin/setpriv --reuid=lp --regid=lp --clear-groups sh -c 'ulimit -p 1; exec \(keeper) $2' sh"
        let report = try await handOver(launch, by: "/bin/chown -R lp $1\n\(asUser)")

        try await expectGivenBack(report, launch)
    }

    /// Processes that a user has already; the kernel counts them when a command becomes that user.
    private final class Crowd {
        private let processes: [Program]

        init(_ count: Int, of user: String) async throws {
            let words = ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", "/bin/sleep", "1000"]
            processes = try (0..<count).map { _ in try Program("/usr/bin/setpriv", words) }
            for process in processes {
                while !Task.isCancelled, try String(contentsOfFile: "/proc/\(process.pid)/comm", encoding: .utf8) != "sleep\n" {
                    await Task.yield()
                }
            }
        }

        func end() {
            for process in processes {
                process.signal(SIGKILL)
                _ = try? process.wait()
            }
        }
    }

    // catalogue 57
    @Test(.enabled(if: isRoot, "only root can run a command as another user"))
    func aUserWithoutProcessesToSpareIsNotTheJobsFault() async throws {
        var launch = place.shell("t-1", "id -un")
        (launch.user, launch.workdir) = ("news", "/")
        let crowd = try await Crowd(2, of: "news")
        let report = try await handOver(launch, by: "ulimit -p 1\nexec")
        crowd.end()

        try await expectGivenBack(report, launch)
        #expect(try place.stdout() == "news\n")
    }

    @Test(.enabled(if: isRoot, "only root can run a command as another user")) func aLimitOfTheJobsOwnIsItsFault() async throws {
        let place = try Place(hasControlGroups: false)
        var launch = place.shell("t-1", "true")
        (launch.user, launch.workdir, launch.limits.processes) = ("uucp", "/", 1)
        let crowd = try await Crowd(2, of: "uucp")
        let ending = await place.end(launch)
        crowd.end()

        #expect(ending.kind == .couldNotStart)
        #expect(ending.reason == "no-resources: /bin/sh: Resource temporarily unavailable")
    }
}
