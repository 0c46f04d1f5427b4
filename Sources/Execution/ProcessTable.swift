import CPlatform
import Glibc

/// What /proc says of processes.
enum ProcessTable {
    struct Entry: Hashable {
        var pid: pid_t
        var parent: pid_t
        var session: pid_t
        /// In ticks since boot.
        var start: UInt64
        /// Ended, and only its parent can make it go.
        var isZombie: Bool
    }

    /// nil when there is no such process.
    static func entry(_ pid: pid_t) throws(SystemError) -> Entry? {
        let path = "/proc/\(pid)/stat"
        let bytes: [UInt8]?
        do {
            bytes = try Files.read(path, limit: 1024)
        } catch {
            // It went between open and read.
            if error.number == ESRCH { return nil }
            throw error
        }
        // Fields are counted after the name, which may hold blanks and brackets of its own: state, parent, group, session, … start.
        guard let bytes, let bracket = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(bracket + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let parent = pid_t(String(decoding: fields[1], as: UTF8.self)),
            let session = pid_t(String(decoding: fields[3], as: UTF8.self)),
            let start = UInt64(String(decoding: fields[19], as: UTF8.self))
        else { return nil }
        let isZombie = fields[0].first == UInt8(ascii: "Z") || fields[0].first == UInt8(ascii: "X")
        return Entry(pid: pid, parent: parent, session: session, start: start, isZombie: isZombie)
    }

    /// All processes that live now and that we may know of.
    static func all(_ entry: (pid_t) throws(SystemError) -> Entry? = entry) throws(SystemError) -> [Entry] {
        try every(entry).filter { !$0.isZombie }
    }

    /// These, and those that have ended and whose parents have not asked how.
    ///
    /// Where /proc hides those of other users (hidepid), those are not ours: only root can start anything as somebody else. `entry` says
    /// what is known of one.
    static func every(_ entry: (pid_t) throws(SystemError) -> Entry? = entry) throws(SystemError) -> [Entry] {
        guard let folder = opendir("/proc") else { throw SystemError("opendir", "/proc") }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while let item = readdir(folder) {
            guard let pid = pid_t(item.name) else { continue }
            do {
                guard let entry = try entry(pid) else { continue }
                entries.append(entry)
            } catch {
                guard error.number == EPERM || error.number == EACCES else { throw error }
            }
        }
        return entries
    }

    /// Whether the process was started with this variable; false when that may not be read, or it is gone.
    static func hasVariable(_ variable: String, _ pid: pid_t) throws(SystemError) -> Bool {
        do {
            let bytes = try Files.read("/proc/\(pid)/environ", limit: 4 << 20) ?? []
            return bytes.split(separator: 0).contains { $0.elementsEqual(variable.utf8) }
        } catch {
            // Without a descriptor to be had, nobody can say.
            if [EACCES, EPERM, ESRCH].contains(error.number) { return false }
            throw error
        }
    }

    /// A descriptor of exactly this process, nil when it is gone.
    static func open(_ pid: pid_t, start: UInt64) throws(SystemError) -> Int32? {
        let descriptor = platform_pidfd_open(pid)
        guard descriptor >= 0 else {
            if errno == ESRCH || errno == EINVAL { return nil }
            throw SystemError("pidfd_open", "\(pid)")
        }
        do {
            if try entry(pid)?.start == start { return descriptor }
        } catch {
            close(descriptor)
            throw error
        }
        close(descriptor)
        return nil
    }
}
