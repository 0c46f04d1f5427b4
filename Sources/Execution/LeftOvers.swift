import CPlatform
import Glibc

/// What a dead keeper left behind: all in the run's control group, processes that bear the run's mark, and its session.
///
/// The mark is ROTA_OUTPUT in the environment, the path of this very folder; it also finds those that made a session of their own.
/// Members of the session that cleared their environment are found when we saw the keeper die ourselves: the number of a session is not
/// given away while it has members, but after a restart nobody can say whether it was free in between. From the group nothing gets away.
struct LeftOvers: Hashable {
    var folder: RunFolder
    var claim: Claim
    /// Whether the number of the keeper's session cannot have a new owner.
    var isSessionProven: Bool

    /// Kills what is there; answers whether nothing was: call it again until it is so.
    func end() throws(SystemError) -> Bool {
        // Each way goes on without the other.
        let found = Result { () throws(SystemError) in try endProcesses() }
        let group = try folder.controlGroup()
        let isPopulated = try group?.kill() ?? false
        if try found.get() > 0 || isPopulated { return false }
        group?.remove()
        return true
    }

    private func endProcesses() throws(SystemError) -> Int {
        var found = 0
        for entry in try ProcessTable.all() where try isLeft(entry) {
            found += 1
            guard let descriptor = try ProcessTable.open(entry.pid, start: entry.start) else { continue }
            _ = platform_pidfd_signal(descriptor, SIGKILL)
            close(descriptor)
        }
        return found
    }

    private func isLeft(_ entry: ProcessTable.Entry) throws(SystemError) -> Bool {
        guard entry.start >= claim.start, entry.pid != getpid() else { return false }
        if isSessionProven && entry.session == claim.pid { return true }
        return try ProcessTable.hasVariable("ROTA_OUTPUT=\(folder.outputFile)", entry.pid)
    }
}
