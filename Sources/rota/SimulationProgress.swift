import Foundation
import Scheduling
import Timetable

/// How far a rehearsal has come, on stderr while a person looks at it.
struct SimulationProgress {
    private static let isWatched = isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"
    /// How often in its time it is told.
    private static let parts = 200

    /// Lets the time pass up to `end`, and shows how far it has come.
    ///
    /// - Parameter runs: How many there were so far.
    static func pass(_ rehearsal: inout Rehearsal, until end: Instant, runs: () -> Int, tell: (Rehearsal.Happening) -> Void) {
        guard isWatched else { return rehearsal.pass(until: end, tell: tell) }
        let start = rehearsal.now
        let part = (end - start) / parts
        for number in 1...parts {
            rehearsal.pass(until: number == parts ? end : start + part * number, tell: tell)
            show("\(number * 100 / parts) %, \(rehearsal.now.rfc3339.prefix(10)), \(runs().of("run"))")
        }
        show("")
    }

    private static func show(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K\(text)".utf8))
    }
}
