import Execution
import Glibc
import JobFiles
import Logging
import RunHistory
import Scheduling
import Synchronization
import Timetable

/// How a start comes to its ledger: it opens the one that is there, or has it made anew where that cannot be trusted.
///
/// Only a start does that. While a scheduler runs, a ledger that is damaged or gone stops launching until somebody restarts it.
final class LedgerOpening: Sendable {
    let configuration: Daemon.Configuration
    let folder: StateFolder
    let clock: any WallClock
    let log: Logger
    /// The ledger that was opened last, also when it is closed: it tells what became of its commits.
    private let newest = Mutex<Ledger?>(nil)
    /// When it was last told that the write-ahead log cannot be folded in.
    private let faultTold = Mutex(Instant.distantPast)

    init(configuration: Daemon.Configuration, folder: StateFolder, clock: any WallClock, log: Logger) {
        self.configuration = configuration
        self.folder = folder
        self.clock = clock
        self.log = log
    }

    func open() throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        if LedgerRebuild.isHalfInPlace(folder.database) {
            log.warning("the ledger that an earlier start made anew takes its place")
            let aside = folder.nameAsideBegun() ?? folder.freeNameAside(at: clock.now())
            try ledger { () throws(LedgerError) in try LedgerRebuild.putInPlace(folder.database, aside: aside) }
        }
        if let reason = try doubt() { try rebuild(because: reason) } else { LedgerRebuild.discard(folder.database) }
        let opened = try openOrRebuild()
        folder.forgetSuspicion()
        return opened
    }

    /// A large ledger is not looked at whole before it is opened; what is found then counts no less.
    private func openOrRebuild() throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        do {
            return try open(mayCreate: true)
        } catch .ledger(.corrupt(_, let detail)) {
            try rebuild(because: "it was damaged (\(detail))")
            return try open(mayCreate: true)
        }
    }

    private func rebuild(because reason: String) throws(DaemonError) {
        do {
            var entries: [RunEntry] = []
            try forEachRunEntry { entries.append($0) }
            try LedgerRebuilding(opening: self, entries: entries, now: clock.now()).rebuild(because: reason)
        } catch {
            // A disk that is full is not to be filled by the attempt.
            LedgerRebuild.discard(folder.database)
            throw error
        }
    }

    /// Opens the ledger after a commit that failed; it is not made anew now.
    ///
    /// Only where a sync may have failed is it settled before: that needs all readers gone, and nothing else is worth an outage to them.
    func openAgain() throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        let before = newest.withLock(\.self)
        // Another file that took its place may tell another history, and may be another scheduler's.
        if before?.isInPlace == false { throw .ledger(.vanished(path: folder.database)) }
        // It would seem well until the next folding in.
        try ledger { () throws(LedgerError) in try before?.refuseDamage() }
        let isInDoubt = before?.isInDoubt ?? true
        let opened = try open(mayCreate: false, settling: isInDoubt)
        if let mark = folder.mark(), mark.ledger == opened.ledger.id,
            try ledger({ () throws(LedgerError) in try opened.ledger.newestChange() }) < mark.change
        {
            // Somebody put an old one in its place; what it forgot must not be forgotten beside it.
            opened.ledger.close()
            throw .ledger(.vanished(path: folder.database))
        }
        return opened
    }

    /// Why the write-ahead log cannot be folded in; nil while it can.
    var foldingFault: LedgerError? { newest.withLock { $0?.foldingFault } }

    /// Once a minute: it is tried again every ten seconds, and commits go on meanwhile.
    private func tellFoldingFault(_ fault: LedgerError) {
        let now = clock.now()
        let isTime = faultTold.withLock { last in
            guard last + .seconds(60) <= now || now < last else { return false }
            last = now
            return true
        }
        if isTime { log.error("the write-ahead log cannot be folded into the ledger", metadata: ["detail": "\(fault)"]) }
    }

    private func open(mayCreate: Bool, settling: Bool = false) throws(DaemonError) -> (ledger: Ledger, restored: RestoredLedger) {
        try ledger { () throws(LedgerError) in
            let ledger = try Ledger.open(
                at: folder.database, machine: StateFolder.machineID(), takeOver: configuration.takeOver, mayCreate: mayCreate,
                // A start has, whether it found the ledger or made it anew.
                isExamined: mayCreate, now: clock.now(), onFoldingFault: { [weak self] in self?.tellFoldingFault($0) })
            if settling { try ledger.settle() }
            let restored = try ledger.restore()
            newest.withLock { $0 = ledger }
            return (ledger, restored)
        }
    }

    private func forEachRunEntry(_ body: (RunEntry) -> Void) throws(DaemonError) {
        do {
            try RunFolder.forEachName(in: folder.runs) { name in
                if let entry = RunEntry(name) { body(entry) }
            }
        } catch {
            throw .recovery("\(error)")
        }
    }

    /// The highest number of an entry of `runs/` for each ledger that named any; of millions of entries nothing else is kept.
    private func highestNumbers() throws(DaemonError) -> [String: Int64] {
        var numbers: [String: Int64] = [:]
        try forEachRunEntry { entry in
            if entry.number > numbers[entry.ledger] ?? 0 { numbers[entry.ledger] = entry.number }
        }
        return numbers
    }

    /// Why the ledger cannot be trusted; nil when it can, or when there is nothing yet that it could tell of.
    private func doubt() throws(DaemonError) -> String? {
        let numbers = try highestNumbers()
        let condition = try ledger { () throws(LedgerError) in try Ledger.examine(folder.database, isSuspect: folder.isLedgerSuspect) }
        switch condition {
        case .missing: return isToTell(numbers) ? "it was gone" : nil
        case .empty: return isToTell(numbers) ? "the file was empty" : nil
        case .damaged(let detail): return "it was damaged (\(detail))"
        case .sound(nil, _, _): return isToTell(numbers) ? "it did not say whose it is" : nil
        case .sound(let id?, let run, let change): return staleness(of: id, run: run, change: change, numbers)
        }
    }

    /// Whether the state folder knows what a ledger that is not there would have to tell.
    private func isToTell(_ numbers: [String: Int64]) -> Bool {
        !numbers.isEmpty || folder.pauseCopy.read()?.isEmpty == false || folder.slotOrderCopy.read()?.isEmpty == false
    }

    /// An intent is durable before its folder is made, and a change before it is noted: a ledger that knows less lost what it knew, or is
    /// a backup.
    private func staleness(of id: String, run: Int64, change: Int64, _ numbers: [String: Int64]) -> String? {
        if let newest = numbers[id], newest > run {
            return "it knew runs up to \(run), and there are folders of runs up to \(newest)"
        }
        guard let mark = folder.mark(), mark.ledger == id, mark.change > change else { return nil }
        return "it knew less than was noted beside it: \(change) changes, and there were \(mark.change)"
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

    /// nil for what was not named by a ledger: `abcdef-17`, or `abcdef-17.replaced-1`.
    init?(_ name: UnsafeRawBufferPointer) {
        let end = name.firstIndex(of: UInt8(ascii: ".")) ?? name.endIndex
        guard end > 7, name[6] == UInt8(ascii: "-"), (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(name[7]) else { return nil }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "2")...UInt8(ascii: "7")
        guard name[..<6].allSatisfy({ letters.contains($0) || digits.contains($0) }) else { return nil }
        guard let number = Int64(String(decoding: name[7..<end], as: UTF8.self)) else { return nil }
        self.name = String(decoding: name, as: UTF8.self)
        self.ledger = String(decoding: name[..<6], as: UTF8.self)
        self.number = number
        isReplaced = end < name.endIndex
    }
}
