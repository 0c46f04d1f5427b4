import Glibc
internal import Timetable

/// The mark that a run's folder bears from before its task is submitted: without it, nobody ever asked for one.
struct TaskMark: Hashable, Sendable {
    var at: Instant
    /// The engine's number of the task, once it said it.
    var id: String?
    /// Where the nodes see the programs, and so the run's folder beside them; nil of a version that did not write it.
    var folder: String?
}

/// What the folder of a run tells of its task.
struct TaskTrace: Hashable, Sendable {
    var isMarked = false
    var mark: TaskMark?
    var claim: Claim?
    var ending: Ending?
    /// Whether it has a folder.
    var isKnown = false
    /// Whether it had a folder, which somebody removed.
    var isRemoved = false
    /// The folder of the runs where it was begun, when that is no longer the executor's.
    var elsewhere: String?
}

extension RunFolder {
    private static let markHead = "rota-task 1"

    var markFile: String { "\(path)/submitted" }
    /// What Slurm itself has to say of the task.
    var engineFile: String { "\(path)/slurm" }

    func writeMark(_ mark: TaskMark) throws(SystemError) {
        var record = Record()
        record.add("run", run)
        record.add("at", mark.at.microseconds)
        record.add("id", mark.id)
        record.add("folder", mark.folder)
        try Files.replace(markFile, with: record.bytes(head: Self.markHead), owner: owner)
    }

    /// Takes the mark back, of a submission that surely was none.
    func removeMark() throws(SystemError) {
        guard unlink(markFile) == 0 || errno == ENOENT else { throw SystemError("unlink", markFile) }
    }

    /// - Parameters:
    ///   - link: The link to the folder, which is made after it.
    ///   - programs: What stands beside the folders of all runs, and is not there when their file system is not.
    ///   - origin: Where nodes see the programs.
    /// - Throws: When nothing can be found out: also when there is a link to a folder that is not there, and neither are the programs.
    func taskTrace(link: String?, programs: String, origin: String) throws(SystemError) -> TaskTrace {
        var trace = TaskTrace()
        guard let folder = opendir(path) else {
            guard errno == ENOENT else { throw SystemError("opendir", path) }
            guard let link, let target = Files.target(of: link) else { return trace }
            if target != path {
                trace.elsewhere = String(target.dropLast(run.utf8.count + 1))
            } else if !Files.exists(programs) {
                throw SystemError("opendir", path, ENOENT)
            } else {
                trace.isRemoved = true
            }
            return trace
        }
        // Opening it makes a network file system look at the server's.
        closedir(folder)
        trace.isKnown = true
        trace.isMarked = Files.exists(markFile)
        if let record = try record(markFile, head: Self.markHead), let at = Self.instant(record["at"]) {
            trace.mark = TaskMark(at: at, id: record["id"], folder: record["folder"])
            if let folder = record["folder"], folder != origin { trace.elsewhere = folder }
        }
        trace.claim = try claimWithoutLock()
        trace.ending = try outcome()
        return trace
    }

    /// Who has the run, whether he lives or not.
    func claimWithoutLock() throws(SystemError) -> Claim? {
        guard let bytes = try Files.read(claimFile, limit: 4096) else { return nil }
        return Self.parse(ours(Record(bytes, head: Self.claimHead)))
    }

    /// Whether the keeper is known to live. Where locks do not reach across machines nobody knows.
    func isClaimHeld() -> Bool {
        if case .held? = try? claimState() { true } else { false }
    }

    /// The last line of what Slurm said of the task.
    func lastWordOfEngine() -> String? {
        guard let bytes = try? Files.read(engineFile, limit: 64 << 10) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.last.map { String($0.prefix(300)) }
    }
}
