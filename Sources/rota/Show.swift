import ArgumentParser
import Daemon
import Execution
import RunHistory
import Scheduling
import Timetable

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows everything about a job or a run.",
        discussion: """
            EXAMPLES
              rota show backup                   the job: what, when, how it did
              rota show k3x9q2-17                the run: what ran, and what became of it
              rota show k3x9q2-17 --json
            """)

    @Argument(help: "A job or a run id.", completion: JobArgument.defaultCompletionKind)
    var subject: String

    @Flag(help: "Prints a JSON object.")
    var json = false

    @OptionGroup var place: Place

    func run() throws {
        let reader = try place.reader()
        switch try Subject(subject, in: reader) {
        case .job(let stored): try show(stored, in: reader)
        case .run(let stored): try show(stored, in: reader)
        }
    }

    private func show(_ stored: StoredJob, in reader: LedgerReader) throws {
        let job = stored.job
        if json { return try Terminal.json(JobDocument(stored, job: job)) }
        var facts: [(String, String?)] = [
            ("job", stored.control.job.text),
            ("description", job?.description),
            ("due by", job.map(List.origin)),
            ("means", job?.schedule?.inWords),
            ("zone", job?.schedule?.zone.name),
            ("next", job.flatMap { stored.nextDue(of: $0) }?.rfc3339),
            ("takes", job.map(Self.demand)),
            ("task", job.flatMap(Self.task)),
            ("parameters", job.flatMap { Self.words($0.parameters.mapValues { $0 ?? "(must be given)" }) }),
            ("promises", job.flatMap(\.expect.words)),
            ("usually", stored.control.typicalDuration.map { "takes \($0.words)" }),
            ("paused", stored.pause(of: job).map { Terminal.oneLine($0.words) }),
            ("ordered", try Self.orders(of: stored.control.job, in: reader)),
            ("in force", stored.isInForce ? "yes" : "no: its file is gone since \(stored.control.removedAt?.rfc3339 ?? "?")"),
            ("registered", stored.control.registeredAt.rfc3339),
            ("succeeded", "\(stored.control.successes)"),
            ("failed", "\(stored.control.failures)"),
            ("last run", stored.newest.map { "\($0.id) due \($0.run.key.due.rfc3339): \($0.run.state.rawValue)" }),
            ("file", "\(stored.definition.file):\(stored.definition.line)"),
            ("definition", stored.definition.version),
        ]
        if job == nil { facts.append(("note", "this version of Rota cannot read the definition")) }
        Self.print(facts)
        print("")
        print(stored.definition.source)
    }

    /// `hold 2026-03-01T02:00:00Z by ada since …`, one after the other; nil without any.
    private static func orders(of job: JobName, in reader: LedgerReader) throws -> String? {
        let orders = try reader.orders().filter { $0.job == job }.map(\.words)
        return orders.isEmpty ? nil : orders.joined(separator: "; ")
    }

    /// `a place in local and warehouse, 2 cpus, 1.5 GiB memory`.
    private static func demand(of job: Job) -> String {
        let others = [PoolResource.cpus, .memory].filter { job.demand[$0] > 0 }
        let words = others.map { $0.words(job.demand[$0]) + ($0 == .memory ? " of memory" : "") }
        return (["a place in " + job.poolNames.joined(separator: " and ")] + words).joined(separator: ", ")
    }

    /// What a cluster is asked for besides: `container lab.sif, gres gpu:2, exclusive, nice 100`; nil without any.
    private static func task(of job: Job) -> String? {
        let gres = job.gres.isEmpty ? [] : ["gres " + job.gres.joined(separator: ",")]
        let options = job.slurm.sorted { $0.key < $1.key }.map { $0.value.isEmpty ? $0.key : "\($0.key) \(Terminal.oneLine($0.value))" }
        let all = (job.container.map { ["container \(Terminal.oneLine($0.image))"] } ?? []) + gres + options
        return all.isEmpty ? nil : all.joined(separator: ", ")
    }

    private func show(_ stored: StoredRun, in reader: LedgerReader) throws {
        let run = stored.run
        let folder = RunFolder(runs: try place.stateFolder() + "/runs", run: stored.id)
        let spent = RunSpending(run, handedOver: try reader.handOver(of: stored, now: SystemClock().now()), ending: try? folder.ending())
        if json { return try Terminal.json(RunDocument(HistoryDocument(.run(stored)), spent)) }
        Self.print([
            ("run", stored.id),
            ("job", run.key.job.text),
            ("due", run.key.due.rfc3339),
            ("attempt", "\(run.key.attempt)" + (run.retry > 0 ? " (retry \(run.retry))" : "")),
            ("trigger", run.trigger.rawValue + (run.backfill.map { ", backfill \($0)" } ?? "")),
            ("flow", run.flow.text),
            ("state", Terminal.painted(run.state.rawValue)),
            ("reason", run.why),
            ("ready at", run.readyAt.rfc3339),
            ("not before", run.notBefore?.rfc3339),
            ("handed over", spent.handedOver?.rfc3339),
            ("queued", spent.queued.flatMap { $0 >= .seconds(1) ? "\($0.words) on \(run.executor ?? "its executor")" : nil }),
            ("started", run.startedAt.map { "\($0.rfc3339) (\(run.lateness?.words ?? "") late)" }),
            ("ended", run.endedAt?.rfc3339),
            ("took", run.took?.words),
            ("processor", spent.cpu.map { "\($0.words) of its time" }),
            ("memory", spent.peakMemory.map { "\($0.bytes) at most" }),
            ("exit code", run.exitCode.map { "\($0)" }),
            ("signal", run.signal.map { "\($0)" }),
            ("parameters", Self.words(run.parameters)),
            ("handed on", Self.words(run.handedOn)),
            ("promised", run.promises.words),
            ("broken", run.brokenWords),
            ("executor", run.executor),
            ("node", run.node),
            ("folder", run.executor == nil ? nil : folder.path),
            ("output", stored.outputRemovedAt.map { "removed by retention at \($0.rfc3339)" }),
            ("output", spent.droppedOutput > 0 ? "\(spent.droppedOutput) bytes were not kept" : nil),
            ("definition", run.version),
        ])
        if let version = run.version, let definition = try reader.definition(version: version) {
            print("")
            print(definition.source)
        }
    }

    /// `DAY=2026-03-01 REGION=eu`; nil when there are none.
    private static func words(_ values: [String: String]) -> String? {
        if values.isEmpty { return nil }
        return values.sorted { $0.key < $1.key }.map { "\($0.key)=\(Terminal.oneLine($0.value))" }.joined(separator: " ")
    }

    static func print(_ facts: [(String, String?)]) {
        for (name, value) in facts {
            guard let value else { continue }
            Swift.print(Terminal.bold(name + String(repeating: " ", count: max(12 - name.count, 1))) + value)
        }
    }

    private func print(_ text: String) { Swift.print(text) }
}

extension SlotOrder {
    /// `hold 2026-03-01T02:00:00Z by ada since 2026-02-28T12:00:00Z`, for one line.
    var words: String { "\(kind.rawValue) \(due.rfc3339) by \(Terminal.oneLine(by)) since \(since.rfc3339)" }
}
