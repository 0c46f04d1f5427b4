import Glibc
import JobFiles
import Timetable

/// What the machine says to a crontab: its zone, its cron, its users and programs.
enum CronHost {
    /// - Parameters:
    ///   - zone: What the user asks for instead of the machine's zone.
    ///   - cron: The same for its cron.
    /// - Throws: `CommandFailure` when there is no such zone, or when the machine does not tell its own.
    static func machine(zone: String?, cron: CronDialect?) throws -> CrontabMachine {
        CrontabMachine(
            zone: try zone.map { try self.zone(named: $0) } ?? ownZone(), dialect: cron ?? ownCron, home: home(ofUser: nil),
            homeOfUser: { home(ofUser: $0) }, isProgram: isProgram)
    }

    /// nil for a user that is not known; nil as the user is who runs this.
    static func home(ofUser user: String?) -> String? {
        guard let entry = user.map({ getpwnam($0) }) ?? getpwuid(geteuid()), let folder = entry.pointee.pw_dir else { return nil }
        let path = String(cString: folder)
        return path.hasPrefix("/") ? path : nil
    }

    private static func isProgram(_ word: String) -> Bool {
        let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        return !word.isEmpty && !word.contains("/") && folders.contains { access("\($0)/\(word)", X_OK) == 0 }
    }

    private static var ownCron: CronDialect {
        if access("/usr/sbin/cron", F_OK) == 0 { return .vixie }
        if access("/usr/sbin/crond", F_OK) == 0 { return .cronie }
        return access("/etc/debian_version", F_OK) == 0 ? .vixie : .cronie
    }

    // MARK: Zone

    private static func zone(named name: String) throws -> Zone {
        do throws(ZoneError) {
            return try Zone(named: name)
        } catch {
            throw CommandFailure(.usage, error.message)
        }
    }

    /// The one that /etc/localtime points to, else that of /etc/timezone; UTC on a machine that has neither.
    private static func ownZone() throws -> Zone {
        if let name = linkedZone ?? writtenZone, let zone = try? Zone(named: name) { return zone }
        guard access("/etc/localtime", F_OK) != 0 else {
            throw CommandFailure(
                .usage, "the zone of this machine has no name that is known; say it with --zone, for example Europe/Berlin")
        }
        return .utc
    }

    private static var linkedZone: String? {
        guard let path = realpath("/etc/localtime", nil) else { return nil }
        defer { free(path) }
        // The link as it is written says `Europe/Berlin` where the file behind it may bear another name.
        return zoneName(inPath: link("/etc/localtime") ?? "") ?? zoneName(inPath: String(cString: path))
    }

    private static func link(_ path: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = bytes.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { readlink(path, $0.assumingMemoryBound(to: CChar.self), buffer.count) } ?? 0
        }
        return length > 0 ? String(decoding: bytes.prefix(length), as: UTF8.self) : nil
    }

    private static func zoneName(inPath path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let folder = parts.lastIndex(of: "zoneinfo") else { return nil }
        let name = parts[(folder + 1)...].drop { $0 == "posix" || $0 == "right" }
        return name.isEmpty ? nil : name.joined(separator: "/")
    }

    private static var writtenZone: String? {
        guard let file = fopen("/etc/timezone", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let name = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).filter { !$0.isWhitespace }
        return name.isEmpty ? nil : name
    }
}
