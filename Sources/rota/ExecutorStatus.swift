import RunHistory
import Scheduling
import Timetable

/// An executor with how it is: its settings, how many of its runs have begun and how many have not, and what is wrong with it.
struct ExecutorStatus: Encodable {
    private struct Trouble: Encodable {
        let since: String
        let reason: String
        /// Whether nothing is learnt of any of its runs; else it only takes no more.
        let isOfAll: Bool
    }

    private enum Key: String, CodingKey { case launching, running, trouble }

    let document: ExecutorDocument
    private let launching: Int
    private let running: Int
    private let trouble: Trouble?

    /// - Parameter open: All runs that have not ended.
    init(_ document: ExecutorDocument, open: [StoredRun], troubles: [ExecutorTrouble]) {
        self.document = document
        let own = open.filter { $0.run.executor == document.name }
        launching = own.count { $0.run.state == .launching }
        running = own.count { $0.run.state == .running }
        trouble = troubles.first { $0.executor == document.name }.map {
            Trouble(since: $0.since.rfc3339, reason: $0.reason, isOfAll: $0.isOfAll)
        }
    }

    /// The keys of the settings, and these beside them.
    func encode(to encoder: any Encoder) throws {
        try document.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(launching, forKey: .launching)
        try container.encode(running, forKey: .running)
        try container.encode(trouble, forKey: .trouble)
    }

    var lines: [String] {
        let queued = launching == 0 ? "" : ", \(launching) launching: queued there, or on the way"
        let line = "executor   \(document.name): \(document.words); \(running) running\(queued)"
        guard let trouble else { return [line] }
        let what = trouble.isOfAll ? "nothing is learnt of its runs" : "it takes no more runs"
        return [line, "           \(Terminal.bold(what)) since \(trouble.since): \(Terminal.oneLine(trouble.reason))"]
    }
}
