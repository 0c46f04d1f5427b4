import Foundation
import Glibc
import TestSupport
import Testing

/// A ledger of an older schema, brought up to date by the real program, which is killed at any moment of it. catalogue 37
struct MigrationTests {
    private static let ledgers = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("RunHistoryTests/Ledgers")

    /// What a plain `sqlite3` answers; it takes no part in whatever we do.
    private func sqlite(_ path: String, _ sql: String) throws -> String {
        let result = try Program.run("/usr/bin/sqlite3", ["-bail", path, sql])
        #expect(result.status == 0, "\(result.stderr)")
        return result.stdout.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A ledger of the first schema with so many runs that a migration takes a while.
    private func makeLedger(at path: String, runs: Int) throws {
        _ = try sqlite(path, ".read \(Self.ledgers.path)/001.sql")
        _ = try sqlite(
            path,
            """
            PRAGMA journal_mode = WAL; UPDATE ledger SET machine = '';
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(runs))
            INSERT INTO run (job, due, attempt, retry, trigger, state, flow_head, flow_due, ready_at, waiting_since, started_at, ended_at,
                exit_code, executor, node, version, caught_up)
            SELECT name, i, 1, 0, 'schedule', 'succeeded', name, i, i, i, i, i, 0, 'local', 'n1', version, 0 FROM n CROSS JOIN job
            WHERE job.name = 'ingest';
            """)
    }

    private func facts(_ path: String) throws -> String {
        try sqlite(path, "SELECT count(*), sum(due), sum(ended_at), max(id) FROM run; SELECT count(*) FROM change; PRAGMA integrity_check;")
    }

    @Test(.timeLimit(.minutes(3))) func aKillInTheMiddleLeavesTheOldSchemaOrTheNewOne() async throws {
        let fixture = try CommandFixture()
        try FileManager.default.createDirectory(atPath: fixture.state, withIntermediateDirectories: true)
        let path = fixture.state + "/rota.db"
        let original = fixture.folder.path + "/original.db"
        try makeLedger(at: original, runs: 10_000)
        let before = try facts(original)
        var found: [String: Int] = [:]
        var longest: Int64 = 400_000
        var random = SystemRandomNumberGenerator()
        // Until both were seen, and no fewer than six times.
        while found.values.reduce(0, +) < 6 || found["1"] == nil || found["3"] == nil {
            for name in [path, path + "-wal", path + "-shm"] { try? FileManager.default.removeItem(atPath: name) }
            try FileManager.default.copyItem(atPath: original, toPath: path)
            let program = try Program(
                "rota", ["serve", "--jobs", fixture.jobs, "--state", fixture.state, "--listen", "127.0.0.1:0"])
            try await Task.sleep(for: .microseconds(Int64.random(in: 0...longest, using: &random)))
            program.signal(SIGKILL)
            try program.wait()
            let version = try sqlite(path, "PRAGMA user_version")
            let columns = try sqlite(path, "SELECT count(*) FROM pragma_table_info('run')")
            let tables = try sqlite(path, "SELECT count(*) FROM sqlite_schema WHERE name IN ('pause', 'removal', 'run_ended')")
            let isWhole = ["1 26 0", "3 28 3"].contains("\(version) \(columns) \(tables)")
            #expect(isWhole, "schema \(version), \(columns) columns, \(tables) of 3 later objects")
            if version == "1" { #expect(try facts(path) == before) }
            found[version, default: 0] += 1
            // Half of the kills are to come before its end.
            longest = found["3", default: 0] > found["1", default: 0] ? max(longest / 2, 20_000) : longest * 3 / 2
            guard isWhole else { return }
        }
    }
}
