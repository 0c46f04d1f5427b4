import Execution
import Foundation
import Timetable

/// Shows the output of a run: as it is in pipes, harmless on terminals, with times or as JSON where that is wanted.
struct LogPrinter {
    enum Form {
        case plain
        /// The time before each line.
        case timed
        /// An object in a line for each line, or for each piece of a long one.
        case json
    }

    private struct Piece: Encodable {
        let at: Instant?
        let stream: String
        let offset: Int64
        let text: String?
        let dropped: Int64?

        private enum Key: String, CodingKey { case at, stream, offset, text, dropped }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(at?.rfc3339, forKey: .at)
            try container.encode(stream, forKey: .stream)
            try container.encode(offset, forKey: .offset)
            try container.encodeIfPresent(text, forKey: .text)
            try container.encodeIfPresent(dropped, forKey: .dropped)
        }
    }

    private let form: Form
    /// Whether what was written to stderr goes to stderr, too.
    private let isSplit: Bool
    private let encoder: JSONEncoder
    /// The first bytes of a character of which the rest has not come.
    private var cut: [OutputReader.Stream: [UInt8]] = [:]
    /// Streams whose line has not ended.
    private var inLine: Set<OutputReader.Stream> = []

    init(_ form: Form, isSplit: Bool) {
        self.form = form
        self.isSplit = isSplit
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    mutating func show(_ chunk: OutputReader.Chunk) throws {
        if form == .json { return try showObjects(chunk) }
        if let note = chunk.note {
            flush(chunk.stream)
            Terminal.complain(note)
        }
        let file = file(chunk.stream)
        let isTerminal = isatty(file.fileDescriptor) == 1
        guard form == .timed else {
            return write(isTerminal ? Array(Terminal.escaped(whole(chunk)).utf8) : chunk.bytes, to: file)
        }
        var bytes: [UInt8] = []
        for line in whole(chunk).lines {
            if inLine.insert(chunk.stream).inserted { bytes += Array(((chunk.at?.rfc3339 ?? "-") + "  ").utf8) }
            bytes += isTerminal ? Array(Terminal.escaped(Array(line)).utf8) : Array(line)
            if line.last == UInt8(ascii: "\n") { inLine.remove(chunk.stream) }
        }
        write(bytes, to: file)
    }

    /// Shows what is left of characters that were never whole.
    mutating func finish() {
        for stream in OutputReader.Stream.allCases { flush(stream) }
    }

    private mutating func flush(_ stream: OutputReader.Stream) {
        guard let rest = cut.removeValue(forKey: stream), !rest.isEmpty, form != .json else { return }
        let file = file(stream)
        write(isatty(file.fileDescriptor) == 1 ? Array(Terminal.escaped(rest).utf8) : rest, to: file)
    }

    private mutating func showObjects(_ chunk: OutputReader.Chunk) throws {
        var offset = chunk.offset - Int64(cut[chunk.stream]?.count ?? 0)
        if chunk.dropped > 0 {
            cut[chunk.stream] = nil
            offset = chunk.offset
            let gap = Piece(
                at: chunk.at, stream: "\(chunk.stream)", offset: offset - chunk.dropped, text: nil, dropped: chunk.dropped)
            try writeObject(gap)
        }
        for line in whole(chunk).lines {
            let text = String(decoding: line, as: UTF8.self)
            try writeObject(Piece(at: chunk.at, stream: "\(chunk.stream)", offset: offset, text: text, dropped: nil))
            offset += Int64(line.count)
        }
    }

    private func writeObject(_ piece: Piece) throws {
        write(Array(try encoder.encode(piece)) + [UInt8(ascii: "\n")], to: .standardOutput)
    }

    /// The bytes with what was cut off before them, and without a character of which the end has not come.
    private mutating func whole(_ chunk: OutputReader.Chunk) -> [UInt8] {
        var bytes = (cut[chunk.stream] ?? []) + chunk.bytes
        let rest = bytes.bytesOfCutCharacter
        cut[chunk.stream] = Array(bytes.suffix(rest))
        bytes.removeLast(rest)
        return bytes
    }

    private func file(_ stream: OutputReader.Stream) -> FileHandle {
        stream == .stderr && isSplit ? .standardError : .standardOutput
    }

    private func write(_ bytes: [UInt8], to file: FileHandle) {
        do { try file.write(contentsOf: Data(bytes)) } catch { Terminal.outputFailed(error) }
    }
}

extension [UInt8] {
    /// Each with its line break; the last may have none.
    fileprivate var lines: [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = self[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(rest[...end])
            rest = rest[(end + 1)...]
        }
        return rest.isEmpty ? lines : lines + [rest]
    }

    /// How many bytes at the end begin a character of UTF-8 that needs more.
    fileprivate var bytesOfCutCharacter: Int {
        for (index, byte) in suffix(3).reversed().enumerated() {
            switch byte {
            case 0x80..<0xC0: continue
            case 0xC2..<0xE0: return index + 1 < 2 ? index + 1 : 0
            case 0xE0..<0xF0: return index + 1 < 3 ? index + 1 : 0
            case 0xF0..<0xF5: return index + 1 < 4 ? index + 1 : 0
            default: return 0
            }
        }
        return 0
    }
}
