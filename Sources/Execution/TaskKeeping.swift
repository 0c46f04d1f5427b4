import Glibc

/// What the keeper of an engine's task is told beside the run. It ends as its command did, so that the engine's own books are right, and it
/// does without a lock where there is none to be had, for the engine knows whether it lives.
struct TaskKeeping: Hashable, Sendable {
    /// Variables that the engine sets and the command gets too, unless the run sets them: names, or beginnings with an asterisk.
    var passed: [String] = []
    /// Those that it does not get, though they are among `passed`.
    var withheld: [String] = []
    /// In which of them the engine says the node's name; the machine's own name is taken where it does not.
    var nodeVariable: String?

    func add(to record: inout Record) {
        record.add("exit-as-command", 1)
        record.add("node-variable", nodeVariable)
        for name in passed { record.add("pass", name) }
        for name in withheld { record.add("withhold", name) }
    }
}

/// The user as whom a keeper runs that is not ours, and to whom the run's folder belongs then. Only root can hand one over.
struct RunOwner: Hashable, Sendable {
    var user: uid_t
    var group: gid_t

    /// - Returns: nil when this machine knows no such user.
    static func named(_ name: String) throws(SystemError) -> RunOwner? {
        var size = max(sysconf(Int32(_SC_GETPW_R_SIZE_MAX)), 4096)
        while true {
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            var room = [CChar](repeating: 0, count: size)
            let error = getpwnam_r(name, &entry, &room, room.count, &found)
            if error == ERANGE, size < 1 << 20 {
                size *= 2
                continue
            }
            guard error == 0 || error == ENOENT || error == ESRCH else { throw SystemError("getpwnam", name, error) }
            return found == nil ? nil : RunOwner(user: entry.pw_uid, group: entry.pw_gid)
        }
    }

    /// nil when this machine knows no such user.
    static func name(of user: uid_t) -> String? {
        var size = max(sysconf(Int32(_SC_GETPW_R_SIZE_MAX)), 4096)
        while size <= 1 << 20 {
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            var room = [CChar](repeating: 0, count: size)
            let error = getpwuid_r(user, &entry, &room, room.count, &found)
            guard error == ERANGE else { return error == 0 && found != nil ? String(cString: entry.pw_name) : nil }
            size *= 2
        }
        return nil
    }

    /// Hands a folder over with all that is in it, once, and itself last: until then nobody else changes what is in it.
    func take(_ folder: RunFolder) throws(SystemError) {
        var facts = stat()
        guard lstat(folder.path, &facts) == 0 else { throw SystemError("stat", folder.path) }
        guard facts.st_uid != user else { return }
        for path in [folder.outputFolder, folder.path] {
            guard lchown(path, user, group) == 0 else { throw SystemError("chown", path) }
        }
    }
}
