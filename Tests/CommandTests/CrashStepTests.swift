import Execution
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// catalogue 1, 2, 12: the real scheduler dies at each durable step, starts again, and its ledger agrees with what the jobs themselves saw.
///
/// Tests/Torture/checker.py matches starts to slots: no double, no gap without a reason, true exit codes, retries and children as owed.
@Suite(.timeLimit(.minutes(3))) struct CrashStepTests {
    @Test(arguments: DurableStep.allCases.filter { !$0.isOfTasks }) func aCrashThereHasNoConsequences(step: DurableStep) async throws {
        let findings = try #require(await Self.findings.value[step])
        #expect(findings.isEmpty, "\(step.rawValue): \(findings.joined(separator: "\n"))")
    }

    @Test func aWordThatIsNoStepIsRefused() throws {
        let fixture = try CommandFixture()
        for word in ["nonsense", "intent-committed:0", "intent-committed:1:1", "0", "99"] {
            let result = try Program.run(
                "rota", ["serve", "--jobs", fixture.jobs, "--state", fixture.state], environment: ["ROTA_CRASH_AT": word])
            #expect(result.status == 64 && result.stderr.contains("ROTA_CRASH_AT"), "\(word): \(result.stderr)")
        }
    }

    /// All trials at once, a few at a time: each waits more than it works.
    private static let findings = Task {
        let steps = DurableStep.allCases.filter { !$0.isOfTasks }
        let trials = steps.flatMap { step in CrashTrial.times(of: step).map { CrashTrial(step: step, time: $0) } }
        return await withCheckedContinuation { continuation in
            let state = Mutex((left: trials, missing: trials.count, found: [DurableStep: [String]]()))
            for _ in 0..<8 {
                Thread.detachNewThread {
                    while let trial = state.withLock({ $0.left.popLast() }) {
                        let findings = trial.findings()
                        let isLast = state.withLock { state in
                            state.found[trial.step, default: []] += findings
                            state.missing -= 1
                            return state.missing == 0
                        }
                        if isLast { continuation.resume(returning: state.withLock { $0.found }) }
                    }
                }
            }
        }
    }
}

/// Jobs that mark their starts and ends, and schedulers that die over them at one step; the last one lives on.
private struct CrashTrial {
    let step: DurableStep
    /// At which of its times.
    let time: Int

    /// Of steps that come with each run: the third, or as many of the first as ROTA_CRASH_TIMES says.
    private static let many = ProcessInfo.processInfo.environment["ROTA_CRASH_TIMES"].flatMap { Int($0) }.map { Array(1...$0) } ?? [3]

    static func times(of step: DurableStep) -> [Int] {
        switch step {
        case .intentDecided, .intentCommitted, .folderMade, .runWritten, .keeperSpawned, .startHeard, .startCommitted, .endHeard,
            .endCommitted:
            many
        case .waitCommitted, .definitionsCommitted: [2]
        // The database alone, and its log as well.
        case .oldFileAside: [1, 2]
        default: [1]
        }
    }

    private enum Aim {
        case runs, retention, rebuild
    }

    /// What the step is one of.
    private var aim: Aim {
        switch step {
        case .outputRemoved, .folderRenamed, .folderRemoved, .rowsRemoved: .retention
        case .ledgerRemade, .oldFileAside, .newLedgerInPlace: .rebuild
        default: .runs
        }
    }

    /// What does not agree, in sentences.
    func findings() -> [String] {
        var findings: [String] = []
        // On a machine that is so slow that the slots are over before the scheduler is there, they begin later.
        for lead in [2, 10, 30] {
            do {
                let fixture = try CommandFixture()
                let first = (Date().timeIntervalSince1970 + Double(lead)).rounded(.up)
                try writeJobs(fixture, first: first)
                guard let notReached = try dieBefore(fixture, over: first + 12) else {
                    return aim == .retention ? try keepHouse(fixture, until: first + 8) : try liveOn(fixture, until: first + 7)
                }
                findings = notReached
            } catch {
                return ["\(error)"]
            }
        }
        return findings
    }

    // MARK: dying

    /// The lives that end at a step, one after the other.
    private var deaths: [String] {
        let own = "\(step.rawValue):\(time)"
        return switch step {
        case .unclaimedFound: ["run-written:2", own]
        case .ledgerRead, .keeperAdopted, .outcomeFound, .runsRecovered, .recoveryCommitted, .ledgerRemade, .oldFileAside,
            .newLedgerInPlace:
            ["start-committed:4", own]
        default: [own]
        }
    }

    /// - Returns: What became of a life that did not end at its step.
    private func dieBefore(_ fixture: CommandFixture, over end: Double) throws -> [String]? {
        for (life, death) in deaths.enumerated() {
            if aim == .rebuild, life == 1 { try damageLedger(fixture) }
            // What is to be found ended must have ended.
            if death.hasPrefix(DurableStep.outcomeFound.rawValue) { _ = wait { files("outcome", fixture) == files("claim", fixture) } }
            // Bounded: a step that is never reached must be told, not waited for.
            let span = max(5, end - Date().timeIntervalSince1970)
            let serve = try fixture.start(
                ["--for", "PT\(Int(span))S"] + settings(fixture), environment: environment(fixture, dyingAt: death))
            if step == .stopCommitted {
                _ = wait { files("outcome", fixture) > 0 }
                serve.signal(SIGTERM)
            }
            while step == .runCancelled, serve.isAlive { _ = try fixture.rota("kill", "victim") }
            let result = try serve.wait()
            let name = death.prefix { $0 != ":" }
            guard result.status == -SIGKILL, result.stderr.contains("reached \(name),") else {
                return ["\(name) was not reached: \(result.status) \(result.stderr)"]
            }
        }
        return nil
    }

    private func environment(_ fixture: CommandFixture, dyingAt death: String) throws -> [String: String] {
        var environment = ["ROTA_CRASH_AT": death]
        if step == .runCancelled {
            // A keeper that gives up without a claim once the word is there: only then is there a run to be cancelled.
            let keeper = fixture.folder.path + "/keeper"
            let text = "for round in $(seq 600); do [ -e \"$1/kill\" ] && exit 71; sleep 0.05; done\n"
            try fixture.folder.write("#!/bin/sh\n" + text, to: "keeper")
            chmod(keeper, 0o755)
            environment["ROTA_KEEPER"] = keeper
        }
        return environment
    }

    /// How many runs have a file of this name.
    private func files(_ name: String, _ fixture: CommandFixture) -> Int {
        let runs = fixture.state + "/runs"
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? []
        return folders.count { FileManager.default.fileExists(atPath: "\(runs)/\($0)/\(name)") }
    }

    // MARK: living on

    /// Lets a scheduler go on until every slot has come and every run has ended, and asks the checker.
    private func liveOn(_ fixture: CommandFixture, until: Double) throws -> [String] {
        // On a slow machine jobs may be registered after their first slot, but no later than this.
        let since = Date().timeIntervalSince1970
        var answer = ""
        for _ in 0..<8 {
            let span = max(1.5, until + 1.5 - Date().timeIntervalSince1970)
            let serve = try fixture.start(["--for", "PT\(String(format: "%.1f", span))S"])
            let result = try serve.wait()
            guard result.status == 0 else { return ["the scheduler ended with \(result.status): \(result.stderr)"] }
            let arguments = [fixture.folder.path, "--since", "\(since)", "--until", "\(until)"] + (aim == .rebuild ? ["--rebuilt"] : [])
            let checker = try Program.run("/usr/bin/python3", [Self.torture + "/checker.py"] + arguments)
            if checker.status == 0 { return aim == .rebuild ? try remainsOfRebuild(fixture) : [] }
            answer = checker.stdout + checker.stderr
            // Only what has not ended yet is worth waiting for.
            guard ["waiting", "launching", "running"].contains(where: { answer.contains(" is \($0) ") }) else { break }
        }
        return ["died the \(time). time: \(answer)"]
    }

    // MARK: a ledger that is made anew

    /// So that nothing can be read of it: what is known afterwards is known from the folders of the runs.
    private func damageLedger(_ fixture: CommandFixture) throws {
        for name in ["rota.db", "rota.db-wal"] {
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(fixture.state)/\(name)"))
            try file.write(contentsOf: Data(repeating: 0x5A, count: 4_096))
            try file.close()
        }
    }

    /// Half of a rebuild is no ledger, and no file of the old one is lost.
    private func remainsOfRebuild(_ fixture: CommandFixture) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.state)
        let halves = names.filter { $0.hasPrefix("rota.db.rebuil") }.map { "\($0) was left behind" }
        let isKept = names.contains { $0.hasPrefix("rota.db.damaged-") && $0.hasSuffix("-wal") }
        return halves + (isKept ? [] : ["the log of the old ledger is gone: \(names)"])
    }

    // MARK: retention

    /// What ended a moment ago goes: folders, rows and output.
    private func settings(_ fixture: CommandFixture) throws -> [String] {
        guard aim == .retention else { return [] }
        try fixture.folder.write("retention: { runs: PT2S, logs: PT1S }\n", to: "rota.yaml")
        return ["--config", fixture.folder.path + "/rota.yaml"]
    }

    /// Lets a scheduler go on until its rounds have made good what the crash left half done; no run may have begun twice.
    private func keepHouse(_ fixture: CommandFixture, until: Double) throws -> [String] {
        let serve = try fixture.start(settings(fixture))
        var differences = ["the scheduler did not come up"]
        _ = wait {
            guard serve.isAlive, Date().timeIntervalSince1970 > until else { return !serve.isAlive }
            differences = (try? houseKept(fixture)) ?? differences
            return differences.isEmpty
        }
        serve.signal(SIGTERM)
        let result = try serve.wait()
        if result.status != 0 { differences.append("the scheduler ended with \(result.status): \(result.stderr)") }
        let starts = try fixture.folder.read("marks").split(separator: "\n").filter { $0.hasPrefix("start ") }
        // Job, due and attempt: under another id it would be the same.
        let began = starts.map { $0.split(separator: " ")[2...4].joined(separator: " ") }
        if Set(began).count < began.count { differences.append("began twice: \(began.sorted())") }
        return differences
    }

    /// What does not agree of rows and folders, once all runs have ended.
    private func houseKept(_ fixture: CommandFixture) throws -> [String] {
        let sql = """
            SELECT ledger.id || '-' || run.id, run.ended_at IS NULL, run.output_removed_at IS NOT NULL
            FROM run, ledger WHERE run.executor IS NOT NULL
            """
        let answer = try Program.run("/usr/bin/sqlite3", ["-readonly", fixture.state + "/rota.db", sql])
        guard answer.status == 0 else { return ["the ledger cannot be read: \(answer.stderr)"] }
        let rows = answer.stdout.split(separator: "\n").map { $0.split(separator: "|") }
        let known = Set(rows.map { String($0[0]) })
        let folders = try FileManager.default.contentsOfDirectory(atPath: fixture.state + "/runs")
        var differences: [String] = []
        if known != Set(folders) { differences.append("a row or a folder is alone: \(known.symmetricDifference(folders).sorted())") }
        for row in rows {
            let hasOutput = FileManager.default.fileExists(atPath: "\(fixture.state)/runs/\(row[0])/index")
            if row[1] == "1" { differences.append("\(row[0]) is open") }
            if hasOutput || row[2] == "0" { differences.append("\(row[0]) has output \(hasOutput), told as removed \(row[2])") }
        }
        return differences
    }

    // MARK: jobs

    private static let torture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Torture"

    /// Slots are the eight seconds from `first`.
    private func writeJobs(_ fixture: CommandFixture, first: Double) throws {
        let schedule = "\"schedule\": \"R8/\(rfc3339(first))/PT1S\""
        if step != .runCancelled {
            // One that can still be adopted by the slowest of starts.
            let span = step == .keeperAdopted ? 5 : 0
            for (policy, span) in [("skip", 0), ("rerun", 0), ("hold", span)] {
                try write(policy, "\(schedule), \"onUnknown\": \"\(policy)\"", [span, "0"], fixture)
            }
            try write("again", "\(schedule), \"retries\": {\"limit\": 1, \"delay\": \"PT0.1S\"}", [0, "7", "0"], fixture)
            try write("child", "\"after\": [\"skip\"]", [0, "3"], fixture)
            try write("long", "\(schedule), \"overlap\": \"queue\"", [2.2, "5"], fixture)
        }
        switch step {
        case .killDecided, .killCommitted, .killWritten, .keeperRung:
            try write("victim", "\(schedule), \"overlap\": \"skip\", \"labels\": {\"may\": \"killed\"}", [30, "0"], fixture)
            try writeAside("killer", "rota kill victim", schedule, fixture)
        case .runCancelled:
            try write("victim", "\(schedule), \"overlap\": \"skip\", \"labels\": {\"may\": \"killed\"}", [0, "0"], fixture)
        case .requestCommitted:
            try writeAside("asker", "rota pause --label team=nobody", schedule, fixture)
        case .definitionsRead, .definitionsCommitted:
            try fixture.folder.write(job([0, "0"], "\"schedule\": \"R/\(rfc3339(first))/PT1S\"", fixture, may: "late"), to: "late.json")
            let edit = "sed s/DESCRIPTION/$ROTA_RUN/ ../late.json >late.new && mv late.new late.json"
            try writeAside("editor", edit, schedule, fixture)
        default: break
        }
    }

    private func write(_ name: String, _ more: String, _ command: [Any], _ fixture: CommandFixture) throws {
        try fixture.folder.write(job(command, more, fixture), to: "jobs/\(name).json")
    }

    private func job(_ command: [Any], _ more: String, _ fixture: CommandFixture, may: String? = nil) -> String {
        let words = [Self.torture + "/job.sh", fixture.folder.path + "/marks"] + command.map { "\($0)" }
        let labels = may.map { ", \"labels\": {\"may\": \"\($0)\"}" } ?? ""
        let overlap = more.contains("overlap") ? "" : ", \"overlap\": \"allow\""
        let command = words.map { "\"\($0)\"" }.joined(separator: ", ")
        return "{\"command\": [\(command)], \"description\": \"DESCRIPTION\", \(more)\(overlap)\(labels)}"
    }

    /// A job that does something to the scheduler, and is itself none of those that are judged.
    private func writeAside(_ name: String, _ command: String, _ schedule: String, _ fixture: CommandFixture) throws {
        let endless = schedule.replacingOccurrences(of: "R8/", with: "R/")
        let place = command.hasPrefix("rota ") ? " --state \(fixture.state)" : ""
        let text = "{ \"command\": \"\(command)\(place)\", \(endless), \"env\": {\"PATH\": \"\(Program.products):/usr/bin:/bin\"} }\n"
        try fixture.folder.write(text, to: "jobs/\(name).yaml")
    }

    private func rfc3339(_ seconds: Double) -> String {
        ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds))
    }
}
