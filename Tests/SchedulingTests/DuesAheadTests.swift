import TestSupport
import Testing
import Timetable

@testable import Scheduling

/// What is known of dues beyond a clock that was set back. catalogue 43
struct DuesAheadTests {
    @Test func itReachesAsFarAsTheLastDueOfAnyJob() {
        var ahead = DuesAhead()
        #expect(ahead.isEmpty && ahead.until == nil)
        ahead.insert(["03:00:00", "05:00:00"] as [Instant], of: "a")
        ahead.insert(["04:00:00"] as [Instant], of: "b")
        ahead.insert([Instant](), of: "c")
        #expect(ahead.until == "05:00:00")
        ahead.insert(["06:00:00"] as [Instant], of: "b")
        #expect(ahead.until == "06:00:00" && ahead.contains("04:00:00", of: "b") && !ahead.contains("04:00:00", of: "a"))
    }

    /// A step back of a year brings a row of each job; the time for one must not grow with those before it.
    @Test func manyJobsAreTakenInInATimeThatGrowsWithTheirNumberAlone() {
        let jobs = (0..<1_000).compactMap { JobName("job-\($0)") }
        let start = ContinuousClock.now
        var ahead = DuesAhead()
        for number in 1...60_000 { ahead.insert([Instant(seconds: Int64(number))], of: jobs[number % jobs.count]) }
        #expect(ahead.until == Instant(seconds: 60_000))
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
