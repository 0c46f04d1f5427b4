import Glibc
import Synchronization

/// The tz database of this machine: the one place where the timetable touches the operating system.
///
/// Its folder is `TZDIR` if that is set, as for the C library, else the first usual one that exists.
final class ZoneDatabase: Sendable {
    static let system = ZoneDatabase()

    private let zones = Mutex<[String: Entry]>([:])
    /// Names that were asked for in vain.
    private let missing = Mutex<Set<String>>([])
    private let allNames = Mutex<[String]?>(nil)
    private let givenFolder: String?

    private struct Entry {
        let zone: Zone
        let stamp: Stamp
    }

    /// What tells that a file was written anew or replaced.
    private struct Stamp: Equatable {
        let device: UInt
        let inode: UInt
        let size: Int
        let modified: [Int]
        let changed: [Int]

        init(_ status: stat) {
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
            size = Int(status.st_size)
            modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
            changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }
    }

    /// `folder` is where the files are; nil looks for the machine's own whenever it is needed.
    init(folder: String? = nil) {
        givenFolder = folder
    }

    /// Reads the zone once; later calls answer from memory.
    ///
    /// Names that are no safe relative path are unknown.
    func zone(named name: String) throws(ZoneError) -> Zone {
        if let entry = zones.withLock({ $0[name] }) { return entry.zone }
        let entry: Entry
        do {
            entry = try load(name)
        } catch {
            missing.withLock { if $0.count < Self.mostMissing, name.utf8.count <= 100 { $0.insert(name) } }
            throw error
        }
        return zones.withLock { zones in
            let known = zones[name] ?? entry
            zones[name] = known
            return known.zone
        }
    }

    private static let mostMissing = 1_000

    /// Reads every zone in memory whose file changed anew.
    ///
    /// What is gone or broken stays as it was. Zones handed out before keep their old rules, and are no longer equal to the new ones.
    func reread() -> ZoneDatabaseNews {
        allNames.withLock { $0 = nil }
        var news = ZoneDatabaseNews()
        let folder = folder
        for (name, known) in zones.withLock({ $0 }) {
            var status = stat()
            if let folder, stat(folder + "/" + name, &status) == 0, Stamp(status) == known.stamp { continue }
            guard let entry = try? load(name) else {
                news.unusable.append(name)
                continue
            }
            zones.withLock { $0[name] = entry.zone == known.zone ? Entry(zone: known.zone, stamp: entry.stamp) : entry }
            if entry.zone != known.zone { news.renewed.append(name) }
        }
        for name in missing.withLock({ $0 }) where (try? load(name)) != nil {
            missing.withLock { _ = $0.remove(name) }
            news.renewed.append(name)
        }
        news.renewed.sort()
        news.unusable.sort()
        return news
    }

    private func load(_ name: String) throws(ZoneError) -> Entry {
        guard let folder else { throw .noDatabase(name) }
        guard Self.isSafe(name), let content = Self.content(of: folder + "/" + name) else {
            throw .unknown(name, near: names(near: name))
        }
        guard let file = TimeZoneFile(content.bytes), let rules = ZoneRules(name: name, file: file) else { throw .unreadable(name) }
        return Entry(zone: Zone(rules: rules), stamp: content.stamp)
    }

    /// Every zone that the database has, in alphabetical order; empty without a database.
    var names: [String] {
        allNames.withLock { known in
            if let known { return known }
            let found = folder.map { Self.entries(of: $0, below: "", depth: 0).sorted() } ?? []
            known = found
            return found
        }
    }

    private func names(near name: String) -> [String] {
        // `Etc/GMT+2` would be near, and lies west: there the sign is the other way round.
        if let offset = Zone.offsetMeant(by: name) { return [offset] }
        return nearNames(to: name, among: names + zoneAliases.keys.sorted())
    }

    var folder: String? {
        if let givenFolder { return Self.isFolder(givenFolder) ? givenFolder : nil }
        if let chosen = getenv("TZDIR") { return Self.isFolder(String(cString: chosen)) ? String(cString: chosen) : nil }
        return ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"].first(where: Self.isFolder)
    }

    /// Letters, digits, `_`, `+`, `-` and single inner solidi: nothing that could lead out of the folder.
    private static func isSafe(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return name.utf8.count <= 100 && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy(mayStandInName) }
    }

    private static func mayStandInName(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The whole file, if it is a regular one that begins like a TZif file and is not absurdly large.
    private static func content(of path: String) -> (bytes: [UInt8], stamp: Stamp)? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, (1...largestFile).contains(Int(status.st_size)) else {
            return nil
        }
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let taken = read(file, buffer.baseAddress?.advanced(by: count), size - count)
                if taken < 0, errno == EINTR { continue }
                guard taken > 0 else { break }
                count += taken
            }
        }
        return bytes.starts(with: "TZif".utf8) ? (bytes, Stamp(status)) : nil
    }

    private static let largestFile = 1 << 20

    /// Names of files below `folder`; the copies `posix/` and `right/` are left out.
    private static func entries(of folder: String, below prefix: String, depth: Int) -> [String] {
        guard depth < 4, let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) { String(cString: $0) }
            }
            guard isSafe(name), !["posix", "right", "localtime", "posixrules"].contains(name) else { continue }
            let path = folder + "/" + name
            if isFolder(path) {
                names += entries(of: path, below: prefix + name + "/", depth: depth + 1)
            } else if content(of: path) != nil {
                names.append(prefix + name)
            }
        }
        return names
    }
}

/// What is new in the tz database, by names of zones in alphabetical order.
package struct ZoneDatabaseNews: Hashable, Sendable {
    /// Zones whose rules changed, or that were asked for in vain and are there now.
    package var renewed: [String] = []
    /// Zones in use whose files are gone or broken; their rules stay what they were.
    package var unusable: [String] = []
}
