import Foundation
import Glibc
import Scheduling
import TestSupport
import Testing
import Timetable

@testable import Execution

/// A keeper that an engine starts as its task: what it takes of the place where it finds itself, and how it ends.
@Suite(.timeLimit(.minutes(1))) struct TaskKeepingTests {
    let place: Place
    private let task = TaskKeeping(passed: ["SLURM_*", "TMPDIR"], withheld: ["SLURM_EXPORT_ENV"], nodeVariable: "SLURMD_NODENAME")

    init() throws {
        place = try Place()
    }

    /// A keeper for `launch` as an engine would start it.
    private func start(_ launch: Launch, in environment: [String: String] = [:], owner: RunOwner? = nil) throws -> Program {
        let folder = RunFolder(runs: place.runs, run: launch.run, owner: owner)
        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: task)
        return try Program(Place.keeper(), [folder.path], environment: environment)
    }

    /// What the keeper ended with, and the end that it left.
    private func end(_ text: String, _ change: (inout Launch) -> Void = { _ in }) throws -> (status: Int32, ending: Ending) {
        var launch = place.shell("t-1", text)
        change(&launch)
        let status = try start(launch).wait().status
        return (status, try #require(try place.folder("t-1").ending()))
    }

    @Test(arguments: [("exit 0", Int32(0)), ("exit 7", 7), ("exit 75", 75), ("kill -9 $$", 137), ("kill -15 $$", 143)])
    func theEngineLearnsHowTheCommandEnded(command: String, status: Int32) throws {
        let (told, ending) = try end(command)

        #expect(told == status)
        #expect(ending.exitCode.map { Int32($0) } ?? ending.signal.map { Int32($0) + 128 } == status)
    }

    @Test func anEndThatWasBroughtAboutIsNoSuccessForTheEngine() throws {
        let timedOut = try end("trap 'exit 0' TERM; sleep 100 & wait") { $0.timeout = .milliseconds(200) }

        #expect(timedOut.ending.kind == .timedOut && timedOut.ending.exitCode == 0)
        #expect(timedOut.status == 124)
    }

    @Test func aCommandThatIsNotThereIsNoSuccessForTheEngine() throws {
        let absent = try end("") { $0.words = ["no-such-program"] }

        #expect(absent.ending.kind == .couldNotStart)
        #expect(absent.status == 127)
    }

    @Test func aRunThatIsKilledBeforeItBeginsIsNoSuccessForTheEngine() throws {
        let folder = place.folder("t-1")
        let launch = place.shell("t-1", "echo begun")
        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: task)
        try folder.writeKill(reason: "stop")

        #expect(try start(launch).wait().status == 143)
        #expect(try folder.ending()?.kind == .killed)
    }

    // catalogue 77
    @Test func aSecondTaskOfTheSameRunStartsNothing() throws {
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks; exit 3")

        #expect(try start(launch).wait().status == 3)
        #expect(try start(launch).wait().status == 75)
        #expect(try place.text("\(place.path)/marks") == "begun\n")
    }

    // catalogue 22
    @Test func theCommandGetsWhatTheEngineSaysOfTheTask() throws {
        var launch = Launch(run: "t-1", job: "test", due: .epoch, words: ["env"], environment: ["PATH": "/usr/bin", "TMPDIR": "/own"])
        launch.environment["SLURM_ARRAY_TASK_ID"] = "own"
        let engine = [
            "SLURM_JOB_ID": "17", "SLURM_ARRAY_TASK_ID": "5", "SLURM_EXPORT_ENV": "NIL", "SLURMD_NODENAME": "n3", "TMPDIR": "/engine",
            "TMPDIRS": "no", "SECRET": "no",
        ]
        _ = try start(launch, in: engine).wait()

        let expected = [
            "HOST=n3", "PATH=/usr/bin", "ROTA_OUTPUT=\(place.folder("t-1").outputFile)", "ROTA_RUN=t-1", "SLURM_ARRAY_TASK_ID=own",
            "SLURM_JOB_ID=17", "TMPDIR=/own",
        ]
        #expect(try place.stdout().split(separator: "\n").map { String($0) }.sorted() == expected)
        #expect(try place.folder("t-1").ending()?.node == "n3")
    }

    @Test func withoutANameFromTheEngineTheMachineHasItsOwn() throws {
        _ = try start(place.shell("t-1", "echo $HOST; hostname")).wait()

        let names = try place.stdout().split(separator: "\n")
        #expect(names.count == 2 && names.first == names.last)
        #expect(try place.folder("t-1").ending()?.node == names.first.map { String($0) })
    }

    @Test(.enabled(if: isRoot, "only root can hand a folder over")) func theFolderBelongsToWhoCarriesTheRunOut() throws {
        let owner = try #require(try RunOwner.named("nobody"))
        let folder = RunFolder(runs: place.runs, run: "t-1", owner: owner)
        var launch = place.shell("t-1", "id -un; echo A=1 > $ROTA_OUTPUT; echo 1; read x < \(place.path)/gate")
        launch.user = "nobody"
        launch.workdir = "/"
        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: task)
        let keeper = "\(place.path)/keeper"
        try FileManager.default.copyItem(atPath: Place.keeper(), toPath: keeper)
        try TemporaryFolder.settle(keeper)
        let nobody = ["--reuid=\(owner.user)", "--regid=\(owner.group)", "--clear-groups", keeper, folder.path]
        let task = try Program("/usr/bin/setpriv", nobody)

        // What is written later is for the keeper to read, too.
        #expect(try wait { try place.stdout() == "nobody\n1\n" })
        try folder.writeKill(reason: "stop")
        task.signal(SIGUSR1)
        let status = try task.wait().status
        let ending = try #require(try folder.ending())
        #expect(status == 143, "\(task.errors)")
        #expect(ending.kind == .killed && ending.reason == "stop")
        #expect(ending.handedOn.values == ["A": "1"])
    }

    @Test(.enabled(if: isRoot, "only root can hand a folder over")) func aLinkInThatFolderLeadsNowhere() throws {
        let owner = try #require(try RunOwner.named("nobody"))
        let folder = RunFolder(runs: place.runs, run: "t-1", owner: owner)
        let launch = place.shell("t-1", "true")
        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: task)
        try Files.replace("\(place.path)/secret", with: Array("secret".utf8))
        for name in ["run.new", "kill.new"] { #expect(symlink("\(place.path)/secret", "\(folder.path)/\(name)") == 0) }

        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: task)
        try folder.writeKill(reason: "stop")

        #expect(try place.text("\(place.path)/secret") == "secret")
        #expect(try FileManager.default.attributesOfItem(atPath: "\(place.path)/secret")[.ownerAccountName] as? String == "root")
        #expect(try FileManager.default.attributesOfItem(atPath: folder.killFile)[.ownerAccountName] as? String == "nobody")
    }

    /// Who owns the folder of a run may put anything there; whoever reads it waits for none of that.
    @Test(arguments: ["claim", "outcome", "run", "stdout", "index"]) func aPipeInThatFolderHoldsNobodyUp(name: String) throws {
        let folder = place.folder("t-1")
        _ = try folder.prepare(place.shell("t-1", "true"), bootID: RunFolder.currentBootID(), node: nil, task: task)
        unlink("\(folder.path)/\(name)")
        #expect(mkfifo("\(folder.path)/\(name)", 0o600) == 0)

        _ = try? folder.ending()
        _ = try? folder.claim()
        _ = try? folder.facts()
        for stream in [OutputReader.Stream.stdout, nil] {
            var reader = stream.map { OutputReader(folder, $0) } ?? OutputReader(folder)
            _ = try? reader.next()
        }
        try folder.remove(.everything)
        #expect(!Files.exists(folder.path))
    }

    /// An engine tells all processes of a task at once; when the command is gone first, the run was stopped none the less.
    @Test func aCommandThatIsStoppedTogetherWithItsKeeperWasStopped() async throws {
        let task = try start(place.shell("t-1", "echo $$; \(place.waitAtGate)"))
        let command = try #require(try await place.line().first)
        task.signal(SIGSTOP)
        kill(command, SIGTERM)
        await awaitEnd(of: command)
        task.signal(SIGTERM)
        task.signal(SIGCONT)

        #expect(try task.wait().status == 143)
        let ending = try #require(try place.folder("t-1").ending())
        #expect(ending.kind == .killed && ending.signal == Int(SIGTERM))
        #expect(ending.reason?.hasPrefix("keeper-stopped:") == true)
    }

    /// The engine comes to the keeper last, which must not have gone by then.
    @Test func aKeeperWhoseCommandWasStoppedWaitsForItsOwnTurn() async throws {
        let task = try start(place.shell("t-1", "echo $$; \(place.waitAtGate)"))
        let command = try #require(try await place.line().first)
        kill(command, SIGTERM)
        await awaitEnd(of: command)
        task.signal(SIGTERM)

        #expect(try task.wait().status == 143)
        #expect(try place.folder("t-1").ending()?.kind == .killed)
    }

    /// Only the engine can tell whether its word was what the command ended of.
    @Test(arguments: [("trap 'exit 0' TERM", true), ("trap '' TERM", true), ("true", false)])
    func anEndThatMayHaveAnsweredAStopSaysSo(trap: String, minds: Bool) async throws {
        let task = try start(place.shell("t-1", "\(trap); echo $$; \(place.waitAtGate)"))
        let command = try #require(try await place.line().first)
        task.signal(SIGSTOP)
        if minds { kill(command, SIGTERM) }
        place.openGate()
        await awaitEnd(of: command)
        task.signal(SIGTERM)
        task.signal(SIGCONT)

        #expect(try task.wait().status == 0)
        let ending = try #require(try place.folder("t-1").ending())
        #expect(ending.kind == .exited && ending.exitCode == 0 && ending.reason == nil)
        #expect(ending.wasToldToStop == minds)
    }

    /// A kill that was asked for is what it was.
    @Test func anEndThatAnswersAKillIsKilled() async throws {
        let task = try start(place.shell("t-1", "trap 'exit 0' TERM; echo $$; \(place.waitAtGate)"))
        let command = try #require(try await place.line().first)
        task.signal(SIGSTOP)
        try place.folder("t-1").writeKill(reason: "by hand")
        kill(command, SIGTERM)
        await awaitEnd(of: command)
        task.signal(SIGTERM)
        task.signal(SIGCONT)

        #expect(try task.wait().status == 143)
        let ending = try #require(try place.folder("t-1").ending())
        #expect(ending.kind == .killed && ending.exitCode == 0 && ending.reason == "by hand")
    }

    @Test func aStopThatWasAskedForBearsItsReason() async throws {
        let launch = place.shell("t-1", "echo $$; \(place.waitAtGate)")
        let task = try start(launch)
        _ = try await place.line()
        try place.folder("t-1").writeKill(reason: "by hand")
        task.signal(SIGTERM)

        #expect(try task.wait().status == 143)
        #expect(try place.folder("t-1").ending()?.reason == "by hand")
    }

    /// An engine that does not answer calls nobody.
    @Test func aKeeperThatNobodyCallsFindsTheWord() async throws {
        let task = try start(place.shell("t-1", "echo $$; \(place.waitAtGate)"))
        let command = try #require(try await place.line().first)
        try place.folder("t-1").writeKill(reason: "by hand")
        await awaitEnd(of: command)

        #expect(try task.wait().status == 143)
        #expect(try place.folder("t-1").ending()?.reason == "by hand")
    }

    /// One that is asked for once more, when nobody can read its definition any more, is asked for as it was.
    @Test func theFolderSaysWhatTheTaskNeeds() throws {
        var launch = place.shell("t-1", "true")
        launch.task = TaskDemand(
            cpus: 2.5, memory: 1 << 30, disk: 5, constraints: [Constraint(attribute: "hostname", operation: .like, value: "n[1-3]=x y")],
            gres: ["gpu:2", "widget:1"], options: ["partition": "gpu", "exclusive": ""], priority: 0, pool: "night\nshift",
            labels: ["team": "a=b"])
        _ = try place.folder("t-1").prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: task)

        #expect(try place.folder("t-1").launch()?.task == launch.task)
    }

    @Test func aFolderOfAnEarlierVersionSaysNothingOfTheTask() throws {
        let folder = place.folder("t-1")
        _ = try folder.prepare(place.shell("t-1", "true"), bootID: RunFolder.currentBootID(), node: nil, task: task)
        let lines = try place.text(folder.runFile).split(separator: "\n").filter { !$0.hasPrefix("task-") }
        try Files.replace(folder.runFile, with: Array((lines.joined(separator: "\n") + "\n").utf8))

        #expect(try folder.launch()?.task == TaskDemand())
    }

    /// What a keeper of a local run is told stays as it was.
    @Test func aLocalRunIsToldNothingOfThis() async throws {
        _ = await place.end("true")

        let text = try place.text(place.folder("t-1").runFile)
        #expect(text.contains("\nnode node-1\n"))
        for key in ["exit-as-command", "pass", "withhold", "node-variable", "task-priority"] { #expect(!text.contains("\n\(key) ")) }
    }

    /// catalogue 24: a task costs its node no more than a local run its machine.
    @Test func aTasksKeeperIsSmall() async throws {
        let variables = (0..<100).map { ("SLURM_V\($0)", String(repeating: "x", count: 50)) }
        let launch = place.shell("t-1", "echo 1; \(place.waitAtGate)")
        let task = try start(launch, in: Dictionary(uniqueKeysWithValues: variables))
        _ = try await place.line()

        let facts = try place.text("/proc/\(task.pid)/smaps_rollup")
        let own = facts.split(separator: "\n").filter { $0.hasPrefix("Private") }.compactMap { Int($0.split(separator: " ")[1]) }
        place.openGate()
        #expect(try task.wait().status == 0)
        #expect(own.reduce(0, +) > 0 && own.reduce(0, +) <= 200, "KiB")
    }
}
