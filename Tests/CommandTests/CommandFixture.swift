import Foundation
import TestSupport
import Testing

/// A jobs folder and a state folder of a test's own, and the real program on them.
final class CommandFixture: Sendable {
    let folder: TemporaryFolder

    init(jobs: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/jobs", withIntermediateDirectories: true)
        for (name, text) in jobs { try folder.write(text, to: "jobs/" + name) }
    }

    var jobs: String { folder.path + "/jobs" }
    var state: String { folder.path + "/state" }

    /// Copies job files, with an old time of change: what was written a moment ago is put off for a moment.
    func copyJobs(from source: String, to name: String = "") throws {
        let target = name.isEmpty ? jobs : jobs + "/" + name
        if name.isEmpty { try FileManager.default.removeItem(atPath: target) }
        try FileManager.default.copyItem(atPath: source, toPath: target)
        for path in try FileManager.default.subpathsOfDirectory(atPath: target) {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: target + "/" + path, isDirectory: &isFolder)
            if !isFolder.boolValue { try TemporaryFolder.settle(target + "/" + path) }
        }
    }

    /// Starts `rota serve` on a free port; it may be dead before it listens.
    func start(_ more: [String] = [], environment: [String: String] = [:]) throws -> Program {
        try Program("rota", ["serve", "--jobs", jobs, "--state", state, "--listen", "127.0.0.1:0"] + more, environment: environment)
    }

    /// Starts `rota serve` on a free port and waits until it listens.
    func serve(_ more: [String] = [], environment: [String: String] = [:]) throws -> Program {
        let program = try start(more, environment: environment)
        guard program.line(holding: "Rota listens on") != nil else {
            let result = try program.wait()
            Issue.record("serve ended with \(result.status): \(result.stderr)")
            throw CancellationError()
        }
        return program
    }

    /// Runs another command on the state folder.
    func rota(_ arguments: String...) throws -> Program.Result {
        try Program.run("rota", arguments, environment: ["ROTA_STATE": state])
    }

    func json(_ arguments: String...) throws -> [[String: Any]] {
        let result = try Program.run("rota", arguments + ["--json"], environment: ["ROTA_STATE": state])
        #expect(result.status == 0, "\(result.stderr)")
        return try JSONSerialization.jsonObject(with: Data(result.stdout.utf8)) as? [[String: Any]] ?? []
    }
}
