/// An amount of memory or disk: `512MB`, `2GiB`, `1.5 GB`, or plain bytes.
///
/// Suffixes, in upper or lower case: `B`, `KB MB GB TB` (powers of 1000) and `KiB MiB GiB TiB` (powers of 1024). A lone `M` or
/// `G` is refused, because half of the programs mean the one and half the other.
enum ByteSize {
    static let wording = "an amount such as 512MB (a million bytes each), 2GiB (1024³ bytes each) or a plain number of bytes"

    private static let factors: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]

    /// nil when `text` is no such amount, is zero, or passes 2⁶².
    static func bytes(in text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let suffix = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let amount = decimal(String(digits)), let factor = factors[suffix] else { return nil }
        let bytes = amount * factor
        return (1...4.6e18).contains(bytes) ? Int64(bytes) : nil
    }
}

/// A number as people write it; nil for `nan`, `inf`, hexadecimal digits and what is no number at all.
func decimal(_ text: String) -> Double? {
    guard text.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }), let number = Double(text), number.isFinite else { return nil }
    return number
}
