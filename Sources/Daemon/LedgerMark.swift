import Logging
import RunHistory

/// How far the ledger had come, noted beside it: a ledger that has not come that far is older than what happened.
///
/// A backup that was put in the place of the ledger looks sound, and so does a write-ahead log that lost its end. The mark is written after
/// commits, never before, so that no crash makes it tell more than the ledger. It may lag: it is no more than a reason to doubt.
struct LedgerMark: Hashable {
    /// Another ledger has other numbers.
    let ledger: String
    /// The number of the newest change that was committed.
    let change: Int64

    init(ledger: String, change: Int64) {
        self.ledger = ledger
        self.change = change
    }

    /// nil for what is no whole mark.
    fileprivate init?(_ text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "rota-mark", words[2].last == "\n", let change = Int64(words[2].dropLast()) else { return nil }
        self.init(ledger: String(words[1]), change: change)
    }

    fileprivate var text: String { "rota-mark \(ledger) \(change)\n" }
}

extension StateFolder {
    var markFile: String { path + "/mark" }

    /// nil when there is none that can be read whole.
    func mark() -> LedgerMark? { Self.read(markFile).flatMap(LedgerMark.init) }

    /// In one step; not synced, for it is written often, and one that is lost is only missed where the ledger is old as well.
    func keep(_ mark: LedgerMark) throws(DaemonError) {
        try StateFile.replace(markFile, with: mark.text, isDurable: false)
    }
}

/// How far the ledger of one session has come, noted beside it when it has come further.
struct NotedProgress {
    private let ledger: Ledger
    private let folder: StateFolder
    private let log: Logger
    /// nil as long as this session has noted nothing.
    private var mark: LedgerMark?
    private var hasToldTrouble = false

    init(of ledger: Ledger, in folder: StateFolder, log: Logger) {
        self.ledger = ledger
        self.folder = folder
        self.log = log
    }

    /// To be called after a commit. Without the mark, an old ledger that is put in the place of this one is taken for it.
    mutating func note() throws(LedgerError) {
        let now = LedgerMark(ledger: ledger.id, change: try ledger.newestChange())
        guard now != mark else { return }
        do {
            try folder.keep(now)
            mark = now
        } catch {
            if !hasToldTrouble { log.error("how far the ledger has come could not be noted", metadata: ["detail": "\(error)"]) }
            hasToldTrouble = true
        }
    }
}
