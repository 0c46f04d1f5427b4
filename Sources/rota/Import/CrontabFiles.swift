import Foundation
import JobFiles

/// The crontabs that a user names: files, standard input, and what of a folder cron reads.
struct CrontabFiles {
    /// A file of a folder that is not read, and why.
    struct LeftOut: Encodable {
        let file: String
        let why: String
        /// Whether it should have been read, and could not.
        let isUnreadable: Bool

        private enum CodingKeys: String, CodingKey { case file, why }
    }

    private(set) var sources: [CrontabImport.Source] = []
    private(set) var leftOut: [LeftOut] = []
    private let isSystem: Bool?
    private let owner: String?

    /// Reads them all, or none; what cannot be read in a folder is left out.
    /// - Parameters:
    ///   - isSystem: Whether lines name a user; nil goes by the path.
    ///   - owner: Whose they are if lines do not; nil goes by the path.
    /// - Throws: `CommandFailure` when one that was named cannot be read.
    init(_ paths: [String], isSystem: Bool?, owner: String?) throws {
        self.isSystem = isSystem
        self.owner = owner
        for path in paths {
            if path == "-" {
                sources.append(source("crontab", try Self.bytes(ofNamed: "standard input", STDIN_FILENO), path: nil))
            } else if Self.isFolder(path) {
                try readFolder(path)
            } else {
                try readFile(path)
            }
        }
    }

    /// A file that was named may be a pipe, such as a shell makes for `<(crontab -l)`.
    private mutating func readFile(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard file >= 0 else { throw Self.failure("the crontab \(path) cannot be read (\(Self.reason))") }
        defer { close(file) }
        sources.append(source(path, try Self.bytes(ofNamed: path, file), path: path))
    }

    private static func bytes(ofNamed name: String, _ file: Int32) throws -> [UInt8] {
        do throws(Unreadable) {
            return try bytes(of: file)
        } catch {
            throw failure("\(name) cannot be read (\(error.why))")
        }
    }

    private mutating func readFolder(_ path: String) throws {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw Self.failure("the folder \(path) cannot be read (\(Self.reason))")
        }
        for name in names.sorted() {
            let file = path.hasSuffix("/") ? path + name : path + "/" + name
            if let why = reasonToLeaveOut(name, file) {
                leftOut.append(LeftOut(file: file, why: why, isUnreadable: false))
                continue
            }
            do throws(Unreadable) {
                sources.append(source(file, try Self.bytes(ofRegular: file), path: file))
            } catch {
                leftOut.append(LeftOut(file: file, why: "it cannot be read (\(error.why))", isUnreadable: true))
            }
        }
    }

    /// Of what lies in a folder; opening does not wait, for the file may have become a pipe by now.
    private static func bytes(ofRegular path: String) throws(Unreadable) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else { throw Unreadable(why: errno == ENOENT && isLink(path) ? "it links to a file that is not there" : reason) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw Unreadable(why: "it is no regular file") }
        return try bytes(of: file)
    }

    /// In the spool a file bears the name of its user, in the folder of the system cron is choosier than elsewhere.
    private func reasonToLeaveOut(_ name: String, _ file: String) -> String? {
        var status = stat()
        if stat(file, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            return status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is a pipe, a socket or a device; name it alone to import it"
        }
        if isSystem ?? Self.isOfSystem(file) {
            let isFit = name.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_" || $0 == "-")
            }
            return isFit
                ? nil : "cron reads no file whose name has other characters than letters, digits, _ and -; name it alone to import it"
        }
        let isPassedOver = name.hasPrefix(".") || name.hasPrefix("#") || name.hasSuffix("~")
        return isPassedOver ? "cron passes over hidden files and copies of editors" : nil
    }

    private func source(_ shown: String, _ bytes: [UInt8], path: String?) -> CrontabImport.Source {
        let form: CrontabImport.Form = isSystem ?? path.map(Self.isOfSystem) ?? false ? .system : .user
        let owner = form == .system ? nil : owner ?? path.flatMap(Self.ownerInSpool)
        return CrontabImport.Source(file: shown, bytes: bytes, form: form, isFormGiven: isSystem != nil, owner: owner)
    }

    /// Whether the path is that of a crontab with users, on this machine or in a copy of another's /etc.
    private static func isOfSystem(_ path: String) -> Bool {
        let parts = parts(of: path)
        return parts.suffix(2) == ["etc", "crontab"] || parts.dropLast().last == "cron.d"
    }

    private static func ownerInSpool(_ path: String) -> String? {
        let parts = parts(of: path)
        guard let spool = parts.lastIndex(of: "cron"), spool > 0, parts[spool - 1] == "spool" else { return nil }
        let below = parts[(spool + 1)...].drop { $0 == "crontabs" || $0 == "tabs" }
        return below.count == 1 ? below.first : nil
    }

    private static func parts(of path: String) -> [String] {
        URL(fileURLWithPath: path).standardizedFileURL.path.split(separator: "/").map(String.init)
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func isLink(_ path: String) -> Bool {
        let before = errno
        defer { errno = before }
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    // MARK: Bytes

    private struct Unreadable: Error {
        let why: String
    }

    private static func bytes(of file: Int32) throws(Unreadable) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= largestSize {
            let count = read(file, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Unreadable(why: reason) }
            if count == 0 { return bytes }
            bytes += piece.prefix(count)
        }
        throw Unreadable(why: "it is larger than \(largestSize >> 20) MiB, which no crontab is")
    }

    private static let largestSize = 8 << 20

    private static var reason: String { String(cString: strerror(errno)) }

    private static func failure(_ message: String) -> CommandFailure { CommandFailure(.noJobsFolder, Terminal.oneLine(message)) }
}
