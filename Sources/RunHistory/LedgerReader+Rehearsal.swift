import GRDB
package import Scheduling

/// What a rehearsal of the time to come begins with.
extension LedgerReader {
    /// What a start of the scheduler would read now, at one moment of the ledger.
    package func restored() throws(LedgerError) -> RestoredLedger {
        try read { db in try RestoredLedger(reading: db, ledger: ledgerID) }
    }

    /// How long the commands of these jobs usually take: the median of their newest successes, a hundred at most. Jobs without any are left out.
    package func usualDurations(of jobs: some Sequence<JobName>) throws(LedgerError) -> [JobName: Duration] {
        let sql = """
            SELECT ended_at - started_at FROM run
            WHERE job = ? AND state = 'succeeded' AND ended_at IS NOT NULL AND started_at IS NOT NULL ORDER BY due DESC LIMIT 100
            """
        return try read { db in
            let statement = try db.cachedStatement(sql: sql)
            var durations: [JobName: Duration] = [:]
            for job in jobs {
                durations[job] = Quantiles(microseconds: try Int64.fetchAll(statement, arguments: [job.text]))?.p50
            }
            return durations
        }
    }
}
