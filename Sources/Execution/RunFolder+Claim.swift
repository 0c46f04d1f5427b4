import CPlatform
import Glibc
package import Timetable

/// Who took a run, and what it noted since.
package struct Claim: Hashable, Sendable {
    /// The keeper, which leads the session of that number; for a cancelled run, the scheduler.
    package var pid: Int32
    /// When that process began, in ticks since boot: tells it from a later one of the same number.
    package var start: UInt64
    package var bootID: String
    /// When the command began; nil while it has not, or the keeper had no time to say so.
    package var startedAt: Instant?
    /// The reason, when it was the scheduler that took the run so that nobody can start it.
    package var cancelled: String?
    /// As what a run that was taken so ends.
    package var cancelledAs = Ending.Kind.killed

    package enum State: Hashable, Sendable {
        case absent
        /// The owner lives.
        case held(Claim)
        /// The owner is dead.
        case free(Claim)
    }
}

extension RunFolder {
    static let claimHead = "rota-claim 1"

    /// Who has the run, proved by the lock and nothing else.
    ///
    /// Throws when that cannot be found out.
    package func claim() throws -> Claim.State {
        try claimState()
    }

    func claimState() throws(SystemError) -> Claim.State {
        let file = open(claimFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return .absent }
            throw SystemError("open", claimFile)
        }
        defer { close(file) }
        let held = platform_lock_is_held(file)
        guard held >= 0 else { throw SystemError("flock", claimFile) }
        guard let claim = Self.parse(ours(Record(try Files.read(file, claimFile, limit: 4096), head: Self.claimHead))) else {
            // Not one of ours counts as absent, but nobody locks what is of no use to him.
            if held == 1 { throw SystemError("read", claimFile, EPROTO) }
            return .absent
        }
        return held == 1 ? .held(claim) : .free(claim)
    }

    static func parse(_ record: Record?) -> Claim? {
        guard let record, let pid = record["pid"].flatMap({ Int32($0) }), let start = record["start"].flatMap({ UInt64($0) }),
            let boot = record["boot"]
        else { return nil }
        let started = record["started"].flatMap { $0.split(separator: " ").first }.flatMap { instant(String($0)) }
        var claim = Claim(pid: pid, start: start, bootID: boot, startedAt: started, cancelled: record["cancelled"])
        if let kind = record["as"].flatMap(Ending.Kind.init) { claim.cancelledAs = kind }
        return claim
    }

    /// Takes the run so that no keeper can: answers false when somebody has it already.
    ///
    /// The mark is never locked: it is complete when it appears, and means the same whether we live or not.
    ///
    /// - Parameter kind: As what the run ends.
    func cancel(reason: String, as kind: Ending.Kind = .killed, bootID: String) throws(SystemError) -> Bool {
        try clearVoidClaim()
        let record = try cancellation(reason: reason, as: kind, bootID: bootID)
        let draft = "\(path)/claim.cancel"
        try Files.replace(draft, with: record, owner: owner)
        defer { unlink(draft) }
        if link(draft, claimFile) == 0 { return true }
        guard errno == EEXIST else { throw SystemError("link", claimFile) }
        return false
    }

    /// What such a claim says.
    func cancellation(reason: String, as kind: Ending.Kind, bootID: String) throws(SystemError) -> [UInt8] {
        var record = Record()
        record.add("run", run)
        record.add("pid", getpid())
        record.add("start", try ProcessTable.entry(getpid())?.start ?? 0)
        record.add("boot", bootID)
        record.add("cancelled", reason)
        if kind != .killed { record.add("as", kind.rawValue) }
        return record.bytes(head: Self.claimHead)
    }

    /// Takes away a file that stands where a claim would but counts as absent: it would keep every keeper from the run.
    func clearVoidClaim() throws(SystemError) {
        guard Files.exists(claimFile), try claimState() == .absent else { return }
        guard unlink(claimFile) == 0 || errno == ENOENT else { throw SystemError("unlink", claimFile) }
    }
}
