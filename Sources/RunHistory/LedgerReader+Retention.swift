import GRDB
package import Timetable

extension LedgerReader {
    /// The last round of retention that removed something; nil when none has.
    package func lastRemoval() throws(LedgerError) -> RemovalRound? {
        try read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM removal").map { row in
                RemovalRound(
                    beganAt: Instant(microseconds: row["began_at"]), at: Instant(microseconds: row["at"]),
                    removed: Removal(
                        outputs: row["outputs"], runs: row["runs"], gaps: row["gaps"], changes: row["changes"],
                        definitions: row["definitions"]))
            }
        }
    }

    /// Whether the ledger once gave out that id, though no run has it any more.
    package func hasGivenOut(_ id: String) throws(LedgerError) -> Bool {
        guard let number = number(of: id) else { return false }
        return try read { db in
            try Int64.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'run'").map { number <= $0 } ?? false
        }
    }
}
