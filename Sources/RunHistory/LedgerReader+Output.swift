import GRDB
package import Scheduling

extension LedgerReader {
    /// The newest run of a job that has not ended, handed over or not; nil when none is open.
    package func openRun(of job: JobName) throws(LedgerError) -> StoredRun? {
        try read { db in
            let open = "state IN ('waiting', 'launching', 'running')"
            let sql = "SELECT * FROM run INDEXED BY run_open WHERE job = ? AND \(open) ORDER BY due DESC LIMIT 1"
            return try Row.fetchOne(db, sql: sql, arguments: [job.text]).map(stored)
        }
    }
}
