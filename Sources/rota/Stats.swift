import ArgumentParser
import Foundation
import RunHistory
import Scheduling
import Timetable

struct Stats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells how jobs did: counts, success rate, how long they took, how late they began.",
        discussion: """
            Of the runs due in the last thirty days. Each attempt counts; OK is the share of successes among those that came to an end. p50, p95 \
            and p99 are what half, 95 and 99 of a hundred runs did not exceed.

            EXAMPLES
              rota stats
              rota stats backup --since P7D
              rota stats --since 2026-03-01 --json
            """)

    @Argument(help: "Only this job.")
    var job: JobArgument?

    @Option(
        help: ArgumentHelp("Only slots due since 2026-03-01T02:00:00Z, 2026-03-01, or so long ago: PT2H.", valueName: "when"),
        transform: InstantArgument.read)
    var since: InstantArgument?

    @Flag(help: "Prints a JSON array.")
    var json = false

    @OptionGroup var place: Place

    func run() throws {
        let reader = try place.reader()
        if let job, try reader.job(job.name) == nil { throw reader.unknown(job.name.text) }
        let since = try since ?? InstantArgument.read("P30D")
        let (jobs, isWhole) = try reader.statistics(of: job?.name, since: since.instant())
        if !isWhole { Terminal.complain("only the newest million runs are counted; a later --since counts all of its own") }
        if json { return try Terminal.json(jobs.map(StatisticsDocument.init)) }
        Terminal.table(
            ["JOB", "RUNS", "OK", "FAILED", "SKIPPED", "MISSED", "TOOK p50", "p95", "p99", "LATE p50", "p95", "p99"], jobs.map(Self.cells))
    }

    private static func cells(_ job: JobStatistics) -> [String] {
        let counts: [[RunState]] = [[.failed, .timedOut, .couldNotStart, .killed, .lost], [.skipped], [.missed]]
        let rest = (job.states[.skipped] ?? 0) + (job.states[.missed] ?? 0)
        return [job.job.text, "\(job.total - rest)", job.successRate.map { String(format: "%.1f %%", $0 * 100) } ?? "-"]
            + counts.map { states in "\(states.map { job.states[$0] ?? 0 }.reduce(0, +))" } + spans(job.duration) + spans(job.lateness)
    }

    private static func spans(_ quantiles: Quantiles?) -> [String] {
        guard let quantiles else { return ["-", "-", "-"] }
        return [quantiles.p50, quantiles.p95, quantiles.p99].map(\.words)
    }
}
