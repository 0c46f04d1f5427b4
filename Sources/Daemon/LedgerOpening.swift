import Execution
import Glibc
import JobFiles
import Logging
import RunHistory
import Scheduling
import Timetable

/// How a start comes to its ledger: it opens the one that is there, or has it made anew where that cannot be trusted.
///
/// Only a start does that. While a scheduler runs, a ledger that is damaged or gone stops launching until somebody restarts it.
struct LedgerOpening {
    let configuration: Daemon.Configuration
    let folder: StateFolder
    let clock: any WallClock
    let log: Logger

    func open() throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        if LedgerRebuild.isHalfInPlace(folder.database) {
            log.warning("the ledger that an earlier start made anew takes its place")
            let aside = folder.freeNameAside(at: clock.now())
            try ledger { () throws(LedgerError) in try LedgerRebuild.putInPlace(folder.database, aside: aside) }
        }
        let entries = try runEntries()
        if let reason = try doubt(entries) { try rebuild(because: reason, entries) } else { LedgerRebuild.discard(folder.database) }
        let opened = try openOrRebuild(entries)
        folder.forgetSuspicion()
        return opened
    }

    /// A large ledger is not looked at whole before it is opened; what is found then counts no less.
    private func openOrRebuild(_ entries: [RunEntry]) throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        do {
            return try open(mayCreate: true)
        } catch .ledger(.corrupt(_, let detail)) {
            try rebuild(because: "it was damaged (\(detail))", entries)
            return try open(mayCreate: true)
        }
    }

    private func rebuild(because reason: String, _ entries: [RunEntry]) throws(DaemonError) {
        do {
            try LedgerRebuilding(opening: self, entries: entries, now: clock.now()).rebuild(because: reason)
        } catch {
            // A disk that is full is not to be filled by the attempt.
            LedgerRebuild.discard(folder.database)
            throw error
        }
    }

    /// Opens the ledger after a commit that failed; it is not made anew now.
    func openAgain() throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        try open(mayCreate: false)
    }

    private func open(mayCreate: Bool) throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        try ledger { () throws(LedgerError) in
            let ledger = try Ledger.open(
                at: folder.database, machine: StateFolder.machineID(), takeOver: configuration.takeOver, mayCreate: mayCreate,
                now: clock.now())
            if !mayCreate { try ledger.settle() }
            return (ledger, try ledger.restore())
        }
    }

    private func runEntries() throws(DaemonError) -> [RunEntry] {
        do {
            return try RunFolder.names(in: folder.runs).compactMap(RunEntry.init)
        } catch {
            throw .recovery("\(error)")
        }
    }

    /// Why the ledger cannot be trusted; nil when it can, or when there is nothing yet that it could tell of.
    private func doubt(_ entries: [RunEntry]) throws(DaemonError) -> String? {
        let condition = try ledger { () throws(LedgerError) in try Ledger.examine(folder.database, isSuspect: folder.isLedgerSuspect) }
        switch condition {
        case .missing: return entries.isEmpty ? nil : "it was gone"
        case .empty: return entries.isEmpty ? nil : "the file was empty"
        case .damaged(let detail): return "it was damaged (\(detail))"
        case .sound(nil, _): return entries.isEmpty ? nil : "it did not say whose it is"
        case .sound(let id, let highest):
            // An intent is durable before its folder is made: such a ledger lost what it knew, or is a backup.
            guard let newest = entries.filter({ $0.ledger == id }).map(\.number).max(), newest > highest else { return nil }
            return "it knew runs up to \(highest), and there are folders of runs up to \(newest)"
        }
    }

    func ledger<Value>(_ body: () throws(LedgerError) -> Value) throws(DaemonError) -> Value {
        do { return try body() } catch { throw .ledger(error) }
    }
}

/// The name of an entry of `runs/`, as far as it bears the number of a run.
struct RunEntry {
    let name: String
    let ledger: String
    let number: Int64
    /// Not the folder of a run any more, but one that was set aside.
    let isReplaced: Bool

    /// nil for what was not named by a ledger.
    init?(_ name: String) {
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let id = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard id.count == 2, id[0].utf8.count == 6, let number = Int64(id[1]), number > 0, id[1] == "\(number)" else { return nil }
        guard id[0].allSatisfy({ ("a"..."z").contains($0) || ("2"..."7").contains($0) }) else { return nil }
        self.name = name
        self.ledger = String(id[0])
        self.number = number
        isReplaced = parts.count > 1
    }
}
