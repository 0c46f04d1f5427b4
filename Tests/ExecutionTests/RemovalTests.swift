import Foundation
import Glibc
import Testing

@testable import Execution

/// What retention asks for: output, and whole folders, of runs that have ended.
struct RemovalTests {
    /// Ended runs by hand: what a keeper leaves.
    private func makeFolder(_ place: Place, _ name: String) throws -> String {
        let path = "\(place.runs)/\(name)"
        try FileManager.default.createDirectory(atPath: path + "/output", withIntermediateDirectories: true)
        for file in ["run", "claim", "outcome", "stdout", "stdout-000000005242880", "stderr", "index"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(path)/\(file)"))
        }
        return path
    }

    /// Asks a new executor, so that its report is the only one.
    private func discard(_ place: Place, _ data: RunData, _ runs: [String]) async throws -> (gone: [String], kept: [String: String]) {
        let reports = try place.restart()
        place.executor.discard(data, of: runs)
        guard case .discarded(data, let gone, let kept) = await reports.first({ _ in true }) else { return ([], [:]) }
        return (gone, kept)
    }

    @Test func onlyWhatTheRunWroteGoes() async throws {
        let place = try Place()
        let path = try makeFolder(place, "abcdef-1")
        #expect(try await discard(place, .output, ["abcdef-1", "abcdef-2"]) == (["abcdef-1", "abcdef-2"], [:]))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["claim", "outcome", "output", "run"])
    }

    @Test func theWholeFolderGoesWithThoseThatHadItsName() async throws {
        let place = try Place()
        for name in ["abcdef-1", "abcdef-1.replaced-1", "abcdef-1.replaced-2", "abcdef-1.removed", "abcdef-10"] {
            _ = try makeFolder(place, name)
        }
        #expect(try await discard(place, .everything, ["abcdef-1"]).gone == ["abcdef-1"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.runs) == ["abcdef-10"])
        #expect(try await discard(place, .everything, ["abcdef-1"]).gone == ["abcdef-1"])
    }

    @Test func whatAKeeperHoldsStays() async throws {
        let place = try Place()
        for name in ["abcdef-1", "abcdef-2.replaced-1", "abcdef-2"] { _ = try makeFolder(place, name) }
        let claims = ["abcdef-1", "abcdef-2.replaced-1"].map { open("\(place.runs)/\($0)/claim", O_RDONLY | O_CLOEXEC) }
        for claim in claims { #expect(flock(claim, LOCK_EX) == 0) }
        #expect(try await discard(place, .output, ["abcdef-1"]).kept.keys.sorted() == ["abcdef-1"])
        #expect(try await discard(place, .everything, ["abcdef-1", "abcdef-2"]).kept.keys.sorted() == ["abcdef-1", "abcdef-2"])
        #expect(FileManager.default.fileExists(atPath: "\(place.runs)/abcdef-1/stdout"))
        // A child that another test begins at this moment may have the descriptor, too: only so the lock ends for all.
        for claim in claims { #expect(flock(claim, LOCK_UN) == 0 && close(claim) == 0) }
        #expect(try await discard(place, .everything, ["abcdef-1", "abcdef-2"]).gone == ["abcdef-1", "abcdef-2"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.runs) == [])
    }

    @Test func nothingOutsideTheFolderIsTouched() async throws {
        let place = try Place()
        let path = try makeFolder(place, "abcdef-1")
        let precious = place.path + "/precious"
        try FileManager.default.createDirectory(atPath: precious, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: precious + "/file"))
        try FileManager.default.createSymbolicLink(atPath: path + "/output/away", withDestinationPath: precious)
        try FileManager.default.createSymbolicLink(atPath: place.runs + "/abcdef-2", withDestinationPath: precious)
        _ = try await discard(place, .everything, ["abcdef-1", "abcdef-2"])
        #expect(FileManager.default.fileExists(atPath: precious + "/file"))
        #expect(try await discard(place, .everything, ["../precious"]).gone == [])
        #expect(FileManager.default.fileExists(atPath: precious + "/file"))
    }

    /// What a command may leave in the part that belongs to it.
    @Test func treesOfAnyShapeGo() async throws {
        let place = try Place()
        let path = try makeFolder(place, "abcdef-1")
        var folder = open(path + "/output", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for _ in 0..<3_000 {
            mkdirat(folder, "down", 0o700)
            let inner = openat(folder, "down", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            close(folder)
            folder = inner
        }
        for number in 0..<2_500 { close(openat(folder, "file-\(number)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o400)) }
        close(folder)
        mkdir(path + "/output/shut", 0o700)
        try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/output/shut/file"))
        chmod(path + "/output/shut", 0)
        mkdir(path + "/removed-1", 0o700)
        #expect(try await discard(place, .everything, ["abcdef-1"]).gone == ["abcdef-1"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.runs) == [])
    }

    // catalogue 26
    @Test func theFolderOfAllRunsIsNeverListed() async throws {
        let place = try Place()
        for number in 1...2_000 { mkdir("\(place.runs)/abcdef-\(number)", 0o700) }
        let changes = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        defer { close(changes) }
        #expect(inotify_add_watch(changes, place.runs, UInt32(IN_OPEN | IN_ACCESS)) >= 0)
        let runs = (500..<600).map { "abcdef-\($0)" }
        #expect(try await discard(place, .output, runs).gone == runs)
        #expect(try await discard(place, .everything, runs).gone == runs)
        #expect(opened(changes) == 0)
        _ = try FileManager.default.contentsOfDirectory(atPath: place.runs)
        #expect(opened(changes) > 0)
    }

    /// How often the watched folder itself was opened or read: these events bear no name.
    private func opened(_ changes: Int32) -> Int {
        var count = 0
        withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 8) { events in
            while true {
                let length = read(changes, events.baseAddress, events.count)
                guard length > 0 else { return }
                var place = 0
                while place < length {
                    let event = events.load(fromByteOffset: place, as: inotify_event.self)
                    if event.len == 0 { count += 1 }
                    place += MemoryLayout<inotify_event>.size + Int(event.len)
                }
            }
        }
        return count
    }
}
