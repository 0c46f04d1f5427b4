import CPlatform
import Glibc

/// What a dead keeper left behind: processes that bear the run's mark, and its session.
///
/// The mark is ROTA_OUTPUT in the environment, the path of this very folder; it also finds those that made a session of their own.
/// Members of the session that cleared their environment are found when we saw the keeper die ourselves: the number of a session is not
/// given away while it has members, but after a restart nobody can say whether it was free in between.
struct LeftOvers: Hashable {
    var folder: RunFolder
    var claim: Claim
    /// Whether the number of the keeper's session cannot have a new owner.
    var isSessionProven: Bool

    /// Kills what is there and answers how many there were: call it again until it is none.
    func end() throws(SystemError) -> Int {
        let found = try ProcessTable.all().filter { isLeft($0) }
        for entry in found {
            guard let descriptor = try ProcessTable.open(entry.pid, start: entry.start) else { continue }
            _ = platform_pidfd_signal(descriptor, SIGKILL)
            close(descriptor)
        }
        return found.count
    }

    private func isLeft(_ entry: ProcessTable.Entry) -> Bool {
        guard entry.start >= claim.start, entry.pid != getpid() else { return false }
        if isSessionProven && entry.session == claim.pid { return true }
        return ProcessTable.hasVariable("ROTA_OUTPUT=\(folder.outputFile)", entry.pid)
    }
}
