import Foundation
import TestSupport
import Testing

@testable import Execution

/// What becomes of runs whose ends can be kept nowhere for a while: books that are shut, and a shared folder without room.
extension SlurmFailureTests {
    /// An executor whose runs lie on a small file system, and what it reports.
    private func onSmallFolder() throws -> (folder: String, reports: Reports, executor: SlurmExecutor) {
        var settings = SlurmSettings.forTests(on: cluster)
        let folder = "\(cluster.smallFolder)/\(UInt64.random(in: 0...UInt64.max))"
        settings.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let reports = Reports()
        return (folder, reports, try SlurmExecutor(settings, runs: place.runs, keeper: Place.keeper()) { reports.add($0) })
    }

    /// Until not a byte more has room.
    private func fill(_ folder: String) throws {
        let file = try #require(fopen("\(folder)/rest", "w"))
        defer { fclose(file) }
        setvbuf(file, nil, _IONBF, 0)
        let bytes = [UInt8](repeating: 0, count: 4096)
        while fwrite(bytes, 1, bytes.count, file) == bytes.count {}
    }

    /// catalogue 29: what began has room for its outcome; what did not begins nothing, and is told when there is room for that.
    @Test func aSharedFolderThatIsFullLosesNoRun() async throws {
        let (folder, reports, executor) = try onSmallFolder()
        defer { executor.shutdown() }
        let blocker = try occupy("n3")
        executor.launch([waiting("t-1"), waiting("t-2", on: "n3")])
        await reports.start(of: "t-1")
        _ = await reports.first { report in
            if case .pending("t-2", let reason) = report { reason.hasPrefix("queued: ") } else { false }
        }

        try fill(folder)
        executor.launch([waiting("t-3")])
        #expect(await reports.refusal(of: waiting("t-3")).contains("No space left on device"), "it is handed over again later")
        place.openGate()
        #expect(await reports.ending(of: "t-1").exitCode == 7)
        try cluster.run("scancel", blocker)
        _ = await reports.first { report in
            if case .pending("t-2", let reason) = report { reason.contains("No space left on device") } else { false }
        }

        try FileManager.default.removeItem(atPath: "\(folder)/rest")
        let ending = await reports.ending(of: "t-2")
        #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix("no-space: ") == true, "\(ending)")
        #expect(try marks == ["t-1"])
        executor.launch([place.shell("t-3", "exit 3")])
        #expect(await reports.ending(of: "t-3").exitCode == 3)
    }

    /// There is no room for the word that the keeper is to end, which Slurm tells it then.
    @Test func aRunInAFullSharedFolderCanBeKilled() async throws {
        let (folder, reports, executor) = try onSmallFolder()
        defer { executor.shutdown() }
        var launch = waiting()
        launch.killAfter = .seconds(1)
        executor.launch([launch])
        await reports.start(of: "t-1")
        try fill(folder)
        executor.kill(run: "t-1", reason: "by ada")

        let ending = await reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.reason == "by ada", "\(ending)")
    }

    /// catalogue 78: the books are shut while many runs begin and end.
    @Test func manyRunsEndWithoutBooks() async throws {
        let runs = (1...50).map { "t-\($0)" }
        place.executor.launch(runs.enumerated().map { place.shell($1, "echo $ROTA_RUN >> \(place.path)/marks; exit \($0 % 5)") })
        _ = await place.reports.ending(of: "t-1")
        try killBooks()
        defer { #expect(throws: Never.self) { try cluster.change("start") } }

        for (number, run) in runs.enumerated() {
            let ending = await place.reports.ending(of: run)
            #expect(ending.kind == .exited && ending.exitCode == number % 5, "\(run) \(ending)")
        }
        #expect(try marks == runs.sorted())
    }
}
