import CAssets
import GRDB

/// The plain SQL of `migrations/`, carried inside the binary; a database's `user_version` tells how many it has had.
enum Migrations {
    struct Migration {
        let name: String
        let sql: String
    }

    static let all: [Migration] = {
        var first: UnsafePointer<rota_asset>?
        let count = rota_migrations(&first)
        return UnsafeBufferPointer(start: first, count: count).map { asset in
            Migration(
                name: String(cString: asset.name),
                sql: String(decoding: UnsafeBufferPointer(start: asset.bytes, count: asset.length), as: UTF8.self))
        }
    }()

    /// The version that this binary reads and writes.
    static var current: Int { all.count }

    static func version(of db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    }

    /// Brings the database up to `current`, in one transaction: a kill leaves the old schema or the new one.
    static func apply(to db: Database) throws {
        let version = try version(of: db)
        guard version < current else { return }
        try db.inTransaction(.exclusive) {
            for migration in all[version...] { try db.execute(sql: migration.sql) }
            try db.execute(sql: "PRAGMA user_version = \(current)")
            return .commit
        }
    }
}
