import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// What a new ledger takes over from an old one, and from the folders of its runs.
struct LedgerRebuildTests {
    private func found(_ number: Int64, _ run: Run) -> LedgerRebuild.FoundRun {
        LedgerRebuild.FoundRun(number: number, run: run, boot: "boot-1", knowsFlow: true)
    }

    private func finish(_ rebuild: LedgerRebuild, of fixture: LedgerFixture, id: String) throws -> Ledger {
        try rebuild.complete(id: id, machine: "m1", detail: "for a test")
        try LedgerRebuild.putInPlace(fixture.path, aside: fixture.folder.path + "/aside")
        return try Ledger.open(at: fixture.path, machine: "m1", now: fixture.now)
    }

    /// A ledger with a thousand ended runs, an open one, a control row, a gap and a pause.
    private func filled() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        var control = JobControl(
            job: LedgerFixture.job, version: "v1", schedule: "R/PT1H", registeredAt: fixture.now, accountedUntil: Instant(seconds: 2_000))
        control.successes = 1_000
        let gap = Gap(
            job: LedgerFixture.job, firstDue: Instant(seconds: 1_500), lastDue: Instant(seconds: 1_600), slots: 2, state: .missed,
            reason: "catch-up", decidedAt: fixture.now)
        try fixture.commit(
            (1...1_000).map { .insert(fixture.run(due: $0, state: .succeeded)) } + [
                .insert(fixture.run(due: 2_000, state: .launching)), .control(control), .gap(gap),
                .pause(Pause(scope: .everything, by: "ada", since: fixture.now)),
            ])
        fixture.ledger.close()
        return fixture
    }

    /// Overwrites the page on which the table, or the index, has its root.
    private func destroy(_ name: String, of fixture: LedgerFixture) throws {
        let queue = try DatabaseQueue(path: fixture.path)
        let page = try queue.read { db in try Int.fetchOne(db, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [name])
        }
        try queue.close()
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: fixture.path))
        try file.seek(toOffset: UInt64(((page ?? 0) - 1) * 4_096))
        try file.write(contentsOf: Data(repeating: 0xA5, count: 4_096))
        try file.close()
    }

    // catalogue 34
    @Test func whatIsNotDamagedIsTakenOver() throws {
        let fixture = try filled()
        try destroy("definition", of: fixture)
        guard case .damaged = try Ledger.examine(fixture.path, isSuspect: false) else {
            Issue.record("the damage is not seen")
            return
        }
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        #expect(try rebuild.identity()?.id == fixture.ledger.id)
        #expect(try rebuild.controls().map(\.successes) == [1_000] && rebuild.lastGap(of: LedgerFixture.job) == Instant(seconds: 1_600))
        #expect(try rebuild.pauses().map(\.scope) == [.everything])
        let account = try rebuild.take([], numbers: [1_001])
        #expect(account.salvagedRuns == 1_001 && account.incompleteTables == ["definition"])
        let ledger = try finish(rebuild, of: fixture, id: fixture.ledger.id)
        let restored = try ledger.restore()
        #expect(restored.state.openRuns.map(\.state) == [.launching] && restored.state.controls.count == 1)
        // The text of its job is lost, but not its row.
        #expect(restored.handedOver.first?.definition?.canonical == "")
    }

    @Test func aDamagedTableIsReadFromBothEnds() throws {
        let fixture = try filled()
        // A leaf in the middle of the runs.
        let queue = try DatabaseQueue(path: fixture.path)
        let leaves = try queue.read { db in
            try Int.fetchAll(db, sql: "SELECT pageno FROM dbstat WHERE name = 'run' AND pagetype = 'leaf' ORDER BY path")
        }
        try queue.close()
        var data = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
        let leaf = leaves[leaves.count / 2] - 1
        for index in leaf * 4_096..<(leaf + 1) * 4_096 { data[index] = 0 }
        try data.write(to: URL(fileURLWithPath: fixture.path))
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        let account = try rebuild.take([], numbers: [])
        #expect(account.incompleteTables == ["run"])
        #expect(account.salvagedRuns > 900, "\(account)")
    }

    /// SQLite finds nothing wrong with a text. catalogue 34
    @Test func aRunNeverGoesOnWithOtherValues() throws {
        let fixture = try LedgerFixture()
        let states: [RunState] = [.waiting, .succeeded, .launching, .waiting]
        var runs = states.enumerated().map { fixture.run(due: 10 + 10 * Int64($0), state: $1) }
        for index in runs.indices { runs[index].parameters = ["DAY": "\(index)"] }
        let plan = FlowPlan(head: LedgerFixture.job, members: [FlowPlan.Member(job: JobName("b"), after: [])])
        try fixture.commit(runs.map(LedgerRecord.insert) + [.openFlow(runs[3].flow, plan), .markStale(runs[3].flow, ["b": ["a": 1]])])
        fixture.ledger.close()
        try DatabaseQueue(path: fixture.path).write { db in
            try db.execute(sql: "UPDATE run SET parameters = '[1]' WHERE id < 4; UPDATE flow SET stale = '{\"b\"'")
        }
        guard case .damaged = try Ledger.examine(fixture.path, isSuspect: false) else {
            Issue.record("the damage is not seen")
            return
        }
        #expect(throws: LedgerError.self) {
            try Ledger.open(at: fixture.path, machine: "m1", now: fixture.now).restore()
        }
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        let account = try rebuild.take([found(3, runs[2])], numbers: [3])
        #expect(account.incompleteTables == ["flow", "run"] && account.rebuiltRuns == 1)
        let restored = try finish(rebuild, of: fixture, id: fixture.ledger.id).restore()
        #expect(restored.state.openRuns.map(\.key.due) == [Instant(seconds: 30), Instant(seconds: 40)])
        #expect(restored.state.openRuns.map(\.parameters) == [["DAY": "2"], ["DAY": "3"]], "the folder of the third has its values")
        #expect(try LedgerReader.open(at: fixture.path).run(id: "\(fixture.ledger.id)-2")?.run.parameters == [:])
    }

    @Test func flowsThatAreClosedOweNobodyAnotherRun() throws {
        let fixture = try LedgerFixture()
        let run = fixture.run(due: 10, state: .succeeded)
        let plan = FlowPlan(head: LedgerFixture.job, members: [FlowPlan.Member(job: JobName("b"), after: [])])
        try fixture.commit([.insert(run), .openFlow(run.flow, plan), .markStale(run.flow, ["b": ["a": 1]])])
        fixture.ledger.close()
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        try rebuild.closeFlowsAtRest()
        _ = try finish(rebuild, of: fixture, id: fixture.ledger.id)
        let stale = try DatabaseQueue(path: fixture.path).read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM flow WHERE is_open = 0 AND stale IS NULL")
        }
        #expect(stale == 1)
    }

    /// A copy may tell of a slot that had its run in the moment before the ledger was lost.
    @Test func ordersOfSlotsThatAreOverAreNotTakenOver() throws {
        let fixture = try LedgerFixture()
        func order(_ due: Instant, _ kind: SlotOrder.Kind = .hold) -> SlotOrder {
            SlotOrder(job: LedgerFixture.job, due: due, kind: kind, by: "ada", since: fixture.now)
        }
        let member = FlowPlan.Member(job: LedgerFixture.job, after: [])
        let flow = FlowKey(head: "h", due: Instant(seconds: 30))
        try fixture.commit([
            .insert(fixture.run(due: 10, state: .succeeded)), .insert(fixture.run(due: 20)),
            .openFlow(flow, FlowPlan(head: "h", members: [member])),
        ])
        fixture.ledger.close()
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        let dues = [10, 15, 20, 30].map { Instant(seconds: $0) }
        try rebuild.keep(dues.map { order($0) } + [order(fixture.now + .seconds(60), .skip)])
        #expect(try rebuild.orders().map(\.due) == [Instant(seconds: 20), Instant(seconds: 30), fixture.now + .seconds(60)])
    }

    // catalogue 34, 40
    @Test func withoutALedgerTheFoldersAreEnough() throws {
        let fixture = try LedgerFixture()
        let id = fixture.ledger.id
        fixture.ledger.close()
        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.path + ending) }
        #expect(try Ledger.examine(fixture.path, isSuspect: false) == .missing)
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        #expect(try rebuild.identity() == nil)
        let runs = [
            found(3, fixture.run(due: 10, state: .failed)), found(9, fixture.run(due: 20, state: .running)),
            // Its end was never found, but there is a later attempt.
            found(10, fixture.run(due: 30, state: .launching)), found(11, fixture.run(due: 30, attempt: 2, state: .succeeded)),
        ]
        let account = try rebuild.take(runs, numbers: [3, 9, 10, 11, 17])
        #expect(account.rebuiltRuns == 4 && account.salvagedRuns == 0 && account.conflicts == 0)
        let ledger = try finish(rebuild, of: fixture, id: id)
        #expect(try ledger.restore().handedOver.map(\.id) == ["\(id)-9"])
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.run(id: "\(id)-3")?.run.state == .failed)
        #expect(try reader.run(id: "\(id)-10")?.run.state == .lost)
        let fresh = try ledger.commit([.insert(fixture.run(due: 40))], boot: "b", at: fixture.now)
        #expect(fresh.values.first == "\(id)-18", "numbers go on above every folder")
    }

    @Test func aFolderKnowsThatAWaitingRunWentOn() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10)), .insert(fixture.run(due: 20, state: .failed))])
        fixture.ledger.close()
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        let account = try rebuild.take(
            [found(1, fixture.run(due: 10, state: .running)), found(2, fixture.run(due: 20, state: .succeeded))], numbers: [1, 2])
        #expect(account.correctedRuns == 1 && account.rebuiltRuns == 0)
        let reader = try LedgerReader.open(at: try finish(rebuild, of: fixture, id: fixture.ledger.id).path)
        #expect(try reader.run(id: "\(fixture.ledger.id)-1")?.run.state == .running)
        #expect(try reader.run(id: "\(fixture.ledger.id)-2")?.run.state == .failed, "an end in the ledger stands")
    }

    @Test func aRunThatWasSeenToRunDoesNotBeginAgainWithoutItsFolder() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10, state: .running)), .insert(fixture.run(due: 20, state: .launching))])
        fixture.ledger.close()
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        _ = try rebuild.take([], numbers: [])
        let restored = try finish(rebuild, of: fixture, id: fixture.ledger.id).restore()
        #expect(restored.state.openRuns.map(\.key.due) == [Instant(seconds: 20)])
    }

    // catalogue 34
    @Test(arguments: [true, false]) func whatMayHaveRunSinceIsNotRunAgain(isStale: Bool) throws {
        let fixture = try LedgerFixture()
        try fixture.commit([
            .insert(fixture.run(due: 10)), .insert(fixture.run(due: 20, state: .launching)),
            .insert(fixture.run(due: 30, state: .launching)),
        ])
        fixture.ledger.close()
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        #expect(rebuild.newest == (run: 3, change: 3))
        let account = try rebuild.take([found(3, fixture.run(due: 30, state: .launching))], numbers: [3], isStale: isStale)
        #expect(account.doubtfulRuns == (isStale ? 2 : 0))
        let restored = try finish(rebuild, of: fixture, id: fixture.ledger.id).restore()
        #expect(restored.state.openRuns.map(\.key.due.microseconds) == (isStale ? [30_000_000] : [10_000_000, 20_000_000, 30_000_000]))
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.run(id: "\(fixture.ledger.id)-1")?.run.state == (isStale ? .missed : .waiting))
        #expect(try reader.run(id: "\(fixture.ledger.id)-2")?.run.state == (isStale ? .lost : .launching))
    }

    // catalogue 37: a ledger of an earlier version, damaged before it was brought up to date.
    @Test func whatSomebodyAskedForStaysAskedFor() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10)), .insert(fixture.run(due: 20))])
        fixture.ledger.close()
        try DatabaseQueue(path: fixture.path).write { db in
            try db.execute(
                sql: "UPDATE run SET trigger = 'manual' WHERE id = 1; ALTER TABLE run DROP COLUMN by_hand; PRAGMA user_version = 1")
        }
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        _ = try rebuild.take([], numbers: [])
        let open = try finish(rebuild, of: fixture, id: fixture.ledger.id).restore().state.openRuns
        #expect(open.sorted { $0.key.due < $1.key.due }.map(\.isByHand) == [true, false])
    }

    @Test func aKnownEndIsTheOneThatIsWritten() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10, state: .running)), .insert(fixture.run(due: 20, state: .running))])
        fixture.ledger.close()
        var failed = fixture.run(due: 10, state: .failed)
        failed.exitCode = 7
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        let account = try rebuild.take(
            [
                found(1, failed), found(2, fixture.run(due: 20, state: .failed)),
                found(3, fixture.run(due: 10, attempt: 2, state: .running)),
            ],
            numbers: [1, 2, 3])
        #expect(account.correctedRuns == 1 && account.rebuiltRuns == 1)
        let restored = try finish(rebuild, of: fixture, id: fixture.ledger.id).restore()
        let reader = try LedgerReader.open(at: fixture.path)
        let first = try reader.run(id: "\(fixture.ledger.id)-1")?.run
        #expect(first?.state == .failed && first?.exitCode == 7 && first?.reason == nil)
        #expect(
            Set(restored.handedOver.map(\.id)) == ["\(fixture.ledger.id)-2", "\(fixture.ledger.id)-3"],
            "recovery imports the end of the other")
    }

    // The end of a parent was offered to a join `latest` before the backup was restored.
    @Test func anEndThatAStaleLedgerDoesNotKnowIsOfferedToNobody() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10, state: .running))])
        fixture.ledger.close()
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        _ = try rebuild.take([found(1, fixture.run(due: 10, state: .succeeded))], numbers: [1], isStale: true)
        let restored = try finish(rebuild, of: fixture, id: fixture.ledger.id).restore()
        #expect(restored.handedOver.isEmpty && restored.state.lastEnding == 0)
        #expect(try LedgerReader.open(at: fixture.path).run(id: "\(fixture.ledger.id)-1")?.run.state == .succeeded)
    }

    @Test func rowsThatTheSchedulerCannotReadAreLeftBehind() throws {
        let fixture = try filled()
        try DatabaseQueue(path: fixture.path).write { db in
            try db.execute(sql: "UPDATE job SET accounted_until = 9000000000000000000")
            try db.execute(sql: "INSERT INTO gap VALUES ('no name', 1, 2, 2, 'missed', 'x', 3)")
        }
        guard case .damaged(let detail) = try Ledger.examine(fixture.path, isSuspect: false) else {
            Issue.record("the damage is not seen")
            return
        }
        #expect(detail.contains("the job a"))
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        #expect(try rebuild.controls().isEmpty && rebuild.take([], numbers: []).incompleteTables == ["gap", "job"])
    }

    /// The old ledger's files only ever get other names, and a start that was cut off is gone on with.
    @Test func aRebuildThatIsCutOffIsGoneOnWith() throws {
        let fixture = try filled()
        let old = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
        let rebuild = try LedgerRebuild(at: fixture.path, now: fixture.now)
        #expect(!LedgerRebuild.isHalfInPlace(fixture.path))
        try rebuild.complete(id: "abcdef", machine: "m1", detail: "for a test")
        #expect(!LedgerRebuild.isHalfInPlace(fixture.path), "as long as the old one is there, the next start begins anew")
        #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)) == old)
        // Cut off between the two renames.
        try FileManager.default.moveItem(atPath: fixture.path, toPath: fixture.folder.path + "/aside")
        try fixture.folder.write("of the old one", to: "rota.db-wal")
        #expect(LedgerRebuild.isHalfInPlace(fixture.path))
        try LedgerRebuild.putInPlace(fixture.path, aside: fixture.folder.path + "/aside-2")
        #expect(try Ledger.open(at: fixture.path, machine: "m1", now: fixture.now).id == "abcdef")
        #expect(try fixture.folder.read("aside-2-wal") == "of the old one")
        #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.folder.path + "/aside")) == old)
    }

    // catalogue 31, 40: only what is not there is missing.
    @Test func whatCannotBeLookedAtIsNoMissingLedger() throws {
        let folder = try TemporaryFolder()
        try folder.write("a file", to: "file")
        let links = ["nowhere.db": folder.path + "/not/there", "circle.db": folder.path + "/circle.db"]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(atPath: folder.path + "/" + name, withDestinationPath: target)
        }
        for (name, words) in [
            "nowhere.db": "symbolic link that leads nowhere", "circle.db": "symbolic links", "file/rota.db": "Not a directory",
        ] {
            let path = folder.path + "/" + name
            #expect {
                try Ledger.examine(path, isSuspect: false)
            } throws: { "\($0)".contains(words) && "\($0)".contains(path) }
            #expect(!LedgerRebuild.isHalfInPlace(path))
        }
        #expect(try Ledger.examine(folder.path + "/none.db", isSuspect: false) == .missing)
    }

    @Test func lookingAtALedgerChangesNothing() throws {
        let fixture = try LedgerFixture()
        try fixture.commit([.insert(fixture.run(due: 10))])
        let log = try Data(contentsOf: URL(fileURLWithPath: fixture.path + "-wal"))
        #expect(try Ledger.examine(fixture.path, isSuspect: true) == .sound(id: fixture.ledger.id, newestRun: 1, newestChange: 1))
        #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path + "-wal")) == log && !log.isEmpty)
    }
}
