import Scheduling
import TestSupport
import Testing
import Timetable

/// The scheduler's ledger against that of a second implementation, which shares no code with it: every row with its state, reason, times,
/// retries and the number of its end, and of each flow whether it is closed. `scripts/simulate` plays more seeds.
struct ReferenceFlowTests {
    /// catalogue 71, 73, 76
    @Test(arguments: [false, true]) func randomFlowsEndAsTheReferenceSays(crashes: Bool) {
        for seed in 1...UInt64(many(6_000)) { play(ReferenceScript(seed: seed), crashes: crashes) }
    }

    /// catalogue 76: the scheduler dies a handful of times on the way.
    @Test func aGraphOfTenThousandJobsEndsAsTheReferenceSays() {
        play(ReferenceScript(seed: 5, jobs: many(10_000)), crashes: true)
    }

    private func play(_ script: ReferenceScript, crashes: Bool) {
        let differences = script.differences(crashes: { crashes ? script.crash(at: $0) : nil })
        if !differences.isEmpty {
            Issue.record("seed \(script.seed): \(differences.count) differences\n\(differences.prefix(3).joined(separator: "\n"))")
        }
    }

    /// A reference that never says no would prove nothing: an edge that is judged otherwise shows.
    @Test func aLedgerThatIsWrongIsFound() {
        let jobs = [job("a", "R1/2026-03-01T00:00:00Z/PT1H"), job("b", after: ["a"])]
        let reference = ReferenceFlows(jobs, slots: ["a": ["00:00:00"]], requests: []) { _ in .init(lasts: .seconds(1), state: .failed) }
        #expect(reference.allRows.map(\.state).sorted { $0.rawValue < $1.rawValue } == [.failed, .skipped])
        #expect(reference.flows == [FlowKey(head: "a", due: "00:00:00"): false])
        let soft = [job("a", "R1/2026-03-01T00:00:00Z/PT1H") { $0.softError = true }, jobs[1]]
        let other = ReferenceFlows(soft, slots: ["a": ["00:00:00"]], requests: []) { _ in .init(lasts: .seconds(1), state: .failed) }
        #expect(other.allRows.map(\.state) == [.failed, .failed])
    }
}
