import CPlatform
import Glibc
import Synchronization

/// The folder in which one scheduler keeps everything: `rota.db`, `runs/`, `token`, `rota.sock`. Whoever holds it holds its lock.
package final class StateFolder: Sendable {
    package let path: String
    /// What the folder lies on, as it was when it was taken.
    package let fileSystem: FileSystem
    /// Held until `release`; the kernel gives it back when the process dies, however it dies. nil once released.
    private let lock: Mutex<Int32?>

    package var database: String { path + "/rota.db" }
    package var runs: String { path + "/runs" }
    package var socket: String { path + "/rota.sock" }
    package var token: String { path + "/token" }

    /// Makes the folder if need be, and takes it.
    ///
    /// Files made in it are for this user alone; the folder and `runs` may be passed through by jobs of other users, not listed.
    package static func take(_ path: String) throws(DaemonError) -> StateFolder {
        let path = absolute(path)
        guard path.utf8.count + "/rota.sock".utf8.count <= 107 else { throw .socketPathTooLong(path: path + "/rota.sock") }
        try makeFolder(path)
        try makeFolder(path + "/runs")
        let fileSystem = try FileSystem(of: path)
        if case .fail(let detail) = fileSystem.locks { throw .noLocks(path: path, type: fileSystem.type, detail: detail) }
        return StateFolder(path: path, lock: try takeLock(in: path), fileSystem: fileSystem)
    }

    private init(path: String, lock: Int32, fileSystem: FileSystem) {
        self.path = path
        self.fileSystem = fileSystem
        self.lock = Mutex(lock)
    }

    deinit { release() }

    /// Lets the next scheduler have the folder.
    package func release() {
        guard let file = lock.withLock({ $0.take() }) else { return }
        _ = platform_unlock(file)
        close(file)
    }

    /// Makes the folder and its parents if need be; only what is made here gets a mode, for the rest is somebody's decision.
    private static func makeFolder(_ path: String) throws(DaemonError) {
        var made = ""
        for component in path.split(separator: "/") {
            made += "/" + component
            if mkdir(made, 0o700) == 0 {
                // The process's umask is narrower than this.
                chmod(made, made == path ? 0o711 : 0o755)
            } else if errno != EEXIST {
                throw .stateNotWritable(path: path, detail: String(cString: strerror(errno)))
            }
        }
        try refuseForeign(path)
    }

    /// In a folder that others may write, they could put another ledger or token in the place of ours.
    private static func refuseForeign(_ path: String) throws(DaemonError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .stateNotWritable(path: path, detail: "it is no folder")
        }
        guard status.st_uid == geteuid() else { throw .stateNotWritable(path: path, detail: "it belongs to another user") }
        guard status.st_mode & 0o022 == 0 else { throw .stateNotWritable(path: path, detail: "other users may write it; chmod go-w it") }
        guard access(path, W_OK | X_OK) == 0 else { throw .stateNotWritable(path: path, detail: String(cString: strerror(errno))) }
    }

    private static func takeLock(in path: String) throws(DaemonError) -> Int32 {
        let file = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .stateNotWritable(path: path, detail: String(cString: strerror(errno))) }
        guard platform_lock(file) == 0 else {
            let reason = errno
            var bytes = [UInt8](repeating: 0, count: 20)
            let count = Glibc.read(file, &bytes, bytes.count)
            close(file)
            guard reason == EWOULDBLOCK else {
                throw .stateNotWritable(path: path, detail: "no locks: " + String(cString: strerror(reason)))
            }
            let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
            throw .heldByAnother(path: path, pid: String(text.prefix { $0.isNumber }))
        }
        ftruncate(file, 0)
        let text = "\(getpid())\n"
        _ = text.withCString { write(file, $0, text.utf8.count) }
        return file
    }

    /// Notes in the file of the lock, below the process, that the socket is there: from now on its absence is an error, no start under way.
    package func markListening() {
        lock.withLock { file in
            guard let file else { return }
            _ = Self.listening.withCString { write(file, $0, Self.listening.utf8.count) }
        }
    }

    /// Whether whoever holds the folder at `path` has not listened yet: it still takes back what an earlier scheduler left.
    package static func isBeingOpened(_ path: String) -> Bool {
        read(absolute(path) + "/lock").map { !$0.hasSuffix(listening) } ?? false
    }

    private static let listening = "listens\n"

    /// The process that holds the folder at `path`, as the kernel's list of locks tells without touching the lock; nil when nobody does.
    package static func holder(of path: String) -> Int32? {
        var status = stat()
        guard stat(absolute(path) + "/lock", &status) == 0, let locks = read("/proc/locks", limit: 4 << 20) else { return nil }
        for line in locks.split(separator: "\n") {
            // 1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK",
                words[5].split(separator: ":").last.flatMap({ UInt64($0) }) == UInt64(status.st_ino)
            else {
                continue
            }
            return Int32(words[4])
        }
        return nil
    }

    /// The token of the operator, made on the first call: 32 random bytes in hexadecimal digits, in a file of mode 0600.
    package func readToken() throws(DaemonError) -> String {
        if let token = Self.read(token)?.trimmed, !token.isEmpty {
            chmod(self.token, 0o600)
            return token
        }
        let digits = Array("0123456789abcdef")
        var random = SystemRandomNumberGenerator()
        let token = String((0..<64).map { _ in digits[Int.random(in: 0..<16, using: &random)] })
        try StateFile.replace(self.token, with: token)
        return token
    }

    /// What tells this machine from others; empty where it has no such name, as in some containers.
    package static func machineID() -> String { read("/etc/machine-id")?.trimmed ?? "" }

    static func read(_ path: String, limit: Int = 256) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var text: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 4_096)
        while text.count < limit {
            let count = Glibc.read(file, &bytes, min(bytes.count, limit - text.count))
            guard count >= 0 else { return nil }
            if count == 0 { break }
            text += bytes[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }

    package static func absolute(_ path: String) -> String {
        var clean: [Substring] = []
        let whole = path.hasPrefix("/") ? path : currentFolder() + "/" + path
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = clean.popLast() } else { clean.append(part) }
        }
        return "/" + clean.joined(separator: "/")
    }

    private static func currentFolder() -> String {
        guard let name = getcwd(nil, 0) else { return "/" }
        defer { free(name) }
        return String(cString: name)
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
