import CPlatform
import Glibc

/// One control group: all processes that a run started, and the groups that these made below it.
struct ControlGroup: Hashable, Sendable {
    let path: String

    /// Kills all that is in it; answers false when nothing is, or when it is gone.
    func kill() throws(SystemError) -> Bool {
        guard try isPopulated() else { return false }
        do {
            try write("1", to: "cgroup.kill")
        } catch {
            // Kernels before 5.14 have no such file.
            guard error.number == ENOENT else { throw error }
            try signalEach()
        }
        return true
    }

    /// Removes it with the groups below it, which are all empty. One that is gone is as well.
    func remove() {
        for group in (try? below()) ?? [] { group.remove() }
        rmdir(path)
    }

    /// Whether there is a process in it or below it, as far as it is a group at all.
    private func isPopulated() throws(SystemError) -> Bool {
        guard let events = try read("cgroup.events") else { return false }
        return events.split(separator: "\n").contains("populated 1")
    }

    private func signalEach() throws(SystemError) {
        for group in try below() { try group.signalEach() }
        for process in try read("cgroup.procs")?.split(separator: "\n").compactMap({ pid_t($0) }) ?? [] where process > 0 {
            let descriptor = platform_pidfd_open(process)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // What the descriptor is of may have come by the number only now.
            guard try read("cgroup.procs")?.split(separator: "\n").contains("\(process)") == true else { continue }
            _ = platform_pidfd_signal(descriptor, SIGKILL)
        }
    }

    private func below() throws(SystemError) -> [ControlGroup] {
        guard let folder = opendir(path) else {
            if errno == ENOENT { return [] }
            throw SystemError("opendir", path)
        }
        defer { closedir(folder) }
        var groups: [ControlGroup] = []
        while let item = readdir(folder) {
            let name = item.name
            if item.pointee.d_type == UInt8(DT_DIR), !name.hasPrefix(".") { groups.append(ControlGroup(path: "\(path)/\(name)")) }
        }
        return groups
    }

    /// nil when there is no such group any more.
    private func read(_ name: String) throws(SystemError) -> String? {
        do {
            return try Files.read("\(path)/\(name)").map { String(decoding: $0, as: UTF8.self) }
        } catch {
            if error.number == ENODEV { return nil }
            throw error
        }
    }

    func write(_ text: String, to name: String) throws(SystemError) {
        let path = "\(path)/\(name)"
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        defer { close(file) }
        try Files.write(Array(text.utf8), to: file, path)
    }
}
