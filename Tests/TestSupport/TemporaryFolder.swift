import Foundation

/// A folder of a test's own, gone when the test lets go of it.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/rota-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
        path = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file below this folder at once (by rename), with an old time of change, so that nobody takes it for half-written.
    package func write(_ text: String, to name: String) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url, options: .atomic)
        try TemporaryFolder.settle(url.path)
    }

    /// Makes a file one that nobody takes for half-written: old, and open for writing nowhere.
    ///
    /// A child that another test is just starting holds, until it executes, a copy of whatever this process had open when it was made.
    package static func settle(_ path: String) throws {
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw CocoaError(.fileReadUnknown) }
        defer { close(file) }
        // F_SETLEASE of fcntl(2), which the Glibc module leaves out: refused while anybody has the file open for writing.
        let setLease: Int32 = 1024
        _ = wait { fcntl(file, setLease, F_RDLCK) == 0 }
        _ = fcntl(file, setLease, F_UNLCK)
    }

    package func read(_ name: String) throws -> String {
        try String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }

    package func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }
}
