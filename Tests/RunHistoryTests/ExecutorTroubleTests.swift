import RunHistory
import Scheduling
import Testing
import Timetable

/// What is wrong with an executor stands in the ledger once, and every reader finds it at each open run that it concerns.
struct ExecutorTroubleTests {
    private let fixture: LedgerFixture

    /// Runs of `local`: 1 waits, 2 and 3 are launching, 3 with a reason of its own, 4 runs, 5 has ended.
    init() throws {
        fixture = try LedgerFixture()
        var told = fixture.run(due: 3, state: .launching)
        told.reason = "queued: others are before it (Priority)"
        try fixture.commit(
            [.insert(fixture.run(due: 1)), .insert(fixture.run(due: 2, state: .launching)), .insert(told)]
                + [RunState.running, .failed].enumerated().map { .insert(fixture.run(due: Int64($0 + 4), state: $1)) })
    }

    private func note(at seconds: Int64 = 0, _ note: @escaping (LedgerNotes) throws -> Void) throws {
        _ = try fixture.ledger.commit([], boot: "boot-1", at: fixture.now + .seconds(seconds), note: note)
    }

    /// Whether anything was wrong with it.
    private func end(_ executor: String) throws -> Bool {
        var wasTrouble = false
        _ = try fixture.ledger.commit([], boot: "boot-1", at: fixture.now) { wasTrouble = try $0.endTrouble(of: executor) }
        return wasTrouble
    }

    private func reasons() throws -> [Int64: String?] {
        let reader = try LedgerReader.open(at: fixture.path)
        let history = try reader.history(HistoryFilter()).compactMap { if case .run(let stored) = $0 { stored } else { nil } }
        let open = try reader.openRuns()
        #expect(open.allSatisfy { one in history.contains(one) }, "all readers say the same")
        for stored in history { #expect(try reader.run(id: stored.id) == stored) }
        return Dictionary(uniqueKeysWithValues: history.map { ($0.run.key.due.microseconds / 1_000_000, $0.run.reason) })
    }

    @Test func aTroubleOfAllRunsIsTheReasonOfEachThatTheExecutorHas() throws {
        try note { try $0.trouble(of: "local", reason: "controller: down", isOfAll: true) }
        #expect(try reasons() == [1: nil, 2: "controller: down", 3: "controller: down", 4: "controller: down", 5: nil])
        #expect(try end("local"))
        #expect(try reasons() == [1: nil, 2: nil, 3: "queued: others are before it (Priority)", 4: nil, 5: nil])
    }

    @Test func oneOfSubmissionsConcernsThoseOfWhichNothingElseIsKnown() throws {
        try note { try $0.trouble(of: "local", reason: "full: no more", isOfAll: false) }
        #expect(try reasons() == [1: nil, 2: "full: no more", 3: "queued: others are before it (Priority)", 4: nil, 5: nil])
    }

    @Test func thatOfAnotherExecutorConcernsNone() throws {
        try note { try $0.trouble(of: "hpc", reason: "controller: down", isOfAll: true) }
        #expect(try reasons().values.allSatisfy { $0 == nil || $0?.hasPrefix("queued: ") == true })
    }

    @Test func itIsAsOldAsItsBeginWhateverItIsCalledLater() throws {
        let reader = try LedgerReader.open(at: fixture.path)
        try note { try $0.trouble(of: "hpc", reason: "controller: timed out", isOfAll: true) }
        try note(at: 60) { try $0.trouble(of: "hpc", reason: "controller: refused", isOfAll: true) }
        let known = ExecutorTrouble(executor: "hpc", since: fixture.now, reason: "controller: refused", isOfAll: true)
        #expect(try reader.executorTroubles() == [known])
        #expect(try end("hpc"))
        #expect(try !end("hpc"), "it was well")
        try note(at: 100) { try $0.trouble(of: "hpc", reason: "controller: refused", isOfAll: true) }
        #expect(try reader.executorTroubles().first?.since == fixture.now + .seconds(100))
    }

    /// A scheduler that is gone, or that has no such executor any more, will never tell that it is well.
    @Test func whatNobodyLooksAtIsForgotten() throws {
        let reader = try LedgerReader.open(at: fixture.path)
        for name in ["hpc", "old"] { try note { try $0.trouble(of: name, reason: "controller: down", isOfAll: true) } }
        try note { try $0.keepTroubles(of: ["local", "hpc"]) }
        #expect(try reader.executorTroubles().map(\.executor) == ["hpc"])
        try note { try $0.keepTroubles(of: ["hpc"]) }
        let abandoned = try #require(try reader.executorTroubles().last)
        #expect(abandoned.executor == "local" && abandoned.isOfAll, "runs are under way there")
        #expect(abandoned.reason.hasPrefix("no-executor: "))
        #expect(try end("local"), "it is back")
        try note { try $0.noteStop() }
        #expect(try reader.executorTroubles().isEmpty)
    }
}
