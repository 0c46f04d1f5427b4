import CPlatform
import Glibc

/// What may be removed of a run that has ended.
package enum RunData: Hashable, Sendable {
    /// `stdout*`, `stderr*` and `index`; the rest of the run's folder stays.
    case output
    /// The folder, and those that had its name before it.
    case everything
}

extension RunFolder {
    /// Removes it; what is not there is removed already, so that it can be asked for again after a crash.
    ///
    /// - Throws: also while somebody holds the claim: what a living keeper writes is not taken from under it.
    func remove(_ data: RunData, while goesOn: @escaping () -> Bool = { true }) throws(SystemError) {
        switch data {
        case .output: try removeOutput()
        case .everything:
            try removeReplaced(while: goesOn)
            try removeFolder(while: goesOn)
        }
    }

    /// Removes what a removal that was cut off left under another name, as `names(in:)` tells it; nothing else is touched.
    package static func finishRemoval(of name: String, in runs: String) throws(SystemError) {
        guard name.hasSuffix(".removed") else { return }
        try FolderTree.remove("\(runs)/\(name)")
    }

    private func removeOutput() throws(SystemError) {
        try Self.refuseHeld(path)
        guard let folder = opendir(path) else {
            if errno == ENOENT { return }
            throw SystemError("opendir", path)
        }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = entry.name
            guard Self.isOutput(name) else { continue }
            guard unlinkat(dirfd(folder), name, 0) == 0 || errno == ENOENT else { throw SystemError("unlink", "\(path)/\(name)") }
        }
        DurableStep.outputRemoved.passed()
    }

    static func isOutput(_ name: String) -> Bool {
        name == "index" || OutputReader.Stream.allCases.contains { name == $0.name || name.hasPrefix($0.name + "-") }
    }

    /// In one step it is gone for everybody who looks; then its files go one by one. After a crash in between they are found by the name
    /// that they have then.
    private func removeFolder(while goesOn: @escaping () -> Bool) throws(SystemError) {
        let goingName = "\(path).removed"
        try FolderTree.remove(goingName, while: goesOn)
        try Self.refuseHeld(path)
        guard rename(path, goingName) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("rename", path)
        }
        DurableStep.folderRenamed.passed()
        try FolderTree.remove(goingName, while: goesOn)
        DurableStep.folderRemoved.passed()
    }

    /// The last one first: they are found by counting up to the first that is not there.
    private func removeReplaced(while goesOn: @escaping () -> Bool) throws(SystemError) {
        var count = 0
        while Files.exists("\(path).replaced-\(count + 1)") { count += 1 }
        for number in (0..<count).reversed() {
            let name = "\(path).replaced-\(number + 1)"
            try Self.refuseHeld(name)
            try FolderTree.remove(name, while: goesOn)
        }
    }

    /// The lock alone tells: whether the claim can be read does not matter.
    private static func refuseHeld(_ folder: String) throws(SystemError) {
        let path = "\(folder)/claim"
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return }
            throw SystemError("open", path)
        }
        defer { close(file) }
        switch platform_lock_is_held(file) {
        case 0: return
        case 1: throw SystemError("remove", folder, EBUSY)
        default: throw SystemError("flock", path)
        }
    }
}
