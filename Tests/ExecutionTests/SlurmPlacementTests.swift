import Scheduling
import TestSupport
import Testing
import Timetable

@testable import Execution

/// Where a real cluster puts what it is asked for.
@Suite(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(3))) struct SlurmPlacementTests {
    let place: Place

    init() throws { place = try Place(engine: .slurm) }

    private func constraint(_ attribute: String, _ operation: Constraint.Operator, _ value: String) -> Constraint {
        Constraint(attribute: attribute, operation: operation, value: value)
    }

    @Test func constraintsLeadToTheNodesThatFit() async throws {
        let wanted: [(run: String, constraints: [Constraint], nodes: Set<String>)] = [
            ("t-1", [constraint("feature", .equals, "last")], ["n3"]),
            ("t-2", [constraint("node", .equals, "n2")], ["n2"]),
            ("t-3", [constraint("hostname", .like, "n[23]"), constraint("node", .unlike, "n2")], ["n3"]),
            ("t-4", [constraint("feature", .unlike, "rack1|x")], ["n3"]),
            ("t-5", [constraint("feature", .like, "rack[0-9]"), constraint("feature", .equals, "early")], ["n1", "n2"]),
        ]
        place.executor.launch(
            wanted.map { one in
                var launch = place.shell(one.run, "echo $SLURM_JOB_NODELIST")
                launch.task.constraints = one.constraints
                return launch
            })
        for one in wanted {
            let ending = await place.reports.ending(of: one.run)
            #expect(ending.exitCode == 0 && ending.node.map { one.nodes.contains($0) } == true, "\(one.run): \(ending)")
            #expect(try place.stdout(one.run) == "\(ending.node ?? "")\n")
        }
    }

    @Test func whatNoNodeHasIsNotWaitedFor() async {
        var launch = place.shell("t-1", "true")
        launch.task.constraints = [constraint("node", .like, "m[0-9]+")]
        let ending = await place.end(launch)
        #expect(ending.kind == .couldNotStart && ending.reason == "never: no node of the cluster fits the constraints")
    }

    @Test func resourcesAreThoseAskedFor() async throws {
        var launch = place.shell("t-1", "echo $SLURM_CPUS_PER_TASK $SLURM_MEM_PER_NODE; scontrol -o show job $SLURM_JOB_ID")
        launch.environment["PATH"] = "/usr/bin:/bin"
        launch.task.cpus = 2
        launch.task.memory = 100 << 20
        launch.task.gres = ["widget:1"]
        launch.task.priority = 7
        launch.task.labels = ["team": "a b"]
        launch.timeout = .seconds(100)
        #expect(await place.end(launch).exitCode == 0)

        let said = try place.stdout()
        #expect(said.hasPrefix("2 100\n"))
        for word in [
            " TimeLimit=00:07:00 ", " Nice=-200 ", " Requeue=0 ", "gres:widget:1", "JobName=rota-t-1 ",
            "Comment=rota run=t-1 job=test due=1970-01-01T00:00:00Z attempt=1 team=a b ",
        ] { #expect(said.contains(word), "\(word) in \(said)") }
    }

    /// What goes over ssh is read by a shell there.
    @Test func wordsArriveThroughAShell() async {
        var settings = SlurmSettings(name: "hpc")
        settings.ssh = "login1"
        settings.commands = "/bin"
        let odd = ["it's", "a  b", "$HOME `id`", "\\n", "", "*", "!x", "--comment=\"x\""]
        let text = SlurmCommands.words(settings, .sbatch, odd).last ?? ""
        let words = ["sh", "-c", text.replacing("'/bin/sbatch'", with: #"'/usr/bin/printf' '[%s]'"#)]
        let answer = await blocking { CommandRun(words: words, environment: ["PATH": "/usr/bin:/bin"], limit: .seconds(30)).answer() }
        #expect(answer.output == odd.map { "[\($0)]" }.joined(), "\(answer)")
    }
}
