import Foundation

/// A folder that job files are written to, one by one, each whole or not at all.
struct JobFileFolder {
    private let path: String

    /// Makes the folder and its parents if need be; what is made here may be read by everybody.
    ///
    /// - Throws: `CommandFailure` when that cannot be.
    init(path: String) throws {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o755) == 0 {
                // Whatever the umask.
                chmod(made, 0o755)
            } else if errno != EEXIST {
                throw Self.failure("the folder \(path) cannot be made")
            }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure(.stateNotWritable, "\(path) is no folder; name another with --into")
        }
    }

    /// - Throws: `CommandFailure` that lists those of `names` that are there.
    func refuse(existing names: [String]) throws {
        var status = stat()
        let existing = names.map(place).filter { lstat($0, &status) == 0 }
        if existing.isEmpty { return }
        let listed = existing.prefix(20).joined(separator: ", ") + (existing.count > 20 ? " and \(existing.count - 20) more" : "")
        throw CommandFailure(
            .stateNotWritable,
            "nothing is written, for there is already \(listed); replace with --force, or name another folder with --into")
    }

    /// Writes a file that only its owner may read, for commands and variables hold secrets.
    ///
    /// - Throws: `CommandFailure` when it cannot be written, or is there and not to be replaced.
    func write(_ text: String, to name: String, replacing: Bool) throws {
        // A hidden name is passed over by whoever reads the folder meanwhile.
        let temporary = place(".\(name).\(getpid())")
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure("\(place(name)) cannot be written") }
        defer { unlink(temporary) }
        let isWritten = Self.write(Array(text.utf8), to: file) && fsync(file) == 0
        let failure = Self.failure("\(place(name)) cannot be written")
        guard close(file) == 0, isWritten else { throw failure }
        // Unlike a rename, a link never replaces.
        let isPlaced = (replacing ? rename(temporary, place(name)) : link(temporary, place(name))) == 0
        guard isPlaced else { throw Self.failure("\(place(name)) cannot be written") }
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func place(_ name: String) -> String { path + "/" + name }

    private static func failure(_ what: String) -> CommandFailure {
        CommandFailure(.stateNotWritable, "\(what) (\(String(cString: strerror(errno)))); name another folder with --into")
    }
}
