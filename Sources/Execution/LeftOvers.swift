import CPlatform
import Glibc

/// What a dead keeper left behind: its session, and what went out of it and still bears the run's mark.
///
/// The number of a session is not given to a new process while any member lives, and members are not older than the keeper: a stranger
/// cannot be among them. ROTA_RUN in the environment finds those that made a session of their own.
struct LeftOvers {
    var claim: Claim
    var run: String

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
        return entry.session == claim.pid || ProcessTable.hasVariable("ROTA_RUN=\(run)", entry.pid)
    }
}
