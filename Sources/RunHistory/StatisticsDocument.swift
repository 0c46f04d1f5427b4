package import Scheduling
import Timetable

/// The wire shape of a job's statistics: keys are added, never changed. Absent values are null, spans are seconds.
package struct StatisticsDocument: Encodable, Sendable {
    private let statistics: JobStatistics

    package init(_ statistics: JobStatistics) { self.statistics = statistics }

    private enum Key: String, CodingKey { case job, total, states, successRate, durationSeconds, latenessSeconds }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(statistics.job.text, forKey: .job)
        try container.encode(statistics.total, forKey: .total)
        let states = RunState.allCases.map { ($0.rawValue, statistics.states[$0] ?? 0) }
        try container.encode(Dictionary(uniqueKeysWithValues: states), forKey: .states)
        try container.encode(statistics.successRate, forKey: .successRate)
        try container.encode(statistics.duration.map(Spans.init), forKey: .durationSeconds)
        try container.encode(statistics.lateness.map(Spans.init), forKey: .latenessSeconds)
    }

    private struct Spans: Encodable {
        let p50: Double
        let p95: Double
        let p99: Double
        let max: Double

        init(_ quantiles: Quantiles) {
            p50 = quantiles.p50.inSeconds
            p95 = quantiles.p95.inSeconds
            p99 = quantiles.p99.inSeconds
            max = quantiles.longest.inSeconds
        }
    }
}
