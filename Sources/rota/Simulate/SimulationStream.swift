import Foundation
import Scheduling
import Timetable

/// A simulation as JSON, run by run as it happens: a year of it is longer than anybody's memory.
struct SimulationStream: SimulationReport {
    /// nil for all.
    let shown: Set<JobName>?
    private(set) var runs = 0
    private var written = 0
    private var unrun = UnrunSlots()
    private var text = "{\"runs\": ["
    /// Reasons as JSON: there are few, and each comes often.
    private var reasons: [String: String] = [:]

    private static let chunk = 1 << 16

    init(shown: Set<JobName>?) { self.shown = shown }

    mutating func take(_ happening: Rehearsal.Happening) {
        switch happening {
        case .gap(let gap): if isShown(gap.job) { unrun.take(gap) }
        case .ended(let run):
            runs += 1
            guard isShown(run.key.job) else { return }
            unrun.take(run)
            write(run)
        }
    }

    /// What is under way at the end comes last among the runs, without an end.
    mutating func finish(_ rehearsal: Rehearsal, _ assumptions: Rehearsal.Assumptions) throws {
        for run in rehearsal.openRuns where isShown(run.key.job) { write(run) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let peaks = String(decoding: try encoder.encode(PeakDocument.all(of: rehearsal.load)), as: UTF8.self)
        let missed = String(decoding: try encoder.encode(unrun.all), as: UTF8.self)
        if let guess = AssumptionWords(assumptions, rehearsal.graph).guess { Terminal.complain(guess) }
        Terminal.say(text + "\n], \"peaks\": \(peaks), \"missed\": \(missed)}")
    }

    private func isShown(_ job: JobName) -> Bool { shown?.contains(job) ?? true }

    private mutating func write(_ run: Run) {
        text += written == 0 ? "\n" : ",\n"
        written += 1
        // Names and instants hold nothing that JSON would have to escape.
        text += "{\"job\":\"\(run.key.job.text)\",\"due\":\"\(run.key.due.rfc3339)\",\"attempt\":\(run.key.attempt),"
        text += "\"state\":\"\(run.state.rawValue)\",\"reason\":\(json(run.reason)),"
        text += "\"startedAt\":\(json(run.startedAt)),\"endedAt\":\(json(run.endedAt))}"
        guard text.utf8.count >= Self.chunk else { return }
        Terminal.write(text)
        text = ""
        text.reserveCapacity(Self.chunk + 512)
    }

    private func json(_ instant: Instant?) -> String { instant.map { "\"\($0.rfc3339)\"" } ?? "null" }

    private mutating func json(_ reason: String?) -> String {
        guard let reason else { return "null" }
        if let known = reasons[reason] { return known }
        let text = (try? JSONEncoder().encode(reason)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
        reasons[reason] = text
        return text
    }
}
