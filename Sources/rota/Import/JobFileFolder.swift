import Foundation

/// A folder that job files are written to, each whole or not at all.
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
            throw CommandFailure(.stateNotWritable, Terminal.oneLine("\(path) is no folder; name another with --into"))
        }
    }

    /// - Throws: `CommandFailure` that lists those of `names` that are there.
    func refuse(existing names: [String]) throws {
        var status = stat()
        let existing = names.map(place).filter { lstat($0, &status) == 0 }
        if existing.isEmpty { return }
        throw CommandFailure(
            .stateNotWritable,
            Terminal.oneLine(
                "nothing is written, for there is already \(Self.listed(existing)); replace with --force, or name another folder with --into"
            ))
    }

    /// Writes files that only their owner may read, for commands and variables hold secrets: all of them, or none.
    ///
    /// - Throws: `CommandFailure` when one cannot be written, or is there and not to be replaced; those of this call are gone then.
    func write(_ files: [(name: String, text: String)], replacing: Bool) throws {
        defer { for file in files { unlink(temporary(file.name)) } }
        // A full disk shows while nothing is in place yet.
        for file in files { try write(file.text, aside: file.name) }
        var placed: [String] = []
        var replaced: [String] = []
        for file in files {
            var status = stat()
            let isThere = lstat(place(file.name), &status) == 0
            // Unlike a rename, a link never replaces.
            guard (replacing ? rename(temporary(file.name), place(file.name)) : link(temporary(file.name), place(file.name))) == 0 else {
                let failure = failure(toWrite: file.name, replaced)
                for name in placed { unlink(place(name)) }
                throw failure
            }
            if isThere { replaced.append(place(file.name)) } else { placed.append(file.name) }
        }
    }

    /// A hidden name is passed over by whoever reads the folder meanwhile.
    private func temporary(_ name: String) -> String { place(".\(name).\(getpid())") }

    private func write(_ text: String, aside name: String) throws {
        let file = open(temporary(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(toWrite: name) }
        let isWritten = Self.write(Array(text.utf8), to: file) && fsync(file) == 0
        let failure = failure(toWrite: name)
        guard close(file) == 0, isWritten else { throw failure }
    }

    private func failure(toWrite name: String, _ replaced: [String] = []) -> CommandFailure {
        let rest =
            replaced.isEmpty
            ? "nothing is left of this import" : "of this import only what replaced other files is left, \(Self.listed(replaced))"
        return Self.failure("\(place(name)) cannot be written", rest: "; \(rest)")
    }

    private static func listed(_ paths: [String]) -> String {
        paths.prefix(20).joined(separator: ", ") + (paths.count > 20 ? " and \(paths.count - 20) more" : "")
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

    private static func failure(_ what: String, rest: String = "") -> CommandFailure {
        let reason = String(cString: strerror(errno))
        return CommandFailure(.stateNotWritable, Terminal.oneLine("\(what) (\(reason))\(rest); name another folder with --into"))
    }
}
