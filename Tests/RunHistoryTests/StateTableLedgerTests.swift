import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// docs/state-machine.md against the schema: what the page calls a step is taken, everything else is refused.
struct StateTableLedgerTests {
    /// Whether a row in one state may be written again in the other.
    private func takes(_ from: RunState, _ to: RunState, due: Int64, in fixture: LedgerFixture) throws -> Bool {
        try fixture.commit([.insert(fixture.run(due: due, state: from))])
        return (try? fixture.commit([.update(fixture.run(due: due, state: to))])) != nil
    }

    @Test func theStepsOfThePageAreThoseOfTheLedger() throws {
        let table = try DocumentTable(behind: "## Every step of a row", in: "docs/state-machine.md")
        let fixture = try LedgerFixture()
        var due: Int64 = 0
        #expect(table.rows.count == RunState.allCases.count)
        for (title, cells) in table.rows {
            let from = try #require(RunState(rawValue: title))
            for (column, cell) in zip(table.columns.dropFirst(), cells) where column != title {
                let to = try #require(RunState(rawValue: column))
                due += 1
                #expect(try takes(from, to, due: due, in: fixture) == (cell == "yes"), "\(from) → \(to)")
            }
        }
    }

    @Test func whateverAnEventMakesOfARowTheLedgerTakes() throws {
        let table = try DocumentTable(behind: "## Every state × every event", in: "docs/state-machine.md")
        let fixture = try LedgerFixture()
        var due: Int64 = 0
        for (title, cells) in table.rows {
            for (column, cell) in zip(table.columns.dropFirst(), cells) {
                let from = try #require(RunState(rawValue: column))
                guard let to = cell.split(separator: " ").first.flatMap({ RunState(rawValue: String($0)) }) else { continue }
                due += 1
                #expect(try takes(from, to, due: due, in: fixture), "\(title): \(from) → \(to)")
            }
        }
        #expect(due > 20)
    }

    /// The next attempt is a row of its own, whatever became of the one before.
    @Test(arguments: RunState.allCases.filter { !$0.isOpen }) func afterEveryEndTheNextAttemptIsTaken(state: RunState) throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 1, state: state)), .insert(fixture.run(due: 1, attempt: 2))])
    }
}
