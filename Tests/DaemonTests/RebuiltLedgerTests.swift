import Daemon
import Execution
import Foundation
import GRDB
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// What a scheduler does on a ledger that it had to make anew.
struct RebuiltLedgerTests {
    private let folder: TemporaryFolder
    private let place: LocalDaemon

    init() throws {
        folder = try TemporaryFolder()
        place = LocalDaemon(folder.path)
        try FileManager.default.createDirectory(atPath: place.jobs, withIntermediateDirectories: true)
        try folder.write(
            "schedule: R/2026-03-01T01:00:00Z/PT1H\ncommand: echo $ROTA_DUE >> \(folder.path)/marks; echo DUE=$ROTA_DUE > $ROTA_OUTPUT\n",
            to: "jobs/hourly.yaml")
    }

    /// Lets a daemon run while `body` does something, then stops it.
    private func run<Value: Sendable>(_ clock: ManualClock, _ body: (Daemon, Ends) async throws -> Value) async throws -> Value {
        let ends = Ends()
        let daemon = try place.open(clock, ends)
        let task = Task { await daemon.run() }
        let value: Value
        do {
            value = try await body(daemon, ends)
        } catch {
            daemon.stop()
            await task.value
            throw error
        }
        daemon.stop()
        await task.value
        return value
    }

    // catalogue 34: a backup, and a write-ahead log that lost its end, know less than the folders.
    @Test(.timeLimit(.minutes(1))) func aBackupIsCompletedFromTheFolders() async throws {
        let clock = ManualClock(DaemonFixture.start)
        let backup = folder.path + "/backup.db"
        try await run(clock) { _, ends in
            for hour in 1...3 {
                clock.advance(by: .seconds(3_600))
                _ = await ends.next()
                if hour == 1 { try ledgerFile(place.state + "/rota.db").backup(to: DatabaseQueue(path: backup)) }
            }
        }
        for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: place.state + "/rota.db" + ending) }
        try FileManager.default.copyItem(atPath: backup, toPath: place.state + "/rota.db")

        let notice = try await run(ManualClock(DaemonFixture.start + .seconds(5 * 3_600 + 1_800))) { daemon, _ in
            #expect(await daemon.request(.run(JobName("nobody"), parameters: [:]), who: "test") == .unknownJob(JobName("nobody")))
            return daemon.notice
        }

        #expect(notice?.contains("it knew runs up to 1, and there are folders of runs up to 3") == true, "\(notice ?? "")")
        #expect(place.marks() == ["2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z", "2026-03-01T03:00:00Z"])
        let history = try place.reader().history(HistoryFilter())
        let runs = history.compactMap { if case .run(let stored) = $0 { stored } else { nil } }
        #expect(runs.map(\.run.state) == [.succeeded, .succeeded, .succeeded] && runs.allSatisfy { $0.run.trigger == .schedule })
        #expect(runs.map { $0.run.handedOn["DUE"] } == runs.map(\.run.key.due.rfc3339))
        let gaps = history.compactMap { if case .gap(let stored) = $0 { stored.gap } else { nil } }
        #expect(gaps.map(\.slots) == [2] && gaps.first?.reason.hasPrefix("ledger rebuilt") == true && gaps.first?.state == .missed)
        #expect(gaps.first?.firstDue == Instant(rfc3339: "2026-03-01T04:00:00Z"))
    }

    private func write(_ record: String, to file: String) throws { try folder.write(record, to: "state/runs/" + file) }

    // catalogue 34: cut off between the database and its write-ahead log.
    @Test(.timeLimit(.minutes(1))) func whatIsSetAsideInTwoStartsStaysTogether() async throws {
        try await run(ManualClock(DaemonFixture.start)) { _, _ in }
        let (files, database, aside) = (FileManager.default, place.state + "/rota.db", "rota.db.damaged-2026-02-01T00-00-00")
        try files.moveItem(atPath: database, toPath: database + ".rebuilt")
        try files.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -30)], ofItemAtPath: database + ".rebuilt")
        try folder.write("the old ledger", to: "state/" + aside)
        #expect(files.createFile(atPath: "\(place.state)/\(aside).txt", contents: Data("it was rebuilt\n".utf8)))
        // Files written this way are a minute old: that of another rebuild, though its name comes later.
        try folder.write("another was rebuilt\n", to: "state/rota.db.damaged-2026-02-02T00-00-00.txt")
        try folder.write("of the old ledger", to: "state/rota.db-wal")
        try await run(ManualClock(DaemonFixture.start)) { _, _ in }
        #expect(try folder.read("state/\(aside)-wal") == "of the old ledger")
        #expect(try files.contentsOfDirectory(atPath: place.state).count { $0.contains(".damaged-") } == 4)
    }

    private func writeRun(_ number: Int, boot: String, due: Int) throws {
        let id = "abcdef-\(number)"
        try write(
            """
            rota-run 1
            run \(id)
            job gone
            due \(due * 1_000_000)
            attempt 1
            definition 0000
            boot \(boot)
            node n1
            word /bin/sh
            word -c
            word echo $ROTA_RUN >> \(folder.path)/marks
            env PATH=/usr/bin:/bin
            kill-after 10000000
            output-limit 1000
            end

            """, to: id + "/run")
        try FileManager.default.createDirectory(atPath: "\(place.state)/runs/\(id)/output", withIntermediateDirectories: true)
        chmod("\(place.state)/runs/\(id)", 0o700)
    }

    // catalogue 33, 34: folders of an earlier version, some of them torn, of a job that no file defines.
    @Test(.timeLimit(.minutes(1))) func eachFolderIsTakenForWhatItProves() async throws {
        let boot = try RunFolder.currentBootID()
        try writeRun(5, boot: boot, due: 100)
        try writeRun(6, boot: boot, due: 200)
        try write("rota-kill 1\nrun abcdef-6\nreason by ada\nend\n", to: "abcdef-6/kill")
        try writeRun(7, boot: "another-boot", due: 300)
        try write("", to: "abcdef-8/run")
        try write("rota-claim 1\nrun abc", to: "abcdef-9/claim")
        try writeRun(10, boot: boot, due: 400)
        try write("rota-claim 1\nrun abcdef-10\npid 1", to: "abcdef-10/claim")
        try write("", to: "abcdef-10/outcome")
        try writeRun(11, boot: boot, due: 500)
        try write(
            "rota-outcome 1\nrun abcdef-11\nkind exited\nexit-code 3\nstarted 500000000\nended 501000000\nend\n", to: "abcdef-11/outcome")
        try write("", to: "abcdef-12.replaced-1/run")
        try write("", to: "abcdef-12.removed/stdout")
        try write("", to: "lost+found/file")
        chmod(place.state, 0o711)
        chmod(place.state + "/runs", 0o711)

        let clock = ManualClock(DaemonFixture.start)
        let (ended, next) = try await run(clock) { daemon, ends in
            var ended: [String: Run] = [:]
            for _ in 1...4 {
                let end = await ends.next()
                ended[end.id] = end.run
            }
            let answer = await daemon.request(.run(JobName("hourly"), parameters: [:]), who: "test")
            if answer.isAccepted { _ = await ends.next() }
            return (ended, answer)
        }

        #expect(ended["abcdef-5"]?.state == .succeeded && ended["abcdef-10"]?.state == .succeeded)
        #expect(ended["abcdef-6"]?.state == .killed && ended["abcdef-6"]?.reason == "by ada")
        #expect(ended["abcdef-7"]?.state == .lost && ended["abcdef-7"]?.reason?.hasPrefix("reboot") == true)
        #expect(Set(place.marks().filter { $0.hasPrefix("abcdef") }) == ["abcdef-5", "abcdef-10"])
        let stored = try place.reader().run(id: "abcdef-11")?.run
        #expect(stored?.state == .failed && stored?.exitCode == 3 && stored?.endedAt == Instant(seconds: 501))
        if case .accepted(let id, _) = next { #expect(id == "abcdef-13") } else { Issue.record("\(next)") }
        #expect(place.marks().count == 3, "no run is started twice: \(place.marks())")
        let left = try FileManager.default.contentsOfDirectory(atPath: place.state + "/runs").filter {
            !$0.hasPrefix("abcdef-1") || $0.contains(".")
        }
        #expect(!left.contains("abcdef-12.removed") && left.contains("abcdef-12.replaced-1") && left.contains("lost+found"), "\(left)")
    }

    // A folder that cannot be read now is that of a run that may live: nothing is set aside, and nobody is taken for lost.
    @Test(.timeLimit(.minutes(1))) func aFolderThatCannotBeReadEndsTheRebuild() async throws {
        let boot = try RunFolder.currentBootID()
        try writeRun(5, boot: boot, due: 100)
        try write("rota-kill 1\nrun abcdef-5\nreason by ada\nend\n", to: "abcdef-5/kill")
        // Reading it fails, also for root.
        try FileManager.default.createDirectory(atPath: place.state + "/runs/abcdef-6/run", withIntermediateDirectories: true)
        try folder.write("no ledger", to: "state/rota.db")
        chmod(place.state, 0o711)
        chmod(place.state + "/runs", 0o711)
        let clock = ManualClock(DaemonFixture.start)
        #expect {
            try place.open(clock, Ends())
        } throws: { "\($0)".contains("abcdef-6/run: Is a directory") && "\($0)".contains("nothing was started") }
        let names = try FileManager.default.contentsOfDirectory(atPath: place.state).filter { $0.hasPrefix("rota.db") }
        let old = try folder.read("state/rota.db")
        #expect(names == ["rota.db"] && old == "no ledger")

        try FileManager.default.removeItem(atPath: place.state + "/runs/abcdef-6")
        let end = try await run(clock) { _, ends in await ends.next() }
        #expect(end.id == "abcdef-5" && end.run.state == .killed)
    }

    // From the moment at which a start would go on with the new ledger there is a report of it.
    @Test(.timeLimit(.minutes(1))) func noLedgerIsMadeAnewWithoutAReport() async throws {
        try writeRun(5, boot: "another-boot", due: 100)
        chmod(place.state, 0o711)
        chmod(place.state + "/runs", 0o711)
        // A folder stands where the report is drafted.
        let report = place.state + "/rota.db.damaged-2026-03-01T00-00-00.txt.new"
        try FileManager.default.createDirectory(atPath: report, withIntermediateDirectories: false)
        let clock = ManualClock(DaemonFixture.start)
        #expect(throws: DaemonError.self) { try place.open(clock, Ends()) }
        #expect(!FileManager.default.fileExists(atPath: place.state + "/rota.db.rebuilt"))
        try FileManager.default.removeItem(atPath: report)
        let notice = try await run(clock) { daemon, ends in
            #expect(await ends.next().run.state == .lost)
            return daemon.notice
        }
        #expect(notice?.contains("it was gone") == true)
    }

    @Test(.timeLimit(.minutes(1))) func anotherMachinesLedgerIsNotTakenOverByARebuild() async throws {
        let clock = ManualClock(DaemonFixture.start)
        try await run(clock) { _, ends in
            clock.advance(by: .seconds(3_600))
            _ = await ends.next()
        }
        try await ledgerFile(place.state + "/rota.db").write { db in
            try db.execute(sql: "UPDATE job SET accounted_until = 9000000000000000000")
            try db.execute(sql: "UPDATE ledger SET machine = 'another'")
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: place.state + "/rota.db"))
        guard !StateFolder.machineID().isEmpty else { return }
        #expect {
            try place.open(clock, Ends())
        } throws: { "\($0)".contains("--take-over") }
        #expect(try Data(contentsOf: URL(fileURLWithPath: place.state + "/rota.db")) == before)
    }
}
