import Scheduling
import TestSupport
import Testing

@testable import Timetable

/// A changed tz database; failure catalogue 47.
struct ZoneRulesTests {
    /// Daily jobs at 09:00 on a clock that is `offset` hours ahead of UTC, in a zone that always has one name.
    private func jobs(hoursAhead offset: Int64, _ lines: [String] = ["0 9 * * *"]) throws -> [Job] {
        let zone = Zone(rules: ZoneRules(name: "Test/Town", offset: offset * 3600))
        return try lines.enumerated().map { index, line in
            let recurrence = try line.hasPrefix("R") ? Recurrence(interval: line) : Recurrence(cron: line)
            let schedule = try Schedule([recurrence], zone: zone)
            let name = try #require(JobName("job\(index)"))
            return job(name, nil) { $0.schedule = schedule }
        }
    }

    private func begun(at now: Instant, _ jobs: [Job]) -> Simulation {
        var simulation = Simulation(at: now)
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start(jobs)
        return simulation
    }

    @Test func aDayThatHasRunDoesNotRunAgainByTheNewRules() throws {
        var simulation = begun(at: "06:00:00", try jobs(hoursAhead: 2))
        simulation.pass(until: "07:30:00")
        simulation.define(try jobs(hoursAhead: 1))
        simulation.pass(until: "07:30:00" + .seconds(86_400))
        #expect(simulation.history("job0") == ["07:00:00 succeeded"])
        simulation.pass(until: "08:30:00" + .seconds(86_400))
        #expect(simulation.history("job0") == ["07:00:00 succeeded", "2026-03-02T08:00:00Z succeeded"])
    }

    @Test func aDayThatIsOverByTheNewRulesStillRuns() throws {
        var simulation = begun(at: "06:00:00", try jobs(hoursAhead: 1))
        simulation.pass(until: "07:30:00")
        #expect(simulation.history("job0").isEmpty)
        simulation.define(try jobs(hoursAhead: 2))
        simulation.pass(until: "09:30:00")
        #expect(simulation.history("job0") == ["07:00:00 succeeded"])
    }

    @Test func slotsThatDoNotMoveAreNotTouched() throws {
        let lines = ["*/10 * * * *", "R/PT25M", "R/2026-01-01T00:00Z/PT30M"]
        var changed = begun(at: "06:00:00", try jobs(hoursAhead: 1, lines))
        changed.pass(until: "07:12:00")
        changed.define(try jobs(hoursAhead: 2, lines))
        changed.pass(until: "09:00:00")
        var same = begun(at: "06:00:00", try jobs(hoursAhead: 1, lines))
        same.pass(until: "09:00:00")
        for name: JobName in ["job0", "job1", "job2"] { #expect(changed.history(name) == same.history(name)) }
        #expect(changed.history("job1").count == 8, "the anchor stays pinned")
    }
}
