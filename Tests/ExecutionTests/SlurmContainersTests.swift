import Foundation
import Glibc
import Scheduling
import TestSupport
import Testing

@testable import Execution

/// Commands that are run in containers.
struct SlurmContainersTests {
    private let lab = Container(image: "/images/lab.sif", mounts: ["/data:/mnt:ro"])

    @Test func theWordsAreThoseOfTheRuntime() {
        let words = ["/bin/sh", "-c", "echo $A"]
        #expect(
            ContainerRuntime.apptainer.words(words, in: lab, workdir: "/work", output: "/runs/a-1/output") == [
                "apptainer", "exec", "--bind", "/data:/mnt:ro", "--bind", "/work", "--bind", "/runs/a-1/output", "--pwd", "/work",
                "/images/lab.sif", "/bin/sh", "-c", "echo $A",
            ])
        #expect(
            ContainerRuntime.singularity.words(["true"], in: Container(image: "docker://debian:12"), workdir: "/", output: "/o") == [
                "singularity", "exec", "--bind", "/o", "--pwd", "/", "docker://debian:12", "true",
            ])
    }

    private func objections(_ containers: ContainerRuntime?, _ container: Container) -> [String] {
        var job = TestSupport.job("a", nil)
        job.runOn = "hpc"
        job.container = container
        var settings = SlurmSettings(name: "hpc")
        settings.containers = containers
        return SlurmDemand.objections(to: job, on: settings).map { "\($0.key): \($0.message)" }
    }

    @Test func whatAnExecutorCannotDoIsToldWithItsName() {
        #expect(objections(.apptainer, lab) == [] && objections(.singularity, lab) == [])
        #expect(
            objections(nil, lab).map { $0.hasPrefix("container: the executor `hpc` does not say with what it runs containers; ") } == [true]
        )
    }

    /// There is no apptainer for Debian 12: a program of its name takes its words, tells them, and executes what stands behind the image. The
    /// task, the keeper and the node are real.
    @Test(
        .enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(3))
    ) func theNodeExecutesTheRuntime() async throws {
        let place = try Place(engine: .slurm)
        place.executor.shutdown()
        var settings = SlurmSettings.forTests(on: try .running())
        settings.containers = .apptainer
        let reports = Reports()
        let executor = try SlurmExecutor(settings, runs: place.runs, keeper: Place.keeper()) { reports.add($0) }
        defer { executor.shutdown() }
        let program = """
            #!/bin/sh
            printf '%s\\n' "$@" >> \(place.path)/words
            while [ "$1" != lab.sif ]; do shift; done
            shift
            exec "$@"
            """
        try program.write(toFile: "\(place.path)/apptainer", atomically: true, encoding: .utf8)
        chmod("\(place.path)/apptainer", 0o755)

        var launch = place.shell("t-1", #"echo A=1 > "$ROTA_OUTPUT"; pwd; exit 3"#)
        launch.environment["PATH"] = "\(place.path):/usr/bin:/bin"
        launch.workdir = "/usr"
        launch.task.container = Container(image: "lab.sif", mounts: ["/data"])
        executor.launch([launch])
        let ending = await reports.ending(of: "t-1")

        #expect(ending.exitCode == 3 && ending.handedOn.values == ["A": "1"], "\(ending)")
        #expect(try place.stdout() == "/usr\n")
        let output = place.folder("t-1").outputFolder
        let expected = ["exec", "--bind", "/data", "--bind", "/usr", "--bind", output, "--pwd", "/usr", "lab.sif"] + launch.words
        #expect(try place.text("\(place.path)/words") == expected.map { $0 + "\n" }.joined())
    }

    @Test(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(3)))
    func nothingRunsOutsideOfTheContainerThatWasAskedFor() async throws {
        let place = try Place(engine: .slurm)
        var launch = place.shell("t-1", "echo begun > \(place.path)/mark")
        launch.task.container = Container(image: "lab.sif")
        let ending = await place.end(launch)
        #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix("refused: ") == true, "\(ending)")
        #expect(!Files.exists("\(place.path)/mark"))
    }
}
