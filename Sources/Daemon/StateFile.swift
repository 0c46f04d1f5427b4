import Glibc

/// A small file of the state folder, for this user alone.
enum StateFile {
    /// Makes or replaces it in one step: whoever reads it finds all of it, or what was there before.
    ///
    /// - Parameter isDurable: Whether that holds also after the machine has stopped; it costs two writes to the disk.
    static func replace(_ path: String, with text: String, isDurable: Bool = true) throws(DaemonError) {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        // Beside, then renamed: nobody ever reads half of it.
        let draft = path + ".new"
        guard write(text, to: draft, isDurable), rename(draft, path) == 0, !isDurable || synchronize(folder) else {
            let reason = errno
            unlink(draft)
            throw .stateNotWritable(path: folder, detail: String(cString: strerror(reason)))
        }
    }

    private static func write(_ text: String, to path: String, _ isDurable: Bool) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return false }
        defer { closeKeepingError(file) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return false }
            rest = rest.dropFirst(max(count, 0))
        }
        return !isDurable || fsync(file) == 0
    }

    private static func synchronize(_ folder: String) -> Bool {
        let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { closeKeepingError(file) }
        return fsync(file) == 0
    }

    private static func closeKeepingError(_ file: Int32) {
        let reason = errno
        close(file)
        errno = reason
    }
}
