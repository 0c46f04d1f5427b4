/// A crontab as it lies on the disk: its lines, and what is wrong with their bytes.
///
/// Lines are cut at `\n`, as cron does; a `\r` before it and a byte order mark are taken away and told.
struct CrontabText {
    struct Line {
        /// From 1.
        let number: Int
        /// What is no UTF-8 is shown as `�`.
        let text: String
        /// Why the bytes are no line of a crontab.
        let flaw: CrontabRemark?
    }

    private(set) var lines: [Line] = []
    /// Whether lines end in `\r\n`.
    private(set) var hasCarriageReturns = false
    private(set) var hasByteOrderMark = false
    /// Whether the last line ends with a newline; so it does when there is none.
    let isTerminated: Bool

    init(_ bytes: [UInt8]) {
        isTerminated = bytes.last.map { $0 == UInt8(ascii: "\n") } ?? true
        var rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) {
            hasByteOrderMark = true
            rest = rest.dropFirst(3)
        }
        var pieces = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if pieces.last?.isEmpty ?? false { pieces.removeLast() }
        for (index, var piece) in pieces.enumerated() {
            if piece.last == UInt8(ascii: "\r") {
                hasCarriageReturns = true
                piece.removeLast()
            }
            lines.append(Line(number: index + 1, text: String(decoding: piece, as: UTF8.self), flaw: Self.flaw(of: piece)))
        }
    }

    private static func flaw(of bytes: ArraySlice<UInt8>) -> CrontabRemark? {
        if let place = bytes.firstIndex(of: 0) {
            let column = String(decoding: bytes[..<place], as: UTF8.self).unicodeScalars.count + 1
            return .error("a NUL character cannot stand in a crontab; take it out", column: column)
        }
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        let column = String(decoding: bytes, as: UTF8.self).unicodeScalars.prefix { $0 != "\u{FFFD}" }.count + 1
        return .error("this line is not UTF-8, and job files are; convert it, for example with iconv -f LATIN1 -t UTF-8", column: column)
    }
}
