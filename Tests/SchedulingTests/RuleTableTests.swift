import TestSupport
import Testing

/// The tables of docs/ that name tests: each of them is there.
struct RuleTableTests {
    /// What stands between backticks in the rows of the tables of a page and has the form `Suite/test`.
    private static func names(in page: String) throws -> [(suite: String, test: String)] {
        let rows = try DocumentTable.text(of: page).split(separator: "\n").filter { $0.hasPrefix("|") }
        let quoted = rows.flatMap { $0.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 } }
        return quoted.compactMap { _, word in
            let parts = word.split(separator: "/").map(String.init)
            return parts.count == 2 && parts[0].hasSuffix("Tests") ? (parts[0], parts[1]) : nil
        }
    }

    /// Every suite with its source, which may go on in `SuiteTests+Part.swift`.
    private static func suites() throws -> [String: String] {
        let sources = try DocumentTable.files(below: "Tests").compactMap { file -> (String, String)? in
            let suite = String(file.split(separator: "/").last?.dropLast(6).prefix { $0 != "+" } ?? "")
            return suite.hasSuffix("Tests") ? (suite, try DocumentTable.text(of: "Tests/" + file)) : nil
        }
        return Dictionary(sources) { $0 + $1 }
    }

    /// A function without `@Test` never runs, however it is called.
    private static func isRun(_ test: String, in source: String) -> Bool {
        let parts = source.split(separator: "func \(test)(", maxSplits: 1)
        guard parts.count == 2, let sinceTheOneBefore = parts[0].split(separator: "func ").last else { return false }
        return sinceTheOneBefore.contains("@Test")
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
        let rows = try DocumentTable.text(of: "docs/flows.md").split(separator: "\n").filter { $0.hasPrefix("| R") }
        #expect(rows.count > 40)
        for row in rows { #expect(row.contains("Tests/"), "no test stands beside: \(row)") }
    }
}
