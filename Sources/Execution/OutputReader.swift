import CPlatform
import Glibc
package import Timetable

/// The output of one run, read from its folder while it is written or after.
///
/// Every byte that was kept comes exactly once, and those of one stream in their order; where bytes were dropped, it is told how many. Bytes
/// are raw: whoever shows them on a terminal must escape them.
///
///     var reader = OutputReader(folder)
///     while let chunk = try reader.follow() { show(chunk) }
package struct OutputReader: ~Copyable {
    package enum Stream: Int, Hashable, Sendable, CaseIterable {
        case stdout = 1
        case stderr = 2

        /// Its file, and its key in the outcome.
        var name: String {
            switch self {
            case .stdout: "stdout"
            case .stderr: "stderr"
            }
        }
    }

    package struct Chunk: Hashable, Sendable {
        package var stream: Stream
        /// How many bytes of the stream, right before these and since the chunk before, were dropped.
        package var dropped: Int64
        /// Where its first byte stands in the stream.
        package var offset: Int64
        /// When the first bytes of its piece came; nil when nobody noted it.
        package var at: Instant?
        /// Empty when there is nothing behind what was dropped.
        package var bytes: [UInt8]

        /// What people are told before they see the bytes; nil when nothing was dropped.
        package var note: String? {
            guard dropped > 0 else { return nil }
            return "note: \(dropped) bytes of \(stream.name) were not kept \(bytes.isEmpty ? "at the end" : "here")"
        }
    }

    /// Whether the run has ended and `next` has given all of its output.
    package private(set) var isFinished = false

    /// Whether the end was seen, which stays so.
    private var hasEnded = false
    private let folder: RunFolder
    /// nil: both.
    private let only: Stream?
    /// Whether pieces come as the index has them, with their times.
    private let goesByIndex: Bool
    private var stdout: StreamParts
    private var stderr: StreamParts
    private var index = OutputIndex()
    private let changes: Int32

    /// Both streams, interleaved as they came (after very many pieces, to the second).
    package init(_ folder: RunFolder) {
        self.init(folder, only: nil, goesByIndex: true)
    }

    /// One stream, from a byte on.
    ///
    /// - Parameter isTimed: Whether its chunks tell when they came; bytes that stand in no line of the index come at the end then.
    package init(_ folder: RunFolder, _ stream: Stream, from offset: Int64 = 0, isTimed: Bool = false) {
        self.init(folder, only: stream, goesByIndex: isTimed, from: offset)
    }

    private init(_ folder: RunFolder, only: Stream?, goesByIndex: Bool, from offset: Int64 = 0) {
        self.folder = folder
        self.only = only
        self.goesByIndex = goesByIndex
        stdout = StreamParts(folder: folder.path, name: Stream.stdout.name, from: offset)
        stderr = StreamParts(folder: folder.path, name: Stream.stderr.name, from: offset)
        changes = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if changes >= 0 { _ = inotify_add_watch(changes, folder.path, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)) }
    }

    deinit {
        if changes >= 0 { close(changes) }
    }

    /// Leaves out all but the last lines of what is there, both streams counted together; to be asked before anything is read.
    ///
    /// It reads no more than these lines and, where one stream has been silent for long, the index.
    package mutating func begin(atLastLines count: Int) throws {
        let streams = only.map { [$0] } ?? Stream.allCases
        let start = try OutputTail(folder, streams).start(ofLastLines: count)
        stdout.begin(at: start.offsets[.stdout] ?? 0)
        stderr.begin(at: start.offsets[.stderr] ?? 0)
        index.begin(at: start.record, left: start.left)
    }

    /// Leaves out what a run that has not ended writes from now on: a command may write faster than anybody reads.
    package mutating func stopAtPresent() throws {
        guard try !seesEnd() else { return }
        try stdout.stopAtPresent()
        try stderr.stopAtPresent()
    }

    /// What can be read now; nil when that is nothing, for the moment or, after `isFinished`, for ever.
    package mutating func next() throws -> Chunk? {
        guard !isFinished else { return nil }
        // In this order: what was written before the end is there when we have seen the end.
        if !hasEnded { hasEnded = try seesEnd() }
        if let only, !goesByIndex {
            if let chunk = try rest(of: only) { return chunk }
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
        if let only { return try rest(of: only) }
        return try rest(of: .stdout) ?? rest(of: .stderr)
    }

    private mutating func read(_ piece: OutputIndex.Piece) throws(SystemError) -> Chunk? {
        guard only == nil || only == piece.stream else { return nil }
        return try read(piece.stream, upTo: piece.end, at: piece.at)
    }

    private mutating func read(_ stream: Stream, upTo end: Int64, at: Instant?) throws(SystemError) -> Chunk? {
        let read =
            switch stream {
            case .stdout: try stdout.read(upTo: end)
            case .stderr: try stderr.read(upTo: end)
            }
        return read.map { Chunk(stream: stream, dropped: $0.dropped, offset: $0.offset, at: at, bytes: $0.bytes) }
    }

    /// What is there without regard to the index and, after the end, what was dropped behind it.
    private mutating func rest(of stream: Stream) throws(SystemError) -> Chunk? {
        if let chunk = try read(stream, upTo: .max, at: nil) { return chunk }
        guard hasEnded, let total = try folder.outputTotal(stream) else { return nil }
        let dropped =
            switch stream {
            case .stdout: stdout.finish(total: total)
            case .stderr: stderr.finish(total: total)
            }
        return dropped.map { Chunk(stream: stream, dropped: $0.dropped, offset: $0.offset, at: nil, bytes: []) }
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
