import Foundation

/// What the file system of a ledger says when it fails: the words of SQLite do not tell a full disk from a broken one.
enum Room {
    case enough, none, readOnly

    /// Less than a commit needs.
    private static let least: UInt64 = 128 << 10

    init(at path: String) {
        var facts = statvfs()
        if Room.isReadOnly(path) {
            self = .readOnly
        } else if statvfs((path as NSString).deletingLastPathComponent, &facts) == 0 {
            self = UInt64(facts.f_bavail) * UInt64(facts.f_frsize) < Room.least ? .none : .enough
        } else {
            self = .enough
        }
    }

    /// Tried with a file of its own: one that the kernel stopped because of errors does not say so in its flags, and to open and close the
    /// ledger once more would drop the locks on it.
    private static func isReadOnly(_ path: String) -> Bool {
        let trial = path + ".trial"
        let file = open(trial, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return errno == EROFS }
        close(file)
        unlink(trial)
        return false
    }
}
