import Glibc
import Synchronization
internal import Timetable

/// The calendars that jobs except: each file is looked at once a reading, and read and parsed once for each zone, however many jobs
/// name it.
package final class Calendars: Sendable {
    private let state: Mutex<State>
    /// The time of the reading; nil when files that may be half-written are read all the same.
    private let now: Instant?
    /// Files with a write in progress.
    private let dirty: Set<FileIdentity>

    typealias Parsed = Result<HolidayCalendar, CalendarFileError.Fault>

    /// What a path led to when it was looked at.
    enum Sight: Hashable, Sendable {
        case file(FileStamp)
        case fault(CalendarFileError.Fault)
        /// It was put off, and is still to be taken.
        case awaited
    }

    /// What one reading of a folder leaves to the next.
    struct Known: Sendable {
        /// By the paths that job files name.
        var sights: [String: Sight] = [:]
        fileprivate var parsed: [Key<FileStamp>: Parsed] = [:]

        /// With the files still to be read: the rules of zones have changed in which their times may stand.
        var unread: Known { Known(sights: sights) }

        /// Without what stands at none of `paths` any more.
        func kept(_ paths: Set<String>) -> Known {
            let sights = sights.filter { paths.contains($0.key) }
            let seen = Set(sights.values)
            return Known(sights: sights, parsed: parsed.filter { seen.contains(.file($0.key.source)) })
        }
    }

    fileprivate struct Key<Source: Hashable & Sendable>: Hashable, Sendable {
        let source: Source
        let zone: Zone
    }

    private struct FileIdentity: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private struct State {
        var known: Known
        /// Paths looked at in this reading.
        var seen: Set<String> = []
        var lookAgain: Instant?
        /// Calendars that stand in job files themselves.
        var texts: [Key<String>: Result<HolidayCalendar, HolidayFileError>] = [:]
    }

    /// For reading once: whatever stands in the files now.
    package convenience init() { self.init(known: Known(), now: nil, dirty: []) }

    /// For a reading of a folder.
    /// - Parameters:
    ///   - now: By the wall clock; nil when files that may be half-written are to be read as they are.
    ///   - dirty: Paths of files with a write in progress.
    init(known: Known, now: Instant?, dirty: Set<String>) {
        state = Mutex(State(known: known))
        self.now = now
        self.dirty = Set(
            dirty.compactMap { path in
                guard NamedCalendars.isCalendar(path), case .file(let stamp) = Sight(of: path) else { return nil }
                return FileIdentity(device: stamp.device, inode: stamp.inode)
            })
    }

    /// What the next reading is to know.
    var known: Known { state.withLock { $0.known } }

    /// When to look again at files that were put off.
    var lookAgain: Instant? { state.withLock { $0.lookAgain } }

    /// Looks at all files that were known before this reading, and returns the paths of those that can be taken anew.
    func changed() -> Set<String> {
        state.withLock { state in
            let before = state.known.sights
            return Set(before.keys.filter { path in look(at: path, &state) != .awaited && state.known.sights[path] != before[path] })
        }
    }

    /// The calendar in the file at `path`; nil when the file is put off.
    func calendar(at path: String, zone: Zone) -> Parsed? {
        state.withLock { state in
            switch look(at: path, &state) {
            case .awaited: nil
            case .fault(let fault): .failure(fault)
            case .file(let stamp): calendar(at: path, Key(source: stamp, zone: zone), &state)
            }
        }
    }

    func calendar(text: String, zone: Zone) throws(HolidayFileError) -> HolidayCalendar {
        let key = Key(source: text, zone: zone)
        return try state.withLock { state in
            if let known = state.texts[key] { return known }
            let read = Result { () throws(HolidayFileError) in try HolidayCalendar(parsing: Array(text.utf8), zone: zone) }
            state.texts[key] = read
            return read
        }.get()
    }

    // MARK: Files

    private func look(at path: String, _ state: inout State) -> Sight {
        if !state.seen.insert(path).inserted, let sight = state.known.sights[path] { return sight }
        var sight = Sight(of: path)
        if let now, case .file(let stamp) = sight, sight != state.known.sights[path] {
            let isDirty = dirty.contains(FileIdentity(device: stamp.device, inode: stamp.inode))
            if let ready = isDirty ? now + .seconds(1) : stamp.settles(after: now) { sight = putOff(until: ready, &state) }
        }
        state.known.sights[path] = sight
        return sight
    }

    private func putOff(until ready: Instant, _ state: inout State) -> Sight {
        state.lookAgain = min(state.lookAgain ?? ready, ready)
        return .awaited
    }

    private func calendar(at path: String, _ key: Key<FileStamp>, _ state: inout State) -> Parsed? {
        if let parsed = state.known.parsed[key] { return parsed }
        let parsed: Parsed
        switch FileBytes(path: path, mindsWriters: now != nil) {
        case .unusable(.unreadable(let why), _) where why != systemMessage(EACCES):
            // The reason may pass without a trace on the file: the next reading tries again.
            state.known.sights[path] = .fault(.unusable(.unreadable(why)))
            return .failure(.unusable(.unreadable(why)))
        case .unusable(let fault, _): parsed = .failure(.unusable(fault))
        case .bytes(let bytes, let stamp) where stamp == key.source || now == nil:
            parsed = Result { () throws(HolidayFileError) in try HolidayCalendar(parsing: bytes, zone: key.zone) }.mapError { .broken($0) }
        case .bytes, .beingWritten:
            guard let now else { return .failure(.unusable(.unreadable("it is being written; try again"))) }
            state.known.sights[path] = putOff(until: now + FileStamp.settling, &state)
            return nil
        }
        state.known.parsed[key] = parsed
        return parsed
    }
}

extension Calendars.Sight {
    fileprivate init(of path: String) {
        var status = stat()
        if stat(path, &status) != 0 {
            self = .fault(errno == ENOENT || errno == ENOTDIR ? .missing : .unusable(.unreadable(systemMessage())))
        } else {
            self = status.st_mode & S_IFMT == S_IFREG ? .file(FileStamp(status)) : .fault(.unusable(.notRegular))
        }
    }
}
