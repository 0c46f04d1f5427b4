import Foundation

/// Copies of what the ledger holds, beside it: a list of entries as JSON.
extension StateFile {
    /// Durable when it returns: the machine may stop, and the ledger be lost with it.
    ///
    /// - Throws: When it cannot be written.
    static func replace(_ path: String, with entries: [some Encodable]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try replace(path, with: String(decoding: encoder.encode(entries), as: UTF8.self))
    }

    /// What `meaning` makes of each entry; nil when the file is not there, or something in it cannot be read.
    static func read<Entry: Decodable, Value>(_ path: String, _ meaning: (Entry) -> Value?) -> [Value]? {
        guard let data = FileManager.default.contents(atPath: path), let entries = try? JSONDecoder().decode([Entry].self, from: data)
        else { return nil }
        let values = entries.compactMap(meaning)
        return values.count == entries.count ? values : nil
    }
}
