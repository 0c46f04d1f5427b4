import Glibc
import Testing
import Timetable

@testable import Execution

@Suite(.timeLimit(.minutes(2))) struct OutputReaderTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    private func text(_ chunks: [OutputReader.Chunk], _ stream: OutputReader.Stream? = nil) -> String {
        let bytes = chunks.filter { stream == nil || $0.stream == stream }.flatMap(\.bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Until so many lines are kept; of both streams together: and noted in the index.
    private func awaitLines(_ count: Int, of stream: OutputReader.Stream? = nil) async {
        let folder = place.folder("t-1")
        await blocking {
            var reader = stream.map { OutputReader(folder, $0) } ?? OutputReader(folder)
            var lines = 0
            while lines < count, let chunk = try? reader.follow() {
                lines += chunk.bytes.count { $0 == UInt8(ascii: "\n") }
            }
        }
    }

    @Test func streamsComeInTheirOrder() async throws {
        // Each line is written after the one before it was kept.
        let gate = place.waitAtGate
        place.executor.launch([place.shell("t-1", "echo 1; \(gate); echo 2 >&2; \(gate); echo 3; \(gate); echo 4 >&2")])
        for count in 1...3 {
            await awaitLines(count)
            place.openGate()
        }
        _ = await place.reports.ending(of: "t-1")

        let chunks = try place.folder("t-1").chunks()

        #expect(text(chunks) == "1\n2\n3\n4\n")
        #expect(chunks.map(\.stream) == [.stdout, .stderr, .stdout, .stderr])
        #expect(zip(chunks, chunks.dropFirst()).allSatisfy { ($0.at ?? .distantFuture) < ($1.at ?? .distantPast) })
    }

    @Test func oneStreamComesFromAnOffset() async throws {
        _ = await place.end("echo 12345; echo no >&2")

        #expect(text(try place.folder("t-1").chunks(.stdout, from: 3)) == "45\n")
        #expect(text(try place.folder("t-1").chunks(.stderr)) == "no\n")
    }

    // catalogue 27
    @Test(arguments: [OutputReader.Stream?.none, .stdout]) func followingLosesAndRepeatsNothing(stream: OutputReader.Stream?) async throws {
        let loop = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; [ $((i % 3)) = 0 ] && echo $i >&2; done; exit 0"
        place.executor.launch([place.shell("t-1", "\(place.waitAtGate); \(loop)")])
        await place.reports.start(of: "t-1")
        place.openGate()

        let folder = place.folder("t-1")
        let chunks = try await blocking { Result { try folder.chunks(stream) } }.get()

        #expect(text(chunks, .stdout) == (1...3000).map { "\($0)\n" }.joined())
        if stream == nil { #expect(text(chunks, .stderr) == stride(from: 3, through: 3000, by: 3).map { "\($0)\n" }.joined()) }
    }

    @Test func whatTheIndexLacksComesAtTheEnd() async throws {
        _ = await place.end("echo 1; echo 2 >&2")
        unlink(place.folder("t-1").indexFile)

        #expect(text(try place.folder("t-1").chunks()) == "1\n2\n")
    }

    @Test func aRunThatNeverStartedHasNoOutput() async throws {
        place.executor.kill(run: "t-1", reason: "stop")
        _ = await place.reports.ending(of: "t-1")

        #expect(try place.folder("t-1").chunks().isEmpty)
    }

    @Test func followingEndsWhenTheKeeperIsDead() async throws {
        place.executor.launch([place.shell("t-1", "echo 1; \(place.waitAtGate)")])
        _ = try await place.line()
        place.executor.shutdown()
        kill(try place.claim().pid, SIGKILL)

        let folder = place.folder("t-1")
        let chunks = try await blocking { Result { try folder.chunks() } }.get()

        #expect(text(chunks) == "1\n")
    }

    @Test func writingByteByByteMakesNoLongIndex() async throws {
        _ = await place.end("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); printf x; done")

        let index = try #require(try Files.read(place.folder("t-1").indexFile))
        #expect(try place.stdout().utf8.count == 2000)
        #expect(index.count < 2000 * 47 / 4)
    }

    @Test func alternatingBytesMakeNoLongIndex() async throws {
        let ending = await place.end("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); printf x; printf y >&2; done")

        let index = try #require(try Files.read(place.folder("t-1").indexFile))
        let began = try #require(ending.startedAt)
        // As the page on the folder says: so many lines, and two for each second after that.
        let seconds = Int((ending.endedAt - began) / .seconds(1)) + 3
        #expect(index.count <= (32768 + 2 * seconds) * 47)
        let chunks = try place.folder("t-1").chunks()
        #expect(text(chunks, .stdout) == String(repeating: "x", count: 60_000))
        #expect(text(chunks, .stderr) == String(repeating: "y", count: 60_000))
    }

    @Test func aPieceMayGrowAfterALaterOneOfTheOtherStream() throws {
        let folder = place.folder("t-1")
        _ = try Files.makeFolder(folder.path, mode: 0o700)
        try Files.replace(folder.stdoutFile, with: Array("abcd".utf8))
        try Files.replace(folder.stderrFile, with: Array("xyz".utf8))
        var reader = OutputReader(folder)

        try writeIndex([(1, .stdout, 0, 1)])
        #expect(try reader.next()?.bytes == Array("a".utf8))
        try writeIndex([(1, .stdout, 0, 2), (2, .stderr, 0, 1)])
        #expect(try reader.next()?.bytes == Array("b".utf8), "what an earlier piece has comes before the next")
        #expect(try reader.next()?.bytes == Array("x".utf8))
        try writeIndex([(1, .stdout, 0, 3), (2, .stderr, 0, 2)])
        #expect(try reader.next()?.bytes == Array("c".utf8))
        #expect(try reader.next()?.bytes == Array("y".utf8))
        #expect(try reader.next() == nil)
        try writeIndex([(1, .stdout, 0, 3), (2, .stderr, 0, 3), (3, .stdout, 3, 1)])
        #expect(try reader.next()?.bytes == Array("z".utf8))
        let last = try reader.next()
        #expect(last?.bytes == Array("d".utf8))
        #expect(last?.at == Instant(microseconds: 3))
        #expect(try reader.next() == nil)
    }

    @Test func anIndexThatCouldBeMadeOnlyLaterIsRead() async throws {
        let folder = place.folder("t-1")
        _ = try folder.prepare(place.shell("t-1", ""), bootID: RunFolder.currentBootID(), node: "node-1")
        // No file can be made in place of a folder.
        mkdir(folder.indexFile, 0o700)
        // The keeper has tried to note the first line when it has taken the second.
        let command = "echo 1; \(place.waitAtGate); echo 2; \(place.waitAtGate); echo 3 >&2"
        place.executor.launch([place.shell("t-1", command)])
        await awaitLines(1, of: .stdout)
        place.openGate()
        await awaitLines(2, of: .stdout)
        rmdir(folder.indexFile)
        place.openGate()
        _ = await place.reports.ending(of: "t-1")

        let index = try #require(try Files.read(folder.indexFile))
        #expect(index.first == UInt8(ascii: "0"))
        let chunks = try folder.chunks()
        #expect(text(chunks, .stdout) == "1\n2\n")
        #expect(text(chunks, .stderr) == "3\n")
        #expect(chunks.first { $0.stream == .stderr }?.at != nil)
    }

    private func writeIndex(_ pieces: [(at: Int, stream: OutputReader.Stream, offset: Int, length: Int)]) throws {
        func number(_ value: Int, _ width: Int) -> String { String(repeating: "0", count: width - "\(value)".count) + "\(value)" }
        let lines = pieces.map { "\(number($0.at, 17)) \($0.stream.rawValue) \(number($0.offset, 15)) \(number($0.length, 10))\n" }
        try Files.replace(place.folder("t-1").indexFile, with: Array(lines.joined().utf8))
    }
}
