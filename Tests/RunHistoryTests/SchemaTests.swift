import RunHistory
import Scheduling
import Testing
import Timetable

/// The schema itself refuses what the code must never do.
struct SchemaTests {
    @Test func theSameAttemptCannotBeInsertedTwice() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10))])
        #expect(throws: LedgerError.self) { try fixture.commit([.insert(fixture.run(due: 10))]) }
    }

    @Test func aSlotHasAtMostOneOpenAttempt() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10))])
        #expect(throws: LedgerError.self) { try fixture.commit([.insert(fixture.run(due: 10, attempt: 2))]) }
    }

    @Test func aRetryIsInsertedInTheTransactionThatEndsTheAttemptBefore() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10, state: .launching))])
        let ids = try fixture.commit([.update(fixture.run(due: 10, state: .failed)), .insert(fixture.run(due: 10, attempt: 2))])
        #expect(ids.values.map { $0 } == ["\(fixture.ledger.id)-2"])
    }

    @Test func everyStepThatTheDomainRefusesIsRefusedBySQLToo() throws {
        let fixture = try LedgerFixture()
        var due: Int64 = 0
        for from in RunState.allCases {
            for to in RunState.allCases where to != from {
                due += 1
                try fixture.commit([.insert(fixture.run(due: due, state: from))])
                let result = Result { try fixture.commit([.update(fixture.run(due: due, state: to))]) }
                let isTaken = (try? result.get()) != nil
                #expect(isTaken == from.mayBecome(to), "\(from) → \(to)")
            }
        }
    }

    @Test func aFailedTransactionLeavesNothingBehind() throws {
        let fixture = try LedgerFixture()
        #expect(throws: LedgerError.self) { try fixture.commit([.insert(fixture.run(due: 1)), .insert(fixture.run(due: 1))]) }
        #expect(try LedgerReader.open(at: fixture.path).history(HistoryFilter()).isEmpty)
    }

    @Test func commitsAreSynchronisedInFull() throws {
        let fixture = try LedgerFixture()
        #expect(try fixture.ledger.synchronous() == 2)
    }
}
