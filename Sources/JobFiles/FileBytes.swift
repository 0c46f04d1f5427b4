import Glibc

/// The bytes of one file, whole or not at all.
enum FileBytes {
    case bytes([UInt8], FileStamp)
    case unusable(Fault, FileStamp?)
    /// Somebody is writing.
    case beingWritten

    enum Fault: Hashable, Sendable {
        /// The operating system's own words.
        case unreadable(String)
        case notRegular
        case tooLarge
    }

    /// Files above this size are not read.
    static let largestSize = 8 << 20

    /// Reads the file at `path`; never waits, and never opens what is no regular file for long.
    /// - Parameter mindsWriters: Whether a file that another process has open for writing is put off.
    init(path: String, mindsWriters: Bool) {
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            self = .unusable(.unreadable(systemMessage()), nil)
            return
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            self = .unusable(.notRegular, nil)
            return
        }
        let stamp = FileStamp(status)
        guard stamp.size <= Self.largestSize else {
            self = .unusable(.tooLarge, stamp)
            return
        }
        if mindsWriters, Self.isOpenForWriting(descriptor) {
            self = .beingWritten
            return
        }
        self = Self.read(descriptor, stamp)
        if mindsWriters, fstat(descriptor, &status) == 0, FileStamp(status) != stamp { self = .beingWritten }
    }

    private static func read(_ descriptor: Int32, _ stamp: FileStamp) -> FileBytes {
        let capacity = Int(stamp.size) + 1
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            while count < capacity {
                let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), capacity - count)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { return }
                count += got
            }
        }
        if failure != 0 { return .unusable(.unreadable(systemMessage(failure)), stamp) }
        if bytes.count > Int(stamp.size) { return .beingWritten }
        return .bytes(bytes, stamp)
    }

    /// Whether a process has the file open for writing, as far as the system tells.
    ///
    /// A read lease is granted only while nobody has. If somebody opens the file while we hold it, the kernel sends a signal,
    /// for which one is chosen that is ignored by default; the lease is given back at once.
    private static func isOpenForWriting(_ descriptor: Int32) -> Bool {
        _ = fcntl(descriptor, setSignal, SIGURG)
        guard fcntl(descriptor, setLease, Int32(F_RDLCK)) == 0 else { return errno == EAGAIN }
        _ = fcntl(descriptor, setLease, Int32(F_UNLCK))
        return false
    }

    // F_SETSIG and F_SETLEASE of fcntl(2), which the Glibc module leaves out.
    private static let setSignal: Int32 = 10
    private static let setLease: Int32 = 1024
}
