import Foundation
import Testing

@testable import Timetable

/// The inputs that scripts/fuzz begins with, among them all that once broke something, in every run of the tests.
@Suite struct CorpusTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fuzz/corpus")

    @Test(arguments: FuzzedParser.allCases)
    func everyInputOfTheCorpusKeepsThePromises(parser: FuzzedParser) throws {
        let inputs = try Self.inputs(for: parser)
        try #require(inputs.count >= 10, "the corpus of \(parser) is gone")
        for input in inputs {
            let broken = try parser.brokenPromises([UInt8](Data(contentsOf: input)))
            #expect(broken.isEmpty, "\(parser)/\(input.lastPathComponent)")
        }
    }

    @Test func theCorpusIsSmallAndHasNoOtherFolders() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(folders.sorted() == FuzzedParser.allCases.map(\.rawValue).sorted())
        let sizes = try FuzzedParser.allCases.flatMap(Self.inputs).map { try Data(contentsOf: $0).count }
        #expect(sizes.reduce(0, +) < 300_000)
    }

    /// What some inputs are for: a corpus that is refused from the first byte on would promise little.
    @Test func theCorpusIsReadAndRefused() throws {
        func texts(_ parser: FuzzedParser) throws -> [String] {
            try Self.inputs(for: parser).map { try String(decoding: Data(contentsOf: $0), as: UTF8.self) }
        }
        let intervals = try texts(.interval).map { try? Recurrence(interval: $0) }
        #expect(intervals.contains { $0 != nil } && intervals.contains { $0 == nil })
        let lines = try texts(.cron).map { try? Recurrence(cron: $0) }
        #expect(lines.contains { $0 != nil } && lines.contains { $0 == nil })
        let calendars = try texts(.calendar).map { try? HolidayCalendar.read(Array($0.utf8), zone: .utc).exclusions }
        #expect(calendars.contains { $0?.isEmpty == false } && calendars.contains { $0 == nil })
        let zones = try Self.inputs(for: .zone).map { try TimeZoneFile([UInt8](Data(contentsOf: $0))) }
        #expect(zones.contains { $0 != nil } && zones.contains { $0 == nil })
    }

    private static func inputs(for parser: FuzzedParser) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder.appending(path: parser.rawValue), includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }
    }
}
