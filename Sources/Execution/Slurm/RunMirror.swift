import Glibc

/// The mirror of a run's folder that lies elsewhere, as it is filled.
struct RunMirror {
    private let folder: RunFolder
    /// The outcome that was read over there, before anything else was.
    var outcome: [UInt8]?
    /// What the command handed on, if it has ended.
    var handedOn: [UInt8]?
    /// Whether a piece could not be read over there that comes before what is next.
    var isShort = false

    init(_ folder: RunFolder) { self.folder = folder }

    /// What is here: lines `K ./<run>/<file> <bytes>`.
    func sizes() -> [String] {
        guard let entries = opendir(folder.path) else { return [] }
        defer { closedir(entries) }
        var lines: [String] = []
        while let entry = readdir(entries) {
            let name = entry.name
            var facts = stat()
            guard Self.isMirrored(name), fstatat(dirfd(entries), name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            lines.append("K ./\(folder.run)/\(name) \(facts.st_size)")
        }
        return lines
    }

    private static func isMirrored(_ name: String) -> Bool { RunFolder.isOutput(name) || name == "slurm" }

    /// Whoever answers over there says which file it is: nothing but what a run's output may have for a name is written.
    ///
    /// - Returns: Whether it is longer than it was.
    func write(_ bytes: [UInt8], to name: String, at offset: Int64) throws(SystemError) -> Bool {
        guard Self.isMirrored(name), offset >= 0, !bytes.isEmpty else { return false }
        let path = "\(folder.path)/\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw SystemError("open", path) }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        guard size >= 0, lseek(file, off_t(offset), SEEK_SET) >= 0 else { throw SystemError("lseek", path) }
        try Files.write(bytes, to: file, path)
        return offset + Int64(bytes.count) > size
    }

    /// What was dropped over there, to make room for what came later.
    func remove(_ name: String) throws(SystemError) {
        guard Self.isMirrored(name), name.contains("-") else { return }
        guard unlink("\(folder.path)/\(name)") == 0 || errno == ENOENT else { throw SystemError("unlink", "\(folder.path)/\(name)") }
    }

    /// When all that the run wrote is here. The outcome comes last: readers wait for nothing behind it.
    func finish() throws(SystemError) {
        guard let outcome, folder.isOutcome(outcome) else { return }
        if let handedOn {
            _ = try Files.makeFolder(folder.outputFolder, mode: 0o700)
            try Files.replace(folder.outputFile, with: handedOn)
        }
        try Files.replace(folder.outcomeFile, with: outcome)
    }
}
