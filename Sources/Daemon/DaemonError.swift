import Glibc
package import JobFiles
package import RunHistory

/// Why the scheduler cannot run, in words for the operator.
package enum DaemonError: Error, Sendable, CustomStringConvertible {
    case stateNotWritable(path: String, detail: String)
    case heldByAnother(path: String, pid: String)
    case socketPathTooLong(path: String)
    /// Two schedulers could hold the state folder at once.
    case noLocks(path: String, type: String, detail: String)
    case ledger(LedgerError)
    case jobs(JobFolderError)
    case keeperMissing(path: String)
    /// The runs that an earlier scheduler left could not be found out about.
    case recovery(String)
    case system(what: String, errno: Int32)

    package var description: String {
        switch self {
        case .stateNotWritable(let path, let detail):
            "the state folder \(path) cannot be written (\(detail)); make it writable for this user, or name another with --state"
        case .heldByAnother(let path, let pid):
            "another scheduler\(pid.isEmpty ? "" : " (process \(pid))") holds the state folder \(path); stop that one, or name another with --state"
        case .socketPathTooLong(let path):
            "the path \(path) has more than 107 bytes, which no socket can have; name a shorter state folder with --state"
        case .noLocks(let path, let type, let detail):
            "locks do not work in the state folder \(path) (\(type): \(detail)), so that a second scheduler could not be kept off it; "
                + "name a folder on a disk of this machine with --state, or mount that file system with locks"
        case .ledger(let error): error.description
        case .jobs(let error): "\(error)"
        case .keeperMissing(let path):
            "there is no program \(path); install rota-keeper beside rota, or name it with ROTA_KEEPER"
        case .recovery(let detail):
            "the runs that were left open could not be looked after (\(detail)); nothing was started; mend that and start again"
        case .system(let what, let number):
            "cannot \(what): \(String(cString: strerror(number)))"
        }
    }
}
