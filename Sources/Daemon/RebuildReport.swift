import CPlatform
import Execution
import Glibc
import RunHistory
import Timetable

/// What a rebuild of the ledger brought over, made up and lost, for the operator.
struct RebuildReport {
    let reason: String
    let at: Instant
    let ledger: String
    /// The name of the old ledger's files.
    let aside: String
    /// The file that it is kept in.
    var file: String { aside + ".txt" }
    var account = LedgerRebuild.Account()
    var pauses = 0
    /// They were read from the copy beside the old ledger, too.
    var arePausesOfCopy = false
    /// Slots that are held or to be passed over.
    var slotOrders = 0
    var missedSlots = 0
    /// Folders that do not tell what they are of.
    var unreadableFolders = 0
    /// Folders of runs of other ledgers.
    var foreignFolders = 0

    init(reason: String, at instant: Instant, ledger: String, aside: String) {
        // What SQLite finds may have several lines.
        self.reason = reason.split(separator: "\n").joined(separator: " ")
        at = instant
        self.ledger = ledger
        self.aside = aside
    }

    /// Every run and every job of the old ledger could be read.
    var isWhole: Bool { account.incompleteTables.isDisjoint(with: ["run", "job"]) }
    /// Every pause is known that was in force.
    var hasPauses: Bool { arePausesOfCopy || !account.incompleteTables.contains("pause") }

    /// One line.
    var notice: String {
        let made = account.rebuiltRuns + account.correctedRuns
        let salvaged = account.salvagedRuns == 1 ? "1 run was" : "\(account.salvagedRuns) runs were"
        let counts = "\(salvaged) read from it, \(made) made from their folders"
        return "the ledger was rebuilt at \(at.rfc3339): \(reason); \(counts)\(pauseWords)"
    }

    private var pauseWords: String {
        hasPauses ? "" : "; not every pause could be read: look at `rota status`, and pause again what is not to run"
    }

    /// The notice, and everything that is to be known of it.
    var text: String {
        var lines = [
            notice, "",
            "old ledger              kept as \(aside), with what stood beside it, if there was any",
            "runs read from it       \(account.salvagedRuns)",
            "runs made from folders  \(account.rebuiltRuns), and \(account.correctedRuns) that had gone further than it knew",
            "runs that had not begun \(account.doubtfulRuns) that may have run since, and are not run: `rota run` or `rota retry` does it",
            "folders without a row   \(unreadableFolders) that tell nothing, \(account.conflicts) in the place of another run,",
            "                        \(foreignFolders) of other ledgers",
            "slots without a row     \(missedSlots), told as missed: \(LedgerRebuild.reason)",
            "pauses in force         \(pauses)\(arePausesOfCopy ? ", those of their copy among them" : hasPauses ? "" : "; there may have been more")",
            "slots held or skipped   \(slotOrders), those of their copy among them",
        ]
        let incomplete = account.incompleteTables.sorted().joined(separator: ", ")
        lines.append("not read whole          \(incomplete.isEmpty ? "nothing" : incomplete)")
        lines += ["", "`rota status` tells of this as long as this file is here. Remove it, and the old ledger, once you have looked.", ""]
        return lines.joined(separator: "\n")
    }
}

extension StateFolder {
    private static let prefix = "rota.db.damaged-"

    /// A name for the files of a ledger that are set aside; nothing has it yet.
    func freeNameAside(at now: Instant) -> String {
        let time = String(now.rfc3339.prefix { $0 != "." && $0 != "Z" }.map { $0 == ":" ? "-" : $0 })
        let names = [""] + (2...10_000).map { "-\($0)" }
        let free = names.first { name in
            ["", "-wal", "-shm", "-journal", ".txt"].allSatisfy { access("\(path)/\(Self.prefix)\(time)\(name)\($0)", F_OK) != 0 }
        }
        return "\(path)/\(Self.prefix)\(time)\(free ?? "")"
    }

    /// The name under which a rebuild that was cut off began to set the old files aside, so that they stay together.
    ///
    /// Its report is the last that was written, before the new ledger was complete. nil when there is none, or when one of those that are left
    /// would take the name of another.
    func nameAsideBegun() -> String? {
        let reports = Self.reportNames(in: path).map { (name: $0, changed: Self.changed("\(path)/\($0)")) }
        guard let report = reports.max(by: { $0.changed < $1.changed })?.name else { return nil }
        let name = "\(path)/\(report.dropLast(".txt".count))"
        let isTaken = ["-wal", "-shm", "-journal"].contains { access(database + $0, F_OK) == 0 && access(name + $0, F_OK) == 0 }
        return isTaken ? nil : name
    }

    /// In nanoseconds; 0 when there is no such file.
    private static func changed(_ file: String) -> Int {
        var status = stat()
        return stat(file, &status) == 0 ? status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec : 0
    }

    func keep(_ report: RebuildReport) throws(DaemonError) {
        try StateFile.replace(report.file, with: report.text)
    }

    /// What reports of rebuilt ledgers say in one line, the newest first, as long as nobody removed them.
    package static func rebuildNotices(in folder: String) -> [String] {
        reportNames(in: folder).compactMap { name in
            let first = read("\(absolute(folder))/\(name)", limit: 4_096)?.split(separator: "\n").first
            return first.map { "\($0) (more in \(name))" }
        }
    }

    /// The newest first.
    private static func reportNames(in folder: String) -> [String] {
        var names: [String] = []
        // A folder that cannot be read tells of no report.
        try? RunFolder.forEachName(in: absolute(folder)) { bytes in
            let name = String(decoding: bytes, as: UTF8.self)
            if name.hasPrefix(prefix), name.hasSuffix(".txt") { names.append(name) }
        }
        return names.sorted(by: >)
    }

    /// When an entry of `runs` was last changed, for comparison with others.
    func changedAt(_ name: String) -> Int { Self.changed("\(runs)/\(name)") }

    // MARK: suspicion

    private var suspicion: String { database + ".suspect" }

    /// Damage was found in the ledger while it was in use: the next start is to look at all of it.
    var isLedgerSuspect: Bool { access(suspicion, F_OK) == 0 }

    func suspectLedger() {
        let file = Glibc.open(suspicion, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if file >= 0 { close(file) }
    }

    func forgetSuspicion() { unlink(suspicion) }
}
