import Foundation
import Glibc

/// systemd, where it started the scheduler, leaves the keepers alone when the scheduler ends.
struct SupervisorCheck: Check {
    private let name = "scheduler.unit"

    func findings(_ premises: Premises) -> [Finding] {
        let running = premises.holder.flatMap(Self.unit)
        let unit = running ?? "rota.service"
        let properties = Self.properties(of: unit)
        guard properties["LoadState"] == "loaded" else {
            guard premises.holder != nil else { return [] }
            return [.ok(name, "no unit of systemd runs the scheduler; whatever does must not kill its keepers when it ends")]
        }
        let faults = Self.wanted.compactMap { key, value, why -> String? in
            properties[key].map { $0 == value ? nil : "\(key)=\($0): \(why)" } ?? nil
        }
        guard !faults.isEmpty else { return [.ok(name, "\(unit) leaves running jobs alone")] }
        let lines = Self.wanted.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
        return [
            .error(
                name, "\(unit): \(faults.joined(separator: "; "))",
                "write \(lines) below [Service] (`systemctl edit \(unit)`), then `systemctl daemon-reload`")
        ]
    }

    private static let wanted: [(key: String, value: String, why: String)] = [
        ("KillMode", "process", "a stop or an upgrade kills all running jobs"),
        ("OOMPolicy", "continue", "one job that takes too much memory ends all of them"),
        ("Delegate", "yes", "systemd may interfere with the control groups of runs"),
    ]

    /// The unit of a process by its control group: `0::/system.slice/rota.service/rota-scheduler`.
    private static func unit(of process: Int32) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/cgroup", encoding: .utf8) else { return nil }
        let path = text.split(separator: "\n").first { $0.hasPrefix("0::") }?.dropFirst(3)
        return path?.split(separator: "/").last { $0.hasSuffix(".service") && $0.utf8.allSatisfy(mayStandInUnit) }.map(String.init)
    }

    private static func mayStandInUnit(_ byte: UInt8) -> Bool {
        UnicodeScalar(byte).properties.isAlphabetic || "0123456789@:._-".utf8.contains(byte)
    }

    /// Empty where systemd does not run, or does not answer within some seconds.
    private static func properties(of unit: String) -> [String: String] {
        let keys = (wanted.map(\.key) + ["LoadState"]).map { "-p \($0)" }.joined(separator: " ")
        guard let answer = popen("timeout 5 systemctl show \(keys) -- '\(unit)' 2>/dev/null", "re") else { return [:] }
        defer { pclose(answer) }
        var properties: [String: String] = [:]
        var line = [CChar](repeating: 0, count: 4_096)
        while fgets(&line, Int32(line.count), answer) != nil {
            let text = String(
                decoding: line.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "\n")) }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let parts = text.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { properties[String(parts[0])] = String(parts[1]) }
        }
        return properties
    }
}
