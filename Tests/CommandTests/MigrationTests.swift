import Foundation
import Glibc
import TestSupport
import Testing

/// A ledger of an older schema, brought up to date by the real program, which is killed at any moment of it. catalogue 37
///
/// MIGRATION_SEED draws the moments again, as far as a machine comes to the same place in the same time.
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

    /// The version, and what came with later ones: columns of runs and tables.
    private func shape(_ path: String) throws -> String {
        let version = try sqlite(path, "PRAGMA user_version")
        let objects = try sqlite(path, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'index', 'trigger', 'view') ORDER BY name")
        let columns = try sqlite(path, "SELECT name FROM pragma_table_info('run') ORDER BY cid")
        return "\(version)\n\(columns)\n\(objects)"
    }

    /// What a ledger looks like that this program makes.
    private func newShape() throws -> String {
        let fixture = try CommandFixture()
        #expect(try fixture.start(["--for", "PT0.1S"]).wait().status == 0)
        return try shape(fixture.state + "/rota.db")
    }

    private static let seed =
        ProcessInfo.processInfo.environment["MIGRATION_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)

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
        let (old, new) = (try shape(original), try newShape())
        #expect(old != new)
        var found: [String: Int] = [:]
        var longest: Int64 = 400_000
        var random = SeededGenerator(seed: Self.seed)
        // Until both were seen, and no fewer than six times; on no machine does one of them hide for so long.
        while found.values.reduce(0, +) < 6 || found[old] == nil || found[new] == nil {
            guard found.values.reduce(0, +) < 100 else {
                Issue.record("MIGRATION_SEED=\(Self.seed): of 100 kills \(found[old, default: 0]) came before the end of the migration")
                return
            }
            for name in [path, path + "-wal", path + "-shm"] { try? FileManager.default.removeItem(atPath: name) }
            try FileManager.default.copyItem(atPath: original, toPath: path)
            let program = try Program(
                "rota", ["serve", "--jobs", fixture.jobs, "--state", fixture.state, "--listen", "127.0.0.1:0"])
            try await Task.sleep(for: .microseconds(Int64.random(in: 0...longest, using: &random)))
            program.signal(SIGKILL)
            try program.wait()
            let left = try shape(path)
            guard left == old || left == new else {
                Issue.record("MIGRATION_SEED=\(Self.seed): a schema between two versions: \(left)")
                return
            }
            if left == old { #expect(try facts(path) == before, "MIGRATION_SEED=\(Self.seed)") }
            found[left, default: 0] += 1
            // Half of the kills are to come before its end.
            longest = found[new, default: 0] > found[old, default: 0] ? max(longest / 2, 20_000) : longest * 3 / 2
        }
    }
}
