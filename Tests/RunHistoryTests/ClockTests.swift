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

    /// The slots of the job are the minutes: the next one ran before the clock was set back, and the one after it is to be passed over.
    @Test func theNextSlotIsNoneThatRanOrIsToBeSkipped() throws {
        let fixture = try LedgerFixture()
        func order(_ seconds: Int64, _ kind: SlotOrder.Kind) -> LedgerRecord {
            .order(SlotOrder(job: LedgerFixture.job, due: Instant(seconds: seconds), kind: kind, by: "ada", since: .epoch))
        }
        let rows = [fixture.run(due: 60, state: .succeeded), fixture.run(due: 120, state: .failed)]
        try fixture.commit([control(until: 60)] + rows.map(LedgerRecord.insert) + [order(180, .skip), order(240, .hold)])
        let stored = try #require(try LedgerReader.open(at: fixture.path).job(LedgerFixture.job))
        #expect(stored.mark(of: Instant(seconds: 60)) == nil, "behind the progress")
        let marks = [120, 180, 240, 300].map { stored.mark(of: Instant(seconds: $0)) }
        #expect(marks.map { $0?.word } == ["ran", "skipped by order", "held", nil])
        #expect(marks.map { $0?.isPassedOver ?? false } == [true, true, false, false])
        let minutes = job("a", "R/1970-01-01T00:00:00Z/PT1M")
        #expect(stored.nextDue(of: minutes) == Instant(seconds: 240))
        // The retries of what ran are rows of the same due.
        try fixture.commit([.insert(fixture.run(due: 120, attempt: 2, state: .succeeded))])
        let later = try #require(try LedgerReader.open(at: fixture.path).job(LedgerFixture.job))
        #expect(later.mark(of: Instant(seconds: 120)) == .ran(.succeeded))
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
