import Foundation
import Glibc
import Testing

@testable import Execution

/// What is carried out on a login node, by the shell that is here: files and disks that break as none of a test cluster does.
@Suite(.timeLimit(.minutes(1))) struct RemoteScriptTests {
    private let ground: String
    private let remote: SlurmRemote

    init() throws {
        ground = "\(NSTemporaryDirectory())/rota-script-\(UUID().uuidString)"
        for name in ["there", "here", "commands"] {
            try FileManager.default.createDirectory(atPath: "\(ground)/\(name)", withIntermediateDirectories: true)
        }
        var settings = SlurmSettings(name: "hpc")
        (settings.ssh, settings.remoteFolder, settings.commands) = ("login1", "\(ground)/there", "\(ground)/commands")
        let place = SlurmPlace(links: "\(ground)/here", shared: nil, remote: settings.remoteFolder, keeper: "/bin/true", bootID: "b")
        remote = SlurmRemote(
            commands: SlurmCommands(settings: settings, stop: nil), host: "login1", folder: "\(ground)/there", place: place)
    }

    private func answer(_ script: RemoteScript, before: String = "") -> RemoteAnswer {
        let answer = CommandRun(
            words: ["/bin/sh", "-c", "\(before)exec sh -s"], environment: ["PATH": "/usr/bin:/bin"], limit: .seconds(30),
            input: Array(script.text.utf8)
        ).answer()
        return RemoteAnswer(answer, mark: script.mark)
    }

    private func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(ground)/\(folder)")) ?? []).sorted()
    }

    // MARK: programs

    private var programs: SlurmPlace.Programs {
        SlurmPlace.Programs(script: "\(ground)/there/bin/task-1.sh", keeper: "\(ground)/there/bin/rota-keeper-1")
    }

    @Test func programsArePutThere() throws {
        let bytes = (0..<70_001).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(answer(remote.provision(of: programs, keeper: bytes)).isWhole)
        #expect(try Files.read(programs.keeper) == bytes && names("there/bin") == ["rota-keeper-1", "task-1.sh"])
        #expect(access(programs.keeper, X_OK) == 0 && access(programs.script, X_OK) == 0)
    }

    /// As a disk does that is full.
    @Test func aProgramThatHasNoRoomIsNotPutThere() {
        let bytes = [UInt8](repeating: 7, count: 70_000)
        let answer = answer(remote.provision(of: programs, keeper: bytes), before: "trap '' XFSZ; ulimit -f 16; ")
        #expect(!answer.isWhole && answer.complaint.holds("File too large"), "\(answer.complaint)")
        #expect(names("there/bin").isEmpty)
    }
}
