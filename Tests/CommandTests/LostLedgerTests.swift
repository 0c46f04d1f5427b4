import Foundation
import Glibc
import TestSupport
import Testing

/// The real program after its ledger was damaged or deleted.
@Suite(.serialized)
struct LostLedgerTests {
    enum Damage: String, CaseIterable, Sendable {
        case deleted, deletedButItsLog, empty, foreign, cut, flipped, logCut

        /// What a command that only reads says of it.
        var exitCode: Int32 {
            switch self {
            case .deleted, .deletedButItsLog: 69
            case .empty, .foreign, .flipped: 65
            // What is left may still be a ledger, or one that says too little.
            case .cut, .logCut: -1
            }
        }

        func apply(to state: String) throws {
            let (database, log) = (state + "/rota.db", state + "/rota.db-wal")
            switch self {
            case .deleted: for file in [database, log, state + "/rota.db-shm"] { try FileManager.default.removeItem(atPath: file) }
            case .deletedButItsLog: try FileManager.default.removeItem(atPath: database)
            case .empty:
                truncate(database, 0)
                truncate(log, 0)
            case .foreign:
                try Data(String(repeating: "not a ledger ", count: 4_000).utf8).write(to: URL(fileURLWithPath: database))
                truncate(log, 0)
            case .cut:
                truncate(database, 4_096)
                truncate(log, try Self.size(of: log) / 3)
            case .flipped:
                try Self.flip(database)
                try Self.flip(log)
            case .logCut: truncate(log, try Self.size(of: log) / 2)
            }
        }

        private static func size(of file: String) throws -> Int {
            try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
        }

        private static func flip(_ file: String) throws {
            var data = try Data(contentsOf: URL(fileURLWithPath: file))
            for place in stride(from: 8, to: data.count, by: 997) { data[place] ^= 0xA5 }
            try data.write(to: URL(fileURLWithPath: file))
        }
    }

    /// Twenty jobs: ten that tick, one that is paused, one in the Chronos shape, five that run until they are
    /// told, a child of one of these, three that end at once.
    private func makeJobs() throws -> (fixture: CommandFixture, marks: String) {
        let fixture = try CommandFixture()
        let marks = fixture.folder.path + "/marks"
        try FileManager.default.createDirectory(atPath: marks, withIntermediateDirectories: true)
        func write(_ name: String, _ schedule: String, _ command: String) throws {
            let mark = "echo $ROTA_DUE $ROTA_ATTEMPT >> \(marks)/\(name)"
            try fixture.folder.write("\(schedule)command: |\n  \(mark)\n  \(command)\n", to: "jobs/\(name).yaml")
        }
        for number in 0..<10 { try write("tick\(number)", "schedule: R/2026-01-01T00:00:00Z/PT1S\n", "true") }
        try write("paused", "schedule: R/2026-01-01T00:00:00Z/PT1S\n", "true")
        for number in 1...5 {
            try write("long\(number)", "", "while [ ! -e \(marks)/go ]; do sleep 0.02; done; exit \(number)")
        }
        try write("child", "after: [{ job: long2, on: done }]\n", "true")
        for number in 1...3 { try write("short\(number)", "", "exit \(number)") }
        let hourAgo = ISO8601DateFormatter().string(from: Date(timeIntervalSinceNow: -3_600))
        let chronos = """
            {"name": "chronos", "schedule": "R1/\(hourAgo)/PT24H", "epsilon": "P1D", "owner": "", "shell": true,
             "command": "echo $ROTA_DUE $ROTA_ATTEMPT >> \(marks)/chronos"}
            """
        try fixture.folder.write(chronos, to: "jobs/chronos.json")
        return (fixture, marks)
    }

    private func lines(_ file: String) -> [Substring] {
        ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "").split(separator: "\n")
    }

    // catalogue 34, 40
    @Test(.timeLimit(.minutes(2)), arguments: Damage.allCases)
    func nothingIsStartedAgain(_ damage: Damage) throws {
        let (fixture, marks) = try makeJobs()
        let first = try fixture.serve()
        #expect(try fixture.rota("pause", "paused").status == 0)
        var ids: [String: String] = [:]
        for number in 1...5 {
            ids["long\(number)"] = try fixture.rota("run", "long\(number)").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        for number in 1...3 { _ = try fixture.rota("run", "short\(number)", "--wait") }
        // One that waits for its turn.
        #expect(try fixture.rota("run", "long1").status == 0)
        let isBusy = wait {
            let hasBegun = (1...5).allSatisfy { lines("\(marks)/long\($0)").count == 1 }
            return hasBegun && lines("\(marks)/tick0").count > 1 && lines("\(marks)/chronos").count == 1
        }
        #expect(isBusy)
        first.signal(SIGKILL)
        try first.wait()
        let pausedBefore = lines("\(marks)/paused").count
        try damage.apply(to: fixture.state)
        let status = try fixture.rota("history").status
        #expect(damage.exitCode < 0 || status == damage.exitCode, "\(status)")

        let second = try fixture.serve()

        #expect(FileManager.default.createFile(atPath: marks + "/go", contents: nil))
        for number in 1...5 {
            let id = try #require(ids["long\(number)"])
            #expect(second.line(holding: id + " ") != nil)
            let run = try #require(try fixture.json("history", "long\(number)").last)
            #expect(run["state"] as? String == "failed" && run["exitCode"] as? Int == number && run["id"] as? String == id)
            #expect(try fixture.json("history", "short\(min(number, 3))").last?["exitCode"] as? Int == min(number, 3))
        }
        #expect(wait { lines("\(marks)/child").count == 1 }, "a flow that was under way goes on")
        let ticks = lines("\(marks)/tick0").count
        #expect(wait { lines("\(marks)/tick0").count > ticks + 1 }, "new slots run as ever")
        #expect(second.errors.contains("the ledger was made anew"))
        let told = try fixture.rota("status").stdout
        #expect(told.contains("the ledger was rebuilt at") && told.contains("the job `paused`"), "\(told)")
        let fresh = try fixture.rota("run", "short1", "--wait").stdout.split(separator: " ").first.map(String.init) ?? ""
        #expect(fresh.prefix(7) == ids["long1"]?.prefix(7), "the ledger keeps its name: \(fresh)")
        second.signal(SIGTERM)
        #expect(try second.wait().status == 0)

        for file in try FileManager.default.contentsOfDirectory(atPath: marks) {
            let all = lines("\(marks)/\(file)")
            #expect(Set(all).count == all.count, "\(file) ran twice: \(all)")
        }
        #expect(lines("\(marks)/chronos").count == 1, "a job in the Chronos shape owes nothing because of it")
        #expect(lines("\(marks)/paused").count == pausedBefore, "what is paused stays paused")
        let aside = try FileManager.default.contentsOfDirectory(atPath: fixture.state).filter { $0.hasPrefix("rota.db.damaged-") }
        #expect(aside.contains { $0.hasSuffix(".txt") } && (aside.count > 1 || damage == .deleted), "\(aside)")
    }

    // catalogue 40
    @Test(.timeLimit(.minutes(1))) func aLedgerThatIsDeletedUnderASchedulerIsMadeAnewByARestartAlone() throws {
        let fixture = try CommandFixture(jobs: ["tick.yaml": "schedule: R/2026-01-01T00:00:00Z/PT1S\ncommand: 'true'\n"])
        let first = try fixture.serve()
        #expect(first.line(holding: "succeeded") != nil)
        for file in ["rota.db", "rota.db-wal", "rota.db-shm"] { try fixture.folder.remove("state/" + file) }
        #expect(wait { first.errors.contains("restart `rota serve`, which makes it anew") })
        #expect(!FileManager.default.fileExists(atPath: fixture.state + "/rota.db"))
        first.signal(SIGTERM)
        #expect(try first.wait().status == 0)
        let second = try fixture.serve()
        #expect(second.line(holding: "succeeded") != nil && second.errors.contains("it was gone"))
        second.signal(SIGTERM)
        try second.wait()
    }
}
