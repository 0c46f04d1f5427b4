import Foundation
import Glibc
import TestSupport
import Testing
import Timetable

@testable import Execution

/// What keeps a scheduler from a cluster is told once, of the executor, in words that say what would mend it.
@Suite(.timeLimit(.minutes(3))) struct SlurmTroubleTests {
    private func answer(_ end: CommandAnswer.End, _ errors: String = "") -> CommandAnswer { CommandAnswer(end: end, errors: errors) }

    private func reason(_ answer: CommandAnswer, _ command: SlurmCommands.Name = .squeue, ssh: String? = nil) -> String {
        var settings = SlurmSettings(name: "hpc")
        settings.ssh = ssh
        return EngineTrouble.of(answer, command, settings).reason
    }

    private static let munge = """
        squeue: error: If munged is up, restart with --num-threads=10
        squeue: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory (Did you start munged?)
        squeue: error: slurm_send_node_msg: auth_g_create: REQUEST_JOB_INFO has authentication error
        slurm_load_jobs error: Protocol authentication error
        """

    /// As Slurm 22.05 and OpenSSH say it.
    @Test(
        arguments: [
            (1, munge, nil, #"munge: Munge encode failed: Failed to access "/run/munge/munge.socket.2""#, "`munge -n | unmunge` tries it"),
            (1, "squeue: fatal: Unable to process configuration file\n", nil, "configuration: Unable to process", "SLURM_CONF"),
            (
                1, "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n", nil,
                "controller: Unable to contact slurm controller (connect failure)", ""
            ),
            (
                255, "ssh: Could not resolve hostname login1: Name or service not known\n", "login1", "ssh: login1 cannot be reached: ",
                "try `ssh -oBatch"
            ),
            (
                127, "env: 'squeue': No such file or directory\n", "login1", "commands: squeue cannot be executed on login1",
                "`commands` of the executor"
            ),
            (1, munge, "login1", "munge: ", "munge must run on login1"),
        ] as [(Int, String, String?, String, String)])
    func eachCauseHasAWordAndAWayOut(code: Int, errors: String, ssh: String?, beginning: String, end: String) {
        let told = reason(answer(.exited(code), errors), ssh: ssh)
        #expect(told.hasPrefix(beginning) && (end.isEmpty || told.holds(end)), "\(told)")
    }

    @Test func commandsThatAreNotThereSayWhichSettingNamesThem() {
        let absent = answer(.notStarted(SystemError("spawn", "squeue", ENOENT)))
        #expect(reason(absent).hasPrefix("commands: there is no squeue in PATH (No such file or directory); `commands`"))
        #expect(reason(absent, ssh: "login1").hasPrefix("ssh: ssh cannot be executed here"))
        #expect(
            reason(answer(.notStarted(SystemError("spawn", "squeue", EMFILE)))).hasPrefix("no-resources: "),
            "that is no fault of the settings")
        #expect(reason(answer(.tookTooLong)) == "controller: squeue did not answer in time")
    }

    /// A cluster that answers, and takes no more, tells of its runs all the same.
    @Test func aFullQueueConcernsSubmissionsAlone() {
        let full = answer(.exited(1), "sbatch: error: Slurm temporarily unable to accept job, sleeping and retrying\n")
        let trouble = EngineTrouble.of(full, .sbatch, SlurmSettings(name: "hpc"))
        #expect(trouble.reason.hasPrefix("full: ") && !trouble.isOfAll)
    }

    @Test(arguments: [
        (ENOENT, "mount it"), (EROFS, "read-only"), (EACCES, "may not be written"), (ESTALE, "gone on its server"), (EIO, "cannot be used"),
    ])
    func aFolderSaysWhatIsWrongWithIt(number: Int32, words: String) {
        let reason = EngineTrouble.ofFolder(SystemError("opendir", "/shared", number), "/shared").reason
        #expect(reason.hasPrefix("folder: /shared ") && reason.holds(words) && reason.hasSuffix("`folder` of the executor"), "\(reason)")
    }

    // MARK: executors

    private func executor(in place: Place, _ reports: Reports, _ change: (inout SlurmSettings) -> Void) throws -> SlurmExecutor {
        var settings = SlurmSettings(name: "hpc")
        settings.pollInterval = .milliseconds(100)
        change(&settings)
        return try SlurmExecutor(settings, runs: place.runs, keeper: Place.keeper()) { reports.add($0) }
    }

    private func troubles(_ reports: Reports) -> [EngineTrouble?] {
        reports.all.compactMap { if case .trouble("hpc", let trouble) = $0 { .some(trouble) } else { nil } }
    }

    private func trouble(_ word: String, _ reports: Reports) async {
        _ = await reports.first { if case .trouble("hpc", let trouble?) = $0 { trouble.reason.hasPrefix(word) } else { false } }
    }

    /// Known before any run wants it, and once, however many do.
    @Test func itIsToldOfTheExecutorAndOfNoneOfItsRuns() async throws {
        let (place, reports) = (try Place(), Reports())
        let executor = try executor(in: place, reports) { $0.commands = "/nonexistent/bin" }
        defer { executor.shutdown() }
        await trouble("commands: /nonexistent/bin/squeue cannot be executed", reports)
        executor.launch((1...100).map { place.shell("t-\($0)", "true") })
        for number in 1...100 { executor.kill(run: "t-\(number)", reason: "enough") }
        for number in 1...100 { #expect(await reports.ending(of: "t-\(number)").kind == .killed) }
        #expect(troubles(reports).count == 1 && reports.all.count == 101, "\(reports.all.prefix(5))")
    }

    /// Whoever handed it over judges its window; nothing of it is known to the cluster.
    @Test func aRunWhoseTimeIsOverGoesBackAndOthersWait() async throws {
        let (place, reports) = (try Place(), Reports())
        let executor = try executor(in: place, reports) { $0.commands = "/nonexistent/bin" }
        defer { executor.shutdown() }
        var late = place.shell("t-1", "true")
        late.handOverBy = .epoch
        executor.launch([place.shell("t-2", "true"), late])
        #expect(await reports.refusal(of: late).hasPrefix("commands: "))
        executor.kill(run: "t-2", reason: "enough")
        #expect(await reports.ending(of: "t-2").kind == .killed, "it was still here")
    }

    @Test(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)))
    func aFolderThatComesBackIsUsedAtOnce() async throws {
        let (place, reports) = (try Place(), Reports())
        let shared = "\(place.path)/shared"
        let settings = SlurmSettings.forTests(on: try .running())
        let executor = try executor(in: place, reports) {
            $0 = settings
            $0.folder = shared
        }
        defer { executor.shutdown() }
        executor.launch([place.shell("t-1", "exit 3")])
        await trouble("folder: \(shared) is not there; mount it", reports)
        #expect(mkdir(shared, 0o711) == 0)
        #expect(await reports.ending(of: "t-1").exitCode == 3)
        #expect(troubles(reports).last == .some(nil), "\(reports.all)")
    }

    /// One that nobody listens for: the port of its settings is not the controller's.
    ///
    /// catalogue 79
    @Test(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)))
    func aControllerThatComesBackIsNoTroubleFromItsFirstAnswerOn() async throws {
        let (place, reports) = (try Place(), Reports())
        let settings = SlurmSettings.forTests(on: try .running())
        let good = try String(contentsOfFile: settings.configuration ?? "", encoding: .utf8)
        let configuration = "\(place.path)/slurm.conf"
        try Self.withoutController(settings, at: configuration)
        let executor = try executor(in: place, reports) {
            $0 = settings
            $0.configuration = configuration
            $0.commandLimit = .seconds(20)
        }
        defer { executor.shutdown() }
        executor.launch([place.shell("t-1", "exit 3")])
        await trouble("controller: Unable to contact slurm controller", reports)
        try good.write(toFile: configuration, atomically: true, encoding: .utf8)
        #expect(await reports.ending(of: "t-1").exitCode == 3)
        #expect(troubles(reports).last == .some(nil) && reports.pendings(of: "t-1").allSatisfy { !$0.hasPrefix("controller") })
    }

    /// A restart while no controller answers: the first question takes nine seconds to fail, and ends are known meanwhile.
    @Test(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)))
    func anEndAfterARestartWaitsForNoController() async throws {
        let (place, reports) = (try Place(engine: .slurm), Reports())
        let launch = place.shell("t-1", "\(place.waitAtGate); exit 3")
        place.executor.launch([launch])
        await place.reports.start(of: "t-1")
        place.executor.shutdown()
        let configuration = "\(place.path)/slurm.conf"
        try Self.withoutController(SlurmSettings.forTests(on: .running()), at: configuration)
        let executor = try executor(in: place, reports) {
            $0.configuration = configuration
            $0.commandLimit = .seconds(20)
        }
        defer { executor.shutdown() }
        try executor.reattach([OpenRun(launch: launch, bootID: RunFolder.currentBootID(), hasStarted: true)])
        place.openGate()
        #expect(await reports.ending(of: "t-1").exitCode == 3)
        #expect(troubles(reports).isEmpty, "nobody had answered, or failed to, by then")
    }

    /// The settings of a cluster whose controller nobody reaches.
    private static func withoutController(_ settings: SlurmSettings, at path: String) throws {
        let good = try String(contentsOfFile: settings.configuration ?? "", encoding: .utf8)
        let lines = good.split(separator: "\n").map { $0.hasPrefix("SlurmctldPort=") ? "SlurmctldPort=1" : $0 }
        try lines.joined(separator: "\n").appending("\n").write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// What a keeper wrote needs no question to the cluster.
    @Test(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)))
    func anEndIsKnownHoweverSeldomTheClusterIsAsked() async throws {
        let (place, reports) = (try Place(), Reports())
        let settings = SlurmSettings.forTests(on: try .running())
        let executor = try executor(in: place, reports) {
            $0 = settings
            $0.pollInterval = .seconds(3600)
        }
        defer { executor.shutdown() }
        executor.launch((1...3).map { place.shell("t-\($0)", "exit \($0)") })
        for number in 1...3 {
            let ending = await reports.ending(of: "t-\(number)")
            #expect(ending.exitCode == number && ending.startedAt != nil && ending.node?.hasPrefix("n") == true, "\(ending)")
        }
    }
}

/// Whose turn it is to be looked at.
struct SlurmGlanceTests {
    @Test func everyRunHasItsTurnAndNoLookTakesMoreThanItsShare() {
        var glances = SlurmWatch.Glances()
        #expect(glances.take().isEmpty)
        glances.runs = (1...150).map { "t-\($0)" }
        let turns = (1...3).map { _ in Array(glances.take()) }
        #expect(turns.map(\.count) == [64, 64, 22] && turns.flatMap(\.self) == glances.runs)
        #expect(glances.take().first == "t-1", "then the first again")
        glances.runs = ["t-7"]
        #expect(Array(glances.take()) == ["t-7"] && Array(glances.take()) == ["t-7"])
    }
}
