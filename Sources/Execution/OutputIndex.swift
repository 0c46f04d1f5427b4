import Glibc
internal import Timetable

/// The index of a run's output, read while it grows.
///
/// Records have one length. The last one may still grow in place, so one is left behind only when a later one is seen.
struct OutputIndex {
    struct Piece {
        var at: Instant
        var stream: OutputReader.Stream
        var offset: Int64
        var length: Int64
        /// Whether it will not change any more.
        var isComplete: Bool

        var end: Int64 { offset + length }
    }

    /// Bytes of `%017d %d %015d %010d\n`: microseconds, stream, offset, length.
    private static let recordLength = 47

    private var position = 0

    /// The record to be read now, again and again until `skip`; nil while there is none.
    func next(_ folder: RunFolder) throws(SystemError) -> Piece? {
        let file = open(folder.indexFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("open", folder.indexFile)
        }
        defer { close(file) }
        // First whether there is a later one, then the record: in between, it may only become complete.
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw SystemError("fstat", folder.indexFile) }
        var bytes = [UInt8](repeating: 0, count: Self.recordLength)
        guard pread(file, &bytes, bytes.count, off_t(position * Self.recordLength)) == bytes.count else { return nil }
        let fields = bytes.dropLast().split(separator: UInt8(ascii: " ")).map { Int64(String(decoding: $0, as: UTF8.self)) }
        guard fields.count == 4, let at = fields[0], let number = fields[1], let offset = fields[2], let length = fields[3],
            let stream = OutputReader.Stream(rawValue: Int(number))
        else { return nil }
        let isComplete = Int(facts.st_size) >= (position + 2) * Self.recordLength
        return Piece(at: Instant(microseconds: at), stream: stream, offset: offset, length: length, isComplete: isComplete)
    }

    /// Leaves a record behind that was read to its end; false when it may still grow.
    mutating func skip(_ piece: Piece) -> Bool {
        if piece.isComplete { position += 1 }
        return piece.isComplete
    }
}
