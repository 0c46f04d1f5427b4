import Glibc
internal import Timetable

/// What changes when a file does.
///
/// Equal stamps mean that it need not be read again.
struct FileStamp: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    /// Nanoseconds since 1970.
    let modified: Int64
    /// Nanoseconds since 1970; no program can set it back.
    let changed: Int64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
    }

    /// Files younger than this may be only half there.
    static let settling = Duration.milliseconds(100)

    /// When the file will have been left alone for long enough; nil when it already was.
    ///
    /// A time in the future says nothing.
    func settles(after now: Instant) -> Instant? {
        let modified = Instant(microseconds: modified / 1000)
        let age = now - modified
        return age > .zero - Self.settling && age < Self.settling ? modified + Self.settling : nil
    }
}

/// What `errno` says, in the system's words.
func systemMessage(_ code: Int32 = errno) -> String {
    switch code {
    case EACCES, EPERM: "permission denied"
    case ELOOP: "its symbolic links lead in a circle"
    default: strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
