import Foundation
import Scheduling
import Timetable

/// What people see: colours, tables and progress only on a terminal; pipes get plain tab-separated lines.
enum Terminal {
    static let isTerminal = isatty(STDOUT_FILENO) == 1
    private static let hasColour = isTerminal && environment("NO_COLOR") == nil && environment("TERM") != "dumb"

    static func complain(_ line: String) {
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Prints at once, also into a pipe.
    static func say(_ line: String) { write(line + "\n") }

    /// The same without the end of a line.
    static func write(_ text: String) {
        do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch { outputFailed(error) }
    }

    /// One line in the place of the one before it; only for a terminal.
    static func progress(_ line: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(("\r" + line + "\u{1B}[K").utf8))
        } catch {
            outputFailed(error)
        }
    }

    /// Whether the user says yes; silence and the end of the input are a no.
    static func isConfirmed(_ question: String) -> Bool {
        print(question + " [y/N] ", terminator: "")
        fflush(nil)
        return ["y", "yes"].contains(readLine()?.lowercased())
    }

    /// Ends the command: quietly when a reader went away (`| head`), which is no error of ours.
    static func outputFailed(_ error: any Error) -> Never {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        if cause.domain == NSPOSIXErrorDomain, cause.code == Int(EPIPE) { exit(0) }
        let text = cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
        CommandFailure(.outputLost, "the output cannot be written (\(text)); not all of it is there").exit()
    }

    /// Writes out what was printed.
    ///
    /// - Throws: `CommandFailure` when it could not be written whole.
    static func finish() throws {
        guard fflush(nil) != 0, errno != EPIPE else { return }
        throw CommandFailure(.outputLost, "the output cannot be written (\(String(cString: strerror(errno)))); not all of it is there")
    }

    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    static func table(_ headings: [String], _ rows: [[String]], paint: (Int, String) -> String = { $1 }) {
        guard isTerminal else {
            for row in [headings] + rows { print(row.joined(separator: "\t")) }
            return
        }
        let widths = headings.indices.map { column in ([headings] + rows).map { $0[column].count }.max() ?? 0 }
        print(line(headings, widths) { bold($1) })
        for row in rows { print(line(row, widths, paint)) }
    }

    private static func line(_ cells: [String], _ widths: [Int], _ paint: (Int, String) -> String) -> String {
        cells.enumerated().map { column, cell in
            let padding = column == cells.count - 1 ? "" : String(repeating: " ", count: max(widths[column] - cell.count, 0))
            return paint(column, cell) + padding
        }.joined(separator: "  ")
    }

    static func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    static func painted(_ state: String) -> String {
        guard hasColour, let known = RunState(rawValue: state) else { return state }
        let colour =
            switch known {
            case .succeeded: 32
            case .failed, .timedOut, .couldNotStart, .lost: 31
            case .missed, .killed: 33
            case .running, .launching: 36
            case .waiting, .skipped: 90
            }
        return "\u{1B}[\(colour)m\(state)\u{1B}[0m"
    }

    /// What becomes of a job, in the sign of a difference.
    enum Mark: String {
        case added = "+"
        case changed = "~"
        case removed = "-"
    }

    static func painted(_ text: String, _ mark: Mark) -> String {
        guard hasColour else { return text }
        let colour =
            switch mark {
            case .added: 32
            case .changed: 33
            case .removed: 31
            }
        return "\u{1B}[\(colour)m\(text)\u{1B}[0m"
    }

    static func painted(_ status: Finding.Status) -> String {
        guard hasColour else { return status.rawValue }
        let colour =
            switch status {
            case .ok: 32
            case .warning: 33
            case .error: 31
            }
        return "\u{1B}[\(colour)m\(status.rawValue)\u{1B}[0m"
    }

    /// A paragraph in lines of a readable length on a terminal, in one line elsewhere.
    static func wrapped(_ text: String) -> String {
        guard isTerminal else { return text }
        var lines = [""]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].count + word.count + 1 > 100 { lines.append("") }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
        }
        return lines.joined(separator: "\n")
    }

    /// Bytes of a stranger made harmless for a terminal: control characters but newline and tab are shown, not obeyed.
    static func escaped(_ bytes: [UInt8]) -> String {
        escaped(String(decoding: bytes, as: UTF8.self)) { $0 == "\n" || $0 == "\t" }
    }

    /// A text of a stranger made harmless for one line.
    static func oneLine(_ text: String) -> String { escaped(text) { _ in false } }

    private static func escaped(_ strange: String, except isHarmless: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        for scalar in strange.unicodeScalars {
            switch scalar.value {
            case _ where isHarmless(scalar): text.unicodeScalars.append(scalar)
            case 0..<0x20: text += "^" + String(UnicodeScalar(UInt8(scalar.value) + 0x40))
            case 0x7F: text += "^?"
            case 0x80..<0xA0: text += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Duration {
    /// `12 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`.
    var words: String {
        let seconds = inSeconds
        let magnitude = abs(seconds)
        switch magnitude {
        case ..<1: return "\(Int((seconds * 1_000).rounded())) ms"
        case ..<60: return String(format: "%.1f s", seconds)
        case ..<3_600: return "\(Int(seconds) / 60) min \(abs(Int(seconds)) % 60) s"
        case ..<86_400: return "\(Int(seconds) / 3_600) h \(abs(Int(seconds)) % 3_600 / 60) min"
        default: return "\(Int(seconds) / 86_400) d \(abs(Int(seconds)) % 86_400 / 3_600) h"
        }
    }
}

extension Int {
    /// `1 file`, `2 files`.
    func of(_ things: String) -> String { "\(self) \(things)" + (self == 1 ? "" : "s") }
}
