import Foundation
import GRDB

/// What a start does before it trusts a ledger.
extension Ledger {
    package enum Condition: Hashable, Sendable {
        case missing
        /// A file without a byte, as a file system leaves it that lost what was written.
        case empty
        case damaged(String)
        /// Readable, as far as it was read; `newestRun` and `newestChange` are the last numbers that were given out.
        case sound(id: String?, newestRun: Int64, newestChange: Int64)
    }

    /// Looks at the ledger at `path` without changing anything in it.
    ///
    /// A small ledger is looked at whole, a large one where a start reads it, unless `isSuspect`: something was found in it before.
    ///
    /// - Throws: What is no proof of damage: a file that may not be read, a disk that fails, a newer schema.
    package static func examine(_ path: String, isSuspect: Bool) throws(LedgerError) -> Condition {
        guard !FileIdentity.isAbsent(path) else { return .missing }
        guard let size = FileIdentity.size(of: path) else {
            let reason = errno
            throw .failed(
                path: path, detail: reason == ENOENT ? "it is a symbolic link that leads nowhere" : String(cString: strerror(reason)))
        }
        guard size > 0 else { return .empty }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { db in try condition(db, path: path, isSuspect: isSuspect) }
        } catch {
            guard let detail = damage(in: error) else { throw (error as? LedgerError) ?? LedgerError.of(error, path: path) }
            return .damaged(detail)
        }
    }

    private static func condition(_ db: Database, path: String, isSuspect: Bool) throws -> Condition {
        let version = try Migrations.version(of: db)
        if version > Migrations.current { throw LedgerError.newerSchema(path: path, found: version, known: Migrations.current) }
        guard version > 0 else { return .damaged("it is no ledger") }
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let check: String? = pages < 4_096 || isSuspect ? "integrity_check" : pages < 16_384 ? "quick_check" : nil
        if let check, let finding = try String.fetchOne(db, sql: "PRAGMA \(check)(1)"), finding != "ok" { return .damaged(finding) }
        let id = try String.fetchOne(db, sql: "SELECT id FROM ledger")
        if check != nil, version == Migrations.current { _ = try RestoredLedger(reading: db, ledger: id ?? "") }
        if let strange = try strangeInstant(db) { return .damaged(strange) }
        return .sound(id: id, newestRun: try newestNumber(of: "run", db), newestChange: try newestNumber(of: "change", db))
    }

    /// What instants are in SQL: nothing that was ever written is outside of the years 1 to 9999.
    static let instants = "BETWEEN -62135596800000000 AND 253402300799999999"

    /// Of what a start reads.
    private static func strangeInstant(_ db: Database) throws -> String? {
        let range = instants
        let jobs = "SELECT name FROM job WHERE registered_at NOT \(range) OR accounted_until NOT \(range)"
        if let name = try String.fetchOne(db, sql: jobs) { return "the row of the job \(name) has an instant that cannot be" }
        let open = "SELECT id FROM run WHERE state IN ('waiting', 'launching', 'running') AND (due NOT \(range) OR ready_at NOT \(range))"
        if let number = try Int64.fetchOne(db, sql: open) { return "the row of the run \(number) has an instant that cannot be" }
        return nil
    }

    /// The words of an error that proves damage; nil for one of the disk, of rights or of memory, which proves nothing.
    static func damage(in error: any Error) -> String? {
        if case .corrupt(_, let detail) = error as? LedgerError { return detail }
        if error is LedgerError { return nil }
        guard let error = error as? DatabaseError else { return "\(error)" }
        let harmless: [ResultCode] = [
            .SQLITE_IOERR, .SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_NOMEM,
            .SQLITE_AUTH, .SQLITE_INTERRUPT, .SQLITE_PROTOCOL, .SQLITE_NOLFS,
        ]
        if error.resultCode == .SQLITE_IOERR, error.extendedResultCode == .SQLITE_IOERR_SHORT_READ { return "the file is cut off" }
        return harmless.contains(error.resultCode) ? nil : error.message ?? "\(error.resultCode)"
    }
}
