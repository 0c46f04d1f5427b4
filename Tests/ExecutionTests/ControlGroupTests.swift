import CPlatform
import Foundation
import Glibc
import Scheduling
import TestSupport
import Testing
import Timetable

@testable import Execution

/// Runs in control groups of their own: nothing gets away, limits hold for the whole run, and nothing is left.
@Suite(.timeLimit(.minutes(1)), .enabled(if: controlGroups.runs != nil, "no control groups may be made here: `rota doctor` says why"))
struct ControlGroupTests {
    let place: Place
    /// That of the run t-1.
    private let group: ControlGroup

    init() throws {
        place = try Place()
        group = ControlGroup(path: try #require(ControlGroups(for: place.runs)).path(of: "t-1"))
    }

    private func noGroup() throws -> String? {
        try place.folder("t-1").record(place.folder("t-1").outcomeFile, head: "rota-outcome 1")?["no-cgroup"]
    }

    @Test func aRunIsInItsGroupWhichGoesWithIt() async throws {
        let ending = await place.end("sed -n 's/^0:://p' /proc/self/cgroup; cat /proc/$PPID/cgroup > \(place.path)/keeper")

        #expect(ending.exitCode == 0)
        let name = URL(fileURLWithPath: group.path).lastPathComponent
        #expect(try place.stdout().hasSuffix("/rota-runs/\(name)\n"))
        #expect(try !place.text("\(place.path)/keeper").contains(name), "the keeper stays outside")
        #expect(!Files.exists(group.path))
        #expect(try noGroup() == nil)
    }

    // catalogue 14, 15
    @Test func groupsThatTheCommandMadeGoWithIt() async throws {
        let below = "\(group.path)/a/b"
        let ending = await place.end(
            """
            mkdir -p \(below)
            (echo 0 > \(below)/cgroup.procs; exec setsid env -i sleep 1000) > /dev/null 2>&1 &
            until grep -q . \(below)/cgroup.procs; do :; done
            """)

        #expect(ending.exitCode == 0)
        #expect(ending.leftOver == 1)
        #expect(!Files.exists(group.path))
    }

    /// What neither descends from the keeper nor bears any mark of the run: only the group tells that it belongs to it.
    @Test func whatWasBroughtIntoTheGroupIsEndedToo() async throws {
        place.executor.launch([place.shell("t-1", "echo $$; \(place.waitAtGate)")])
        _ = try await place.line()
        let stranger = try Program("/bin/sleep", ["1000"])
        try group.write("\(stranger.pid)", to: "cgroup.procs")
        place.executor.kill(run: "t-1", reason: "by ada")
        let ending = await place.reports.ending(of: "t-1")
        let end = try await blocking { Result { try stranger.wait() } }.get()

        #expect(ending.kind == .killed)
        #expect(end.status == -SIGTERM)
        #expect(!Files.exists(group.path))
    }

    // catalogue 5, 15
    @Test func whatEscapedIsFoundThoughItsKeeperWasKilledWithoutWitness() async throws {
        // A session, parents and an environment of its own: without a group there is nothing by which to know it.
        let launch = place.shell("t-1", "(env -i setsid sh -c 'echo $$; exec sleep 1000' &); \(place.waitAtGate)")
        place.executor.launch([launch])
        await place.reports.start(of: "t-1")
        let escaped = try #require(try await place.line().first)
        let claim = try place.claim()
        place.executor.shutdown()
        kill(claim.pid, SIGKILL)
        await awaitEnd(of: claim.pid)
        #expect(isAlive(escaped))

        let ending = try place.endFoundAfterRestart(of: launch)
        #expect(ending.kind == .lost)
        #expect(!isAlive(escaped))
        #expect(!Files.exists(group.path))
    }

    @Test func processorTimeIsThatOfTheWholeGroup() async throws {
        // Who does not want to hear of his children has no part of what they used.
        let ending = await place.end("perl -e '$SIG{CHLD} = \"IGNORE\"; unless (fork) { 1 for 1 .. 2e7; exit } wait'")

        #expect(ending.exitCode == 0)
        #expect(ending.cpu ?? .zero > .milliseconds(150))
    }

    @Test(.enabled(if: isRoot, "only root can have a keeper that may make no groups"))
    func aRunWithoutItsGroupIsBetterThanNone() async throws {
        let executor = try Unprivileged(place)
        let ending = await executor.end(place.shell("t-1", "exit 3"))

        #expect(ending.exitCode == 3)
        #expect(try noGroup() == "Permission denied")
    }

    // catalogue 18
    @Test(.enabled(if: controlGroups.controllers.contains(.pids), "there is no controller for processes in version 2 here"))
    func aForkBombOfRootIsContained() async throws {
        var launch = place.shell("t-1", "exec perl -e 'fork while 1'")
        launch.limits.processes = 30
        launch.killAfter = .milliseconds(100)
        place.executor.launch([launch])
        while !Task.isCancelled, ["", "max 0\n"].contains(try place.text("\(group.path)/pids.events")) { await Task.yield() }
        let count = try place.text("\(group.path)/pids.current")
        place.executor.kill(run: "t-1", reason: "by ada")
        let ending = await place.reports.ending(of: "t-1")

        #expect(count == "30\n")
        #expect(ending.kind == .killed)
        #expect(!Files.exists(group.path))
    }

    @Test(.enabled(if: controlGroups.controllers.contains(.memory), "there is no controller for memory in version 2 here"))
    func memoryIsBoundedForTheWholeRun() async throws {
        // `tail` keeps a line without an end in memory until it has seen the end; each of the two has less than the limit.
        let part = "head -c 40M /dev/zero | tail > /dev/null"
        let holding = "(head -c 40M /dev/zero; \(place.waitAtGate)) | tail > /dev/null"
        var both = place.shell("t-1", "\(holding) & \(holding); wait")
        both.limits.memory = 64 << 20
        let ending = await place.end(both)
        var one = place.shell("t-2", part)
        one.limits.memory = 64 << 20
        let other = await place.end(one)

        #expect(ending.kind == .signaled)
        #expect(ending.signal == Int(SIGKILL))
        #expect(ending.reason == "out-of-memory: SIGKILL from the kernel: more than limits.memory 64 MiB")
        #expect(other.exitCode == 0)
        #expect(other.peakMemory ?? 0 > 40 << 20)
    }

    @Test(.enabled(if: controlGroups.controllers.contains(.memory), "there is no controller for memory in version 2 here"))
    func aLimitThatTheKernelRefusesKeepsTheCommandFromStarting() async throws {
        var launch = place.shell("t-1", "true")
        launch.limits.processes = 5_000_000
        let ending = await place.end(launch)

        #expect(ending.kind == .couldNotStart)
        #expect(ending.reason?.hasPrefix("no-resources: `limits.processes` 5000000:") == true, "\(ending)")
    }
}

/// Which groups are the scheduler's, told of processes in groups as systemd makes them.
@Suite(.enabled(if: isRoot && controlGroups.runs != nil, "it takes root, and control groups"))
struct ControlGroupFindingTests {
    /// A group for a unit, with one process in it or in a group below it.
    private final class Unit {
        let group: ControlGroup
        private let process: Program
        private let home: ControlGroup

        init(delegate: String?, subgroup: String? = nil) throws {
            let root = URL(fileURLWithPath: try #require(controlGroups.runs)).deletingLastPathComponent().path
            group = ControlGroup(path: "\(root)/rota-test-\(UInt64.random(in: 0...UInt64.max)).service")
            home = subgroup.map { [group] in ControlGroup(path: "\(group.path)/\($0)") } ?? group
            _ = try Files.makeFolder(group.path, mode: 0o755)
            if subgroup != nil { _ = try Files.makeFolder(home.path, mode: 0o755) }
            if let delegate { setxattr(group.path, delegate, "1", 1, 0) }
            process = try Program("/bin/sleep", ["1000"])
            try home.write("\(process.pid)", to: "cgroup.procs")
        }

        var finding: ControlGroups.Finding { ControlGroups.finding(of: process.pid) }

        deinit {
            process.signal(SIGKILL)
            _ = try? process.wait()
            group.remove()
        }
    }

    @Test func aGroupOfSomebodyElseIsNotOurs() throws {
        let unit = try Unit(delegate: nil)
        let finding = unit.finding

        #expect(finding.runs == nil)
        #expect(finding.controllers == [])
        #expect(
            finding.shortcoming == "the control group \(unit.group.path) was not given to the scheduler, so runs have none of their own")
        #expect(finding.remedy == "start it as a systemd unit with `Delegate=yes` and `DelegateSubgroup=rota-scheduler`")
    }

    @Test func aGroupBelowADelegatedOneIsNotOurs() throws {
        let unit = try Unit(delegate: "trusted.delegate", subgroup: "other")

        #expect(unit.finding.runs == nil)
    }

    @Test(arguments: ["trusted.delegate", "user.delegate"]) func aDelegatedGroupIsOursWithoutItsControllers(mark: String) throws {
        let unit = try Unit(delegate: mark)
        let finding = unit.finding

        #expect(finding.runs == "\(unit.group.path)/rota-runs")
        #expect(finding.controllers == [], "systemd could not start the next scheduler beside groups that have them")
        #expect(finding.remedy == "add `DelegateSubgroup=rota-scheduler` to the unit (systemd 254 or later)")
    }

    @Test func withAGroupForTheSchedulerItsRunsHaveControllers() throws {
        let unit = try Unit(delegate: "trusted.delegate", subgroup: "rota-scheduler")
        let offered = try #require(try Files.read("\(unit.group.path)/cgroup.controllers"))
        let names = Set(String(decoding: offered, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init))
        let finding = unit.finding

        #expect(finding.runs == "\(unit.group.path)/rota-runs")
        #expect(Set(finding.controllers.map(\.rawValue)) == names.intersection(["memory", "pids", "cpu"]))
        #expect((finding.shortcoming == nil) == names.isSuperset(of: ["memory", "pids"]))
    }

    @Test func aProcessThatIsGoneHasNoGroups() throws {
        let finding = ControlGroups.finding(of: pid_t.max)

        #expect(finding.runs == nil)
        #expect(finding.shortcoming?.hasPrefix("control groups cannot be found out about: not-found: open /proc/") == true)
    }
}
