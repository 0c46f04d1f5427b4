import Scheduling
import TestSupport
import Testing
import Timetable

/// Why a backfill finds no slots, or fewer than one may expect.
struct BackfillReasonTests {
    private func daily(
        _ text: String = "R/2026-03-01T02:00/P1D", in zone: String = "Europe/Berlin", gap: DaylightRule.Gap? = nil,
        limits: Limits = Limits()
    ) throws -> Schedule {
        try Schedule(
            [try Recurrence(interval: text)], zone: try Zone(named: zone), daylight: DaylightRule(gap: gap), limits: limits)
    }

    private func absences(_ schedule: Schedule, _ first: Instant, _ last: Instant) -> [String] {
        BackfillOrder(job: "a", first: first, last: last).absences(in: schedule).map { "\($0.rule.rawValue): \($0.text)" }
    }

    @Test func aTimeFullOfSlotsHasNoReason() throws {
        let schedule = try daily()
        #expect(absences(schedule, "2026-03-05T00:00:00Z", "2026-03-09T00:00:00Z").isEmpty)
        // From the midnight before the first slot on, and to the end of the last one's day.
        #expect(absences(schedule, "2026-02-28T23:00:00Z", "2026-03-09T00:00:00Z").isEmpty)
        let three = try daily("R3/2026-03-01T02:00/P1D")
        #expect(absences(three, "2026-02-28T23:00:00Z", "2026-03-03T22:59:59Z").isEmpty)
    }

    @Test func theBeginningIsNamed() throws {
        let begin = "schedule: the schedule begins with its slot at 2026-03-01T02:00:00+01:00"
        #expect(absences(try daily(), "2026-02-01T00:00:00Z", "2026-02-20T00:00:00Z") == [begin], "there is none")
        #expect(absences(try daily(), "2026-02-01T00:00:00Z", "2026-03-20T00:00:00Z") == [begin], "there are some")
        #expect(absences(try daily(), "2026-03-01T00:00:00Z", "2026-03-01T00:30:00Z") == [begin], "also by an hour")
    }

    @Test func theEndIsNamed() throws {
        let five = try daily("R5/2026-03-01T02:00/P1D")
        let end = "schedule: the schedule ended with its slot at 2026-03-05T02:00:00+01:00"
        #expect(absences(five, "2026-03-10T00:00:00Z", "2026-03-20T00:00:00Z") == [end])
        #expect(absences(five, "2026-03-02T00:00:00Z", "2026-03-20T00:00:00Z") == [end])
        let both = absences(five, "2026-02-02T00:00:00Z", "2026-03-20T00:00:00Z")
        #expect(both.count == 2 && both.last == end)
    }

    @Test func boundsAreNamedByTheirKeys() throws {
        let bounds = Limits(notBefore: try Bound(parsing: "2026-06-01"), notAfter: try Bound(parsing: "2026-06-30", isLast: true))
        let schedule = try daily(limits: bounds)
        let before = "notBefore: `notBefore` takes away what comes before 2026-06-01T02:00:00+02:00"
        let after = "notAfter: `notAfter` takes away what comes after 2026-06-30T02:00:00+02:00"
        #expect(absences(schedule, "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z") == [before])
        #expect(absences(schedule, "2026-08-01T00:00:00Z", "2026-09-01T00:00:00Z") == [after])
        #expect(absences(schedule, "2026-04-01T00:00:00Z", "2026-09-01T00:00:00Z") == [before, after])
        #expect(absences(schedule, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z").count == 1, "the schedule has not begun there")
    }

    @Test func whatIsExcludedIsCounted() throws {
        let weekdays = try daily(limits: Limits(exclusions: [try Exclusion(parsing: "SAT"), try Exclusion(parsing: "SUN")]))
        #expect(absences(weekdays, "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z") == ["except: `except` takes 2 slots away"])
        #expect(absences(weekdays, "2026-03-07T00:00:00Z", "2026-03-07T12:00:00Z").first == "except: `except` takes 1 slot away")
        let seconds = try daily("R/2026-03-01T00:00:00/PT1S", limits: Limits(exclusions: [try Exclusion(parsing: "SUN")]))
        #expect(
            absences(seconds, "2026-03-08T00:00:00Z", "2026-03-08T12:00:00Z").first
                == "except: `except` takes more than 10000 slots away")
    }

    @Test func aTimeThatTheClockLeavesOutIsTold() throws {
        let schedule = try daily("R/2026-03-01T02:30/P1D", gap: .skip)
        #expect(
            absences(schedule, "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z").first
                == "dst: a clock that is put forward leaves 1 slot out (`dst`)")
    }

    @Test func betweenTwoSlotsTheNearestAreNamed() throws {
        #expect(
            absences(try daily(), "2026-03-05T12:00:00Z", "2026-03-05T13:00:00Z") == [
                "schedule: the nearest slots are 2026-03-05T02:00:00+01:00 and 2026-03-06T02:00:00+01:00"
            ])
        let week = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
        let never = try daily(limits: Limits(exclusions: try week.map { try Exclusion(parsing: $0) }))
        let reasons = absences(never, "2026-03-05T12:00:00Z", "2026-03-07T13:00:00Z")
        #expect(reasons == ["schedule: the schedule has no slot at all", "except: `except` takes 2 slots away"])
    }

    @Test func whatIsLeftAloneIsCounted() {
        let slots: [Instant] = ["00:00:00", "01:00:00", "02:00:00", "03:00:00"]
        let survey = BackfillSurvey(
            busy: ["00:00:00"], ran: ["01:00:00", "02:00:00"], known: ["01:00:00", "02:00:00"], accounted: "03:00:00"..."04:00:00")
        let order = BackfillOrder(job: "a", first: "00:00:00", last: "03:00:00", onlyMissed: true)
        let reasons = BackfillChoice(of: slots, knowing: survey, for: order).reasons
        #expect(
            reasons.map(\.text) == [
                "1 slot is on its way already", "2 slots ran already, and run again without `--only-missed`",
                "1 slot may have run, for nothing is in the ledger of it any more; it runs without `--only-missed`",
            ])
        #expect(reasons.map(\.rule) == [.busy, .ran, .unknown])
    }

    @Test func theAnswerToARequestNamesThem() {
        var simulation = Simulation(at: "00:00:01")
        simulation.start([job("a", "R/2026-03-01T00:00:00Z/PT1H")])
        let order = BackfillOrder(job: "a", first: "2026-02-01T00:00:00Z", last: "2026-02-02T00:00:00Z")
        guard case .refused(let text) = simulation.ask(.backfill(order, by: "ada")) else { Issue.record("it is not refused"); return }
        #expect(text.hasSuffix("that has come: the schedule begins with its slot at 2026-03-01T00:00:00Z"), "\(text)")
    }
}
