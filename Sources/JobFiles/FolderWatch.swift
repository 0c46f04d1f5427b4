import CPlatform
import Glibc
import Synchronization

/// Tells when something in a jobs folder changes, without waiting: a descriptor to poll, and `drain()` to ask what it was.
///
/// Watched are the folder, all folders below it, and the names through which its path leads, so that a folder replaced by a rename
/// or by switching a symbolic link is noticed too. What happens before a new folder is watched is found by the reading
/// that follows. A file system of another machine may tell nothing; look at the folder from time to time as well.
package final class FolderWatch: Sendable {
    /// Readable (poll, epoll) when there is something to drain.
    package let descriptor: Int32
    private let path: String
    private let state: Mutex<State>

    package struct Changes: Hashable, Sendable {
        /// Whether the folder is to be looked at.
        package var changed: Bool
        /// Paths of files that were written to and not closed yet.
        package var dirty: Set<String>

        package init(changed: Bool = false, dirty: Set<String> = []) {
            self.changed = changed
            self.dirty = dirty
        }
    }

    private struct State {
        /// Watched folders by their relative path.
        var folders: [Int32: String] = [:]
        /// Names that matter in folders above.
        var anchors: [Int32: Set<String>] = [:]
        var dirty: Set<String> = []
        var complaint: JobFolderError?
    }

    /// Begins to watch; whatever changes from now on will be told.
    ///
    /// The folder itself may be missing yet.
    package init(path: String) throws(JobFolderError) {
        self.path = path
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        state = Mutex(State())
        guard descriptor >= 0 else { throw .unwatchable(path, systemMessage()) }
        state.withLock { watchAll(&$0) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Why not all folders are watched; nil when they are.
    package var complaint: JobFolderError? { state.withLock { $0.complaint } }

    /// Takes everything that happened since the last call; returns at once.
    package func drain() -> Changes {
        state.withLock { state in
            var step = Step()
            readEvents { event, name in take(event, name, &state, &step) }
            if step.isStructural { watchAll(&state) }
            return Changes(changed: step.changed || step.isStructural, dirty: state.dirty)
        }
    }

    // MARK: Events

    private struct Step {
        var changed = false
        /// Folders came or went.
        var isStructural = false
    }

    /// Reads what there is, up to a bound: whoever makes events faster than they are read must not keep us here. The rest stays readable.
    private func readEvents(_ body: (inotify_event, String) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
            for _ in 0..<256 {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                var offset = 0
                while offset < count {
                    let event = buffer.load(fromByteOffset: offset, as: inotify_event.self)
                    let start = offset + MemoryLayout<inotify_event>.size
                    let name = buffer[start..<start + Int(event.len)].prefix { $0 != 0 }
                    body(event, String(decoding: name, as: UTF8.self))
                    offset = start + Int(event.len)
                }
            }
        }
    }

    private func take(_ event: inotify_event, _ name: String, _ state: inout State, _ step: inout Step) {
        let mask = Int32(bitPattern: event.mask)
        if mask & IN_Q_OVERFLOW != 0 {
            state.dirty = []
            step.isStructural = true
            return
        }
        if state.anchors[event.wd]?.contains(name) == true, mask & (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB) == 0 {
            step.isStructural = true
        }
        guard let folder = state.folders[event.wd] else { return }
        if mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) != 0 || name.isEmpty {
            step.isStructural = true
            return
        }
        if !["~", ".swp", ".tmp"].contains(where: name.hasSuffix) { take(name, in: folder, mask, &state, &step) }
    }

    private func take(_ name: String, in folder: String, _ mask: Int32, _ state: inout State, _ step: inout Step) {
        let isPresence = mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO) != 0
        guard FolderWalk.isJobFile(name) || NamedCalendars.isCalendar(name), !name.hasPrefix(".") else {
            // A folder, or a link that may lead to one, or through which others lead.
            if isPresence || mask & IN_ATTRIB != 0 && mask & IN_ISDIR != 0 { step.isStructural = true }
            return
        }
        let shown = FolderWalk.shown(folder.isEmpty ? name : folder + "/" + name, in: path)
        if mask & IN_MODIFY != 0 {
            state.dirty.insert(shown)
        } else {
            if mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO) != 0 { state.dirty.remove(shown) }
            step.changed = true
        }
    }

    // MARK: Watches

    private static let mask =
        UInt32(bitPattern: IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
        | UInt32(bitPattern: IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF) | UInt32(IN_ONLYDIR)

    /// Above the job files only coming and going matters: whoever writes a log there all day must not wake us. Added to what is watched
    /// already, for a folder may be both.
    private static let anchorMask =
        UInt32(bitPattern: IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
        | UInt32(IN_ONLYDIR) | UInt32(IN_MASK_ADD)

    /// Makes the watches what the folders are now.
    private func watchAll(_ state: inout State) {
        let before = Set(state.folders.keys).union(state.anchors.keys)
        state.folders = [:]
        state.anchors = [:]
        state.complaint = nil
        for anchor in Self.anchors(of: path) {
            if let watch = watch(anchor.folder, Self.anchorMask, &state) { state.anchors[watch, default: []].insert(anchor.name) }
        }
        // A folder made while its parent was being read is told by the watch on the parent, which was added first.
        var known: Set<String> = []
        while let walk = try? FolderWalk(root: path, foldersOnly: true), case let new = walk.folders.filter({ known.insert($0).inserted }),
            !new.isEmpty
        {
            for folder in new {
                if let watch = watch(walk.shown(folder), Self.mask, &state) { state.folders[watch] = folder }
            }
        }
        for gone in before where state.folders[gone] == nil && state.anchors[gone] == nil { inotify_rm_watch(descriptor, gone) }
    }

    private func watch(_ folder: String, _ mask: UInt32, _ state: inout State) -> Int32? {
        let watch = inotify_add_watch(descriptor, folder, mask)
        if watch < 0, errno == ENOSPC || errno == ENOMEM {
            state.complaint = .unwatchable(path, errno == ENOSPC ? "there are more folders than one user may watch" : systemMessage())
        }
        return watch < 0 ? nil : watch
    }

    /// The names, each in its folder, whose replacement would make `path` lead elsewhere: its last one and each link on the way.
    private static func anchors(of path: String, depth: Int = 0) -> [(folder: String, name: String)] {
        guard depth < 16 else { return [] }
        var anchors: [(folder: String, name: String)] = []
        var folder = path.hasPrefix("/") ? "/" : "."
        let names = path.split(separator: "/").map(String.init)
        for (index, name) in names.enumerated() {
            let whole = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            let target = link(at: whole)
            if index == names.count - 1 || target != nil { anchors.append((folder, name)) }
            if let target { anchors += Self.anchors(of: target.hasPrefix("/") ? target : folder + "/" + target, depth: depth + 1) }
            folder = whole
        }
        return anchors
    }

    /// Where a symbolic link leads; nil for anything else.
    private static func link(at path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink(path, &bytes, Int(PATH_MAX))
        return count > 0 ? String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}
