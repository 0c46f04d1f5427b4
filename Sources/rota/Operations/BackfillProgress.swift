import Daemon
import Foundation
import RunHistory
import Scheduling
import Synchronization
import Timetable

/// How far a backfill is, as the ledger says: a bar on a terminal, a line for each tenth elsewhere.
struct BackfillProgress {
    let id: Int64
    let reader: LedgerReader
    let isQuiet: Bool

    /// Whether somebody pressed Ctrl-C; what is in the ledger goes on without whoever watches.
    private static let isInterrupted = Atomic<Bool>(false)

    /// Returns when nothing of it is open any more.
    func follow() throws {
        _ = Self.isInterrupted.load(ordering: .relaxed)
        let before = signal(SIGINT) { _ in BackfillProgress.isInterrupted.store(true, ordering: .relaxed) }
        defer { signal(SIGINT, before) }
        let clock = SystemClock()
        let begin = clock.now()
        var told = -1
        while let stored = try reader.backfill(id) {
            tell(stored, after: clock.now() - begin, told: &told)
            if stored.progress != .running { break }
            if Self.isInterrupted.load(ordering: .relaxed) { leave() }
            clock.wait(until: clock.now() + .milliseconds(250), descriptors: [])
        }
        if Terminal.isTerminal, !isQuiet { Terminal.say("") }
    }

    private func leave() -> Never {
        if Terminal.isTerminal, !isQuiet { Terminal.say("") }
        Terminal.complain("backfill \(id) goes on; `rota backfill --list` tells how far it is, `rota backfill --cancel \(id)` ends it")
        exit(130)
    }

    private func tell(_ stored: StoredBackfill, after elapsed: Duration, told: inout Int) {
        guard !isQuiet else { return }
        let (ended, all) = (stored.ended, max(stored.backfill.slots, 1))
        if Terminal.isTerminal { return Terminal.progress(Self.bar(ended, of: all) + words(stored, after: elapsed)) }
        let tenth = stored.progress == .running ? ended * 10 / all : 11
        guard tenth > told else { return }
        told = tenth
        Terminal.say("backfill \(id): " + words(stored, after: elapsed))
    }

    private func words(_ stored: StoredBackfill, after elapsed: Duration) -> String {
        let (ended, all) = (stored.ended, stored.backfill.slots)
        var parts = ["\(ended) of \(all.of("slot"))"]
        let active = stored.count(where: \.isActive)
        if active > 0 { parts.append("\(active) running") }
        if stored.failed > 0 { parts.append("\(stored.failed) failed") }
        let skipped = stored.count { $0 == .skipped }
        if skipped > 0 { parts.append("\(skipped) skipped") }
        if stored.progress == .running, ended > 0, ended < all { parts.append("about \((elapsed * (all - ended) / ended).words) left") }
        if stored.progress != .running { parts.append(stored.progress.rawValue) }
        return parts.joined(separator: ", ")
    }

    private static func bar(_ ended: Int, of all: Int) -> String {
        let filled = min(ended * 30 / all, 30)
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled) + "] "
    }
}
