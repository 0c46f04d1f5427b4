import Glibc
import TestSupport
import Testing
import Timetable

@testable import Execution

/// The last lines of an output, found from its end.
@Suite(.timeLimit(.minutes(2))) struct OutputTailTests {
    let place: Place
    let folder: RunFolder

    init() throws {
        place = try Place()
        folder = place.folder("t-1")
        _ = try Files.makeFolder(folder.path, mode: 0o700)
    }

    private struct Piece {
        let stream: OutputReader.Stream
        let bytes: [UInt8]

        init(_ stream: OutputReader.Stream, _ text: String) {
            self.stream = stream
            bytes = Array(text.utf8)
        }
    }

    /// Writes the files that a keeper would have, `partSize` bytes of a stream in each.
    private func write(_ pieces: [Piece], partSize: Int = .max, isIndexed: Bool = true, isOver: Bool = true) throws {
        var streams: [OutputReader.Stream: [UInt8]] = [:]
        var records: [(stream: OutputReader.Stream, offset: Int, length: Int)] = []
        for piece in pieces {
            records.append((piece.stream, streams[piece.stream]?.count ?? 0, piece.bytes.count))
            streams[piece.stream, default: []] += piece.bytes
        }
        if isIndexed { try Files.replace(folder.indexFile, with: Array(index(records).utf8)) }
        for (stream, bytes) in streams {
            for start in stride(from: 0, to: bytes.count, by: partSize) {
                let name = start == 0 ? stream.name : "\(stream.name)-\(digits(start, 15))"
                let end = partSize == .max ? bytes.count : min(start + partSize, bytes.count)
                try Files.replace("\(folder.path)/\(name)", with: Array(bytes[start..<end]))
            }
        }
        if isOver { try folder.writeOutcome(Ending(kind: .exited, exitCode: 0, endedAt: .epoch)) }
    }

    /// The records, a microsecond after another.
    private func index(_ records: [(stream: OutputReader.Stream, offset: Int, length: Int)]) -> String {
        records.enumerated().map { number, record in
            "\(digits(number + 1, 17)) \(record.stream.rawValue) \(digits(record.offset, 15)) \(digits(record.length, 10))\n"
        }.joined()
    }

    private func append(_ text: String, to path: String) throws {
        let file = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw SystemError("open", path) }
        defer { close(file) }
        try Files.write(Array(text.utf8), to: file, path)
    }

    private func digits(_ value: Int, _ width: Int) -> String { String(repeating: "0", count: width - "\(value)".count) + "\(value)" }

    private func tail(_ lines: Int, _ stream: OutputReader.Stream? = nil, isTimed: Bool = false) throws -> [OutputReader.Chunk] {
        var reader = stream.map { OutputReader(folder, $0, isTimed: isTimed) } ?? OutputReader(folder)
        try reader.begin(atLastLines: lines)
        var chunks: [OutputReader.Chunk] = []
        while let chunk = try reader.next() { chunks.append(chunk) }
        return chunks
    }

    private func text(_ chunks: [OutputReader.Chunk]) -> String { String(decoding: chunks.flatMap(\.bytes), as: UTF8.self) }

    @Test func linesOfBothStreamsAreCountedTogether() throws {
        try write([Piece(.stdout, "1\n2\n"), Piece(.stderr, "3\n4\n"), Piece(.stdout, "5\n6\n"), Piece(.stderr, "7\n")])

        #expect(text(try tail(1)) == "7\n")
        #expect(text(try tail(2)) == "6\n7\n")
        #expect(text(try tail(4)) == "4\n5\n6\n7\n")
        #expect(text(try tail(99)) == "1\n2\n3\n4\n5\n6\n7\n")
        #expect(text(try tail(0)) == "")
        #expect(text(try tail(2, .stdout)) == "5\n6\n")
        #expect(text(try tail(3, .stderr, isTimed: true)) == "3\n4\n7\n")
        #expect(try tail(1, .stderr, isTimed: true).map(\.at) == [Instant(microseconds: 4)])
    }

    @Test func aLineThatHasNotEndedIsOne() throws {
        try write([Piece(.stdout, "1\n2\n3")])

        #expect(text(try tail(1)) == "3")
        #expect(text(try tail(2)) == "2\n3")
    }

    @Test func withoutAnIndexTheErrorsComeLast() throws {
        try write([Piece(.stdout, "1\n2\n"), Piece(.stderr, "3\n")], isIndexed: false)

        #expect(text(try tail(1)) == "3\n")
        #expect(text(try tail(2)) == "2\n3\n")
        #expect(text(try tail(0)) == "")
    }

    /// However the pieces lie: what comes is the end of what comes without.
    @Test(arguments: 0..<20) func theTailIsTheEndOfTheWhole(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let pieces = (0..<Int.random(in: 1...25, using: &random)).map { number in
            let stream: OutputReader.Stream = Int.random(in: 0..<5, using: &random) == 0 ? .stderr : .stdout
            let breaks = ["", "\n", "\n\n"].randomElement(using: &random) ?? ""
            return Piece(stream, "\(number)\n" + String(repeating: "x", count: Int.random(in: 0...9, using: &random)) + breaks)
        }
        try write(pieces, partSize: Int.random(in: 8...60, using: &random))
        let whole = text(try folder.chunks())
        let lines = whole.split(separator: "\n", omittingEmptySubsequences: false)
        let count = whole.hasSuffix("\n") ? lines.count - 1 : lines.count
        for wanted in [0, 1, 2, Int.random(in: 0...count, using: &random), count - 1, count, count + 1] where wanted >= 0 {
            let expected = lines.suffix(wanted == 0 ? 0 : min(wanted, count) + lines.count - count).joined(separator: "\n")
            #expect(text(try tail(wanted)) == expected, "seed \(seed), \(wanted) lines")
        }
    }

    @Test func whatWasDroppedIsToldWhereTheLinesSpanIt() throws {
        try write([Piece(.stdout, (1...100).map { "\($0)\n" }.joined())], partSize: 50)
        // The second and the third file went.
        unlink("\(folder.path)/stdout-000000000000050")
        unlink("\(folder.path)/stdout-000000000000100")

        let near = try tail(5)
        #expect(text(near) == "96\n97\n98\n99\n100\n" && near.allSatisfy { $0.dropped == 0 })
        let far = try tail(70)
        #expect(far.map(\.dropped).filter { $0 > 0 } == [100])
    }

    /// What a stream adds to its last piece, which lies before the last lines, is not lost.
    @Test func followingAfterTheLastLinesLosesNothing() throws {
        try write([Piece(.stderr, "e"), Piece(.stdout, "1\n2\n")], isOver: false)
        var reader = OutputReader(folder)
        try reader.begin(atLastLines: 1)
        #expect(try reader.next()?.bytes == Array("2\n".utf8))
        #expect(try reader.next() == nil)
        // As a keeper does: what is open is added to in place.
        try append("3\n", to: folder.stdoutFile)
        try append("!", to: folder.stderrFile)
        try Files.replace(folder.indexFile, with: Array(index([(.stderr, 0, 2), (.stdout, 0, 4), (.stdout, 4, 2)]).utf8))
        try folder.writeOutcome(Ending(kind: .exited, exitCode: 0, endedAt: .epoch))
        #expect(try reader.next()?.bytes == Array("!".utf8))
        #expect(try reader.next()?.bytes == Array("3\n".utf8))
        #expect(try reader.next() == nil && reader.isFinished)
    }

    // catalogue 28: range reads; a gigabyte that takes no room, for it is a hole.
    @Test func theLastLinesOfAGigabyteComeWithoutReadingIt() throws {
        try write([Piece(.stdout, "")], isIndexed: false, isOver: false)
        let file = Glibc.open(folder.stdoutFile, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        #expect(ftruncate(file, 1 << 30) == 0 && lseek(file, 0, SEEK_END) == 1 << 30)
        #expect(Glibc.write(file, "\nlast but one\nlast\n", 19) == 19)
        try folder.writeOutcome(Ending(kind: .exited, exitCode: 0, endedAt: .epoch))
        let before = try bytesRead()

        #expect(text(try tail(2)) == "last but one\nlast\n")

        #expect(try bytesRead() - before < 1 << 20)
    }

    /// By this thread, so far.
    private func bytesRead() throws -> Int {
        let facts = String(decoding: try Files.read("/proc/thread-self/io") ?? [], as: UTF8.self)
        let line = try #require(facts.split(separator: "\n").first { $0.hasPrefix("rchar: ") })
        return try #require(Int(line.dropFirst("rchar: ".count)))
    }
}
