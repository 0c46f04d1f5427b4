import Foundation
import Testing

@testable import Execution

/// What a command says, read from the folder of its run, and what is left when that is not wanted any more.
@Suite(.timeLimit(.minutes(5))) struct OutputConformanceTests {
    // catalogue 25
    @Test(arguments: Engine.all) func bothStreamsAreKeptRawAndApart(engine: Engine) async throws {
        let place = try Place(engine: engine)
        _ = await place.end(#"printf 'a\000b\377\033[2J'; printf 'err\n' >&2"#)

        #expect(try Files.read(place.folder("t-1").stdoutFile) == [0x61, 0, 0x62, 0xff] + Array("\u{1b}[2J".utf8))
        #expect(try place.stderr() == "err\n")
    }

    @Test(arguments: Engine.all) func bothStreamsComeInTheirOrder(engine: Engine) async throws {
        let place = try Place(engine: engine)
        _ = await place.end("echo 1; sleep 0.1; echo 2 >&2; sleep 0.1; echo 3")

        let chunks = try place.folder("t-1").chunks()
        #expect(chunks.map { String(decoding: $0.bytes, as: UTF8.self) } == ["1\n", "2\n", "3\n"])
        #expect(chunks.map(\.stream) == [.stdout, .stderr, .stdout])
        let times = chunks.compactMap(\.at)
        #expect(times.count == 3 && times == times.sorted())
    }

    @Test(arguments: Engine.all) func outputIsFollowedWhileTheRunGoesOn(engine: Engine) async throws {
        let place = try Place(engine: engine)
        place.executor.launch([place.shell("t-1", "echo 1; \(place.waitAtGate); echo 2")])
        #expect(try await place.line() == [1])
        place.openGate()
        _ = await place.reports.ending(of: "t-1")

        #expect(try place.stdout() == "1\n2\n")
    }

    // catalogue 24
    @Test(arguments: Engine.all) func theFirstAndTheLastHalfAreKept(engine: Engine) async throws {
        let place = try Place(engine: engine)
        var launch = place.shell("t-1", "seq -f %015.0f 1 100000")
        launch.outputLimit = 1 << 16
        let ending = await place.end(launch)

        let chunks = try place.folder("t-1").chunks(.stdout)
        let kept = chunks.map { Int64($0.bytes.count) }.reduce(0, +)
        #expect(kept >= launch.outputLimit && kept <= 2 * launch.outputLimit)
        #expect(ending.droppedOutput == 1_600_000 - kept)
        #expect(chunks.map(\.dropped).filter { $0 > 0 } == [1_600_000 - kept])
        #expect(String(decoding: chunks.first?.bytes.prefix(16) ?? [], as: UTF8.self) == "000000000000001\n")
        #expect(String(decoding: chunks.last?.bytes.suffix(16) ?? [], as: UTF8.self) == "000000000100000\n")
    }

    @Test(arguments: Engine.all) func whatIsNotWantedIsGone(engine: Engine) async throws {
        let place = try Place(engine: engine)
        _ = await place.end("echo 1; echo A=1 > $ROTA_OUTPUT")
        place.executor.forget(["t-1"])

        place.executor.discard(.output, of: ["t-1"])
        _ = await place.reports.first { $0 == .discarded(.output, gone: ["t-1"], kept: [:]) }
        #expect(try place.stdout() == "")
        #expect(try place.folder("t-1").ending()?.exitCode == 0, "the rest stays")

        place.executor.discard(.everything, of: ["t-1", "t-2"])
        _ = await place.reports.first { $0 == .discarded(.everything, gone: ["t-1", "t-2"], kept: [:]) }
        let left = try FileManager.default.subpathsOfDirectory(atPath: place.path).filter { $0.contains("t-1") }
        #expect(left == [])
    }
}
