import Foundation
import Glibc
import TestSupport
import Testing
import Timetable

@testable import Execution

/// The bound of a run's output: the first and the last half are kept, and what was dropped between them is told.
@Suite(.timeLimit(.minutes(2))) struct BoundedOutputTests {
    let place: Place

    init() throws {
        place = try Place()
    }

    /// Writes lines of 16 bytes, each with its number from 1.
    private static func lines(_ count: Int) -> String { "seq -f %015.0f 1 \(count)" }

    /// Those of `lines`, from one byte of the stream up to another.
    private static func bytes(from start: Int64, upTo end: Int64) -> [UInt8] {
        guard start < end else { return [] }
        let first = Int(start / 16)
        let last = Int((end - 1) / 16)
        var bytes = [UInt8](repeating: UInt8(ascii: "0"), count: (last - first + 1) * 16)
        for line in first...last {
            var number = line + 1
            var place = (line - first) * 16 + 15
            bytes[place] = UInt8(ascii: "\n")
            while number > 0 {
                place -= 1
                bytes[place] += UInt8(number % 10)
                number /= 10
            }
        }
        let skipped = Int(start % 16)
        return Array(bytes[skipped..<skipped + Int(end - start)])
    }

    /// Whether the chunks of one stream are `lines` without repetition, with exactly those gaps that they tell; answers where it ends.
    private static func check(_ chunks: [OutputReader.Chunk], from start: Int64 = 0) -> Int64 {
        var position = start
        for chunk in chunks {
            #expect(chunk.offset == position + chunk.dropped)
            #expect(chunk.dropped >= 0)
            position = chunk.offset + Int64(chunk.bytes.count)
            #expect(chunk.bytes == bytes(from: chunk.offset, upTo: position), "at \(chunk.offset)")
        }
        return position
    }

    /// Bytes of files that the folder has on the disk.
    private func size(_ prefix: String) throws -> Int {
        let names = try FileManager.default.contentsOfDirectory(atPath: place.folder("t-1").path)
        return try names.filter { $0.hasPrefix(prefix) }.map { name in
            try Files.read("\(place.folder("t-1").path)/\(name)", limit: 1 << 30)?.count ?? 0
        }.reduce(0, +)
    }

    private func end(_ text: String, limit: Int64) async -> Ending {
        var launch = place.shell("t-1", text)
        launch.outputLimit = limit
        return await place.end(launch)
    }

    // catalogue 24
    @Test(arguments: [1 << 20, 1 << 16, 1_000_001, 1]) func theFirstAndTheLastHalfAreKept(limit: Int64) async throws {
        let total: Int64 = 16 * 500_000
        let ending = await end(Self.lines(500_000), limit: limit)

        #expect(ending.exitCode == 0)
        let chunks = try place.folder("t-1").chunks()
        #expect(Self.check(chunks) == total)
        let kept = chunks.map { Int64($0.bytes.count) }.reduce(0, +)
        #expect(kept >= limit && kept <= limit + limit / 8 + 65_536)
        #expect(ending.droppedOutput == total - kept)
        let gaps = chunks.filter { $0.dropped > 0 }
        #expect(gaps.count == 1)
        #expect(gaps.first?.dropped == total - kept)
        #expect(gaps.first.map { $0.offset - $0.dropped } == limit - limit / 2, "the first half is whole")
        #expect(gaps.first.map { total - $0.offset >= limit / 2 } == true, "and so is the last")
        #expect(try size("stdout") == Int(kept))
        #expect(Self.check(try place.folder("t-1").chunks(.stdout)) == total, "also without the index")
    }

    @Test func whatFitsIsWholeAndInOrderUnderPlainNames() async throws {
        let ending = await end("\(Self.lines(60_000)); echo end >&2", limit: 1_000_000)

        #expect(ending.droppedOutput == 0)
        let folder = place.folder("t-1")
        #expect(Self.check(try folder.chunks().filter { $0.stream == .stdout }) == 960_000)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("stdout") }.sorted()
        #expect(names.prefix(2) == ["stdout", "stdout-000000000500000"])
        let whole = try names.flatMap { try Files.read("\(folder.path)/\($0)") ?? [] }
        #expect(whole == Self.bytes(from: 0, upTo: 960_000), "as `cat stdout*` shows it")
    }

    @Test func nothingIsKeptWithALimitOfNothing() async throws {
        let ending = await end("echo 1; echo 22 >&2", limit: 0)

        #expect(ending.exitCode == 0)
        #expect(ending.droppedOutput == 5)
        #expect(try size("std") == 0)
        #expect(!Files.exists(place.folder("t-1").indexFile))
        let chunks = try place.folder("t-1").chunks()
        #expect(chunks.map(\.dropped) == [2, 3])
        let notes = ["note: 2 bytes of stdout were not kept at the end", "note: 3 bytes of stderr were not kept at the end"]
        #expect(chunks.map(\.note) == notes)
    }

    // catalogue 27
    @Test(arguments: [OutputReader.Stream?.none, .stdout], [Int64(1) << 16, 1 << 20])
    func followingThroughTheBoundLosesAndRepeatsNothingThatIsKept(stream: OutputReader.Stream?, limit: Int64) async throws {
        var launch = place.shell("t-1", "\(place.waitAtGate); \(Self.lines(1_000_000)); \(place.waitAtGate); \(Self.lines(1)) >&2")
        launch.outputLimit = limit
        place.executor.launch([launch])
        await place.reports.start(of: "t-1")
        let folder = place.folder("t-1")
        async let followed = blocking { Result { try folder.chunks(stream) } }
        place.openGate(for: 2)

        let chunks = try await followed.get().filter { $0.stream == .stdout }
        #expect(Self.check(chunks) == 16_000_000)
        // What is there at the end was followed, too.
        for kept in try folder.chunks(.stdout) where !kept.bytes.isEmpty {
            let end = kept.offset + Int64(kept.bytes.count)
            let seen = chunks.filter { $0.offset < end && kept.offset < $0.offset + Int64($0.bytes.count) }
                .map { min(end, $0.offset + Int64($0.bytes.count)) - max(kept.offset, $0.offset) }.reduce(0, +)
            #expect(seen == Int64(kept.bytes.count))
        }
    }

    /// A reader that is slow finds its file whole, though its name is gone, and then what is left.
    @Test func aReaderThatFellBehindGoesOnWithWhatIsThere() async throws {
        var launch = place.shell(
            "t-1", "\(Self.lines(50_000)); \(place.waitAtGate); seq -f %015.0f 50001 400000; \(place.waitAtGate)")
        launch.outputLimit = 1 << 20
        place.executor.launch([launch])
        let folder = place.folder("t-1")
        var reader = OutputReader(folder, .stdout)
        var chunks: [OutputReader.Chunk] = []
        // Into the second half, which begins at 524 288.
        while chunks.last.map({ $0.offset + Int64($0.bytes.count) < 600_000 }) ?? true {
            if let chunk = try reader.follow() { chunks.append(chunk) }
        }
        place.openGate()
        #expect(wait { Files.exists("\(folder.path)/stdout-000000006385664") })
        place.openGate()
        _ = await place.reports.ending(of: "t-1")
        while let chunk = try reader.follow() { chunks.append(chunk) }

        #expect(Self.check(chunks) == 6_400_000)
        #expect(chunks.filter { $0.dropped > 0 }.count == 1)
        let gap = try #require(chunks.first { $0.dropped > 0 })
        #expect((gap.offset - gap.dropped - 524_288) % 36_864 == 0, "the file that was open was read to its end")
    }

    // catalogue 5, 24
    @Test func whatAKilledKeeperKeptIsReadable() async throws {
        var launch = place.shell("t-1", Self.lines(1_000_000_000))
        launch.outputLimit = 1 << 18
        for number in 0..<5 {
            launch.run = "t-\(number)"
            place.executor.launch([launch])
            let folder = place.folder(launch.run)
            // At some moment in the flood, which is another one each time.
            #expect(
                wait {
                    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
                    return names.filter { $0.hasPrefix("stdout-") }.sorted().last.map { $0 > "stdout-000000000\(number + 1)00000" } ?? false
                })
            kill(try place.claim(launch.run).pid, SIGKILL)
            #expect(await place.reports.ending(of: launch.run).kind == .lost)

            let chunks = try folder.chunks()
            let end = Self.check(chunks)
            #expect(end > Int64(number + 1) * 100_000)
            #expect(chunks.count { $0.dropped > 0 } <= 1)
            #expect(chunks.map { Int64($0.bytes.count) }.reduce(0, +) <= launch.outputLimit + launch.outputLimit / 8 + 65_536)
        }
    }

    // catalogue 30
    @Test(.enabled(if: isRoot, "only root can mount a small disk")) func onAFullDiskTheEndIsKept() async throws {
        let mounted = try Program.run("/bin/mount", ["-t", "tmpfs", "-o", "size=800k,mode=711", "none", place.runs])
        defer { _ = try? Program.run("/bin/umount", ["-l", place.runs]) }
        #expect(mounted.status == 0, "\(mounted.stderr)")
        let ending = await end(Self.lines(200_000), limit: 1 << 20)
        let chunks = try place.folder("t-1").chunks()

        #expect(ending.exitCode == 0, "the command is not held up: \(ending)")
        #expect(Self.check(chunks) == 3_200_000)
        #expect(chunks.count { $0.dropped > 0 } == 1)
        let kept = try Int64(size("stdout"))
        #expect(kept > 600_000 && kept < 800_000)
        #expect(ending.droppedOutput == 3_200_000 - kept)
    }

    // catalogue 30
    @Test(.enabled(if: isRoot, "only root can mount a small disk")) func aJobThatIsNotToGoOnWithoutItsLogIsEnded() async throws {
        let mounted = try Program.run("/bin/mount", ["-t", "tmpfs", "-o", "size=800k,mode=711", "none", place.runs])
        defer { _ = try? Program.run("/bin/umount", ["-l", place.runs]) }
        #expect(mounted.status == 0, "\(mounted.stderr)")
        var launch = place.shell("t-1", "trap 'exit 0' TERM; yes & wait")
        launch.endsOnFullLog = true
        let ending = await place.end(launch)

        #expect(ending.kind == .signaled, "whatever its answer to TERM")
        #expect(ending.exitCode == 0)
        #expect(ending.reason == "log-full: stdout cannot be kept: No space left on device")
    }

    @Test func aBoundThatIsReachedIsNoFullLog() async throws {
        var launch = place.shell("t-1", Self.lines(50_000))
        launch.outputLimit = 1 << 16
        launch.endsOnFullLog = true

        #expect(await place.end(launch).kind == .exited)
        #expect(try place.folder("t-1").launch()?.endsOnFullLog == true)
    }

    // catalogue 24
    @Test func aFloodCostsTheKeeperNoMemory() async throws {
        var launch = place.shell("t-1", "head -c 300000000 /dev/zero; echo end >&2; \(place.waitAtGate)")
        launch.outputLimit = 10 << 20
        place.executor.launch([launch])
        let folder = place.folder("t-1")
        _ = await blocking {
            var reader = OutputReader(folder, .stderr)
            return try? reader.follow()
        }

        let facts = try place.text("/proc/\(place.claim().pid)/smaps_rollup")
        let own = facts.split(separator: "\n").filter { $0.hasPrefix("Private") }.compactMap { Int($0.split(separator: " ")[1]) }.reduce(
            0, +)
        place.openGate()
        let ending = await place.reports.ending(of: "t-1")

        #expect(own > 0 && own <= 200, "KiB")
        #expect(ending.exitCode == 0)
        let kept = try size("stdout")
        #expect(kept >= 10 << 20 && kept <= (10 << 20) + 340_000)
        #expect(ending.droppedOutput == 300_000_000 - Int64(kept))
    }

    // catalogue 25
    @Test func aLineWithoutEndIsOnlyBytes() async throws {
        let ending = await end(#"printf '\033[2J\000'; head -c 30000000 /dev/zero | tr '\000' x; printf '\377\000end'"#, limit: 1 << 20)

        let chunks = try place.folder("t-1").chunks()
        #expect(ending.exitCode == 0)
        #expect(chunks.first?.bytes.prefix(5) == [0x1b, 0x5b, 0x32, 0x4a, 0])
        #expect(chunks.last?.bytes.suffix(5) == [0xff, 0] + Array("end".utf8))
        #expect(chunks.allSatisfy { $0.bytes.count <= 64 << 10 })
    }

    @Test func oneStreamComesFromAnOffsetWithinAndBehindTheGap() async throws {
        _ = await end(Self.lines(100_000), limit: 1 << 16)
        let folder = place.folder("t-1")

        let within = try folder.chunks(.stdout, from: 800_000)
        #expect(within.first.map { $0.dropped > 0 } == true)
        #expect(Self.check(within, from: 800_000) == 1_600_000)
        let behind = try folder.chunks(.stdout, from: 1_590_000)
        #expect(behind.allSatisfy { $0.dropped == 0 })
        #expect(Self.check(behind, from: 1_590_000) == 1_600_000)
    }

    @Test func thePresentOfAFloodHasAnEnd() async throws {
        var launch = place.shell("t-1", Self.lines(1_000_000_000))
        launch.outputLimit = 1 << 18
        place.executor.launch([launch])
        let folder = place.folder("t-1")
        #expect(wait { Files.exists(folder.indexFile) })

        var reader = OutputReader(folder)
        try reader.stopAtPresent()
        var chunks: [OutputReader.Chunk] = []
        while let chunk = try reader.next() { chunks.append(chunk) }
        #expect(Self.check(chunks) > 0)

        place.executor.kill(run: "t-1", reason: "enough")
        #expect(await place.reports.ending(of: "t-1").kind == .killed)
    }

    /// As keepers left it that kept the beginning alone.
    @Test func outputOfAnEarlierFormIsRead() throws {
        let folder = place.folder("t-1")
        _ = try Files.makeFolder(folder.path, mode: 0o700)
        try Files.replace(folder.stdoutFile, with: Array("abcd".utf8))
        let index = "00000000000000001 1 000000000000000 0000000004\n"
        try Files.replace(folder.indexFile, with: Array(index.utf8))
        let outcome = "rota-outcome 1\nrun t-1\nkind exited\nexit-code 0\nended 2\nstdout 4 7 0\nstderr 0 0 0\nend\n"
        try Files.replace(folder.outcomeFile, with: Array(outcome.utf8))

        let chunks = try folder.chunks()
        #expect(chunks.map(\.bytes) == [Array("abcd".utf8), []])
        #expect(chunks.map(\.dropped) == [0, 7])
    }

    /// Room that comes back is used again, and what was dropped meanwhile is told.
    @Test func aFileThatCouldNotBeMadeIsAGapAndNoMore() async throws {
        let folder = place.folder("t-1")
        var launch = place.shell("t-1", Self.lines(40_000))
        launch.outputLimit = 1_000_000
        _ = try folder.prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")
        // No file can be made in place of a folder.
        let inTheWay = [folder.stdoutFile, "\(folder.path)/stdout-000000000532768"]
        for path in inTheWay { mkdir(path, 0o700) }
        let ending = await place.end(launch)
        for path in inTheWay { rmdir(path) }

        #expect(ending.exitCode == 0)
        #expect(ending.droppedOutput == 500_000 + 32_768)
        let chunks = try folder.chunks()
        #expect(Self.check(chunks) == 640_000)
        #expect(chunks.map(\.dropped).filter { $0 > 0 } == [500_000, 32_768])
    }
}
