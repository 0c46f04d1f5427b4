import RunHistory
import Scheduling
import Timetable

/// What has broken a promise of its job, or is likely to, and has not ended.
struct LateRuns {
    struct Line: Encodable {
        let id: String?
        let job: String
        let due: String
        let state: String?
        let breaches: [String]
        /// For people.
        let words: String

        private enum Key: String, CodingKey { case id, job, due, state, breaches }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(id, forKey: .id)
            try container.encode(job, forKey: .job)
            try container.encode(due, forKey: .due)
            try container.encode(state, forKey: .state)
            try container.encode(breaches, forKey: .breaches)
        }
    }

    let lines: [Line]

    init(_ reader: LedgerReader, open: [StoredRun]) throws {
        let runs = open.compactMap { stored in
            stored.run.brokenWords.map { words in
                Line(
                    id: stored.id, job: stored.run.key.job.text, due: stored.run.key.due.rfc3339, state: stored.run.state.rawValue,
                    breaches: stored.run.breaches.map(\.rawValue).sorted(), words: "\(stored.run.state.rawValue), \(words)")
            }
        }
        let members = try reader.lateMembers().map { member in
            Line(
                id: nil, job: member.job.text, due: member.flow.due.rfc3339, state: nil, breaches: [Breach.endBy.rawValue],
                words: "not begun in the flow of \(member.flow.head), was to end by \(member.endBy.rfc3339)")
        }
        lines = runs + members
    }

    func show() {
        print("late       \(lines.isEmpty ? "nothing" : "\(lines.count)")")
        for line in lines.prefix(50) { print("           \(line.id ?? "-")  \(line.job)  due \(line.due)  \(line.words)") }
        if lines.count > 50 { print("           … and \(lines.count - 50) more: rota status --json") }
    }
}

extension Run {
    /// Which promises were broken, as the history marks it; nil when none was, and none is likely to be.
    var brokenWords: String? {
        if !breaches.subtracting([.likely]).isEmpty { return breaches.brokenWords }
        return breaches.contains(.likely) && state.isOpen ? "likely to break a promise" : nil
    }
}

extension Set<Breach> {
    /// `broke startWithin, endBy`: those that are certain.
    var brokenWords: String { "broke " + Breach.allCases.filter { $0 != .likely && contains($0) }.map(\.rawValue).joined(separator: ", ") }
}

extension Promises {
    /// `begin by 2026-03-01T02:00:05Z, end by 2026-03-01T05:00:00Z, take 2 h at most`; nil when nothing was promised.
    var words: String? {
        let parts = [
            startBy.map { "begin by \($0.rfc3339)" }, endBy.map { "end by \($0.rfc3339)" }, duration.map { "take \($0.words) at most" },
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

extension Expectation {
    /// `begin within 5 s, end by 06:00 (Europe/Berlin), take 2 h at most`; nil when nothing is promised.
    var words: String? {
        let parts = [
            startWithin.map { "begin within \($0.words)" }, endByText.map { "end by \($0) (\(zone.name))" },
            duration.map { "take \($0.words) at most" },
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
