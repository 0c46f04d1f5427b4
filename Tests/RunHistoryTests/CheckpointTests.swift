import Foundation
import GRDB
import RunHistory
import Scheduling
import Synchronization
import TestSupport
import Testing
import Timetable

/// The write-ahead log under readers. catalogue 35, 36
struct CheckpointTests {
    /// A reader of its own that holds one transaction open until it is let go.
    private final class LongReader {
        private let queue: DatabaseQueue

        init(_ path: String) throws {
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try db.execute(sql: "BEGIN")
                _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM run")
            }
        }

        func end() throws { try queue.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") } }
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)

        var isSet: Bool { value.withLock { $0 } }
        func set() { value.withLock { $0 = true } }
    }

    private func commit(_ count: Int, from first: Int, to fixture: LedgerFixture) throws {
        for batch in stride(from: first, to: first + count, by: 200) {
            try fixture.commit((batch..<min(batch + 200, first + count)).map { .insert(fixture.run(due: Int64($0), state: .succeeded)) })
        }
    }

    private func bytes(_ fixture: LedgerFixture) -> Int64 { WriteAheadLog(of: fixture.path).bytes }

    /// Some large commits of a megabyte each, as texts with calendars are.
    private func commitMegabytes(_ count: Int, to fixture: LedgerFixture) throws {
        let text = String(repeating: "x", count: 1 << 20)
        for _ in 0..<count {
            _ = try fixture.ledger.commit([], boot: "b", at: fixture.now) { try $0.change("test", detail: text) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func withoutALongReaderTheLogStaysShort() async throws {
        let fixture = try LedgerFixture()
        for round in 0..<3 {
            try commit(200, from: round * 200, to: fixture)
            try fixture.ledger.removeEverythingOld(before: .distantFuture)
            try commitMegabytes(10, to: fixture)
            while bytes(fixture) > 32 << 20, !Task.isCancelled {
                try fixture.ledger.heartbeat(at: fixture.now)
                await Task.yield()
            }
        }
        #expect(bytes(fixture) <= 32 << 20)
        fixture.ledger.close()
        #expect(bytes(fixture) == 0)
    }

    // catalogue 35
    @Test(.timeLimit(.minutes(1))) func theLogGrowsUnderALongReaderAndIsCutOnceItEnds() async throws {
        let fixture = try LedgerFixture()
        let count = 200
        try commit(count, from: 0, to: fixture)
        let reader = try LongReader(fixture.path)
        try commitMegabytes(70, to: fixture)
        let log = WriteAheadLog(of: fixture.path)
        #expect(log.isLong && log.readers.contains(getpid()))
        #expect(log.words.contains("process \(getpid())"))
        try reader.end()
        // Nothing more is written but heartbeats: a quiet moment is enough.
        while bytes(fixture) > 16 << 20, !Task.isCancelled {
            try fixture.ledger.heartbeat(at: fixture.now)
            await Task.yield()
        }
        #expect(bytes(fixture) <= 16 << 20)
        #expect(try LedgerReader.open(at: fixture.path).history(HistoryFilter(limit: 100_000)).count == count)
    }

    // catalogue 32, 35
    @Test(.timeLimit(.minutes(1))) func aReaderThatKeepsALedgerFromBeingSettledIsNamed() throws {
        let fixture = try LedgerFixture()
        try commit(1, from: 0, to: fixture)
        let reader = try LongReader(fixture.path)
        let began = ContinuousClock.now
        #expect {
            try fixture.ledger.settle()
        } throws: { error in
            guard case LedgerError.unsettled(_, let readers) = error else { return false }
            return readers.contains("process \(getpid())")
        }
        #expect(ContinuousClock.now - began < .seconds(8), "whoever wants to stop is not kept waiting")
        try reader.end()
        try fixture.ledger.settle()
        #expect(bytes(fixture) == 0)
    }

    // catalogue 31, 32: only what may not be on the disk is to be settled.
    @Test func aDiskThatFailsLeavesADoubtAndARefusalDoesNot() throws {
        let fixture = try LedgerFixture()
        try commit(1, from: 0, to: fixture)
        #expect(throws: LedgerError.self) { try commit(1, from: 0, to: fixture) }
        #expect(!fixture.ledger.isInDoubt, "there is a row of that key already")
        try reopen(fixture.path + "-wal", O_RDONLY)
        #expect(throws: LedgerError.self) { try commit(1, from: 1, to: fixture) }
        #expect(fixture.ledger.isInDoubt)
    }

    // catalogue 31: what fails beside the loop is told, and commits go on.
    @Test(.timeLimit(.minutes(1))) func aLogThatCannotBeFoldedInIsTold() async throws {
        let folder = try TemporaryFolder()
        let told = Mutex<[LedgerError]>([])
        let path = folder.path + "/rota.db"
        let now = Instant(seconds: 1_780_000_000)
        let ledger = try Ledger.open(at: path, machine: "m1", now: now) { fault in told.withLock { $0.append(fault) } }
        func commitMegabytes() throws {
            let text = String(repeating: "x", count: 1 << 20)
            for _ in 0..<17 { _ = try ledger.commit([], boot: "b", at: now) { try $0.change("test", detail: text) } }
        }
        // The connection that folds in is there from now on.
        try commitMegabytes()
        // Folding in may be under way.
        while (try? ledger.settle()) == nil, !Task.isCancelled { await Task.yield() }
        try reopen(path, O_RDONLY)
        try commitMegabytes()
        while ledger.foldingFault == nil, !Task.isCancelled {
            try ledger.heartbeat(at: now)
            await Task.yield()
        }
        let count = told.withLock(\.count)
        #expect(count > 0)
        try reopen(path, O_RDWR)
        while ledger.foldingFault != nil, !Task.isCancelled {
            try ledger.heartbeat(at: now)
            await Task.yield()
        }
        #expect(ledger.foldingFault == nil)
    }

    // catalogue 34
    @Test(.timeLimit(.minutes(1))) func damageThatIsFoundWhenFoldingInStopsTheScheduler() async throws {
        let fixture = try LedgerFixture()
        try commitMegabytes(8, to: fixture)
        while (try? fixture.ledger.settle()) == nil, !Task.isCancelled { await Task.yield() }
        func touch() throws {
            _ = try fixture.ledger.commit([], boot: "b", at: fixture.now) { try $0.change("test") }
            try fixture.ledger.heartbeat(at: fixture.now)
        }
        try touch()
        // Commits go on with the pages in memory.
        #expect(truncate(fixture.path, 4_096) == 0)
        var fault: LedgerError?
        while fault == nil, !Task.isCancelled {
            do { try touch() } catch { fault = error as? LedgerError }
            await Task.yield()
        }
        guard case .corrupt = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
        guard case .corrupt = fixture.ledger.foldingFault else {
            Issue.record("the commit found it, not the folding in")
            return
        }
    }

    /// Opens the file anew, by `mode`, under each descriptor that this process has of it: what was opened for reading alone fails when written.
    private func reopen(_ path: String, _ mode: Int32) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            guard let old = Int32(name), (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)) == path
            else { continue }
            let new = open(path, mode | O_CLOEXEC)
            try #require(new >= 0 && dup2(new, old) == old && fcntl(old, F_SETFD, FD_CLOEXEC) == 0)
            close(new)
        }
    }

    // catalogue 36
    @Test(.timeLimit(.minutes(2))) func fiftyReadersAreNeverToldThatTheLedgerIsLocked() async throws {
        let fixture = try LedgerFixture()
        var control = JobControl(
            job: LedgerFixture.job, version: "v1", schedule: "R/PT1S", registeredAt: .epoch, accountedUntil: .distantFuture)
        control.successes = 1
        try fixture.commit([.control(control)])
        let isOver = Flag()
        let path = fixture.path
        let reads = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 {
                group.addTask {
                    var reads = 0
                    while !isOver.isSet {
                        // Half of them are commands, each with a connection of its own; the others stay, as the API does.
                        let reader = try LedgerReader.open(at: path)
                        for _ in 0..<(number % 2 == 0 ? 1 : 20) {
                            _ = try reader.history(HistoryFilter(limit: 50))
                            _ = try reader.jobs()
                            reads += 1
                            await Task.yield()
                        }
                    }
                    return reads
                }
            }
            let writer = Task.detached {
                defer { isOver.set() }
                for step in 0..<20 {
                    try commit(50, from: step * 50, to: fixture)
                    // All but the newest hundred dues go again.
                    if step % 10 == 9 { try fixture.ledger.removeEverythingOld(before: fixture.now + .seconds(1)) }
                }
            }
            try await writer.value
            return try await group.reduce(0, +)
        }
        #expect(reads >= 50)
        #expect(try LedgerReader.open(at: path).history(HistoryFilter(limit: 1_000)).count == 1)
        #expect(bytes(fixture) < 64 << 20)
    }
}
