import Glibc

/// What lies in a folder and all below it, as far as it may concern jobs.
///
/// Symbolic links are followed; each folder is entered once, real paths before links. What is hidden, and what editors leave
/// behind (`x~`, `x.swp`, `x.tmp`), is passed over.
struct FolderWalk {
    enum Kind {
        case regular(FileStamp)
        /// A sentence that says why there is nothing to be read.
        case unusable(String)
    }

    let root: String
    /// Relative paths of files that are named like job files.
    private(set) var files: [(path: String, kind: Kind)] = []
    /// Relative paths of all folders; the root is the empty path.
    private(set) var folders: [String] = []
    /// Relative paths of folders of which nobody knows what they hold, each with the reason.
    private(set) var closed: [(path: String, reason: String)] = []
    private(set) var problems: [Problem] = []

    private let foldersOnly: Bool
    private var entered: Set<FolderIdentity> = []
    private var open: [(path: String, isLink: Bool)] = [("", false)]
    private var links: [(path: String, isLink: Bool)] = []

    private struct FolderIdentity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    /// Walks through `root`.
    /// - Parameter foldersOnly: Leave out the files, and with them nearly all of the work.
    init(root: String, foldersOnly: Bool = false) throws(JobFolderError) {
        self.root = root
        self.foldersOnly = foldersOnly
        try checkRoot()
        while let next = open.popLast() ?? links.popLast() {
            if !enter(next.path, isLink: next.isLink), next.path.isEmpty { throw .unreadable(root, closed.last?.reason ?? "") }
        }
    }

    /// The path as the user would write it.
    func shown(_ path: String) -> String { Self.shown(path, in: root) }

    static func shown(_ path: String, in root: String) -> String {
        path.isEmpty ? root : root.hasSuffix("/") ? root + path : root + "/" + path
    }

    static func isJobFile(_ name: String) -> Bool {
        name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json")
    }

    static func isPassedOver(_ name: String) -> Bool {
        name.hasPrefix(".") || name.hasSuffix("~") || name.hasSuffix(".swp") || name.hasSuffix(".tmp")
    }

    // MARK: Folders

    private func checkRoot() throws(JobFolderError) {
        var status = stat()
        guard stat(root, &status) == 0 else {
            let code = errno
            throw code == ENOENT ? .missing(root) : code == ENOTDIR ? .notAFolder(root) : .unreadable(root, systemMessage(code))
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notAFolder(root) }
    }

    /// Reads one folder; false when it cannot be read.
    private mutating func enter(_ path: String, isLink: Bool) -> Bool {
        guard let folder = opendir(shown(path)) else {
            closed.append((path, systemMessage()))
            problem(path, "this folder cannot be read (\(systemMessage())); the jobs in it stay as they were")
            return false
        }
        defer { closedir(folder) }
        var status = stat()
        fstat(dirfd(folder), &status)
        guard entered.insert(FolderIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))).inserted else {
            problem(path, "this link leads to a folder that is read already; it is read once", isLink ? .warning : .error)
            return true
        }
        folders.append(path)
        errno = 0
        while let entry = readdir(folder) {
            take(entry, in: path, dirfd(folder))
            errno = 0
        }
        guard errno == 0 else {
            closed.append((path, systemMessage()))
            problem(path, "this folder cannot be read to its end (\(systemMessage())); the jobs in it stay as they were")
            return false
        }
        return true
    }

    private mutating func take(_ entry: UnsafeMutablePointer<dirent>, in folder: String, _ descriptor: Int32) {
        guard let name = Self.name(of: entry) else {
            let raw = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !raw.hasPrefix("."), Self.isJobFile(raw) {
                problem(join(folder, raw.shortened), "the name of this file is not UTF-8 or holds control characters; rename it")
            }
            return
        }
        guard !Self.isPassedOver(name) else { return }
        let isJobFile = Self.isJobFile(name)
        switch Int(entry.pointee.d_type) {
        case Int(DT_REG) where !isJobFile || foldersOnly: return
        case Int(DT_DIR) where !isJobFile: open.append((join(folder, name), false))
        case Int(DT_FIFO) where !isJobFile, Int(DT_SOCK) where !isJobFile, Int(DT_CHR) where !isJobFile, Int(DT_BLK) where !isJobFile:
            return
        default: look(at: name, in: folder, descriptor, isLink: Int(entry.pointee.d_type) != Int(DT_DIR), isJobFile)
        }
    }

    // MARK: Files

    private mutating func look(at name: String, in folder: String, _ descriptor: Int32, isLink: Bool, _ isJobFile: Bool) {
        let path = join(folder, name)
        var status = stat()
        guard fstatat(descriptor, name, &status, 0) == 0 else {
            if isJobFile, errno != ENOENT || isDangling(name, descriptor) {
                files.append(
                    (path, .unusable(errno == ENOENT ? "this link leads nowhere" : "this file cannot be read (\(systemMessage()))")))
            }
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG where isJobFile: files.append((path, .regular(FileStamp(status))))
        case S_IFREG: break
        case S_IFDIR where !isJobFile: links.append((path, true))
        case S_IFDIR: files.append((path, .unusable("this is a folder, though its name ends like that of a job file; rename it")))
        default:
            if isJobFile { files.append((path, .unusable("this is no regular file (a pipe, socket or device); job files are"))) }
        }
    }

    private func isDangling(_ name: String, _ descriptor: Int32) -> Bool {
        var status = stat()
        let isThere = fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        errno = ENOENT
        return isThere
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            bytes.baseAddress.flatMap { String(validatingCString: $0.assumingMemoryBound(to: CChar.self)) }
        }
        guard let name, !name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return nil }
        return name
    }

    private func join(_ folder: String, _ name: String) -> String { folder.isEmpty ? name : folder + "/" + name }

    private mutating func problem(_ path: String, _ message: String, _ severity: Problem.Severity = .error) {
        problems.append(Problem(file: shown(path), severity: severity, message: message))
    }
}
