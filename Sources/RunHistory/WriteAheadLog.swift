import Foundation
import Scheduling

/// The write-ahead log beside a ledger: how long it is, and who keeps it from being folded in.
package struct WriteAheadLog: Hashable, Sendable, Encodable {
    package let bytes: Int64
    /// The processes that read an old state of the ledger at this moment.
    package let readers: [Int32]

    /// So many bytes come together under load; more mean that somebody reads for long.
    package static let usual: Int64 = 64 << 20

    /// - Parameter path: That of the ledger.
    package init(of path: String) {
        bytes = FileIdentity.size(of: path + "-wal") ?? 0
        readers = bytes > Self.usual ? Self.readers(of: path) : []
    }

    package var isLong: Bool { bytes > Self.usual }

    /// `write-ahead log 3.9 MiB`; of a long one also who is in its way, and what to do.
    package var words: String {
        let size = "write-ahead log \(bytes.bytes)"
        guard isLong else { return size }
        guard !readers.isEmpty else {
            return size + ": nobody reads it for long; it is folded in within seconds, or the log of `rota serve` says why not"
        }
        return size + ": it cannot be folded in while \(Self.words(readers)) reads the ledger in one transaction; end that"
    }

    /// Who reads the ledger at `path` at this moment: `process 4711 (sqlite3)`.
    static func readerWords(of path: String) -> String {
        let readers = readers(of: path)
        return readers.isEmpty ? "somebody" : words(readers)
    }

    private static func words(_ processes: [Int32]) -> String {
        processes.map { "process \($0)\(name(of: $0).map { " (\($0))" } ?? "")" }.joined(separator: " and ")
    }

    /// A reader holds one of five marks of the log's index; the kernel's list of locks tells who.
    private static func readers(of path: String) -> [Int32] {
        guard let index = FileIdentity.number(of: path + "-shm"), let locks = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return [] }
        let marks: ClosedRange<Int64> = 123...127
        var found: Set<Int32> = []
        for line in locks.split(separator: "\n") {
            // 1: POSIX  ADVISORY  READ 1234 fe:01:5678 124 124
            let words = line.split(separator: " ")
            guard words.count >= 8, words[1] == "POSIX", let pid = Int32(words[4]), pid > 0,
                words[5].split(separator: ":").last.flatMap({ UInt64($0) }) == index,
                let first = Int64(words[6]), first <= marks.upperBound, (Int64(words[7]) ?? .max) >= marks.lowerBound
            else { continue }
            found.insert(pid)
        }
        return found.sorted()
    }

    private static func name(of pid: Int32) -> String? {
        (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.split(separator: "\n").first.map(String.init)
    }
}
