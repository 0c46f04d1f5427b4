import Daemon
import Foundation
import Scheduling

/// The file system of the state folder keeps a second scheduler off, outlives a boot and has room.
struct FileSystemCheck: Check {
    private let name = "state.filesystem"

    func findings(_ premises: Premises) -> [Finding] {
        let path = premises.stateFolder
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        do {
            let facts = try StateFolder.fileSystem(of: path)
            return [kind(facts, path), locks(facts, path), space(facts), files(facts)].compactMap(\.self)
        } catch {
            return [.error(name, "\(error)", "run this as the user who runs the scheduler")]
        }
    }

    private func kind(_ facts: FileSystem, _ path: String) -> Finding {
        if facts.isReadOnly {
            return .error(
                name, "\(path) is mounted read-only (\(facts.type)): nothing can be launched", "mount it writable, or look at `dmesg`")
        }
        if facts.isNetwork, let warning = facts.warning {
            return .warning(name, warning, "name a folder on a disk of this machine with --state")
        }
        if facts.isVolatile {
            return .warning(
                name, "it is in memory (\(facts.type)): a boot forgets all runs, and what was due meanwhile",
                "name a folder on a disk with --state, unless that is what you want")
        }
        return .ok(name, facts.type)
    }

    private func locks(_ facts: FileSystem, _ path: String) -> Finding {
        switch facts.locks {
        case .hold: .ok("state.locks", "what one process has, another does not get")
        case .fail(let detail):
            .error(
                "state.locks", "locks do not work there (\(detail)): a second scheduler could not be kept off",
                "name a folder on a disk of this machine with --state, or mount \(path) with locks")
        case .untried(let detail):
            .warning("state.locks", "locks could not be tried (\(detail))", "run this as the user who runs the scheduler")
        }
    }

    private func space(_ facts: FileSystem) -> Finding {
        let text = "\(facts.free.bytes) free of \(facts.size.bytes)"
        let advice = "make room: nothing is launched when no intent can be written; look at `du -sh` of runs/"
        if facts.free < 16 << 20 { return .error("state.space", text, advice) }
        if facts.free < 512 << 20 || facts.free < facts.size / 50 { return .warning("state.space", text, advice) }
        return .ok("state.space", text)
    }

    /// A run has about ten files.
    private func files(_ facts: FileSystem) -> Finding? {
        guard let free = facts.freeFiles else { return nil }
        let text = "room for \(free) more files"
        let advice = "remove files there; each run has about ten"
        if free < 1_000 { return .error("state.files", text, advice) }
        return free < 100_000 ? .warning("state.files", text, advice) : .ok("state.files", text)
    }
}
