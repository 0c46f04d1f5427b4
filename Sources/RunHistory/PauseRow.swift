import GRDB
import Scheduling
import Timetable

/// The shape of a pause in SQL, and the way from and to the domain's.
enum PauseRow {
    static let insert = "INSERT INTO pause (scope, name, value, who, since) VALUES (?, ?, ?, ?, ?)"
    static let delete = "DELETE FROM pause WHERE scope = ? AND name = ? AND value IS ?"

    static func arguments(of pause: Pause) -> StatementArguments {
        key(of: pause.scope) + [pause.by, pause.since.microseconds]
    }

    static func key(of scope: PauseScope) -> StatementArguments {
        switch scope {
        case .job(let name): ["job", name.text, nil]
        case .label(let key, let value): ["label", key, value]
        case .everything: ["everything", "", nil]
        }
    }

    static func all(_ db: Database) throws -> [Pause] {
        try Row.fetchAll(db, sql: "SELECT * FROM pause").map { row in
            guard let scope = scope(row) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a pause cannot be read") }
            return Pause(scope: scope, by: row["who"], since: Instant(microseconds: row["since"]))
        }
    }

    private static func scope(_ row: Row) -> PauseScope? {
        let (word, name): (String, String) = (row["scope"], row["name"])
        switch word {
        case "job": return JobName(name).map(PauseScope.job)
        case "label": return .label(key: name, value: row["value"])
        default: return .everything
        }
    }
}
