import CPlatform
import Glibc

/// The file system that a folder lies on, as far as the state of a scheduler depends on it.
package struct FileSystem: Hashable, Sendable {
    package enum Locks: Hashable, Sendable {
        /// Tried: what one has, another does not get.
        case hold
        /// In words: two schedulers could hold the folder at once.
        case fail(String)
        /// Could not be tried; in words.
        case untried(String)
    }

    /// `ext`, `xfs`, `tmpfs`, `nfs`; one that we have no name for by its number: `0x1badface`.
    package let type: String
    /// On another machine, or where nobody can tell (fuse).
    package let isNetwork: Bool
    /// Gone with the next boot.
    package let isVolatile: Bool
    package let isReadOnly: Bool
    /// Bytes.
    package let size: Int64
    /// Bytes that this user, who may be root or not, can count on.
    package let free: Int64
    /// How many more files it has room for; nil where that is not counted.
    package let freeFiles: Int64?
    package let locks: Locks

    /// Finds out about `folder`, which exists; locks are tried with a file that is made and removed there.
    package init(of folder: String) throws(DaemonError) {
        var facts = platform_file_system()
        guard platform_file_system(folder, &facts) == 0 else { throw .system(what: "look at the file system of \(folder)", errno: errno) }
        let known = Self.known[facts.type]
        type = known?.name ?? "0x" + String(facts.type, radix: 16)
        isNetwork = known?.kind == .network
        isVolatile = known?.kind == .memory
        isReadOnly = facts.is_read_only != 0
        size = Int64(clamping: facts.blocks.multipliedReportingOverflow(by: facts.block_size).partialValue)
        free = Int64(clamping: facts.free_blocks.multipliedReportingOverflow(by: facts.block_size).partialValue)
        freeFiles = facts.files == 0 ? nil : Int64(clamping: facts.free_files)
        locks = Self.tryLocks(in: folder)
    }

    /// What is to be said of it when a scheduler starts there; nil when there is nothing.
    package var warning: String? {
        guard isNetwork else { return nil }
        return "it is on \(type): when the network hangs, nothing is launched, and a lock that its server forgets lets a second one in; "
            + "a disk of this machine is the better place"
    }

    private enum Kind { case disk, memory, network }

    /// By `f_type` of statfs(2); what is not here is taken for a disk.
    private static let known: [UInt32: (name: String, kind: Kind)] = [
        0xEF53: ("ext", .disk), 0x5846_5342: ("xfs", .disk), 0x9123_683E: ("btrfs", .disk), 0xF2F5_2010: ("f2fs", .disk),
        0x2FC1_2FC1: ("zfs", .disk), 0x794C_7630: ("overlay", .disk), 0x4D44: ("vfat", .disk), 0x2011_BAB0: ("exfat", .disk),
        0x0102_1994: ("tmpfs", .memory), 0x8584_58F6: ("ramfs", .memory),
        0x6969: ("nfs", .network), 0x517B: ("smb", .network), 0xFF53_4D42: ("cifs", .network), 0xFE53_4D42: ("smb2", .network),
        0x6573_5546: ("fuse", .network), 0x0102_1997: ("9p", .network), 0x00C3_6400: ("ceph", .network),
        0x0BD0_0BD0: ("lustre", .network), 0x4750_4653: ("gpfs", .network), 0x7461_636F: ("ocfs2", .network),
        0x0116_1970: ("gfs2", .network), 0x5346_414F: ("afs", .network), 0x1983_0326: ("beegfs", .network),
        0x7375_7245: ("coda", .network), 0x564C: ("ncp", .network),
    ]

    /// Two descriptors of one file, each with a lock of its own: the second must not get what the first has, and both kinds of locks are in
    /// use (ours, and those of SQLite).
    private static func tryLocks(in folder: String) -> Locks {
        // By chance, not by our number: a scheduler in another container, on the same volume, may have the same one.
        let path = folder + "/lock.trial-" + String(UInt64.random(in: .min ... .max), radix: 16)
        let first = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard first >= 0 else { return .untried(text(errno)) }
        defer {
            close(first)
            unlink(path)
        }
        let second = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard second >= 0 else { return .untried(text(errno)) }
        defer { close(second) }
        for (name, lock) in [("flock", platform_lock), ("fcntl", platform_lock_record)] {
            guard lock(first) == 0 else { return .fail("\(name): \(text(errno))") }
            guard lock(second) != 0 else { return .fail("\(name): two got one lock") }
            guard errno == EAGAIN || errno == EACCES else { return .fail("\(name): \(text(errno))") }
        }
        return .hold
    }

    private static func text(_ number: Int32) -> String { String(cString: strerror(number)) }
}

extension StateFolder {
    /// What the file system of `folder` is and can do, whether a scheduler runs there or not.
    package static func fileSystem(of folder: String) throws(DaemonError) -> FileSystem { try FileSystem(of: absolute(folder)) }
}
