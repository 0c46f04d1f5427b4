import Daemon
import Foundation
import Logging
import Synchronization
import Timetable

/// Writes lines in a thread of its own: whoever writes never waits for whoever reads.
///
/// A terminal that was stopped with Ctrl-S, or a pipe that nobody empties, must not hold the scheduler up. At most `limit` lines wait;
/// what does not fit is dropped, and how much that was is told when there is room again.
final class LineWriter: Sendable {
    private struct State {
        var lines: [String] = []
        var dropped = 0
        var isWriting = false
    }

    private let file: FileHandle
    private let limit: Int
    private let state = Mutex(State())
    private let queue: DispatchQueue

    init(_ file: FileHandle, limit: Int = 10_000) {
        self.file = file
        self.limit = limit
        queue = DispatchQueue(label: "rota.lines")
    }

    /// Puts a line in the queue; returns at once.
    func write(_ line: String) {
        let mustBegin = state.withLock { state in
            if state.lines.count < limit { state.lines.append(line) } else { state.dropped += 1 }
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustBegin { queue.async { [self] in writeAll() } }
    }

    /// Waits until everything is written, and not longer than that.
    func finish(within seconds: Double) {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        _ = done.wait(timeout: .now() + seconds)
    }

    private func writeAll() {
        while let text = next() {
            // A reader that went away is no reason to stop scheduling.
            try? file.write(contentsOf: Data(text.utf8))
        }
    }

    private func next() -> String? {
        state.withLock { state in
            guard !state.lines.isEmpty else {
                state.isWriting = false
                return nil
            }
            if state.dropped > 0 { state.lines.append("(\(state.dropped) lines were dropped here, for nobody read them)") }
            defer {
                state.lines = []
                state.dropped = 0
            }
            return state.lines.joined(separator: "\n") + "\n"
        }
    }
}

/// Log lines to stderr: time, level, sentence, facts.
struct LineLog: LogHandler {
    let writer: LineWriter
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(writer: LineWriter) { self.writer = writer }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        writer.write("\(SystemClock().now().rfc3339) \(event.level) \(Terminal.oneLine("\(event.message)\(facts)"))")
    }
}
