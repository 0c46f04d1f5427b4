import Execution
import Glibc
package import Scheduling

/// What this process may use of the machine.
package enum Machine {
    /// The processors that it may run on, and the memory that there is, each bounded by the control groups that it is in (version 2); what
    /// cannot be found out has no limit.
    ///
    /// - Parameter proc: Where the kernel tells of processes and memory, and of where control groups are mounted.
    package static func capacity(proc: String = "/proc") -> PoolCapacity {
        let folders = ControlGroups.around(proc: proc)
        let processors = [allowedProcessors(text(proc + "/self/status"))] + folders.map { milliCPUs(ofMax: text($0 + "/cpu.max")) }
        let memory = [memoryTotal(text(proc + "/meminfo"))] + folders.map { text($0 + "/memory.max").flatMap { Int64($0) } }
        return PoolCapacity(milliCPUs: processors.compactMap(\.self).min(), memory: memory.compactMap(\.self).min())
    }

    /// `Cpus_allowed:   ff,ffffffff`, a bit for each processor.
    private static func allowedProcessors(_ status: String?) -> Int64? {
        let line = (status ?? "").split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        let count = (line?.dropFirst("Cpus_allowed:".count) ?? "").reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
        return count > 0 ? Int64(count) * 1000 : nil
    }

    /// `max 100000`, or microseconds that all its processes may use together in each period of so many.
    private static func milliCPUs(ofMax text: String?) -> Int64? {
        let words = (text ?? "").split(separator: " ").map { Int64($0) }
        guard words.count == 2, let quota = words[0], let period = words[1], quota > 0, period > 0 else { return nil }
        return max(1, quota * 1000 / period)
    }

    /// `MemTotal:       16314200 kB`
    private static func memoryTotal(_ meminfo: String?) -> Int64? {
        let line = (meminfo ?? "").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 * 1024 }
    }

    /// The text of a small file without its end of line; nil when it cannot be read.
    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
