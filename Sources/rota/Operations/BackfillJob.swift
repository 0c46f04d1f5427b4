import ArgumentParser
import Foundation
import RunHistory
import Scheduling
import Timetable

struct BackfillJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Runs slots of the past, with what comes after them in their flows.",
        discussion: """
            Each slot from --from to --to gets a run, slots from before the job was known and slots that ran among them; what is on its way is left \
            alone. The runs depend on nothing, no pause, window or overlap policy skips them, and they give way to what is due now. Their flows run \
            with them, also again. On a terminal it shows first what it would do and asks; elsewhere it goes ahead. Then it tells how far it is, \
            and ends with 1 when a run failed. Ctrl-C only ends the watching.

            EXAMPLES
              rota backfill load --from 2026-02-01 --to 2026-02-28 --dry-run
              rota backfill load --from 2026-02-01 --max-running 4
              rota backfill load --from P7D --only-missed --detach
              rota backfill --list --limit 10
              rota backfill --cancel 3           begins nothing more of it; with --kill ends what runs
            """)

    /// How many backfills a list tells of that asks for no other number.
    fileprivate static let listed = 50

    @Argument(help: "The job.")
    var job: JobArgument?

    @Option(
        help: ArgumentHelp("From this instant on: 2026-02-01, 2026-02-01T02:00, or so long ago: P7D.", valueName: "instant"),
        transform: InstantArgument.read)
    var from: InstantArgument?

    @Option(
        help: ArgumentHelp(
            "To this instant, which counts; a date includes its day, P7D is so long after --from. (default: now)", valueName: "instant"),
        transform: EndArgument.read)
    var to: EndArgument?

    @Flag(help: "Only slots of which nothing ever ran: never due, missed, or skipped.")
    var onlyMissed = false

    @Option(
        parsing: .unconditional, help: ArgumentHelp("So many runs of it at a time, those of its flows included.", valueName: "number")
    )
    var maxRunning = 1

    @Flag(help: "Tells what it would do, and does nothing.")
    var dryRun = false

    @Flag(help: "Does not ask first.")
    var yes = false

    @Flag(help: "Does not wait for the end.")
    var detach = false

    @Flag(help: "Lists the backfills, the newest first.")
    var list = false

    @Option(help: ArgumentHelp("With --list: at most so many. (default: \(BackfillJob.listed))", valueName: "number"))
    var limit: Int?

    @Option(help: ArgumentHelp("Begins nothing more of this backfill.", valueName: "number"))
    var cancel: Int64?

    @Flag(help: "With --cancel: ends the runs of it that are under way.")
    var kill = false

    @Flag(help: "Prints JSON.")
    var json = false

    @OptionGroup var place: Place

    func validate() throws {
        let modes = [list, cancel != nil, job != nil].filter { $0 }.count
        if modes == 0 { throw ValidationError("name a job and --from, or give --list or --cancel") }
        if modes > 1 { throw ValidationError("a job, --list and --cancel go one by one") }
        if job != nil, from == nil { throw ValidationError("say where to begin, with --from 2026-02-01 or --from P7D") }
        if job == nil, from != nil || to != nil || onlyMissed || dryRun || yes || detach {
            throw ValidationError("--from, --to, --only-missed, --dry-run, --yes and --detach go with a job")
        }
        if limit != nil, !list { throw ValidationError("--limit goes with --list") }
        if let limit, limit < 1 { throw ValidationError("--limit is a whole number from 1") }
        if kill, cancel == nil { throw ValidationError("--kill goes with --cancel") }
        if !(1...10_000).contains(maxRunning) { throw ValidationError("--max-running is a whole number from 1 to 10000") }
    }

    func run() async throws {
        let reader = try place.reader()
        if list { return try tellAll(in: reader) }
        if let cancel { return try await end(cancel, in: reader) }
        guard let job, let from else { return }
        let preview = try BackfillPreview(of: job.name, from: from, to: to, onlyMissed: onlyMissed, maxRunning: maxRunning, in: reader)
        if dryRun { return try json ? Terminal.json(preview) : preview.tell() }
        if Terminal.isTerminal, !yes, !json, !preview.choice.chosen.isEmpty {
            preview.tell()
            guard Terminal.isConfirmed("run these \(preview.choice.chosen.count.of("slot"))?") else {
                return Terminal.say("nothing was done")
            }
        }
        try await begin(preview, in: reader)
    }

    private func begin(_ preview: BackfillPreview, in reader: LedgerReader) async throws {
        var request = ControlRequest()
        request.from = preview.order.first.rfc3339
        request.to = preview.order.last.rfc3339
        request.onlyMissed = onlyMissed
        request.maxRunning = maxRunning
        let answer = try await place.control("/api/v1/jobs/\(preview.order.job)/backfill", request, within: .seconds(300))
        guard let id = answer.backfill else {
            return try json ? Terminal.json(BackfillAnswer(answer)) : Terminal.say(answer.detail ?? "there is nothing to do")
        }
        if !json {
            let left = answer.leftAlone ?? 0
            Terminal.say(
                "backfill \(id): \((answer.slots ?? 0).of("slot")) of \(preview.order.job)" + (left > 0 ? ", \(left) left alone" : ""))
        }
        if detach { return json ? try Terminal.json(BackfillAnswer(answer)) : () }
        try BackfillProgress(id: id, reader: reader, isQuiet: json).follow()
        guard let end = try reader.backfill(id) else { throw CommandFailure(.ourFault, "the backfill is not in the ledger any more") }
        if json { try Terminal.json(BackfillDocument(end)) }
        if end.failed > 0 {
            throw CommandFailure(
                .unwell,
                "\(end.failed.of("run")) of backfill \(id) did not succeed; `rota history \(end.backfill.job)` tells why, `rota retry` runs them again"
            )
        }
        if let who = end.backfill.cancelledBy { throw CommandFailure(.unwell, "backfill \(id) was cancelled by \(who)") }
    }

    private func end(_ id: Int64, in reader: LedgerReader) async throws {
        guard try reader.backfill(id) != nil else {
            throw CommandFailure(.usage, "there is no backfill \(id); `rota backfill --list` tells which there are")
        }
        var request = ControlRequest()
        request.kill = kill
        let answer = try await place.control("/api/v1/backfills/\(id)/cancel", request)
        if json { return try Terminal.json(BackfillAnswer(answer)) }
        guard answer.changed else { return Terminal.say(answer.detail ?? "it is over") }
        let active = answer.active ?? 0
        let rest =
            active > 0
            ? "; \(active.of("run")) of it \(active == 1 ? "goes" : "go") on to \(active == 1 ? "its" : "their") end, --kill ends that" : ""
        Terminal.say("cancelled backfill \(id): \((answer.withdrawn ?? 0).of("run")) withdrawn" + rest)
    }

    private func tellAll(in reader: LedgerReader) throws {
        let all = try reader.backfills(limit: limit ?? BackfillJob.listed)
        if json { return try Terminal.json(all.map(BackfillDocument.init)) }
        if all.isEmpty { return Terminal.say("there is no backfill") }
        Terminal.table(
            ["ID", "JOB", "FROM", "TO", "SLOTS", "DONE", "RUNNING", "FAILED", "SKIPPED", "STATE", "BY"],
            all.map { stored in
                let backfill = stored.backfill
                return [
                    "\(backfill.id)", backfill.job.text, backfill.first.rfc3339, backfill.last.rfc3339, "\(backfill.slots)",
                    "\(stored.slots[.succeeded] ?? 0)", "\(stored.count(where: \.isActive))", "\(stored.failed)",
                    "\(stored.slots[.skipped] ?? 0)", Self.state(of: stored), Terminal.oneLine(backfill.by),
                ]
            })
    }

    /// A cancelled one has withdrawn what it had not begun, which its slots count as skipped.
    private static func state(of stored: StoredBackfill) -> String {
        stored.progress.rawValue + (stored.progress == .cancelled && stored.slots[.skipped] ?? 0 > 0 ? ", rest withdrawn" : "")
    }
}

/// What came of a request for a backfill, or for the end of one: only what belongs to that.
private struct BackfillAnswer: Encodable {
    let changed: Bool
    let backfill: Int64?
    let job: String?
    let slots: Int?
    let leftAlone: Int?
    let withdrawn: Int?
    let active: Int?
    let detail: String?

    init(_ answer: ControlDocument) {
        (changed, backfill, job, detail) = (answer.changed, answer.backfill, answer.job, answer.detail)
        (slots, leftAlone, withdrawn, active) = (answer.slots, answer.leftAlone, answer.withdrawn, answer.active)
    }
}
