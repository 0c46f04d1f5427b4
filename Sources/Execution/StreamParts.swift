import Glibc

/// The files of one stream, read as one while they come and go.
///
/// `stdout` has the first bytes. What follows is in files that bear the place of their first byte in the stream, `stdout-000000005242880`, of
/// which the oldest goes when a new one comes. A file is never added to once there is a later one, and what was opened can be read to its
/// end though its name is gone.
struct StreamParts: ~Copyable {
    /// Where the next byte to be read stands in the stream: all before it was given, or told as dropped.
    private(set) var position: Int64
    /// Nothing from here on is read.
    private var bound = Int64.max
    private let folder: String
    private let name: String
    private var file: Int32 = -1
    /// Where the first byte of `file` stands.
    private var start: Int64 = 0
    /// Nothing between `position` and here is there any more.
    private var resumption: Int64 = 0

    struct Bytes {
        /// How many bytes before `offset` were dropped, since those that were given before.
        var dropped: Int64
        var offset: Int64
        var bytes: [UInt8]
    }

    init(folder: String, name: String, from position: Int64 = 0) {
        self.folder = folder
        self.name = name
        self.position = position
    }

    deinit {
        if file >= 0 { close(file) }
    }

    /// Leaves out what is written from now on.
    mutating func stopAtPresent() throws(SystemError) { bound = try end() ?? position }

    /// Leaves out what stands before; nothing must have been read yet.
    mutating func begin(at position: Int64) { self.position = position }

    /// Where the next byte that is written will stand; nil while there is none.
    func end() throws(SystemError) -> Int64? {
        var facts = stat()
        guard let last = try starts().last, stat(path(last), &facts) == 0 else { return nil }
        return last + Int64(facts.st_size)
    }

    /// The last bytes that are kept before `end`, as many as are read at once; nil when there are none.
    func bytes(before end: Int64) throws(SystemError) -> (offset: Int64, bytes: [UInt8])? {
        for start in try starts().reversed() where start < end {
            let file = Glibc.open(path(start), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            // The oldest may go meanwhile.
            if file < 0 && errno == ENOENT { continue }
            guard file >= 0 else { throw SystemError("open", path(start)) }
            defer { close(file) }
            var facts = stat()
            guard fstat(file, &facts) == 0 else { throw SystemError("stat", path(start)) }
            let stop = min(start + Int64(facts.st_size), end)
            let offset = max(start, stop - Self.mostAtOnce)
            guard offset < stop else { continue }
            return (offset, try read(file, from: offset - start, count: Int(stop - offset), path(start)))
        }
        return nil
    }

    private static let mostAtOnce: Int64 = 64 << 10

    private func read(_ file: Int32, from offset: Int64, count wanted: Int, _ path: String) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: wanted)
        var count = 0
        repeat {
            count = pread(file, &bytes, wanted, off_t(offset))
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw SystemError("read", path) }
        bytes.removeSubrange(count...)
        return bytes
    }

    /// Some bytes that are there and stand before `wanted`; nil when there are none.
    mutating func read(upTo wanted: Int64) throws(SystemError) -> Bytes? {
        let end = min(wanted, bound)
        guard position < end, resumption < end else { return nil }
        if file < 0 {
            let starts = try starts()
            guard let first = starts.last(where: { $0 <= position }) ?? starts.first, try open(first) else { return nil }
        }
        while true {
            if let bytes = try bytes(upTo: end) { return bytes }
            guard let later = try starts().first(where: { $0 > start }) else { return nil }
            // What was added before the later one was made is there by now.
            if let bytes = try bytes(upTo: end) { return bytes }
            resumption = later
            guard later < end else { return nil }
            // One that went in the meantime left others behind.
            if try !open(later), try starts().allSatisfy({ $0 <= later }) { return nil }
        }
    }

    /// Nothing more will come, and there were `total` bytes: how many at the end were dropped.
    mutating func finish(total: Int64) -> Bytes? {
        guard total > position, bound == .max else { return nil }
        defer { position = total }
        return Bytes(dropped: total - position, offset: total, bytes: [])
    }

    private mutating func bytes(upTo end: Int64) throws(SystemError) -> Bytes? {
        let offset = max(position, start)
        guard offset < end else { return nil }
        let bytes = try read(file, from: offset - start, count: Int(min(end - offset, Self.mostAtOnce)), path(start))
        guard !bytes.isEmpty else { return nil }
        defer { position = offset + Int64(bytes.count) }
        return Bytes(dropped: offset - position, offset: offset, bytes: bytes)
    }

    /// Answers false when there is no such file any more; the one before stays open then.
    private mutating func open(_ start: Int64) throws(SystemError) -> Bool {
        let opened = Glibc.open(path(start), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard opened >= 0 else {
            if errno == ENOENT { return false }
            throw SystemError("open", path(start))
        }
        if file >= 0 { close(file) }
        (file, self.start) = (opened, start)
        return true
    }

    private func path(_ start: Int64) -> String {
        let digits = "\(start)"
        return "\(folder)/\(name)" + (start == 0 ? "" : "-" + String(repeating: "0", count: max(0, 15 - digits.count)) + digits)
    }

    /// Where the files that are there begin, in their order.
    private func starts() throws(SystemError) -> [Int64] {
        guard let entries = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw SystemError("opendir", folder)
        }
        defer { closedir(entries) }
        var starts: [Int64] = []
        errno = 0
        while let entry = readdir(entries) {
            if let start = start(of: entry.name) { starts.append(start) }
            errno = 0
        }
        guard errno == 0 else { throw SystemError("readdir", folder) }
        return starts.sorted()
    }

    private func start(of entry: String) -> Int64? {
        if entry == name { return 0 }
        guard entry.hasPrefix(name + "-") else { return nil }
        let digits = entry.dropFirst(name.count + 1)
        guard digits.utf8.count >= 15, digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int64(digits)
    }
}
