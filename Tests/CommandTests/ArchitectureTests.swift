import Foundation
import TestSupport
import Testing

/// The arrows between targets run one way; docs/architecture.md draws them.
struct ArchitectureTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// For each target of Sources the modules that its files may import, besides the standard library's.
    private static let allowed: [String: Set<String>] = [
        "Timetable": ["Glibc", "Synchronization"],
        "Scheduling": ["Timetable"],
        "JobFiles": ["CMessageDigest", "CPlatform", "Dispatch", "Glibc", "Scheduling", "Synchronization", "Timetable", "Yams"],
        "RunHistory": ["CAssets", "Foundation", "GRDB", "Scheduling", "Synchronization", "Timetable"],
        "Execution": ["CPlatform", "Glibc", "Scheduling", "Synchronization", "Timetable"],
        "Daemon": [
            "CPlatform", "Execution", "Foundation", "Glibc", "JobFiles", "Logging", "RunHistory", "Scheduling", "Synchronization",
            "Timetable",
        ],
        "Web": [
            "Daemon", "Dispatch", "Foundation", "Glibc", "HTTPTypes", "Hummingbird", "HummingbirdCore", "JobFiles", "Logging", "NIOCore",
            "RunHistory", "Scheduling",
            "ServiceLifecycle", "Timetable",
        ],
        "Client": ["Glibc", "NIOCore", "NIOHTTP1", "NIOPosix"],
        "rota": [
            "ArgumentParser", "Client", "Daemon", "Execution", "Foundation", "Glibc", "JobFiles", "Logging", "RunHistory", "Scheduling",
            "Synchronization",
            "Timetable",
            "UnixSignals", "Web",
        ],
    ]

    private static func files(of target: String) throws -> [(name: String, lines: [Substring])] {
        let folder = root.appendingPathComponent("Sources/" + target)
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        return try names.map { name in
            (
                name,
                try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8).split(
                    separator: "\n", omittingEmptySubsequences: false)
            )
        }
    }

    private static func imports(_ lines: [Substring]) -> [String] {
        lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let keyword = words.firstIndex(of: "import"), keyword <= 1, words.count > keyword + 1 else { return nil }
            return keyword == 0 || ["package", "internal", "private", "fileprivate", "@testable", "@preconcurrency"].contains(words[0])
                ? String(words[keyword + 1].prefix { $0 != "." }) : nil
        }
    }

    @Test(arguments: ArchitectureTests.allowed.keys.sorted())
    func aTargetImportsOnlyWhatThePictureAllows(_ target: String) throws {
        let files = try Self.files(of: target)
        #expect(!files.isEmpty)
        for (name, lines) in files {
            for module in Self.imports(lines) {
                #expect(Self.allowed[target]?.contains(module) == true, "\(target)/\(name) imports \(module)")
            }
        }
    }

    @Test func everySwiftTargetStandsInThePicture() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.root.appendingPathComponent("Sources").path)
        let swift = try folders.filter { !(try Self.files(of: $0)).isEmpty }
        #expect(Set(swift) == Set(Self.allowed.keys))
    }

    @Test func theCoreReadsTheDiskInOneFileOnly() throws {
        let doors = try Self.files(of: "Timetable").filter { Self.imports($0.lines).contains("Glibc") }.map(\.name)
        #expect(doors.count == 1, "\(doors)")
    }

    @Test func nothingIsUncheckedAndNoFileIsLong() throws {
        for target in Self.allowed.keys {
            for (name, lines) in try Self.files(of: target) {
                #expect(!lines.contains { $0.contains("@unchecked") || $0.contains("try!") }, "\(target)/\(name)")
                #expect(lines.count <= 401, "\(target)/\(name) has \(lines.count) lines")
            }
        }
    }

    /// Swift Testing runs only what bears @Test.
    @Test func everyTestFileHasATest() throws {
        let folder = Self.root.appendingPathComponent("Tests")
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) where name.hasSuffix("Tests.swift") {
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            #expect(text.contains("@Test"), "\(name)")
        }
    }
}
