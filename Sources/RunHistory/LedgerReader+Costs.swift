import GRDB
package import Scheduling
package import Timetable

/// What one run of a job usually costs.
package struct RunCost: Hashable, Sendable {
    /// Half of the newest runs took no longer, from the start of the command to its end.
    package let duration: Duration
    /// A quarter of them began no later after they stood in line. Those that waited for their turn or for a place began later still, and
    /// backfills are not asked.
    package let start: Duration
}

extension LedgerReader {
    /// nil when none of the newest thousand rows of the job ran to an end.
    package func usualCost(of job: JobName) throws(LedgerError) -> RunCost? {
        try read { db in
            let sql = """
                SELECT started_at, ended_at, max(ready_at, waiting_since) AS in_line, backfill FROM (SELECT * FROM run WHERE job = ? ORDER BY due DESC LIMIT 1000)
                WHERE started_at IS NOT NULL AND ended_at IS NOT NULL
                """
            var durations: [Int64] = []
            var starts: [Int64] = []
            for row in try Row.fetchAll(db, sql: sql, arguments: [job.text]) {
                let start: Int64 = row["started_at"]
                durations.append(row["ended_at"] - start)
                if row["backfill"] == nil { starts.append(start - (row["in_line"] as Int64)) }
            }
            guard let median = Quantiles(microseconds: durations)?.p50 else { return nil }
            let quarter = starts.isEmpty ? 0 : starts.sorted()[(starts.count - 1) / 4]
            return RunCost(duration: max(median, .zero), start: max(.microseconds(quarter), .zero))
        }
    }
}
