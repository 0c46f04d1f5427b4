import Scheduling
import TestSupport
import Testing

@testable import Timetable

/// A changed tz database; failure catalogue 47.
struct ZoneRulesTests {
    /// Jobs on a clock that is `offset` hours ahead of UTC, in a zone that always has one name; each line is a job, `;` makes unions.
    private func jobs(hoursAhead offset: Int64, _ lines: [String] = ["0 9 * * *"], limits: Limits = Limits()) throws -> [Job] {
        let zone = Zone(rules: ZoneRules(name: "Test/Town", offset: offset * 3600))
        return try lines.enumerated().map { index, line in
            let recurrences = try line.split(separator: ";").map { text in
                try text.hasPrefix("R") ? Recurrence(interval: String(text)) : Recurrence(cron: String(text))
            }
            let schedule = try Schedule(recurrences, zone: zone, limits: limits)
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

    @Test func aDayIsNotLostBesideSlotsThatHaveComeSince() throws {
        let lines = ["0 9 * * *;R/2026-01-01T00:20+00:00/PT1H"]
        var simulation = begun(at: "06:30:00", try jobs(hoursAhead: 1, lines))
        simulation.pass(until: "07:30:00")
        simulation.define(try jobs(hoursAhead: 2, lines))
        simulation.pass(until: "09:00:00")
        #expect(
            simulation.history("job0") == ["07:00:00 succeeded", "07:20:00 succeeded", "08:20:00 succeeded"])
    }

    @Test func boundsOnTheClockOfTheZoneDoNotMakeTheUpdateAnEdit() throws {
        let limits = Limits(notBefore: try Bound(parsing: "2026-01-01"))
        let lines = ["0 9 * * *", "R/P1D"]
        var simulation = begun(at: "06:00:00", try jobs(hoursAhead: 1, lines, limits: limits))
        simulation.pass(until: "06:30:00")
        simulation.define(try jobs(hoursAhead: 2, lines, limits: limits))
        simulation.pass(until: "09:00:00")
        #expect(simulation.history("job0") == ["07:00:00 succeeded"])
        #expect(simulation.history("job1") == ["06:00:00 succeeded"], "the anchor stays")
    }

    // MARK: Limits

    private func limited(_ text: String, _ exclusions: [Exclusion]) throws -> Job {
        let recurrence = try text.hasPrefix("R") ? Recurrence(interval: text) : Recurrence(cron: text)
        let schedule = try Schedule([recurrence], limits: Limits(exclusions: exclusions))
        return job("a", nil) { job in
            job.schedule = schedule
            job.catchUp = .all
        }
    }

    private func calendar(_ end: String) throws -> [Exclusion] {
        let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\n\(end)\nEND:VEVENT\nEND:VCALENDAR\n"
        return [.calendar(try HolidayCalendar(parsing: Array(text.utf8), zone: .utc))]
    }

    @Test func aCalendarThatSaysTheSameInOtherWordsIsNoEdit() throws {
        var simulation = begun(at: "06:00:00", [try limited("0 * * * *", calendar("DTEND:20261226"))])
        simulation.pass(until: "06:30:00")
        simulation.die()
        simulation.pass(until: "09:30:00")
        simulation.start([try limited("0 * * * *", calendar("DURATION:P1D"))])
        simulation.pass(until: "09:40:00")
        #expect(simulation.history("a").map { $0.suffix(9) } == Array(repeating: "succeeded", count: 4))
    }

    @Test func anEditOfTheLimitsLeavesTheAnchorAlone() throws {
        var simulation = begun(at: "06:00:00", [try limited("R/PT2H", [])])
        simulation.pass(until: "07:10:00")
        simulation.define([try limited("R/PT2H", [Exclusion(parsing: "2026-12-25")])])
        simulation.pass(until: "08:10:00")
        #expect(simulation.history("a") == ["06:00:00 succeeded", "08:00:00 succeeded"])
        simulation.define([try limited("R/PT3H", [Exclusion(parsing: "2026-12-25")])])
        simulation.pass(until: "08:20:00")
        #expect(simulation.history("a").last == "08:10:00 succeeded", "another period begins anew")
    }
}
