import Foundation
import Glibc
import Scheduling
import Testing
import Timetable

@testable import Execution

/// What a command gets of its surroundings, and what it is kept from where it has no control group.
@Suite(.timeLimit(.minutes(1))) struct ProcessLimitsTests {
    let place: Place

    init() throws {
        place = try Place(hasControlGroups: false)
    }

    private func end(_ text: String, _ change: (inout Launch) -> Void) async -> Ending {
        var launch = place.shell("t-1", text)
        change(&launch)
        return await place.end(launch)
    }

    @Test(.enabled(if: isRoot, "only root may go ahead of others")) func rootMayGiveCommandsOfOthersPrecedence() async throws {
        _ = await end("nice; id -un") { ($0.nice, $0.user, $0.workdir) = (-3, "nobody", "/") }

        #expect(try place.stdout() == "-3\nnobody\n")
    }

    @Test func memoryBeyondItsLimitIsNotToBeHad() async throws {
        let text = "dd if=/dev/zero of=/dev/null bs=100M count=1 2> /dev/null"
        let ending = await end(text) { $0.limits.memory = 64 << 20 }

        #expect(ending.exitCode == 1)
        var other = place.shell("t-2", text)
        other.limits.memory = 256 << 20
        #expect(await place.end(other).exitCode == 0)
    }

    @Test func processorTimeBeyondItsLimitEndsTheCommand() async throws {
        let ending = await end("while :; do :; done") { $0.limits.cpu = .seconds(1) }

        #expect(ending.kind == .signaled)
        #expect(ending.signal == Int(SIGXCPU))
        #expect(ending.cpu ?? .zero >= .milliseconds(500), "as far as the ticks of its clock tell")
    }

    @Test func filesBeyondTheirLimitCannotBeOpened() async throws {
        // The shell keeps one for each, and those above 9 only when it is told so.
        let ending = await end("exec bash -c 'for i in $(seq 100); do exec {f}< /dev/null || exit 3; done'") { $0.limits.openFiles = 50 }

        #expect(ending.exitCode == 3 || ending.exitCode == 1)
        #expect(try place.stderr().contains("Too many open files"))
    }

    // catalogue 18
    @Test(.enabled(if: isRoot, "it takes a user who has no other processes")) func processesBeyondTheirLimitCannotBeMade() async throws {
        let ending = await end("sh -c 'for i in $(seq 60); do sleep 1000 & done' 2> /dev/null; echo $?") {
            ($0.limits.processes, $0.user, $0.workdir, $0.killAfter) = (20, "games", "/", .milliseconds(100))
        }

        #expect(try place.stdout() == "2\n", "\(ending)")
        #expect(ending.leftOver > 0 && ending.leftOver < 20)
    }

    // catalogue 22
    @Test func withoutLimitsThoseOfTheSchedulerHold() async throws {
        _ = await end("cat /proc/self/limits; nice") { _ in }

        #expect(try place.stdout() == place.text("/proc/self/limits") + "\(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0))\n")
    }

    @Test(arguments: [false, true]) func whatTheSchedulerMayNotGiveKeepsTheCommandFromStarting(isForFiles: Bool) async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let executor = try Unprivileged(place)
        var launch = place.shell("t-1", "true")
        if isForFiles { launch.limits.openFiles = Int(limit.rlim_max) + 1 } else { launch.nice = -1 }
        let ending = await executor.end(launch)

        #expect(ending.kind == .couldNotStart)
        #expect(
            ending.reason
                == (isForFiles
                    ? "not-permitted: `limits.openFiles` \(limit.rlim_max + 1): more than the scheduler itself may have: Operation not permitted"
                    : "not-permitted: `nice` -1: only root may go ahead of others: Permission denied"))
    }
}
