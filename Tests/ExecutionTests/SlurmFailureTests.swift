import Foundation
import TestSupport
import Testing
import Timetable

@testable import Execution

/// What becomes of runs when parts of a real cluster break, or somebody else has a hand in it. One after the other, on a cluster of their own.
@Suite(
    .serialized, .enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(5))
) struct SlurmFailureTests {
    let cluster: SlurmCluster
    let place: Place

    init() throws {
        cluster = try .fragile()
        place = try Place(engine: .fragileSlurm)
    }

    /// A run that notes each of its starts, says that it has begun, and waits at the gate.
    func waiting(_ run: String = "t-1", code: Int = 7, on node: String? = nil) -> Launch {
        var launch = place.shell(run, "echo $ROTA_RUN >> \(place.path)/marks; echo 1; \(place.waitAtGate); exit \(code)")
        if let node { launch.task.options["nodelist"] = node }
        return launch
    }

    var marks: [String] {
        get throws { try place.text("\(place.path)/marks").split(separator: "\n").map { String($0) }.sorted() }
    }

    /// The numbers of the tasks of a run, in a state.
    func tasks(_ run: String = "t-1", _ states: String = "all") throws -> [String] {
        let rows = try SlurmRow.rows(cluster.run("squeue", "-h", "-t", states, "-o", SlurmRow.format))
        return rows.filter { $0.name == "rota-\(run)" && $0.workdir == "\(place.path)/bin" }.map(\.id)
    }

    /// Takes a whole node; answers the number of the task that does.
    func occupy(_ node: String) throws -> String {
        let id = try cluster.run(
            "sbatch", "--parsable", "-p", "main", "-w", node, "--exclusive", "-o", "/dev/null", "-D", "/", "--wrap", "sleep 600")
        let task = String(id.dropLast())
        #expect(wait { (try? cluster.run("squeue", "-h", "-j", task, "-o", "%T")) == "RUNNING\n" })
        return task
    }

    func killBooks() throws {
        let pid = try place.text("\(cluster.path)/run/slurmdbd.proc").split(separator: " ").first.flatMap { Int32($0) }
        try #require(pid.map { kill($0, SIGKILL) } == 0)
    }

    func pending(_ word: String, of run: String = "t-1") async {
        _ = await place.reports.first { report in
            switch report {
            case .pending(run, let reason): reason.hasPrefix(word)
            // Of the executor, and so of all its runs.
            case .trouble(_, let trouble?): trouble.reason.hasPrefix(word)
            default: false
            }
        }
    }

    @Test func aNodeThatDiesIsTheCause() async throws {
        place.executor.launch([waiting(on: "n1")])
        await place.reports.start(of: "t-1")
        try cluster.change("node-down", "n1", "--now")
        defer { #expect(throws: Never.self) { try cluster.change("node-up", "n1") } }

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .signaled && ending.reason?.hasPrefix("node-failed: node n1") == true, "\(ending)")
        #expect(ending.startedAt != nil && ending.node == "n1")
        #expect(try wait { try place.folder("t-1").ending()?.reason == ending.reason }, "its readers learn of it")
    }

    // catalogue 79
    @Test func aControllerThatIsDownStopsNothingThatRunsAndFailsNothingThatWaits() async throws {
        place.executor.launch([waiting("t-1")])
        await place.reports.start(of: "t-1")
        try awaitSave()
        try cluster.change("ctld-down")
        place.executor.launch([place.shell("t-2", "exit 3")])
        await pending("controller: ", of: "t-2")

        place.openGate()
        #expect(await place.reports.ending(of: "t-1").exitCode == 7, "the folder tells it")
        try cluster.change("ctld-up")
        #expect(await place.reports.ending(of: "t-2").exitCode == 3)
    }

    /// A kill of what was never submitted needs no controller.
    @Test func whatAClusterDoesNotTakeCanBeKilled() async throws {
        try cluster.change("ctld-down")
        defer { #expect(throws: Never.self) { try cluster.change("ctld-up") } }
        place.executor.launch([waiting()])
        await pending("controller: ")
        place.executor.kill(run: "t-1", reason: "stop")
        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason == "stop" && ending.startedAt == nil)
    }

    /// The request arrives though nobody heard of it.
    ///
    /// catalogue 77
    @Test func aSubmissionToAFrozenControllerIsFoundByItsName() async throws {
        try cluster.change("ctld-freeze")
        place.executor.launch([waiting()])
        await pending("unclear: Socket timed out")
        try cluster.change("ctld-thaw")
        await place.reports.start(of: "t-1")
        place.openGate()

        #expect(await place.reports.ending(of: "t-1").exitCode == 7)
        #expect(try marks == ["t-1"])
        #expect(try tasks().count == 1)
    }

    @Test func aTaskThatSomebodyCancelsWhileItRunsIsCancelled() async throws {
        place.executor.launch([waiting()])
        await place.reports.start(of: "t-1")
        try cluster.run("scancel", tasks()[0])

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason == "cancelled: by root on the cluster", "\(ending)")
        #expect(ending.signal == Int(SIGTERM) && ending.startedAt != nil)
    }

    /// A command that answers by an end of its own, and however soon.
    @Test(arguments: ["exit 0", "sleep 1; exit 0"]) func aTaskThatIsCancelledIsNoSuccess(answer: String) async throws {
        place.executor.launch([place.shell("t-1", "trap '\(answer)' TERM; echo 1; \(place.waitAtGate)")])
        await place.reports.start(of: "t-1")
        _ = try await place.line()
        try cluster.run("scancel", tasks()[0])

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason == "cancelled: by root on the cluster", "\(ending)")
    }

    @Test func aTaskThatSomebodyCancelsWhileItWaitsNeverStarts() async throws {
        let blocker = try occupy("n3")
        defer { #expect(throws: Never.self) { try cluster.run("scancel", blocker) } }
        place.executor.launch([waiting(on: "n3")])
        await pending("queued: it is next, and waits for nodes that are free (Resources)")
        try cluster.run("scancel", tasks()[0])

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason?.hasPrefix("cancelled:") == true && ending.startedAt == nil, "\(ending)")
        #expect(try marks.isEmpty)
    }

    @Test func aKillOfATaskThatWaitsTakesItOutOfTheQueue() async throws {
        let blocker = try occupy("n3")
        defer { #expect(throws: Never.self) { try cluster.run("scancel", blocker) } }
        place.executor.launch([waiting(on: "n3")])
        await pending("queued: ")
        place.executor.kill(run: "t-1", reason: "by ada")

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason == "by ada")
        #expect(wait { (try? tasks("t-1", "pending").isEmpty) == true })
    }

    /// Also when the scheduler that ended the run did not come to it.
    @Test func aTaskThatNobodyWantsIsTakenOutOfTheQueueByTheNext() async throws {
        let blocker = try occupy("n3")
        defer { #expect(throws: Never.self) { try cluster.run("scancel", blocker) } }
        place.executor.launch([waiting(on: "n3")])
        await pending("queued: ")
        place.executor.shutdown()
        #expect(try place.folder("t-1").cancel(reason: "by ada", bootID: RunFolder.currentBootID()))

        _ = try place.restart()
        try place.executor.reattach([])
        #expect(wait { (try? tasks("t-1", "pending").isEmpty) == true })
    }

    @Test func aTaskThatIsPreemptedSaysSo() async throws {
        var launch = waiting(on: "n2")
        launch.task.options["partition"] = "low"
        launch.task.cpus = 32
        place.executor.launch([launch])
        await place.reports.start(of: "t-1")
        let other = try cluster.run(
            "sbatch", "--parsable", "-p", "high", "-w", "n2", "-c", "32", "-o", "/dev/null", "-D", "/", "--wrap", "sleep 600")
        defer { #expect(throws: Never.self) { try cluster.run("scancel", String(other.dropLast())) } }

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .signaled && ending.reason?.hasPrefix("preempted: ") == true && ending.startedAt != nil, "\(ending)")
    }

    /// It can be only where somebody changed how the task was submitted.
    @Test func aTaskThatIsRequeuedByHandIsNotBegunAgain() async throws {
        place.executor.launch([waiting()])
        await place.reports.start(of: "t-1")
        let id = try tasks()[0]
        #expect(throws: SlurmCluster.Failure.self) { try cluster.run("scontrol", "requeue", id) }
        try cluster.run("scontrol", "update", "jobid=\(id)", "requeue=1")
        try cluster.run("scontrol", "requeue", id)

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .signaled && ending.startedAt != nil && ending.exitCode == nil, "\(ending)")
        #expect(ending.reason?.hasPrefix("requeued: ") == true, "\(ending)")
        #expect(wait { (try? tasks("t-1", "pending,running").isEmpty) == true })
        #expect(try marks == ["t-1"])
    }

    /// Slurm takes out of the queue what cannot be over by then.
    @Test func aDeadlineIsTheCause() async throws {
        let blocker = try occupy("n3")
        defer { #expect(throws: Never.self) { try cluster.run("scancel", blocker) } }
        var launch = waiting(on: "n3")
        launch.task.options.merge(["deadline": "now+63", "time": "1"]) { $1 }

        let ending = await place.end(launch)
        #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix("deadline: ") == true, "\(ending)")
        #expect(try marks.isEmpty)
    }

    /// Slurm calls it cancelled, and drains the node.
    @Test func aNodeThatCannotBeginATaskIsTheCause() async throws {
        let configuration = "\(cluster.path)/etc/slurm.conf"
        let before = try place.text(configuration)
        try Files.replace(configuration, with: Array("\(before)Prolog=/bin/false\n".utf8))
        try cluster.run("scontrol", "reconfigure")
        defer {
            #expect(throws: Never.self) {
                try Files.replace(configuration, with: Array(before.utf8))
                try cluster.run("scontrol", "reconfigure")
                try cluster.run("scontrol", "update", "nodename=n2", "state=resume")
            }
        }

        let ending = await place.end(waiting(on: "n2"))
        let reason = "launch-failed: node n2 could not begin the task and takes no more: Prolog error"
        #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix(reason) == true, "\(ending)")
        #expect(try marks.isEmpty)
    }

    @Test(arguments: [
        (["partition": "nowhere"], "refused: Invalid partition name specified"),
        (["mem": "9999G"], "refused: Requested node configuration is not available"),
        (["constraint": "warp"], "refused: Invalid feature specification"),
    ])
    func whatSlurmRefusesCouldNotStart(options: [String: String], reason: String) async throws {
        var launch = waiting()
        launch.task.options = options
        let ending = await place.end(launch)
        #expect(ending.kind == .couldNotStart && ending.reason == reason, "\(ending)")
    }

    @Test func whatCanNeverBeginIsGivenUp() async throws {
        let blocker = try occupy("n3")
        defer { #expect(throws: Never.self) { try cluster.run("scancel", blocker) } }
        var launch = waiting(on: "n3")
        launch.task.options["time"] = "10"
        place.executor.launch([launch])
        await pending("queued: ")
        try cluster.run("scontrol", "update", "partitionname=main", "maxtime=1")
        defer { #expect(throws: Never.self) { try cluster.run("scontrol", "update", "partitionname=main", "maxtime=1-0") } }

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix("never: ") == true, "\(ending)")
        #expect(wait { (try? tasks("t-1", "pending").isEmpty) == true })
    }

    @Test func aKeeperThatIsKilledLosesItsRun() async throws {
        place.executor.launch([waiting()])
        await place.reports.start(of: "t-1")
        try cluster.run("scancel", "--batch", "--signal=KILL", tasks()[0])

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .lost && ending.reason?.hasPrefix("keeper-killed: ") == true && ending.startedAt != nil, "\(ending)")
    }

    @Test func memoryThatIsExceededIsTheCause() async throws {
        var launch = place.shell("t-1", "(head -c 500M /dev/zero; sleep 60) | tail -c 500M | wc -c")
        launch.task.memory = 64 << 20
        let ending = await place.end(launch)
        #expect(ending.kind == .signaled && ending.reason?.hasPrefix("out-of-memory:") == true, "\(ending)")
    }

    @Test func withoutAccountingEndsAreKnownAllTheSame() async throws {
        try killBooks()
        defer { #expect(throws: Never.self) { try cluster.change("start") } }

        let blocker = try occupy("n3")
        defer { #expect(throws: Never.self) { try cluster.run("scancel", blocker) } }
        place.executor.launch([place.shell("t-1", "exit 4"), waiting("t-2", on: "n3"), waiting("t-3")])
        await pending("queued: ", of: "t-2")
        #expect(await place.reports.ending(of: "t-1").exitCode == 4)
        await place.reports.start(of: "t-3")
        try cluster.run("scancel", tasks("t-2")[0], tasks("t-3")[0])
        for run in ["t-2", "t-3"] {
            let ending = await place.reports.ending(of: run)
            #expect(ending.kind == .killed && ending.reason == "cancelled: by somebody on the cluster", "\(ending)")
        }
    }

    /// The folder may be on a file system that is not there.
    @Test func aSharedFolderThatIsNotThereDecidesNothing() async throws {
        var settings = SlurmSettings.forTests(on: cluster)
        settings.folder = "\(place.path)/shared"
        try FileManager.default.createDirectory(atPath: "\(place.path)/shared", withIntermediateDirectories: true)
        let reports = Reports()
        let executor = try SlurmExecutor(settings, runs: place.runs, keeper: Place.keeper()) { reports.add($0) }
        executor.launch([waiting()])
        await reports.start(of: "t-1")
        executor.shutdown()
        #expect(try place.text("\(place.runs)/t-1/stdout") == "1\n", "readers find it in the state folder")

        try FileManager.default.moveItem(atPath: "\(place.path)/shared", toPath: "\(place.path)/away")
        let next = Reports()
        let second = try SlurmExecutor(settings, runs: place.runs, keeper: Place.keeper()) { next.add($0) }
        defer { second.shutdown() }
        try second.reattach([place.open(waiting())])
        #expect(next.pendings(of: "t-1").first?.hasPrefix("folder: not-found: opendir") == true, "\(next.all)")
        try FileManager.default.moveItem(atPath: "\(place.path)/away", toPath: "\(place.path)/shared")
        await next.start(of: "t-1")
        place.openGate()
        #expect(await next.ending(of: "t-1").exitCode == 7)

        second.discard(.everything, of: ["t-1"])
        _ = await next.first { $0 == .discarded(.everything, gone: ["t-1"], kept: [:]) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.runs).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/shared") == ["bin"])
    }
}
