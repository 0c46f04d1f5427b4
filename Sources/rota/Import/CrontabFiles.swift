import Foundation
import JobFiles

/// The crontabs that a user names: files, standard input, and what of a folder cron reads.
struct CrontabFiles {
    /// A file of a folder that is not read, and why.
    struct LeftOut: Encodable {
        let file: String
        let why: String
    }

    private(set) var sources: [CrontabImport.Source] = []
    private(set) var leftOut: [LeftOut] = []
    private let isSystem: Bool?
    private let owner: String?

    /// Reads them all, or none.
    /// - Parameters:
    ///   - isSystem: Whether lines name a user; nil goes by the path.
    ///   - owner: Whose they are if lines do not; nil goes by the path.
    /// - Throws: `CommandFailure` when one cannot be read.
    init(_ paths: [String], isSystem: Bool?, owner: String?) throws {
        self.isSystem = isSystem
        self.owner = owner
        for path in paths {
            if path == "-" {
                sources.append(source("crontab", try Self.bytes(of: .standardInput, "standard input"), path: nil))
            } else if Self.isFolder(path) {
                try readFolder(path)
            } else {
                try readFile(path)
            }
        }
    }

    private mutating func readFile(_ path: String) throws {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(.noJobsFolder, "the crontab \(path) cannot be read (\(String(cString: strerror(errno))))")
        }
        sources.append(source(path, try Self.bytes(of: file, path), path: path))
    }

    private mutating func readFolder(_ path: String) throws {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw CommandFailure(.noJobsFolder, "the folder \(path) cannot be read (\(String(cString: strerror(errno))))")
        }
        for name in names.sorted() {
            let file = path.hasSuffix("/") ? path + name : path + "/" + name
            if let why = reasonToLeaveOut(name, file) {
                leftOut.append(LeftOut(file: file, why: why))
            } else {
                try readFile(file)
            }
        }
    }

    /// In the spool a file bears the name of its user, in the folder of the system cron is choosier than elsewhere.
    private func reasonToLeaveOut(_ name: String, _ file: String) -> String? {
        if Self.isFolder(file) { return "it is a folder" }
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

    private static func bytes(of file: FileHandle, _ name: String) throws -> [UInt8] {
        var data = Data()
        do {
            while data.count <= largestSize, let piece = try file.read(upToCount: 1 << 16), !piece.isEmpty { data.append(piece) }
        } catch {
            throw CommandFailure(.noJobsFolder, "\(name) cannot be read (\(String(cString: strerror(errno))))")
        }
        guard data.count <= largestSize else {
            throw CommandFailure(.noJobsFolder, "\(name) is larger than \(largestSize >> 20) MiB, which no crontab is")
        }
        return Array(data)
    }

    private static let largestSize = 8 << 20
}
