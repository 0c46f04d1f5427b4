import Glibc

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
        let beside = markFile + ".new"
        let file = Glibc.open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .system(what: "write \(beside)", errno: errno) }
        defer { close(file) }
        let text = mark.text
        guard text.withCString({ Glibc.write(file, $0, text.utf8.count) }) == text.utf8.count, rename(beside, markFile) == 0 else {
            throw .system(what: "write \(markFile)", errno: errno)
        }
    }
}
