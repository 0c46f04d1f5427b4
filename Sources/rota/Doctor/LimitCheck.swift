import Foundation
import Scheduling

/// The process limits suit as many runs as there may be at once.
struct LimitCheck: Check {
    func findings(_ premises: Premises) -> [Finding] {
        guard let limits = ProcessLimits(of: premises.process) else {
            return [.warning("limits.files", "they cannot be read", "mount /proc")]
        }
        return [files(limits, premises), processes(limits, premises), memory(premises), core(limits)]
    }

    /// Each run is held by one descriptor; connections may take a quarter for the socket and one for TCP, 512 of each at most.
    private func files(_ limits: ProcessLimits, _ premises: Premises) -> Finding {
        let runs = premises.localRuns
        let limit = limits.openFiles
        let needed = runs + 64
        let comfortable = needed + 2 * max(min(limit / 4, 512), 16)
        let text =
            "\(runs.of("run")) at once, the ledger and connections want \(comfortable) open files; there may be \(limit.limitWords) \(premises.processWords)"
        let advice = "raise it: `LimitNOFILE=65536` in the unit, or `ulimit -n`; or make the pools smaller"
        if limit < needed { return .error("limits.files", text, advice) }
        return limit < comfortable ? .warning("limits.files", text, advice) : .ok("limits.files", text)
    }

    /// A keeper and a command for each run, at least; root has no such limit.
    private func processes(_ limits: ProcessLimits, _ premises: Premises) -> Finding {
        let needed = 2 * premises.localRuns + 64
        let isRoot = (try? FileFacts.of("/proc/\(premises.process)").get().owner) == 0
        let limit = isRoot ? Int.max : limits.processes
        let kernel = min(Self.number(in: "/proc/sys/kernel/pid_max"), Self.number(in: "/proc/sys/kernel/threads-max"))
        let text =
            "\(premises.localRuns.of("run")) at once want \(needed) processes at least; there may be \(min(limit, kernel).limitWords) \(premises.processWords)"
        guard min(limit, kernel) >= needed else {
            return .error(
                "limits.processes", text, "raise it: `TasksMax` and `LimitNPROC` in the unit, or `ulimit -u`; or make the pools smaller")
        }
        return .ok("limits.processes", text)
    }

    private func memory(_ premises: Premises) -> Finding {
        let available = Self.number(in: "/proc/meminfo", after: "MemAvailable:") << 10
        guard available > 0 else { return .ok("limits.memory", "what is free is not known") }
        let text = "\(Int64(available).bytes) free for the scheduler, keepers and jobs"
        guard available >= 128 << 20 else {
            return .warning("limits.memory", text, "free some, or make the pools smaller: a launch without memory is tried again and again")
        }
        return .ok("limits.memory", text)
    }

    private func core(_ limits: ProcessLimits) -> Finding {
        let words =
            limits.coreSize == 0
            ? "crashed jobs leave none"
            : "crashed jobs may leave one of \(limits.coreSize == .max ? "any size" : Int64(limits.coreSize).bytes)"
        return .ok("limits.core", words)
    }

    private static func number(in path: String, after word: String = "") -> Int {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return word.isEmpty ? .max : 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix(word) } ?? ""
        return line.dropFirst(word.count).split(separator: " ").first.flatMap { Int($0) } ?? (word.isEmpty ? .max : 0)
    }
}

/// The soft limits of a process, as the kernel tells them of any.
struct ProcessLimits {
    let openFiles: Int
    let processes: Int
    let coreSize: Int

    /// nil when there is nothing to be known of it.
    init?(of process: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n")
        func limit(_ name: String) -> Int {
            let line = lines.first { $0.hasPrefix(name) } ?? ""
            return line.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) } ?? .max
        }
        openFiles = limit("Max open files")
        processes = limit("Max processes")
        coreSize = limit("Max core file size")
    }
}

extension Int {
    fileprivate var limitWords: String { self == .max ? "any number" : "\(self)" }
}
