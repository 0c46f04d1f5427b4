import Glibc

/// Where the last lines of a run's output begin, found from its end: a log of a gigabyte is not read for twenty lines.
struct OutputTail: ~Copyable {
    /// Where a reader is to begin.
    struct Start {
        var offsets: [OutputReader.Stream: Int64] = [:]
        /// The first record of the index that has bytes to be read.
        var record = 0
        /// The last records before that, of streams that have none from there on: they may still grow.
        var left: [OutputReader.Stream: Int] = [:]
    }

    private let folder: RunFolder
    private let streams: [OutputReader.Stream]
    private let stdout: StreamParts
    private let stderr: StreamParts
    private var start = Start()
    /// How many line breaks are still to be passed.
    private var breaks = 0
    private var isAtEnd = true

    init(_ folder: RunFolder, _ streams: [OutputReader.Stream]) {
        self.folder = folder
        self.streams = streams
        stdout = StreamParts(folder: folder.path, name: OutputReader.Stream.stdout.name)
        stderr = StreamParts(folder: folder.path, name: OutputReader.Stream.stderr.name)
    }

    /// The last `count` lines of what is there now; what the run writes from now on comes after them.
    consuming func start(ofLastLines count: Int) throws(SystemError) -> Start {
        breaks = max(count, 0)
        for stream in streams { start.offsets[stream] = try end(of: stream) }
        guard try walkIndex() == nil, breaks > 0 else { return start }
        // Without an index the errors come last.
        for stream in streams.reversed() where try passes(stream, downTo: 0) { break }
        return start
    }

    /// nil when there is none.
    private mutating func walkIndex() throws(SystemError) -> Void? {
        let file = open(folder.indexFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("open", folder.indexFile)
        }
        defer { close(file) }
        return try walk(file)
    }

    private func end(of stream: OutputReader.Stream) throws(SystemError) -> Int64 {
        switch stream {
        case .stdout: try stdout.end() ?? 0
        case .stderr: try stderr.end() ?? 0
        }
    }

    /// From the last record of the index towards the first, until the lines are found and it is known of each stream which record was its
    /// last.
    private mutating func walk(_ file: Int32) throws(SystemError) {
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw SystemError("stat", folder.indexFile) }
        let index = OutputIndex()
        var record = Int(facts.st_size) / OutputIndex.recordLength
        var unseen = Set(streams.filter { (start.offsets[$0] ?? 0) > 0 })
        var isFound = breaks == 0
        start.record = record
        while record > 0, !isFound || !unseen.isEmpty {
            record -= 1
            guard let piece = try index.piece(at: record, in: file, folder), streams.contains(piece.stream) else { continue }
            if isFound {
                if unseen.remove(piece.stream) != nil { start.left[piece.stream] = record }
                continue
            }
            unseen.remove(piece.stream)
            start.record = record
            isFound = try passes(piece.stream, downTo: piece.offset)
        }
    }

    /// Goes back in a stream to `place`, or to where the lines that are wanted begin.
    ///
    /// - Returns: Whether they were found.
    private mutating func passes(_ stream: OutputReader.Stream, downTo place: Int64) throws(SystemError) -> Bool {
        while let position = start.offsets[stream], position > place {
            guard let (offset, bytes) = try bytes(of: stream, before: position) else {
                // What stood there was dropped.
                start.offsets[stream] = place
                break
            }
            if let line = lineStart(in: bytes, at: offset, notBefore: place) {
                start.offsets[stream] = line
                return true
            }
            start.offsets[stream] = max(offset, place)
        }
        return false
    }

    private func bytes(of stream: OutputReader.Stream, before end: Int64) throws(SystemError) -> (offset: Int64, bytes: [UInt8])? {
        switch stream {
        case .stdout: try stdout.bytes(before: end)
        case .stderr: try stderr.bytes(before: end)
        }
    }

    /// Counts the line breaks of these bytes from their end; that at the very end of all belongs to the last line.
    private mutating func lineStart(in bytes: [UInt8], at offset: Int64, notBefore place: Int64) -> Int64? {
        var position = offset + Int64(bytes.count)
        for byte in bytes.reversed() where position > place {
            position -= 1
            defer { isAtEnd = false }
            guard byte == UInt8(ascii: "\n"), !isAtEnd else { continue }
            breaks -= 1
            if breaks == 0 { return position + 1 }
        }
        return nil
    }
}
