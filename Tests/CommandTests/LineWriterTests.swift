import Foundation
import Testing

@testable import rota

/// Whoever writes a line never waits for whoever reads.
struct LineWriterTests {
    @Test(.timeLimit(.minutes(1))) func aReaderThatDoesNotReadHoldsNobodyUp() throws {
        let pipe = Pipe()
        let writer = LineWriter(pipe.fileHandleForWriting, limit: 100)
        let line = String(repeating: "x", count: 10_000)
        // Far more than the pipe and the queue hold; each call returns at once, or this never ends.
        for _ in 0..<1_000 { writer.write(line) }
        let reader = Thread { while !pipe.fileHandleForReading.availableData.isEmpty {} }
        reader.start()
        writer.finish(within: 30)
        try pipe.fileHandleForWriting.close()
    }

    @Test(.timeLimit(.minutes(1))) func linesComeInTheirOrder() throws {
        let path = NSTemporaryDirectory() + "rota-lines-" + UUID().uuidString
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = LineWriter(try #require(FileHandle(forWritingAtPath: path)), limit: 1_000_000)
        for number in 0..<1_000 { writer.write("line \(number)") }
        writer.finish(within: 30)
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.map(String.init) == (0..<1_000).map { "line \($0)" })
    }

    @Test(arguments: [("a\nb", "a^Jb"), ("\u{1B}[31mred", "^[[31mred"), ("plain – ü", "plain – ü"), ("\u{7F}\u{85}", "^?\\u{85}")])
    func aReasonStaysOnOneHarmlessLine(_ text: String, _ expected: String) {
        #expect(Terminal.oneLine(text) == expected)
    }
}
