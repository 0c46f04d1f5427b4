import Execution
import Foundation
import Synchronization
import Timetable

/// The keeper is there, is a program of this machine, and carries a run out.
struct KeeperCheck: Check {
    func findings(_ premises: Premises) -> [Finding] {
        let path = premises.keeper
        switch FileFacts.of(path) {
        case .failure(let missing):
            return [
                .error(
                    "keeper.program", "there is no program \(path)\(missing.isAbsent ? "" : " (\(missing.words))")",
                    "install rota-keeper beside rota, or name it with ROTA_KEEPER")
            ]
        case .success(let facts):
            guard !facts.isFolder, FileFacts.isExecutable(path) else {
                return [.error("keeper.program", "\(path) is no program that may be executed", "chmod +x \(path), or install it anew")]
            }
            if let own = Self.machine(of: "/proc/self/exe"), let other = Self.machine(of: path), own != other {
                return [.error("keeper.program", "\(path) is for another processor than this program", "install the two of one package")]
            }
            return [.ok("keeper.program", path), trial(premises)]
        }
    }

    /// The processor that a program is for, as its header has it; nil when it has none.
    private static func machine(of path: String) -> [UInt8]? {
        guard let file = FileHandle(forReadingAtPath: path), let head = try? file.read(upToCount: 20), head.count == 20,
            head.starts(with: [0x7F] + Array("ELF".utf8))
        else { return nil }
        return Array(head[4..<6]) + Array(head[18..<20])
    }

    /// One run of `true`, from its launch to its outcome, as the scheduler does it.
    private func trial(_ premises: Premises) -> Finding {
        let name = "keeper.run"
        guard let trial = premises.trial else {
            return .warning(name, "a run could not be tried: no folder can be made here", "run this as the user who runs the scheduler")
        }
        let runs = trial.path + "/runs"
        let start = ContinuousClock.now
        do {
            try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: true)
            let end = try TrialEnd.of(premises, runs: runs)
            guard end == nil else { return .error(name, "a run of `true` did not succeed: \(end ?? "")", Self.advice) }
            return .ok(name, "a run of `true` took \((ContinuousClock.now - start).words)")
        } catch {
            return .error(name, "a run could not be tried: \(error)", Self.advice)
        }
    }

    private static let advice = "install rota and rota-keeper of one version, and look at the limits below"
}

/// What came of the run that was tried.
private final class TrialEnd: Sendable {
    private let fault = Mutex<String?>("it had no end after 10 s")
    private let done = DispatchSemaphore(value: 0)

    /// nil when it succeeded.
    static func of(_ premises: Premises, runs: String) throws -> String? {
        let end = TrialEnd()
        // Control groups are looked at elsewhere: to make any here would move this process.
        let executor = try LocalExecutor(runs: runs, keeper: premises.keeper, node: "doctor", hasControlGroups: false) { end.take($0) }
        defer { executor.shutdown() }
        executor.launch([
            Launch(run: "doctor-1", job: "doctor", due: premises.now, words: ["true"], environment: ["PATH": "/usr/bin:/bin"])
        ])
        if end.done.wait(timeout: .now() + 10) == .timedOut { executor.kill(run: "doctor-1", reason: "by rota doctor") }
        return end.fault.withLock { $0 }
    }

    private func take(_ report: ExecutorReport) {
        switch report {
        case .started, .trouble, .discarded: return
        case .pending(_, let reason): return fault.withLock { $0 = reason }
        case .couldNotHandOver(_, let reason): fault.withLock { $0 = reason }
        case .ended(_, let ending):
            fault.withLock { $0 = ending.exitCode == 0 ? nil : ending.reason ?? "exit code \(ending.exitCode ?? -1)" }
        }
        done.signal()
    }
}
