import Foundation
import GRDB
import Scheduling
import Timetable

/// The shape of a run in SQL, and the way from and to the domain's.
enum RunRow {
    private static let columns = [
        "job", "due", "attempt", "retry", "trigger", "state", "reason", "flow_head", "flow_due", "ready_at", "waiting_since", "not_before",
        "started_at", "ended_at", "exit_code", "signal", "executor", "node", "boot", "version", "caught_up", "parameters", "consumed",
        "ending", "kill_wanted", "by_hand", "backfill", "handed_on", "promises", "breaches", "ran_as",
    ]
    /// What may change after the insertion; the rest is the run's identity and origin.
    private static let mutable = [
        "state", "reason", "waiting_since", "started_at", "ended_at", "exit_code", "signal", "executor", "node", "version", "consumed",
        "ending", "kill_wanted", "retry", "ready_at", "not_before", "by_hand", "handed_on", "promises", "breaches", "ran_as",
    ]

    static let insert = "INSERT INTO run (\(columns.joined(separator: ", "))) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"

    /// The same with a number that was given out before, as the first argument.
    static let insertNumbered = insert.replacing("INTO run (", with: "INTO run (id, ").replacing("VALUES (", with: "VALUES (?, ")

    /// Keeps the boot of the hand-over: it is written with the first row that is not waiting.
    static let update = """
        UPDATE run SET \(mutable.map { "\($0) = ?" }.joined(separator: ", ")), boot = CASE WHEN state = 'waiting' THEN ? ELSE boot END
        WHERE job = ? AND due = ? AND attempt = ? RETURNING id
        """

    static func arguments(of run: Run, boot: String?) -> StatementArguments {
        [
            run.key.job.text, run.key.due.microseconds, run.key.attempt, run.retry, run.trigger.rawValue, run.state.rawValue, run.reason,
            run.flow.head.text, run.flow.due.microseconds, run.readyAt.microseconds, run.waitingSince.microseconds,
            run.notBefore?.microseconds,
            run.startedAt?.microseconds, run.endedAt?.microseconds, run.exitCode, run.signal, run.executor, run.node, boot, run.version,
            run.isCaughtUp, JSONText.of(run.parameters), consumedText(of: run), run.ending, run.killWanted,
            run.isByHand, run.backfill, JSONText.of(run.handedOn), PromiseText.of(run.promises), PromiseText.of(run.breaches),
            run.ranAs,
        ]
    }

    static func updateArguments(of run: Run, boot: String) -> StatementArguments {
        [
            run.state.rawValue, run.reason, run.waitingSince.microseconds, run.startedAt?.microseconds, run.endedAt?.microseconds,
            run.exitCode,
            run.signal, run.executor, run.node, run.version, consumedText(of: run), run.ending, run.killWanted, run.retry,
            run.readyAt.microseconds, run.notBefore?.microseconds, run.isByHand, JSONText.of(run.handedOn),
            PromiseText.of(run.promises), PromiseText.of(run.breaches), run.ranAs, boot, run.key.job.text,
            run.key.due.microseconds,
            run.key.attempt,
        ]
    }

    private static func consumedText(of run: Run) -> String? {
        JSONText.of(Dictionary(uniqueKeysWithValues: run.consumed.map { ($0.text, $1) }))
    }

    /// - Throws: `DatabaseError` when the row holds what no version of the schema allows.
    static func run(from row: Row) throws -> Run {
        guard let job = JobName(row["job"]), let head = JobName(row["flow_head"]), let trigger = RunTrigger(rawValue: row["trigger"]),
            let state = RunState(rawValue: row["state"])
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "run \(row["id"] as Int64? ?? 0) cannot be read") }
        var run = Run(
            key: RunKey(job: job, due: Instant(microseconds: row["due"]), attempt: row["attempt"]),
            flow: FlowKey(head: head, due: Instant(microseconds: row["flow_due"])), trigger: trigger,
            readyAt: Instant(microseconds: row["ready_at"]), waitingSince: Instant(microseconds: row["waiting_since"])
        )
        run.retry = row["retry"]
        run.state = state
        run.reason = row["reason"]
        run.notBefore = row.instant("not_before")
        run.startedAt = row.instant("started_at")
        run.endedAt = row.instant("ended_at")
        run.exitCode = row["exit_code"]
        run.signal = row["signal"]
        run.executor = row["executor"]
        run.node = row["node"]
        run.version = row["version"]
        run.isCaughtUp = row["caught_up"]
        run.parameters = try JSONText.dictionary(row["parameters"])
        run.consumed = try ControlRow.numbers(row["consumed"])
        run.ending = row["ending"]
        run.killWanted = row["kill_wanted"]
        run.isByHand = row["by_hand"]
        run.backfill = row["backfill"]
        run.handedOn = try JSONText.dictionary(row["handed_on"])
        run.promises = try PromiseText.promises(row["promises"])
        run.breaches = try PromiseText.breaches(row["breaches"])
        run.ranAs = row["ran_as"]
        return run
    }
}

/// The shape of a control row in SQL.
enum ControlRow {
    private static let columns = [
        "name", "version", "schedule", "registered_at", "accounted_until", "anchor", "removed_at", "successes", "failures", "last_success",
        "last_failure", "last_done", "consumed", "last_free_due", "durations",
    ]

    static let upsert =
        "INSERT OR REPLACE INTO job (\(columns.joined(separator: ", "))) VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))"

    static func arguments(of control: JobControl) -> StatementArguments {
        [
            control.job.text, control.version, control.schedule, control.registeredAt.microseconds, control.accountedUntil.microseconds,
            control.anchor?.microseconds, control.removedAt?.microseconds, control.successes, control.failures, control.lastSuccess,
            control.lastFailure, control.lastDone,
            JSONText.of(Dictionary(uniqueKeysWithValues: control.consumed.map { ($0.text, $1) })) ?? "{}",
            control.lastFreeDue?.microseconds, control.durations.isEmpty ? nil : "\(control.durations)",
        ]
    }

    static func control(from row: Row) throws -> JobControl {
        guard let name = JobName(row["name"]) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a job's row has no name") }
        var control = JobControl(
            job: name, version: row["version"], schedule: row["schedule"], registeredAt: Instant(microseconds: row["registered_at"]),
            accountedUntil: Instant(microseconds: row["accounted_until"])
        )
        control.anchor = row.instant("anchor")
        control.removedAt = row.instant("removed_at")
        control.successes = row["successes"]
        control.failures = row["failures"]
        control.lastSuccess = row["last_success"]
        control.lastFailure = row["last_failure"]
        control.lastDone = row["last_done"]
        control.consumed = try numbers(row["consumed"])
        control.lastFreeDue = row.instant("last_free_due")
        control.durations = try JSONText.value(row["durations"], as: [Int64].self) ?? []
        return control
    }

    static func numbers(_ text: String?) throws -> [JobName: Int64] {
        let decoded = try JSONText.value(text, as: [String: Int64].self) ?? [:]
        return Dictionary(uniqueKeysWithValues: decoded.compactMap { name, number in JobName(name).map { ($0, number) } })
    }
}

/// Small JSON values in text columns, null for none. What cannot be read is never taken for none: a run would have other values.
enum JSONText {
    /// nil for an empty dictionary; keys sorted.
    static func of(_ dictionary: [String: some Encodable]) -> String? {
        guard !dictionary.isEmpty else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(dictionary)).map { String(decoding: $0, as: UTF8.self) }
    }

    static func dictionary(_ text: String?) throws -> [String: String] { try value(text, as: [String: String].self) ?? [:] }

    /// - Throws: `DatabaseError` when the text is no such value.
    static func value<Value: Decodable>(_ text: String?, as type: Value.Type) throws -> Value? {
        guard let text else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a value in a row is not the JSON that it must be")
        }
    }
}

extension Row {
    func instant(_ column: String) -> Instant? {
        (self[column] as Int64?).map(Instant.init(microseconds:))
    }
}
