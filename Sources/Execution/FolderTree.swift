import Glibc

/// A folder that is removed with everything in it, whatever a command put there.
///
/// Works through descriptors and follows no link, so that nobody who can write in it can lead it elsewhere. Trees of any depth and folders
/// of any size take bounded memory and few descriptors. Other file systems that are mounted in it stay, and with them the folder.
struct FolderTree {
    private let path: String
    private let root: Int32
    private let device: dev_t
    private let goesOn: () -> Bool
    /// Where folders that lie too deep are moved to: right below the root, under names that count on.
    private var moved = 0

    private static let depthLimit = 32
    private static let batch = 1_000

    /// What is not there is removed already.
    ///
    /// - Parameter goesOn: Asked between files.
    /// - Throws: ECANCELED when it does not go on; what is left can be removed another time.
    static func remove(_ path: String, while goesOn: @escaping () -> Bool = { true }) throws(SystemError) {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else {
            if errno == ENOENT { return }
            throw SystemError("open", path)
        }
        defer { close(folder) }
        var tree = try FolderTree(path, folder, goesOn)
        try tree.empty(folder, depth: 0)
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("rmdir", path) }
    }

    private init(_ path: String, _ folder: Int32, _ goesOn: @escaping () -> Bool) throws(SystemError) {
        var status = stat()
        guard fstat(folder, &status) == 0 else { throw SystemError("fstat", path) }
        self.path = path
        self.goesOn = goesOn
        root = folder
        device = status.st_dev
    }

    private mutating func empty(_ folder: Int32, depth: Int) throws(SystemError) {
        // A command may have left a folder in which nobody may write.
        fchmod(folder, 0o700)
        while true {
            let names = try names(in: folder)
            if names.isEmpty { return }
            for name in names { try remove(name, in: folder, depth: depth) }
        }
    }

    private mutating func remove(_ name: [CChar], in folder: Int32, depth: Int) throws(SystemError) {
        guard goesOn() else { throw SystemError("remove", path, ECANCELED) }
        if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw SystemError("unlink", path) }
        if unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return }
        if depth >= Self.depthLimit { return try moveUp(name, from: folder) }
        let inner = try open(name, in: folder)
        defer { close(inner) }
        try empty(inner, depth: depth + 1)
        guard unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw SystemError("rmdir", path) }
    }

    private func open(_ name: [CChar], in folder: Int32) throws(SystemError) -> Int32 {
        var inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if inner < 0, errno == EACCES, fchmodat(folder, name, 0o700, 0) == 0 {
            inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        }
        guard inner >= 0 else { throw SystemError("open", path) }
        var status = stat()
        guard fstat(inner, &status) == 0, status.st_dev == device else {
            close(inner)
            throw SystemError("rmdir", path, EXDEV)
        }
        return inner
    }

    /// The root's own pass comes by it again.
    private mutating func moveUp(_ name: [CChar], from folder: Int32) throws(SystemError) {
        for _ in 0..<1_000 {
            moved += 1
            if renameat(folder, name, root, "removed-\(moved)") == 0 { return }
            guard errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR else { break }
        }
        throw SystemError("rename", path)
    }

    /// Some of the names in a folder, all of them when they are few; none when it is empty.
    private func names(in folder: Int32) throws(SystemError) -> [[CChar]] {
        // Reading moves the place of a descriptor: each pass begins anew with one of its own.
        let own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0, let stream = fdopendir(own) else {
            let error = SystemError("opendir", path)
            if own >= 0 { close(own) }
            throw error
        }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        errno = 0
        while names.count < Self.batch, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
            }
            if name != [46, 0] && name != [46, 46, 0] { names.append(name) }
        }
        guard errno == 0 || !names.isEmpty else { throw SystemError("readdir", path) }
        return names
    }
}
