import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable

/// What a clock that was set back finds in the ledger. catalogue 43
struct ClockTests {
    private func gap(_ first: Int64, _ last: Int64, slots: Int) -> Gap {
        Gap(
            job: LedgerFixture.job, firstDue: Instant(seconds: first), lastDue: Instant(seconds: last), slots: slots, state: .missed,
            reason: "catch-up", decidedAt: Instant(seconds: 1_000))
    }

    private func control(_ job: JobName = LedgerFixture.job, until seconds: Int64, schedule: String? = "R/PT1M") -> LedgerRecord {
        .control(
            JobControl(
                job: job, version: "v1", schedule: schedule, registeredAt: .epoch, accountedUntil: Instant(seconds: seconds)))
    }

    @Test func whatLiesBeyondTheClockIsFoundWhole() throws {
        let fixture = try LedgerFixture()
        let gaps = [gap(10, 20, slots: 2), gap(40, 60, slots: 3), gap(100, 200, slots: 9)]
        try fixture.commit(
            [control(until: 300)] + [30, 70, 80].map { .insert(fixture.run(due: $0, state: .succeeded)) } + gaps.map(LedgerRecord.gap))
        let ahead = try fixture.ledger.rowsAhead(of: Instant(seconds: 50))
        #expect(ahead.dues == ["a": [Instant(seconds: 70), Instant(seconds: 80)]])
        #expect(Set(ahead.gaps) == Set(gaps.dropFirst()))
    }

    @Test func aGapIsCutOrTakenOut() throws {
        let fixture = try LedgerFixture()
        let gaps = [gap(40, 60, slots: 3), gap(100, 200, slots: 9)]
        try fixture.commit([control(until: 300)] + gaps.map(LedgerRecord.gap))
        let left = gap(40, 50, slots: 2)
        try fixture.commit([
            .clockSetBack(from: Instant(seconds: 300)), .cutGap(gaps[0], to: left), .cutGap(gaps[1], to: nil), control(until: 50),
        ])
        #expect(try fixture.ledger.rowsAhead(of: .distantPast).gaps == [left])
        #expect(try fixture.ledger.restore().state.controls.map(\.accountedUntil) == [Instant(seconds: 50)])
    }

    /// Rows beyond the progress of a job with a schedule are known after a restart; those of others are of no use.
    @Test func aStartKnowsTheRowsAheadOfAJobsProgress() throws {
        let fixture = try LedgerFixture()
        let dues = [30, 70, 80] as [Int64]
        try fixture.commit([control(until: 50)] + dues.map { .insert(fixture.run(due: $0, state: .succeeded)) })
        #expect(try fixture.ledger.restore().state.duesAhead == ["a": [Instant(seconds: 70), Instant(seconds: 80)]])
        try fixture.commit([control(until: 50, schedule: nil)])
        #expect(try fixture.ledger.restore().state.duesAhead == [:])
        let future = fixture.now + .seconds(60)
        try fixture.commit([.insert(fixture.run(due: future.microseconds / 1_000_000, state: .succeeded))])
        #expect(try fixture.ledger.restore().state.duesAhead == ["a": [future]])
    }

    /// After a clock was set back, what was written before counts no more.
    @Test func theNewestChangeTellsHowFarTheClockHadCome() throws {
        let fixture = try LedgerFixture()
        #expect(try fixture.ledger.restore().state.seenAt == nil)
        try fixture.commit([.insert(fixture.run(due: 1))])
        #expect(try fixture.ledger.restore().state.seenAt == fixture.now)
        let earlier = fixture.now - .seconds(3_600)
        _ = try fixture.ledger.commit([.clockSetBack(from: fixture.now)], boot: "b", at: earlier)
        #expect(try fixture.ledger.restore().state.seenAt == earlier)
        let reader = try LedgerReader.open(at: fixture.path)
        #expect(try reader.scheduler() == nil)
    }
}
