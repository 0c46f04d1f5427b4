import Glibc
internal import Timetable

/// The folder of one run below `runs/`: a protocol between the scheduler, the keeper and whoever reads; docs/run-folder.md tells it whole.
package struct RunFolder: Hashable, Sendable {
    package let path: String
    package let run: String
    /// Who carries the run out, where that is somebody else than the scheduler: all that the scheduler writes there becomes theirs.
    let owner: RunOwner?

    /// The folder of `run` below `runs`, whether it exists or not.
    package init(runs: String, run: String) {
        self.init(runs: runs, run: run, owner: nil)
    }

    init(runs: String, run: String, owner: RunOwner?) {
        path = "\(runs)/\(run)"
        self.run = run
        self.owner = owner
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
    /// ROTA_OUTPUT of the command, read when the run has ended.
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
        try Files.replace(killFile, with: kill(reason: reason), owner: owner)
    }

    /// What such a word says.
    func kill(reason: String) -> [UInt8] {
        var record = Record()
        record.add("run", run)
        record.add("reason", String(reason.prefix(500)))
        return record.bytes(head: "rota-kill 1")
    }
}
