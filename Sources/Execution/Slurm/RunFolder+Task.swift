import Glibc
internal import Timetable

/// The mark that a run's folder bears from before its task is submitted: without it, nobody ever asked for one.
struct TaskMark: Hashable, Sendable {
    var at: Instant
    /// The engine's number of the task, once it said it.
    var id: String?
}

/// What the folder of a run tells of its task.
struct TaskTrace: Hashable, Sendable {
    var isMarked = false
    var mark: TaskMark?
    var claim: Claim?
    var ending: Ending?
    /// Whether it has a folder, or had one once.
    var isKnown = false
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
        try Files.replace(markFile, with: record.bytes(head: Self.markHead), owner: owner)
    }

    /// Takes the mark back, of a submission that surely was none.
    func removeMark() throws(SystemError) {
        guard unlink(markFile) == 0 || errno == ENOENT else { throw SystemError("unlink", markFile) }
    }

    /// - Parameter link: The link to the folder, which is made after it.
    /// - Throws: When nothing can be found out: also when there is a link to a folder that is not there, for then the file system with the
    ///   folders is not there either.
    func taskTrace(link: String?) throws(SystemError) -> TaskTrace {
        var trace = TaskTrace()
        guard let folder = opendir(path) else {
            guard errno == ENOENT else { throw SystemError("opendir", path) }
            var facts = Glibc.stat()
            if let link, lstat(link, &facts) == 0 { throw SystemError("opendir", path, ENOENT) }
            return trace
        }
        // Opening it makes a network file system look at the server's.
        closedir(folder)
        trace.isKnown = true
        trace.isMarked = Files.exists(markFile)
        if let record = try record(markFile, head: Self.markHead), let at = Self.instant(record["at"]) {
            trace.mark = TaskMark(at: at, id: record["id"])
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
