import Foundation

/// A table of a page in `docs/`, so that tests can hold the code against what the page says.
package struct DocumentTable: Sendable {
    /// The titles of the columns, the first one included.
    package let columns: [String]
    /// By the first cell of each row, the others.
    package let rows: [(title: String, cells: [String])]

    /// The first table behind `heading` in a page below the root of the project.
    package init(behind heading: String, in page: String) throws {
        let lines = try Self.text(of: page).split(separator: "\n", omittingEmptySubsequences: false)
        let section = lines.drop { $0 != heading }
        let table = section.drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        let cells = table.map { line in
            line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "`", with: "") }
        }
        columns = cells.first ?? []
        rows = cells.dropFirst(2).map { (title: $0.first ?? "", cells: Array($0.dropFirst())) }
    }

    /// A text of the project by its path from the root.
    package static func text(of path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// All files below a folder of the project, by their paths from there.
    package static func files(below folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appendingPathComponent(folder).path)
    }

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}
