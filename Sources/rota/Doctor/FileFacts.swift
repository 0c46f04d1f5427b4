import Execution
import Glibc

/// What a file is to those who may meet it.
struct FileFacts: Sendable {
    let owner: UInt32
    let mode: UInt32
    let size: Int64
    let isFolder: Bool
    /// In seconds since 1970.
    let modified: Int

    /// - Parameter number: Why there is nothing to be known, as `errno`.
    static func of(_ path: String) -> Result<FileFacts, Missing> {
        var status = stat()
        guard stat(path, &status) == 0 else { return .failure(Missing(number: errno)) }
        return .success(
            FileFacts(
                owner: status.st_uid, mode: status.st_mode & 0o7777, size: Int64(status.st_size),
                isFolder: status.st_mode & S_IFMT == S_IFDIR, modified: status.st_mtim.tv_sec))
    }

    struct Missing: Error {
        let number: Int32

        var isAbsent: Bool { number == ENOENT }
        var words: String { String(cString: strerror(number)) }
    }

    var ownerName: String { User.name(of: owner) }
    var isOurs: Bool { owner == geteuid() }
    /// Octal digits, as `chmod` takes them.
    var modeText: String { "0" + String(mode, radix: 8) }

    static func isWritable(_ path: String) -> Bool { access(path, W_OK | X_OK) == 0 }
    static func isUsable(_ path: String) -> Bool { access(path, R_OK | W_OK) == 0 }
    static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }
}

enum User {
    static var isRoot: Bool { geteuid() == 0 }
    static var name: String { name(of: geteuid()) }
    static var submitter: SlurmDemand.Submitter { SlurmDemand.Submitter(name: name, isRoot: isRoot) }

    static func name(of number: UInt32) -> String {
        guard let entry = getpwuid(number) else { return "user \(number)" }
        return String(cString: entry.pointee.pw_name)
    }
}
