import Glibc
internal import Timetable

/// The index of a run's output, read while it grows.
///
/// Records have one length. The last one of each stream may still grow in place, after it was left behind too.
struct OutputIndex {
    struct Piece {
        var at: Instant
        var stream: OutputReader.Stream
        var offset: Int64
        var length: Int64

        var end: Int64 { offset + length }
    }

    /// Bytes of `%017d %d %015d %010d\n`: microseconds, stream, offset, length.
    static let recordLength = 47

    private var position = 0
    /// The last record of each stream that was left behind.
    private var left: [OutputReader.Stream: Int] = [:]

    /// What may have bytes now: the next record, nil while there is none, and those before it that may have grown in the meantime.
    ///
    /// Bytes of the earlier ones come before those of the next.
    func pieces(_ folder: RunFolder) throws(SystemError) -> (earlier: [Piece], next: Piece?) {
        let file = open(folder.indexFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return ([], nil) }
            throw SystemError("open", folder.indexFile)
        }
        defer { close(file) }
        // The next one first: what the ones before it have when it is there comes before its bytes.
        let next = try piece(at: position, in: file, folder)
        var earlier: [Piece] = []
        for position in left.values.sorted() {
            if let piece = try piece(at: position, in: file, folder) { earlier.append(piece) }
        }
        return (earlier, next)
    }

    /// The record of that number, nil while there is none.
    func piece(at position: Int, in file: Int32, _ folder: RunFolder) throws(SystemError) -> Piece? {
        var bytes = [UInt8](repeating: 0, count: Self.recordLength)
        var count = 0
        repeat {
            count = pread(file, &bytes, bytes.count, off_t(position * Self.recordLength))
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw SystemError("read", folder.indexFile) }
        let fields = bytes.dropLast().split(separator: UInt8(ascii: " ")).map { Int64(String(decoding: $0, as: UTF8.self)) }
        guard count == bytes.count, fields.count == 4, let at = fields[0], let number = fields[1], let offset = fields[2],
            let length = fields[3], let stream = OutputReader.Stream(rawValue: Int(number))
        else { return nil }
        return Piece(at: Instant(microseconds: at), stream: stream, offset: offset, length: length)
    }

    /// Begins with this record instead of the first.
    ///
    /// - Parameter left: The last records before it of streams that have none from there on.
    mutating func begin(at position: Int, left: [OutputReader.Stream: Int]) {
        self.position = position
        self.left = left
    }

    /// Leaves the next record behind, whose bytes were read.
    mutating func leave(_ piece: Piece) {
        left[piece.stream] = position
        position += 1
    }
}
