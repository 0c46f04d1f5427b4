import Glibc
import Testing
import Timetable

@testable import Execution

@Suite(.timeLimit(.minutes(2))) struct OutputReaderTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    private static func all(
        _ folder: RunFolder, _ stream: OutputReader.Stream? = nil, from offset: Int64 = 0
    ) throws -> [OutputReader.Chunk] {
        var reader = stream.map { OutputReader(folder, $0, from: offset) } ?? OutputReader(folder)
        var chunks: [OutputReader.Chunk] = []
        while let chunk = try reader.follow() { chunks.append(chunk) }
        return chunks
    }

    private func text(_ chunks: [OutputReader.Chunk], _ stream: OutputReader.Stream? = nil) -> String {
        let bytes = chunks.filter { stream == nil || $0.stream == stream }.flatMap(\.bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func streamsComeInTheirOrder() async throws {
        _ = await place.end("echo 1; sleep 0.05; echo 2 >&2; sleep 0.05; echo 3; sleep 0.05; echo 4 >&2")

        let chunks = try Self.all(place.folder("t-1"))

        #expect(text(chunks) == "1\n2\n3\n4\n")
        #expect(chunks.map(\.stream) == [.stdout, .stderr, .stdout, .stderr])
        #expect(zip(chunks, chunks.dropFirst()).allSatisfy { ($0.at ?? .distantFuture) < ($1.at ?? .distantPast) })
    }

    @Test func oneStreamComesFromAnOffset() async throws {
        _ = await place.end("echo 12345; echo no >&2")

        #expect(text(try Self.all(place.folder("t-1"), .stdout, from: 3)) == "45\n")
        #expect(text(try Self.all(place.folder("t-1"), .stderr)) == "no\n")
    }

    // catalogue 27
    @Test(arguments: [OutputReader.Stream?.none, .stdout]) func followingLosesAndRepeatsNothing(stream: OutputReader.Stream?) async throws {
        let loop = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo $i; [ $((i % 3)) = 0 ] && echo $i >&2; done; exit 0"
        place.executor.launch([place.shell("t-1", "\(place.waitAtGate); \(loop)")])
        await place.reports.start(of: "t-1")
        place.openGate()

        let folder = place.folder("t-1")
        let chunks = try await blocking { Result { try Self.all(folder, stream) } }.get()

        #expect(text(chunks, .stdout) == (1...3000).map { "\($0)\n" }.joined())
        if stream == nil { #expect(text(chunks, .stderr) == stride(from: 3, through: 3000, by: 3).map { "\($0)\n" }.joined()) }
    }

    @Test func whatTheIndexLacksComesAtTheEnd() async throws {
        _ = await place.end("echo 1; echo 2 >&2")
        unlink(place.folder("t-1").indexFile)

        #expect(text(try Self.all(place.folder("t-1"))) == "1\n2\n")
    }

    @Test func aRunThatNeverStartedHasNoOutput() async throws {
        place.executor.kill(run: "t-1", reason: "stop")
        _ = await place.reports.ending(of: "t-1")

        #expect(try Self.all(place.folder("t-1")).isEmpty)
    }

    @Test func followingEndsWhenTheKeeperIsDead() async throws {
        place.executor.launch([place.shell("t-1", "echo 1; \(place.waitAtGate)")])
        _ = try await place.line()
        place.executor.shutdown()
        kill(try place.claim().pid, SIGKILL)

        let folder = place.folder("t-1")
        let chunks = try await blocking { Result { try Self.all(folder) } }.get()

        #expect(text(chunks) == "1\n")
    }

    @Test func writingByteByByteMakesNoLongIndex() async throws {
        _ = await place.end("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); printf x; done")

        let index = try #require(try Files.read(place.folder("t-1").indexFile))
        #expect(try place.stdout().utf8.count == 2000)
        #expect(index.count < 2000 * 47 / 4)
    }
}
