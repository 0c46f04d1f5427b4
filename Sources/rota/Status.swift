import ArgumentParser
import Daemon
import Foundation
import JobFiles
import RunHistory
import Scheduling
import Timetable

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells whether the scheduler runs, what waits, what is late, and what is wrong with the job files.",
        discussion: """
            Ends with 1 when no scheduler runs, when it cannot launch anything, or when a job file has an error.

            A run is `waiting` as long as it waits here, for its time, its turn or a place in a pool; `launching` from when its executor has
            it, which may have to queue it in a cluster; and `running` from the start of its command.

            EXAMPLES
              rota status
              rota status --json
            """)

    @Flag(help: "Prints a JSON object.")
    var json = false

    @OptionGroup var place: Place

    private struct Document: Encodable {
        struct Problem: Encodable {
            let file: String
            let line: Int
            let column: Int
            let severity: String
            let message: String
        }

        let state: String
        let scheduler: String
        let detail: String?
        let version: String?
        let pid: Int?
        let address: String?
        let jobsFolder: String?
        let startedAt: String?
        let heartbeatAt: String?
        let stoppedAt: String?
        let jobs: Int
        let open: [HistoryDocument]
        let late: [LateRuns.Line]
        let problems: [Problem]
        let paused: [PauseDocument]
        let ordered: [SlotOrderDocument]
        let backfills: [BackfillDocument]
        let notices: [String]
        let pools: [PoolDocument]
        let retention: RetentionWords.Document
        /// Null when a scheduler of an earlier version ran last.
        let executors: [ExecutorStatus]?
        let writeAheadLog: WriteAheadLog
    }

    func run() async throws {
        let folder = try place.stateFolder()
        let reader = try place.reader()
        let health = await SchedulerHealth.ask(folder)
        let problems = try reader.problems()
        let open = try reader.openRuns()
        let late = try LateRuns(reader, open: open)
        let row = try reader.scheduler()
        let pauses = try reader.pauses()
        let orders = try reader.orders()
        let backfills = try reader.openBackfills()
        let notices = StateFolder.rebuildNotices(in: folder)
        let calendars = Calendars()
        let pools = try reader.pools { Definition.parse(canonical: $0.canonical, calendars: calendars) }
        let retention = try RetentionWords(reader)
        let troubles = try reader.executorTroubles()
        let executors = row.flatMap { SettingsDocument(text: $0.settings) }?.executors?
            .map { ExecutorStatus($0, open: open, troubles: troubles) }
        let log = WriteAheadLog(of: folder + "/rota.db")
        if json {
            try Terminal.json(
                Document(
                    state: folder, scheduler: health.status, detail: health.detail, version: row?.version,
                    pid: health.isAlive ? row?.pid : nil, address: health.isAlive ? row?.address : nil,
                    jobsFolder: row?.jobsFolder, startedAt: row?.startedAt.rfc3339, heartbeatAt: row?.heartbeatAt.rfc3339,
                    stoppedAt: row?.stoppedAt?.rfc3339, jobs: try reader.jobs().count, open: open.map { HistoryDocument(.run($0)) },
                    late: late.lines,
                    problems: problems.map {
                        Document.Problem(file: $0.file, line: $0.line, column: $0.column, severity: $0.severity, message: $0.message)
                    },
                    paused: pauses.map(PauseDocument.init), ordered: orders.map(SlotOrderDocument.init),
                    backfills: backfills.map(BackfillDocument.init), notices: notices, pools: pools.map(PoolDocument.init),
                    retention: retention.document, executors: executors, writeAheadLog: log))
        } else {
            print(folder, health, row, jobs: try reader.jobs().count)
            for notice in notices { Swift.print("notice     \(Terminal.oneLine(notice))") }
            print(open, troubles)
            late.show()
            print(executors ?? [])
            print(pools)
            print(pauses)
            print(orders)
            print(backfills)
            Swift.print("retention  \(retention.line)")
            Swift.print("ledger     \(log.words)")
            print(problems)
        }
        if health.status != "scheduling" {
            throw CommandFailure(.unwell, "the scheduler is \(health.status)\(health.detail.map { ": \($0)" } ?? "")")
        }
        let errors = problems.count { $0.severity == "error" }
        if errors > 0 { throw CommandFailure(.unwell, "\(errors.of("error")) in the job files; the last good versions stay in force") }
    }

    private func print(_ folder: String, _ health: SchedulerHealth, _ row: SchedulerRow?, jobs: Int) {
        var lines = ["scheduler  \(Terminal.bold(health.status))", "state      \(folder)"]
        if let row {
            lines.append("jobs       \(jobs) in force, from \(row.jobsFolder)")
            // Until it listens, the row is that of the scheduler before it.
            if health.isAlive, !StateFolder.isBeingOpened(folder) {
                lines.append(
                    "running    version \(row.version), process \(row.pid), since \(row.startedAt.rfc3339)\(row.address.map { ", \($0)" } ?? "")"
                )
            } else {
                let end =
                    row.stoppedAt.map { "stopped at \($0.rfc3339)" } ?? "ended without a stop, last heard of at \(row.heartbeatAt.rfc3339)"
                lines.append("before     version \(row.version), started \(row.startedAt.rfc3339), \(end)")
            }
        }
        for line in lines { Swift.print(line) }
    }

    private func print(_ open: [StoredRun], _ troubles: [ExecutorTrouble]) {
        let states = [RunState.running, .launching, .waiting].map { state in "\(open.count { $0.run.state == state }) \(state.rawValue)" }
        Swift.print("runs       \(states.joined(separator: ", "))")
        for stored in open.prefix(50) {
            var reason = stored.run.reason
            // What would mend it stands with the executor.
            if troubles.contains(where: { $0.reason == reason }) { reason = reason?.components(separatedBy: "; ").first }
            let why = reason.map { ": " + Terminal.oneLine($0) } ?? ""
            Swift.print(
                "           \(stored.id)  \(stored.run.key.job)  due \(stored.run.key.due.rfc3339)  \(stored.run.state.rawValue)\(why)")
        }
        if open.count > 50 { Swift.print("           … and \(open.count - 50) more: rota history --state waiting") }
    }

    /// Local runs go without saying.
    private func print(_ executors: [ExecutorStatus]) {
        for executor in executors where executor.document.name != "local" {
            for line in executor.lines { Swift.print(line) }
        }
    }

    private func print(_ pools: [PoolUse]) {
        for (place, use) in pools.enumerated() {
            let shares = PoolResource.allCases.compactMap { resource in
                use.capacity[resource].map { capacity in
                    resource == .starts ? "at most \(resource.words(capacity))" : resource.words(use.used[resource], of: capacity)
                }
            }
            Swift.print("\(place == 0 ? "pools     " : "          ") \(use.name): \(shares.joined(separator: ", "))")
        }
    }

    private func print(_ pauses: [Pause]) {
        Swift.print("paused     \(pauses.isEmpty ? "nothing" : "\(pauses.count)")")
        for pause in pauses { Swift.print("           \(Terminal.oneLine(pause.scope.words)), \(Terminal.oneLine(pause.origin))") }
    }

    private func print(_ orders: [SlotOrder]) {
        guard !orders.isEmpty else { return }
        let holds = orders.count { $0.kind == .hold }
        Swift.print("ordered    \(holds) held, \(orders.count - holds) to be skipped")
        for order in orders.prefix(50) { Swift.print("           \(order.job)  \(order.words)") }
    }

    private func print(_ backfills: [StoredBackfill]) {
        for stored in backfills {
            let backfill = stored.backfill
            Swift.print("backfill   \(backfill.id)  \(backfill.job)  \(stored.ended) of \(backfill.slots.of("slot"))")
        }
    }

    private func print(_ problems: [LedgerProblem]) {
        Swift.print("problems   \(problems.isEmpty ? "none" : "\(problems.count)")")
        for problem in problems {
            Swift.print("           \(problem.file):\(problem.line):\(problem.column): \(problem.severity): \(problem.message)")
        }
    }
}
