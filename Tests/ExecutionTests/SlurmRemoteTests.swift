import Foundation
import Glibc
import Scheduling
import TestSupport
import Testing

@testable import Execution

/// What a login node that is reached by a real ssh may do to the runs of a real cluster, beside what the conformance suite asks of it.
@Suite(
    .enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)),
    .enabled(if: SSHServer.isPossible, Comment(rawValue: SSHServer.reasonForNone ?? "")), .timeLimit(.minutes(5))
) struct SlurmRemoteTests {
    private func place() throws -> Place { try Place(engine: .remoteSlurm) }

    /// More than one look brings.
    @Test func aRunHasEndedWhenAllItsOutputIsHere() async throws {
        let place = try place()
        var launch = place.shell("t-1", "seq -f %015.0f 1 400000; echo last >&2; exit 3")
        launch.outputLimit = 20 << 20
        let ending = await place.end(launch)

        #expect(ending.exitCode == 3 && ending.droppedOutput == 0, "\(ending)")
        let chunks = try place.folder("t-1").chunks()
        #expect(chunks.map { $0.bytes.count }.reduce(0, +) == 6_400_005 && chunks.allSatisfy { $0.dropped == 0 })
        let real = try FileManager.default.contentsOfDirectory(atPath: place.realFolder("t-1").path).filter(RunFolder.isOutput)
        for name in real {
            #expect(
                try Files.read("\(place.folder("t-1").path)/\(name)") == Files.read("\(place.realFolder("t-1").path)/\(name)"), "\(name)")
        }
        #expect(real.count >= 3)
    }

    @Test func oneThatIsRefusedHoldsUpNoOther() async throws {
        let place = try place()
        let launches = (0..<20).map { number in
            var launch = place.shell("t-\(number)", "exit 3")
            if number % 7 == 3 { launch.task.options["constraint"] = "nowhere" }
            return launch
        }
        place.executor.launch(launches)
        for (number, launch) in launches.enumerated() {
            let ending = await place.reports.ending(of: launch.run)
            if number % 7 == 3 {
                #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix("refused: ") == true, "\(ending)")
            } else {
                #expect(ending.exitCode == 3, "\(ending)")
            }
        }
    }

    /// The folder of somebody's run of the same number, from before the ledger was restored, is nobody's.
    @Test func anEarlierRunOfTheSameNumberIsSetAside() async throws {
        let place = try place()
        var earlier = place.shell("t-1", "exit 4")
        earlier.job = "another"
        #expect(await place.end(earlier).exitCode == 4)
        try FileManager.default.removeItem(atPath: place.folder("t-1").path)

        let reports = try place.restart()
        place.executor.launch([place.shell("t-1", "exit 3")])
        #expect(await reports.ending(of: "t-1").exitCode == 3)
        #expect(Files.exists("\(place.realFolder("t-1").path).replaced-1/outcome"))
    }

    @Test func aFolderThatIsNotThereIsWaitedFor() async throws {
        let place = try place()
        let there = place.ground.runsElsewhere
        try FileManager.default.moveItem(atPath: there, toPath: there + ".away")
        place.executor.launch([place.shell("t-1", "exit 3")])
        let trouble = EngineTrouble(reason: "folder: login has no folder \(there), or may not enter it")
        _ = await place.reports.first { if case .trouble(_, trouble) = $0 { true } else { false } }

        try FileManager.default.moveItem(atPath: there + ".away", toPath: there)
        #expect(await place.reports.ending(of: "t-1").exitCode == 3)
    }

    /// What was to be handed on is taken as a plain file only, as everywhere.
    @Test func whatIsNoFileIsNotFetched() async throws {
        let place = try place()
        let ending = await place.end(#"ln -s /etc/hostname "$ROTA_OUTPUT""#)
        #expect(ending.exitCode == 0 && ending.handedOn.values.isEmpty)
        #expect(!Files.exists(place.folder("t-1").outputFile))
    }

    @Test func aUserCannotBeAskedFor() async throws {
        let place = try place()
        var launch = place.shell("t-1", "id")
        launch.user = "nobody"
        let ending = await place.end(launch)
        #expect(ending.kind == .couldNotStart && ending.reason?.hasPrefix("not-permitted: over ssh, ") == true, "\(ending)")
    }

    // MARK: connections that break

    /// A login node whose first connections each break after some more bytes of its answer.
    private func breakingLogin(_ place: Place, connections: Int) throws -> String {
        let server = URL(fileURLWithPath: try SSHServer.running().configuration).deletingLastPathComponent().path
        let script = "\(place.path)/proxy"
        try """
        #!/bin/sh
        count=$(($(cat "$0.count" 2>/dev/null || echo 0) + 1))
        echo $count > "$0.count"
        [ $count -le \(connections) ] || exec /usr/sbin/sshd -i -f \(server)/sshd_config
        exec 3<&0
        /usr/sbin/sshd -i -f \(server)/sshd_config <&3 3<&- | dd bs=1 count=$((3060 + 240 * count)) status=none 3<&- &
        exec >&- 3<&-
        wait
        """.write(toFile: script, atomically: true, encoding: .utf8)
        chmod(script, 0o755)
        let configuration = "\(place.path)/ssh_config"
        try """
        Host login
            IdentityFile \(server)/client
            IdentitiesOnly yes
            IdentityAgent none
            StrictHostKeyChecking no
            UserKnownHostsFile /dev/null
            LogLevel ERROR
            ProxyCommand \(script)
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        return configuration
    }

    /// Wherever it breaks: in a greeting, in a submission, in the answer of a look.
    @Test func connectionsThatBreakLoseNothingAndDoubleNothing() async throws {
        let place = try place()
        place.executor.shutdown()
        var settings = try SlurmSettings.forTests(bySSHTo: .running(), place.ground)
        settings.sshConfiguration = try breakingLogin(place, connections: 6)
        let reports = Reports()
        let executor = try SlurmExecutor(settings, runs: place.runs, keeper: Place.keeper()) { reports.add($0) }
        defer { executor.shutdown() }

        let launches = (0..<12).map { place.shell("t-\($0)", "echo $ROTA_RUN | tee -a \(place.path)/marks; exit 3") }
        executor.launch(launches)
        for launch in launches {
            #expect(await reports.ending(of: launch.run).exitCode == 3)
            #expect(try place.stdout(launch.run) == "\(launch.run)\n")
        }
        let marks = try place.text("\(place.path)/marks").split(separator: "\n").map { String($0) }
        #expect(marks.sorted() == launches.map(\.run).sorted())
        #expect(reports.all.contains { if case .pending(_, let reason) = $0 { reason.hasPrefix("unclear: ") } else { false } })
    }

    // MARK: ssh, and a folder that is shared

    @Test func submissionsShareConnectionsWhereTheFolderIsShared() async throws {
        let place = try place()
        place.executor.shutdown()
        var settings = try SlurmSettings.forTests(bySSHTo: .running(), place.ground)
        settings.remoteFolder = nil
        settings.folder = place.ground.runsElsewhere
        let reports = Reports()
        let executor = try SlurmExecutor(settings, runs: place.runs, keeper: Place.keeper()) { reports.add($0) }
        defer { executor.shutdown() }

        let launches = (0..<40).map { place.shell("t-\($0)", "echo $ROTA_RUN; exit 3") }
        executor.launch(launches)
        for launch in launches {
            #expect(await reports.ending(of: launch.run).exitCode == 3)
            #expect(try place.stdout(launch.run) == "\(launch.run)\n")
        }
    }
}
