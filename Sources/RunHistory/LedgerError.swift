import GRDB

/// Why a ledger cannot be opened or written, in words for the operator.
package enum LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    case missing(path: String)
    /// It was removed or replaced under the scheduler that uses it.
    case vanished(path: String)
    case notReadable(path: String)
    case notWritable(path: String, detail: String)
    /// The disk is full; it becomes right by itself once there is room.
    case noRoom(path: String)
    /// Its file system cannot be written; it becomes right by itself once it can.
    case readOnly(path: String)
    case corrupt(path: String, detail: String)
    case newerSchema(path: String, found: Int, known: Int)
    /// The state folder belongs to another machine, whose processes the open runs may be.
    case foreignMachine(path: String)
    /// A sync of its write-ahead log failed, and readers (in words) keep that from being put right.
    case unsettled(path: String, readers: String)
    /// Anything else that SQLite refuses.
    case failed(path: String, detail: String)

    package var description: String {
        switch self {
        case .missing(let path):
            "there is no ledger at \(path); start `rota serve` with this state folder once, or name another with --state"
        case .vanished(let path):
            "the ledger \(path) was removed or replaced while it was in use; restart `rota serve`, which makes it anew from the folders of the "
                + "runs, or put the file back"
        case .notReadable(let path):
            "this user may not read the ledger \(path); run the command as the user who runs the scheduler"
        case .notWritable(let path, let detail):
            "the ledger \(path) cannot be written (\(detail)); make the folder writable for this user, or name another with --state"
        case .noRoom(let path):
            "the ledger \(path) cannot be written: disk full; free some room on its file system, and it goes on by itself"
        case .readOnly(let path):
            "the ledger \(path) cannot be written: its file system is read-only; look at the kernel's log and mount it for writing, and it goes "
                + "on by itself"
        case .corrupt(let path, let detail):
            "the ledger \(path) is damaged (\(detail)); a restart of `rota serve` sets it aside and makes it anew from what can be read and the "
                + "folders of the runs, or restore a backup before"
        case .newerSchema(let path, let found, let known):
            "the ledger \(path) was written by a newer rota (schema \(found), this one knows \(known)); use that version or newer"
        case .foreignMachine(let path):
            "the ledger \(path) belongs to another machine; if that one will never use it again, start with --take-over"
        case .unsettled(let path, let readers):
            "what was written to the ledger \(path) may not be on the disk, and cannot be put there while \(readers) reads it in one "
                + "transaction; end that, look at the kernel's log, and it goes on by itself"
        case .failed(let path, let detail):
            "the ledger \(path) cannot be used (\(detail)); put it right, restore a backup, or name another state folder with --state"
        }
    }

    static func of(_ error: any Error, path: String) -> LedgerError {
        guard let error = error as? DatabaseError else { return .failed(path: path, detail: "\(error)") }
        let detail = error.message ?? error.resultCode.description
        return switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupt(path: path, detail: detail)
        case .SQLITE_ERROR where detail.contains("no such table") || detail.contains("no such column"):
            .corrupt(path: path, detail: detail)
        case .SQLITE_FULL: .noRoom(path: path)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: ofDisk(error, path: path, detail: detail)
        default: .failed(path: path, detail: detail)
        }
    }

    private static func ofDisk(_ error: DatabaseError, path: String, detail: String) -> LedgerError {
        switch Room(at: path) {
        case .none: return .noRoom(path: path)
        case .readOnly: return .readOnly(path: path)
        case .enough: break
        }
        guard error.resultCode == .SQLITE_IOERR else { return .notWritable(path: path, detail: detail) }
        let step =
            switch error.extendedResultCode {
            case .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC: "what was written may not be on the disk"
            case .SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ: "it cannot be read"
            default: "code \(error.extendedResultCode.rawValue)"
            }
        return .failed(path: path, detail: "\(detail), \(step): look at the kernel's log")
    }
}
