/// The exit codes of `retries.exitCodes`: `75`, `100-110`, a list of such, or a text with commas between them.
enum ExitCodes {
    /// nil when the key is absent; what is wrong is told and left out.
    static func read(from fields: inout Fields) -> [ClosedRange<Int>]? {
        guard let texts = fields.texts("exitCodes", "an exit code such as 75 or 100-110") else { return nil }
        let parts = texts.flatMap { text in
            text.value.split(separator: ",", omittingEmptySubsequences: false).map { Placed(value: $0.trimmed, place: text.place) }
        }
        if parts.isEmpty {
            fields.findings.error(
                fields.placeOfValue("exitCodes"),
                "`retries.exitCodes` is an empty list; write 75 or 100-110, or take the key out to retry any")
        }
        let ranges = parts.compactMap { part in
            let range = range(part.value)
            let complaint = range.map(complaint) ?? "`\(part.value.shortened)` is no exit code; write for example 75 or 100-110"
            if let complaint { fields.findings.error(part.place, "`retries.exitCodes`: \(complaint)") }
            return complaint == nil ? range.map { $0.first...$0.last } : nil
        }
        fields.record("exitCodes", .list(ranges.map { .text($0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)") }))
        return ranges
    }

    private static func range(_ text: String) -> (first: Int, last: Int)? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { $0.trimmed }
        guard (1...2).contains(ends.count), ends.allSatisfy(isNumber), let first = Int(ends[0]), let last = Int(ends[ends.count - 1]) else {
            return nil
        }
        return (first, last)
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func complaint(about range: (first: Int, last: Int)) -> String? {
        if range.first > range.last { return "the range \(range.first)-\(range.last) is backwards; write \(range.last)-\(range.first)" }
        if range.first == 0 { return "a run that ends with 0 has succeeded; write codes from 1 to 255" }
        return range.last > 255 ? "there is no exit code \(range.last); write codes from 1 to 255" : nil
    }
}
