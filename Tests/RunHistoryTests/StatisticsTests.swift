import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

struct StatisticsTests {
    @Test func quantilesAreValuesThatOccurred() throws {
        let hundred = try #require(Quantiles(microseconds: (1...100).reversed().map { Int64($0) }))
        #expect(hundred.p50 == .microseconds(50) && hundred.p95 == .microseconds(95))
        #expect(hundred.p99 == .microseconds(99) && hundred.longest == .microseconds(100))
        let one = try #require(Quantiles(microseconds: [7]))
        #expect(one.p50 == .microseconds(7) && one.p99 == .microseconds(7))
        #expect(Quantiles(microseconds: []) == nil)
    }

    /// Ten runs that began 1 to 10 s late and took as many minutes, of which the last two failed.
    private func filled() throws -> LedgerFixture {
        let fixture = try LedgerFixture()
        let runs = (1...10).map { number in
            var run = fixture.run(due: Int64(number) * 1_000, state: number > 8 ? .failed : .succeeded)
            run.waitingSince = run.readyAt
            run.startedAt = run.readyAt + .seconds(number)
            run.endedAt = run.readyAt + .seconds(number + 60 * number)
            return run
        }
        let gap = Gap(
            job: LedgerFixture.job, firstDue: Instant(seconds: 20_000), lastDue: Instant(seconds: 29_000), slots: 10, state: .missed,
            reason: "catch-up", decidedAt: fixture.now)
        try fixture.commit(runs.map(LedgerRecord.insert) + [.gap(gap), .insert(fixture.run(due: 40_000))])
        return fixture
    }

    @Test func attemptsAndSlotsAreCountedAndMeasured() throws {
        let fixture = try filled()
        let reader = try LedgerReader.open(at: fixture.path)
        let (jobs, isWhole) = try reader.statistics(since: .epoch)
        let job = try #require(jobs.first)
        #expect(jobs.count == 1 && isWhole && job.total == 21)
        #expect(job.states == [.succeeded: 8, .failed: 2, .missed: 10, .waiting: 1])
        #expect(job.successRate == 0.8)
        #expect(job.lateness?.p50 == .seconds(5) && job.lateness?.p95 == .seconds(10))
        #expect(job.duration?.p50 == .seconds(300) && job.duration?.longest == .seconds(600))
    }

    @Test func aRunUsuallyCostsTheMedianAndItsStartAQuarter() throws {
        let fixture = try filled()
        var backfilled = fixture.run(due: 500, state: .succeeded)
        backfilled.backfill = 1
        (backfilled.startedAt, backfilled.endedAt) = (backfilled.readyAt, backfilled.readyAt + .seconds(1))
        let order = BackfillOrder(job: LedgerFixture.job, first: .epoch, last: Instant(seconds: 600))
        let backfill = Backfill(id: 1, asking: order, slots: SlotSequence([Instant(seconds: 500)]), by: "ada", at: fixture.now)
        // Nobody looked at it for an hour; then it began at once.
        var late = fixture.run(due: 600, state: .succeeded)
        late.waitingSince = late.readyAt + .seconds(3_600)
        (late.startedAt, late.endedAt) = (late.waitingSince + .milliseconds(500), late.waitingSince + .seconds(1_000))
        try fixture.commit([.backfill(backfill), .insert(backfilled), .insert(late)])
        let reader = try LedgerReader.open(at: fixture.path)
        let cost = try #require(try reader.usualCost(of: LedgerFixture.job))
        #expect(cost.duration == .seconds(300) && cost.start == .seconds(2), "\(cost)")
        #expect(try reader.usualCost(of: "other") == nil)
    }

    @Test func onlyWhatIsAskedForIsCounted() throws {
        let fixture = try filled()
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.statistics(of: JobName("other"), since: .epoch).jobs.isEmpty)
        let late = try reader.statistics(of: LedgerFixture.job, since: Instant(seconds: 9_000)).jobs.first
        #expect(late?.states == [.succeeded: 0, .failed: 2, .missed: 10, .waiting: 1].filter { $0.value > 0 } && late?.successRate == 0)
        let newest = try reader.statistics(since: .epoch, limit: 2)
        #expect(!newest.isWhole && newest.jobs.first?.states == [.failed: 1, .missed: 10, .waiting: 1])
    }
}
