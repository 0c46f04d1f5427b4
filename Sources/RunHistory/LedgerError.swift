import GRDB

/// Why a ledger cannot be opened or written, in words for the operator.
package enum LedgerError: Error, Hashable, Sendable, CustomStringConvertible {
    case missing(path: String)
    case notReadable(path: String)
    case notWritable(path: String, detail: String)
    case corrupt(path: String, detail: String)
    case newerSchema(path: String, found: Int, known: Int)
    /// The state folder belongs to another machine, whose processes the open runs may be.
    case foreignMachine(path: String)
    /// Anything else that SQLite refuses.
    case failed(path: String, detail: String)

    package var description: String {
        switch self {
        case .missing(let path):
            "there is no ledger at \(path); start `rota serve` with this state folder once, or name another with --state"
        case .notReadable(let path):
            "this user may not read the ledger \(path); run the command as the user who runs the scheduler"
        case .notWritable(let path, let detail):
            "the ledger \(path) cannot be written (\(detail)); make the folder writable for this user, or name another with --state"
        case .corrupt(let path, let detail):
            "the ledger \(path) is damaged (\(detail)); put the file aside and restore a backup, or start with a new --state folder"
        case .newerSchema(let path, let found, let known):
            "the ledger \(path) was written by a newer rota (schema \(found), this one knows \(known)); use that version or newer"
        case .foreignMachine(let path):
            "the ledger \(path) belongs to another machine; if that one will never use it again, start with --take-over"
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
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: .notWritable(path: path, detail: detail)
        default: .failed(path: path, detail: detail)
        }
    }
}
