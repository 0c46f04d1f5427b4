import CPlatform
import Glibc

/// Whole files by their paths.
enum Files {
    /// The bytes of a file, nil when there is none.
    ///
    /// One of more than `limit` bytes is read up to there; links are not followed.
    static func read(_ path: String, limit: Int = 16 << 20) throws(SystemError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("open", path)
        }
        defer { close(file) }
        return try read(file, path, limit: limit)
    }

    /// What is left to read of an open file.
    static func read(_ file: Int32, _ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limit {
            let count = Glibc.read(file, &chunk, min(chunk.count, limit - bytes.count))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }

    /// Makes or replaces a file in one step: a reader sees all of it, or what was there before.
    ///
    /// It is not forced to the disk: what we write so is of no use after the machine has stopped.
    static func replace(_ path: String, with bytes: [UInt8], owner: RunOwner? = nil) throws(SystemError) {
        let draft = "\(path).new"
        let file = try create(draft)
        defer { close(file) }
        if let owner, fchown(file, owner.user, owner.group) != 0 { throw SystemError("chown", draft) }
        try write(bytes, to: file, draft)
        guard rename(draft, path) == 0 else { throw SystemError("rename", path) }
    }

    /// Never what is there already: a draft that was left, or a link that the owner of the folder put there.
    private static func create(_ path: String) throws(SystemError) -> Int32 {
        while true {
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if file >= 0 { return file }
            guard errno == EEXIST else { throw SystemError("open", path) }
            guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("unlink", path) }
        }
    }

    static func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Answers whether it was made now; false when it was there already.
    static func makeFolder(_ path: String, mode: mode_t) throws(SystemError) -> Bool {
        if mkdir(path, mode) == 0 { return true }
        guard errno == EEXIST else { throw SystemError("mkdir", path) }
        return false
    }

    /// Throws unless the path is that of a folder that can be read and searched.
    static func checkFolder(_ path: String) throws(SystemError) {
        guard let folder = opendir(path) else { throw SystemError("opendir", path) }
        defer { closedir(folder) }
        errno = 0
        guard readdir(folder) != nil || errno == 0 else { throw SystemError("readdir", path) }
        guard access(path, X_OK) == 0 else { throw SystemError("access", path) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// What a symbolic link names; nil of what is none.
    static func target(of link: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &target, target.count)
        return count < 0 ? nil : String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension UnsafeMutablePointer<dirent> {
    /// The name of what is in a folder; what is no UTF-8 in it is replaced.
    var name: String { String(cString: platform_entry_name(self)) }
}
