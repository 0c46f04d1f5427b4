import Glibc
internal import Timetable

/// The folder of one run below `runs/`: a protocol between the scheduler, the keeper and whoever reads; docs/run-folder.md tells it whole.
package struct RunFolder: Hashable, Sendable {
    package let path: String
    package let run: String

    /// The folder of `run` below `runs`, whether it exists or not.
    package init(runs: String, run: String) {
        path = "\(runs)/\(run)"
        self.run = run
    }

    /// What is to be executed.
    package var runFile: String { "\(path)/run" }
    /// Who carries it out.
    package var claimFile: String { "\(path)/claim" }
    /// That it is to be ended.
    package var killFile: String { "\(path)/kill" }
    /// How it ended.
    package var outcomeFile: String { "\(path)/outcome" }
    package var stdoutFile: String { "\(path)/stdout" }
    package var stderrFile: String { "\(path)/stderr" }
    /// What came when.
    package var indexFile: String { "\(path)/index" }
    /// The only part that belongs to the job's user.
    package var outputFolder: String { "\(path)/output" }
    /// ROTA_OUTPUT of the command.
    package var outputFile: String { "\(outputFolder)/env" }

    /// The id of the machine's present boot.
    package static func currentBootID() throws -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        guard let bytes = try Files.read(path, limit: 64) else { throw SystemError("open", path, ENOENT) }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Whether `run` can name a folder.
    static func isName(_ run: String) -> Bool {
        !run.isEmpty && run.utf8.count <= 128 && !run.hasPrefix(".") && !run.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x21 }
    }

    /// The file's record, nil when it is absent: not there, incomplete, of another format or of another run.
    func record(_ file: String, head: String) throws(SystemError) -> Record? {
        guard let bytes = try Files.read(file) else { return nil }
        return ours(Record(bytes, head: head))
    }

    func ours(_ record: Record?) -> Record? {
        record?["run"] == run ? record : nil
    }
}

extension RunFolder {
    /// Commits, for the keeper, that the run is to be ended.
    func writeKill(reason: String) throws(SystemError) {
        var record = Record()
        record.add("run", run)
        record.add("reason", String(reason.prefix(500)))
        try Files.replace(killFile, with: record.bytes(head: "rota-kill 1"))
    }

    /// The lines `KEY=value` that the command wrote to ROTA_OUTPUT, as far as their keys are names; the last of one key counts.
    ///
    /// The file belongs to the job's user: links, devices and everything after the first 64 KiB are left alone.
    package func outputVariables() throws -> [String: String] {
        guard let bytes = try Files.read(outputFile, limit: 64 << 10) else { return [:] }
        var variables: [String: String] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) where !line.contains(0) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")), Self.isVariable(line[..<equals]) else { continue }
            variables[String(decoding: line[..<equals], as: UTF8.self)] = String(decoding: line[(equals + 1)...], as: UTF8.self)
        }
        return variables
    }

    private static func isVariable(_ name: ArraySlice<UInt8>) -> Bool {
        guard let first = name.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
