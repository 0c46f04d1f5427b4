import CPlatform
import Glibc
package import Timetable

/// The output of one run, read from its folder while it is written or after.
///
/// Every byte that was kept comes exactly once, and those of one stream in their order. Bytes are raw: whoever shows them on a terminal must
/// escape them.
///
///     var reader = OutputReader(folder)
///     while let chunk = try reader.follow() { show(chunk) }
package struct OutputReader: ~Copyable {
    package enum Stream: Int, Hashable, Sendable, CaseIterable {
        case stdout = 1
        case stderr = 2
    }

    package struct Chunk: Hashable, Sendable {
        package var stream: Stream
        /// Where its first byte stands in the stream.
        package var offset: Int64
        /// When the first bytes of its piece came; nil when nobody noted it.
        package var at: Instant?
        package var bytes: [UInt8]
    }

    /// Whether the run has ended and `next` has given all of its output.
    package private(set) var isFinished = false

    /// Whether the end was seen, which stays so.
    private var hasEnded = false
    private let folder: RunFolder
    /// nil: both, in the order of the index.
    private let only: Stream?
    private var offsets: [Stream: Int64] = [.stdout: 0, .stderr: 0]
    private var files: [Stream: Int32] = [:]
    private var index = OutputIndex()
    private let changes: Int32

    /// Both streams, interleaved as they came (after very many pieces, to the second).
    package init(_ folder: RunFolder) {
        self.init(folder, only: nil)
    }

    /// One stream, from a byte on.
    package init(_ folder: RunFolder, _ stream: Stream, from offset: Int64 = 0) {
        self.init(folder, only: stream)
        offsets[stream] = offset
    }

    private init(_ folder: RunFolder, only: Stream?) {
        self.folder = folder
        self.only = only
        changes = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if changes >= 0 { _ = inotify_add_watch(changes, folder.path, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)) }
    }

    deinit {
        for file in files.values { close(file) }
        if changes >= 0 { close(changes) }
    }

    /// What can be read now; nil when that is nothing, for the moment or, after `isFinished`, for ever.
    package mutating func next() throws -> Chunk? {
        guard !isFinished else { return nil }
        // In this order: what was written before the end is there when we have seen the end.
        if !hasEnded { hasEnded = try seesEnd() }
        if let only {
            if let chunk = try read(only, limit: .max, at: nil) { return chunk }
        } else if let chunk = try nextByIndex() {
            return chunk
        }
        isFinished = hasEnded
        return nil
    }

    /// The next output, waited for; nil when the run has ended and all was read.
    package mutating func follow() throws -> Chunk? {
        while true {
            if let chunk = try next() { return chunk }
            if isFinished { return nil }
            wait()
        }
    }

    /// A run without outcome whose claim nobody holds any more has ended too.
    private func seesEnd() throws -> Bool {
        if try folder.outcome() != nil { return true }
        if case .free = try folder.claimState() { return true }
        return false
    }

    private mutating func nextByIndex() throws -> Chunk? {
        while true {
            let (earlier, next) = try index.pieces(folder)
            for piece in earlier {
                if let chunk = try read(piece) { return chunk }
            }
            guard let next else { break }
            if let chunk = try read(next) { return chunk }
            index.leave(next)
        }
        guard hasEnded else { return nil }
        // What the index lacks: its file could not be written.
        return try read(.stdout, limit: .max, at: nil) ?? read(.stderr, limit: .max, at: nil)
    }

    private mutating func read(_ piece: OutputIndex.Piece) throws(SystemError) -> Chunk? {
        try read(piece.stream, limit: piece.end - offsets[piece.stream, default: 0], at: piece.at)
    }

    private mutating func read(_ stream: Stream, limit: Int64, at: Instant?) throws(SystemError) -> Chunk? {
        guard limit > 0, let file = try open(stream) else { return nil }
        let offset = offsets[stream, default: 0]
        var bytes = [UInt8](repeating: 0, count: Int(min(limit, 64 << 10)))
        let count = pread(file, &bytes, bytes.count, off_t(offset))
        guard count >= 0 else {
            if errno == EINTR { return try read(stream, limit: limit, at: at) }
            throw SystemError("read", path(stream))
        }
        guard count > 0 else { return nil }
        bytes.removeSubrange(count...)
        offsets[stream] = offset + Int64(count)
        return Chunk(stream: stream, offset: offset, at: at, bytes: bytes)
    }

    private mutating func open(_ stream: Stream) throws(SystemError) -> Int32? {
        if let file = files[stream] { return file }
        let file = Glibc.open(path(stream), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("open", path(stream))
        }
        files[stream] = file
        return file
    }

    private func path(_ stream: Stream) -> String {
        stream == .stdout ? folder.stdoutFile : folder.stderrFile
    }

    /// Until something changed in the folder, and at most for a second (a quarter where changes cannot be watched): a keeper that is killed
    /// changes nothing.
    private func wait() {
        var wanted = pollfd(fd: changes, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, changes >= 0 ? 1000 : 250) > 0 else { return }
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { events in
            while Glibc.read(changes, events.baseAddress, events.count) > 0 {}
        }
    }
}
