import Foundation
import GRDB
package import Timetable

/// What `rota doctor` asks of a ledger.
extension LedgerReader {
    /// What SQLite finds damaged in the file, at most five sentences; empty when nothing is.
    ///
    /// Reads the whole file: ask before whether that is not too long.
    package func damage() throws(LedgerError) -> [String] {
        // Several sentences come in one row, below a heading.
        let rows = try read { db in try String.fetchAll(db, sql: "PRAGMA quick_check(5)") }
        return rows.flatMap { $0.split(separator: "\n") }.filter { $0 != "ok" && !$0.hasPrefix("***") }.map(String.init)
    }

    /// `wal` for every ledger that a scheduler has opened.
    package func journalMode() throws(LedgerError) -> String {
        try read { db in try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "" }
    }

    /// The machine whose processes its open runs are; empty when that had no name.
    package func machine() throws(LedgerError) -> String {
        try read { db in try String.fetchOne(db, sql: "SELECT machine FROM ledger") ?? "" }
    }

    /// The latest instant at which this ledger was written, as far as its heartbeat and its last change tell; nil when nobody has run on it.
    package func newestInstant() throws(LedgerError) -> Instant? {
        try read { db in
            let heartbeat = try Int64.fetchOne(db, sql: "SELECT heartbeat_at FROM scheduler")
            let change = try Int64.fetchOne(db, sql: "SELECT at FROM change ORDER BY seq DESC LIMIT 1")
            return [heartbeat, change].compactMap(\.self).max().map { Instant(microseconds: $0) }
        }
    }
}
