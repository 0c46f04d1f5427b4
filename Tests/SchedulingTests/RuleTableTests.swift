import Foundation
import Testing

/// The tables of docs/ that name tests: each of them is there.
struct RuleTableTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// What stands between backticks in the rows of the tables of a page and has the form `Suite/test`.
    private static func names(in page: String) throws -> [(suite: String, test: String)] {
        let rows = try text(page).split(separator: "\n").filter { $0.hasPrefix("|") }
        let quoted = rows.flatMap { $0.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 } }
        return quoted.compactMap { _, word in
            let parts = word.split(separator: "/").map(String.init)
            return parts.count == 2 && parts[0].hasSuffix("Tests") ? (parts[0], parts[1]) : nil
        }
    }

    /// Every suite with its source.
    private static func suites() throws -> [String: String] {
        let files = try FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent("Tests").path)
            .filter { $0.hasSuffix("Tests.swift") }
        return Dictionary(
            try files.map { file in
                (URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent, try text("Tests/" + file))
            }
        ) { $0 + $1 }
    }

    /// A function without `@Test` never runs, however it is called.
    private static func isRun(_ test: String, in source: String) -> Bool {
        guard let name = source.range(of: "func \(test)(") else { return false }
        let before = source[..<name.lowerBound]
        guard let mark = before.range(of: "@Test", options: .backwards) else { return false }
        return !before[mark.upperBound...].contains("func ")
    }

    @Test(arguments: ["docs/flows.md", "docs/reliability.md"]) func everyTestThatATableNamesIsThere(page: String) throws {
        let suites = try Self.suites()
        let names = try Self.names(in: page)
        #expect(names.count > 40)
        for (suite, test) in names {
            let isThere = suites[suite].map { Self.isRun(test, in: $0) } ?? false
            #expect(isThere, "\(page) names \(suite)/\(test)")
        }
    }

    @Test func everyRuleOfTheTableHasATest() throws {
        let rows = try Self.text("docs/flows.md").split(separator: "\n").filter { $0.hasPrefix("| R") }
        #expect(rows.count > 40)
        for row in rows { #expect(row.contains("Tests/"), "no test stands beside: \(row)") }
    }
}
