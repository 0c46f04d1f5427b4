import Daemon
import RunHistory
import Scheduling

/// The ledger can be read, is whole, of this version and of this machine.
struct LedgerCheck: Check {
    /// Up to this size the whole file is read.
    private static let wholeFileLimit: Int64 = 256 << 20

    func findings(_ premises: Premises) -> [Finding] {
        switch premises.ledger {
        case .failure(let error): return [Self.finding(error, holder: premises.holder)]
        case .success(let reader):
            do {
                return try [file(reader, premises)] + whole(reader, premises) + [machine(reader), log(premises)]
            } catch {
                return [Self.finding(error, holder: premises.holder)]
            }
        }
    }

    private static func finding(_ error: LedgerError, holder: Int32?) -> Finding {
        let name = "ledger.file"
        let (what, advice) = halves("\(error)")
        switch error {
        case .missing:
            guard let holder else { return .warning(name, "there is none yet", "`rota serve` makes it") }
            return .error(
                name, "process \(holder) schedules, but its ledger is gone, and nothing is launched",
                "put the file back, or stop that process and start anew")
        case .notReadable: return .warning(name, what, advice)
        default: return .error(name, what, advice)
        }
    }

    /// What is wrong, and the way out: the sentences of `LedgerError` have both.
    private static func halves(_ text: String) -> (what: String, advice: String) {
        guard let semicolon = text.firstRange(of: "; ") else { return (text, "restore a backup") }
        return (String(text[..<semicolon.lowerBound]), String(text[semicolon.upperBound...]))
    }

    private func file(_ reader: LedgerReader, _ premises: Premises) throws(LedgerError) -> Finding {
        let size = (try? FileFacts.of(premises.stateFolder + "/rota.db").get().size) ?? 0
        let journal = try reader.journalMode()
        guard journal == "wal" else {
            return .warning(
                "ledger.file", "its journal is `\(journal)`, no write-ahead log: who reads it holds up the scheduler",
                "start `rota serve`, which sets it")
        }
        return .ok("ledger.file", "\(size.bytes), of the schema that this version writes, with a write-ahead log")
    }

    private func whole(_ reader: LedgerReader, _ premises: Premises) throws(LedgerError) -> [Finding] {
        let name = "ledger.whole"
        let size = (try? FileFacts.of(premises.stateFolder + "/rota.db").get().size) ?? 0
        guard size <= Self.wholeFileLimit else {
            return [
                .ok(
                    name,
                    "not looked at: \(size.bytes) would take long; `sqlite3 \(premises.stateFolder)/rota.db 'PRAGMA quick_check'` does")
            ]
        }
        guard let first = try reader.damage().first else { return [.ok(name, "SQLite finds no damage")] }
        // Here it was only read: the words for the way out are those of whoever finds damage when it is to be used.
        let damage = LedgerError.corrupt(path: premises.stateFolder + "/rota.db", detail: first)
        return [.error(name, "damaged: \(first)", Self.halves("\(damage)").advice)]
    }

    private func machine(_ reader: LedgerReader) throws(LedgerError) -> Finding {
        let own = StateFolder.machineID()
        let owner = try reader.machine()
        guard owner.isEmpty || own.isEmpty || owner == own else {
            return .error(
                "ledger.machine", "it belongs to another machine, whose processes its open runs may be",
                "if that machine will never use it again, start `rota serve --take-over` once")
        }
        return .ok("ledger.machine", owner == own && !own.isEmpty ? "it belongs to this machine" : "it belongs to no machine by name")
    }

    /// A log that grows is one that a reader does not let go of.
    private func log(_ premises: Premises) -> Finding {
        let log = WriteAheadLog(of: premises.stateFolder + "/rota.db")
        guard log.isLong else { return .ok("ledger.log", log.words) }
        return .warning(
            "ledger.log", log.words,
            log.readers.isEmpty
                ? "look at it again in a minute, and at the log of `rota serve`"
                : "let it end its transaction, or end it: `kill \(log.readers.map(String.init).joined(separator: " "))`")
    }
}
