import Testing
import Timetable

@Suite struct ScheduleTests {
    @Test(arguments: [
        ("R/2026-03-01T02:00:00Z/PT1H", "2026-03-01T02:00:00Z", "2026-03-01T03:00:00Z"),
        ("R3/2026-03-01T02:00Z/P1D", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
        ("R/20260301T0200Z/P1W", "2026-03-01T02:00:00Z", "2026-03-08T02:00:00Z"),
        ("R/2026-03-01/P1D", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("R/2026-03-01T02/PT0.5S", "2026-03-01T02:00:00Z", "2026-03-01T02:00:00.5Z"),
        ("R/2026-03-01T02:00:00.25/P1D", "2026-03-01T02:00:00.25Z", "2026-03-02T02:00:00.25Z"),
        ("R/2026-03-01T02,5/P1D", "2026-03-01T02:30:00Z", "2026-03-02T02:30:00Z"),
        ("R/2026-03-01T24:00Z/P1D", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
        ("R/2026-060T02:00Z/P1D", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
        ("R/2026060T02:00Z/P1D", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
        ("R/2026-W09-7T02:00Z/P1D", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
        ("R/2026W097T02:00Z/P1D", "2026-03-01T02:00:00Z", "2026-03-02T02:00:00Z"),
        ("R/2026-03-01T02:00+02:00/P1D", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("R/2026-03-01T02:00-0330/P1D", "2026-03-01T05:30:00Z", "2026-03-02T05:30:00Z"),
        ("R/2026-03-01T02:00+02/P1D", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("R/2026-03-01T02:00[Europe/Berlin]/P1D", "2026-03-01T01:00:00Z", "2026-03-02T01:00:00Z"),
        ("R/2026-03-01T02:00+01:00[Europe/Berlin]/P1D", "2026-03-01T01:00:00Z", "2026-03-02T01:00:00Z"),
        ("R/2026-03-01T01:00Z[Europe/Berlin]/P1D", "2026-03-01T01:00:00Z", "2026-03-02T01:00:00Z"),
        ("R/2026-03-01T02:00/2026-03-01T02:10", "2026-03-01T02:00:00Z", "2026-03-01T02:10:00Z"),
        ("R/2026-03-01/2026-03-08", "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z"),
        ("R/2026-03-01T02:00+01:00/2026-03-01T03:00", "2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z"),
        ("R3/P1M/2026-05-31", "2026-03-31T00:00:00Z", "2026-04-30T00:00:00Z"),
        ("R/2026-03-01/P1Y2M10DT2H30M", "2026-03-01T00:00:00Z", "2027-05-11T02:30:00Z"),
        ("R/2026-03-01/P0001-02-10T02:30:00", "2026-03-01T00:00:00Z", "2027-05-11T02:30:00Z"),
        ("R/2026-03-01/P00010210T023000", "2026-03-01T00:00:00Z", "2027-05-11T02:30:00Z"),
        ("R/2026-03-01/P1W2D", "2026-03-01T00:00:00Z", "2026-03-10T00:00:00Z"),
        ("R/2026-03-01/P0.5D", "2026-03-01T00:00:00Z", "2026-03-01T12:00:00Z"),
        ("R/2026-03-01/P1.5W", "2026-03-01T00:00:00Z", "2026-03-11T12:00:00Z"),
        ("R/2026-03-01/P0.5Y", "2026-03-01T00:00:00Z", "2026-09-01T00:00:00Z"),
        ("R/2026-03-01/Pt1h", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00Z"),
        ("R000012/2026-03-01/PT36H", "2026-03-01T00:00:00Z", "2026-03-02T12:00:00Z"),
    ])
    func everyFormGivesItsFirstTwoSlots(text: String, first: String, second: String) throws {
        let schedule = try schedule(text)
        let slot = try #require(schedule.next(after: instant("2026-02-01T00:00:00Z")))
        #expect(slot.due.rfc3339 == first)
        #expect(schedule.next(after: slot.due)?.due.rfc3339 == second)
        #expect(schedule.recurrences[0].text == text)
    }

    @Test func monthEndsDoNotDrift() throws {
        let monthly = try schedule("R/2026-01-31T09:00/P1M", zone: "Europe/Berlin")
        #expect(
            monthly.first(6, after: "2026-01-01T00:00:00Z") == [
                "2026-01-31T09:00:00+01:00", "2026-02-28T09:00:00+01:00", "2026-03-31T09:00:00+02:00", "2026-04-30T09:00:00+02:00",
                "2026-05-31T09:00:00+02:00", "2026-06-30T09:00:00+02:00",
            ])
        #expect(monthly.next(after: instant("2028-02-15T00:00:00Z")) == Slot(due: instant("2028-02-29T08:00:00Z"), occurrence: 25))
    }

    @Test func theLeapDayComesBackByYears() throws {
        let yearly = try schedule("R/2024-02-29/P1Y")
        #expect(
            yearly.first(5, after: "2024-01-01T00:00:00Z").map { $0.prefix(10) } == [
                "2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
            ])
    }

    @Test func daysKeepTheWallClockAndHoursElapse() throws {
        let daily = try schedule("R/2026-03-28T12:00/P1D", zone: "Europe/Berlin")
        #expect(daily.first(2, after: "2026-03-28T00:00:00Z") == ["2026-03-28T12:00:00+01:00", "2026-03-29T12:00:00+02:00"])
        let hourly = try schedule("R/2026-03-28T12:00/PT24H", zone: "Europe/Berlin")
        #expect(hourly.first(2, after: "2026-03-28T00:00:00Z") == ["2026-03-28T12:00:00+01:00", "2026-03-29T13:00:00+02:00"])
    }

    @Test(arguments: [
        (DaylightRule.Gap.shift, ["2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"]),
        (.skip, ["2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"]),
    ])
    func aGapShiftsOrSkips(gap: DaylightRule.Gap, expected: [String]) throws {
        for text in ["R/2026-01-01T02:30/P1D", "30 2 * * *"] {
            let schedule = try schedule(text, zone: "Europe/Berlin", gap: gap)
            #expect(schedule.slots(after: "2026-03-28T00:00:00Z", through: "2026-03-30T12:00:00Z") == expected)
            #expect(schedule.count(after: instant("2026-03-28T00:00:00Z"), through: instant("2026-03-30T12:00:00Z")) == expected.count)
        }
    }

    @Test(arguments: [
        (DaylightRule.Fold.first, ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]),
        (.last, ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"]),
        (.both, ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"]),
    ])
    func aFoldIsTakenFirstLastOrBoth(fold: DaylightRule.Fold, expected: [String]) throws {
        for text in ["R/2026-01-01T02:30/P1D", "30 2 * * *"] {
            let schedule = try schedule(text, zone: "Europe/Berlin", fold: fold)
            #expect(schedule.slots(after: "2026-10-23T12:00:00Z", through: "2026-10-26T12:00:00Z") == expected)
            #expect(schedule.count(after: instant("2026-10-23T12:00:00Z"), through: instant("2026-10-26T12:00:00Z")) == expected.count)
        }
    }

    @Test func aSlotTellsWhatTheClockDidToIt() throws {
        for text in ["R/2026-01-01T02:30/P1D", "30 2 * * *"] {
            let schedule = try schedule(text, zone: "Europe/Berlin", fold: .both)
            #expect(schedule.clockChange(at: instant("2026-03-29T01:30:00Z")) == .shifted(by: .seconds(3600)))
            #expect(schedule.clockChange(at: instant("2026-10-25T00:30:00Z")) == .firstOfTwo)
            #expect(schedule.clockChange(at: instant("2026-10-25T01:30:00Z")) == .lastOfTwo)
            #expect(schedule.clockChange(at: instant("2026-10-26T01:30:00Z")) == nil)
            #expect(schedule.clockChange(at: instant("2026-10-26T01:31:00Z")) == nil)
        }
    }

    @Test func theOffsetBesideAZoneTellsTheRepeatedHour() throws {
        let second = try schedule("R2/2026-10-25T02:30+01:00[Europe/Berlin]/PT1H")
        #expect(second.next(after: .epoch)?.due.rfc3339 == "2026-10-25T01:30:00Z")
        let daily = try schedule("R/2026-10-25T02:30+01:00[Europe/Berlin]/P1D")
        #expect(daily.next(after: .epoch) == Slot(due: instant("2026-10-25T01:30:00Z"), occurrence: 0))
    }

    @Test func aUniformOccurrenceIsRightFarFromItsAnchor() throws {
        let everySecond = try schedule("R/1970-01-01T00:00:01Z/PT1S")
        let due = Instant(seconds: 2_000_000_001)
        #expect(everySecond.next(after: due - Instant.resolution) == Slot(due: due, occurrence: 2_000_000_000))
        #expect(everySecond.previous(before: due) == Slot(due: due - .seconds(1), occurrence: 1_999_999_999))
        #expect(everySecond.count(after: .epoch, through: due) == 2_000_000_001)
        #expect(everySecond.contains(due))
        #expect(!everySecond.contains(due + Instant.resolution))
    }

    @Test func occurrencesAreFoundByTheirNumber() throws {
        #expect(try schedule("R/1970-01-01T00:00:01Z/PT1S").occurrence(2_000_000_000)?.due == Instant(seconds: 2_000_000_001))
        let monthly = try schedule("R/0001-01-31T00:00Z/P1M")
        #expect(monthly.occurrence(2025 * 12 + 1)?.due == instant("2026-02-28T00:00:00Z"))
        #expect(monthly.occurrence(9999 * 12 - 1)?.due == instant("9999-12-31T00:00:00Z") && monthly.occurrence(9999 * 12) == nil)
        let three = try schedule("R3/P1D/2026-03-03T00:00Z")
        #expect((-4...1).map { three.occurrence($0)?.due.rfc3339.prefix(10) } == [nil, nil, "2026-03-01", "2026-03-02", "2026-03-03", nil])
        for number in [Int64.min, Int64.max] {
            #expect(monthly.occurrence(number) == nil && three.occurrence(number) == nil)
            #expect(try schedule("R/1970-01-01T00:00:01Z/PT1S").occurrence(number) == nil)
        }
        let daily = "R/2026-10-01T02:30/P1D"
        #expect(try schedule(daily, zone: "Europe/Berlin", fold: .both).occurrence(24)?.due == instant("2026-10-25T00:30:00Z"))
        #expect(try schedule(daily, zone: "Europe/Berlin", fold: .last).occurrence(24)?.due == instant("2026-10-25T01:30:00Z"))
        #expect(try schedule("R/2026-03-01T02:30/P1D", zone: "Europe/Berlin", gap: .skip).occurrence(28) == nil)
        #expect(try schedule("@daily").occurrence(0) == nil && schedule(daily, "R/2026-10-01T02:30/P2D").occurrence(0) == nil)
        let limits = Limits(notBefore: Bound(instant("2026-10-02T00:00:00Z")))
        let limited = try Schedule([Recurrence(interval: daily)], limits: limits, delay: .seconds(60))
        #expect(limited.occurrence(0) == nil)
        #expect(limited.occurrence(1) == Slot(due: instant("2026-10-02T02:31:00Z"), occurrence: 1))
    }

    /// Two zones stand for one zone before and after its rules changed.
    @Test func newRulesOfAZoneNeitherLoseNorDoubleATimeOfDay() throws {
        func handOver(_ texts: [String], _ old: String, _ new: String, at accounted: String) throws -> (late: [String], until: String) {
            func made(_ zone: String) throws -> Schedule {
                let recurrences = try texts.map { text in
                    try text.hasPrefix("R") ? Recurrence(interval: text.replacing("Town", with: zone)) : Recurrence(cron: text)
                }
                return try Schedule(recurrences, zone: texts.contains { $0.contains("Town") } ? .utc : Zone(named: zone))
            }
            let (late, until) = try made(old).handOver(to: made(new), accountedUntil: instant(accounted))
            return (late.map(\.rfc3339), until.rfc3339)
        }
        let (berlin, london) = ("Europe/Berlin", "Europe/London")
        for daily in ["0 9 * * *", "R/2026-01-01T09:00/P1D", "R/2026-01-01T09:00[Town]/P1D"] {
            // It ran at 08:00Z, which was 09:00; now 09:00 is 09:00Z.
            var found = try handOver([daily], berlin, london, at: "2026-01-05T08:30:00Z")
            #expect(found.late.isEmpty && found.until == "2026-01-05T09:00:00Z", "\(daily)")
            // It is to run at 09:00Z, which is 09:00; now 09:00 is 08:00Z, and past.
            found = try handOver([daily], london, berlin, at: "2026-01-05T08:30:00Z")
            #expect(found.late == ["2026-01-05T08:00:00Z"] && found.until == "2026-01-05T08:30:00Z", "\(daily)")
        }
        // Slots of others that have had their turn since change nothing about it.
        let union = ["0 9 * * *", "R/2026-01-01T00:20Z/PT1H"]
        let earlier = try handOver(union, london, berlin, at: "2026-01-05T08:30:00Z")
        #expect(earlier.late == ["2026-01-05T08:00:00Z"] && earlier.until == "2026-01-05T08:30:00Z")
        let later = try handOver(union, berlin, london, at: "2026-01-05T08:30:00Z")
        #expect(later.late.isEmpty && later.until == "2026-01-05T09:00:00Z")
        // Here one of the others lies before: it is not lost, and the day comes again.
        let between = try handOver(["0 9 * * *", "R/2026-01-01T00:40Z/PT1H"], berlin, london, at: "2026-01-05T08:30:00Z")
        #expect(between.late.isEmpty && between.until == "2026-01-05T08:30:00Z")
        for same in ["*/10 * * * *", "R/2026-01-01T00:00Z/PT25M"] {
            let found = try handOver([same], berlin, london, at: "2026-01-05T08:12:00Z")
            #expect(found.late.isEmpty && found.until == "2026-01-05T08:12:00Z")
        }
        #expect(try schedule("R/2026-03-01T02:00[Asia/Tokyo]/P1D", zone: berlin).reads(zoneNamed: "Asia/Tokyo"))
        #expect(try !schedule("0 9 * * *", zone: berlin).reads(zoneNamed: london))
    }

    @Test func monthsSinceTheYearOneAreRight() throws {
        let monthly = try schedule("R/0001-01-31T00:00Z/P1M")
        #expect(
            monthly.next(after: instant("2026-02-01T00:00:00Z")) == Slot(due: instant("2026-02-28T00:00:00Z"), occurrence: 2025 * 12 + 1))
        #expect(monthly.count(after: .distantPast, through: .distantFuture) == 9999 * 12)
        #expect(monthly.previous(before: .distantFuture)?.due.rfc3339 == "9999-12-31T00:00:00Z")
    }

    @Test func occurrencesEndWithTheirNumber() throws {
        let three = try schedule("R3/2026-03-01/P1D")
        #expect(three.slots(after: "2020-01-01T00:00:00Z", through: "2030-01-01T00:00:00Z").count == 3)
        #expect(three.next(after: instant("2026-03-03T00:00:00Z")) == nil)
        #expect(three.previous(before: instant("2026-03-01T00:00:00Z")) == nil)
        #expect(three.previous(before: .distantFuture) == Slot(due: instant("2026-03-03T00:00:00Z"), occurrence: 2))
        let none = try schedule("R0/2026-03-01/P1D")
        #expect(none.next(after: .distantPast) == nil && none.previous(before: .distantFuture) == nil)
        #expect(none.count(after: .distantPast, through: .distantFuture) == 0)
        let once = try schedule("R1/2026-03-01/PT0S")
        #expect(once.count(after: .distantPast, through: .distantFuture) == 1)
    }

    @Test func intervalsThatEndAreCountedBackFromTheEnd() throws {
        let months = try schedule("R4/P1M/2026-05-31T00:00Z")
        #expect(
            months.first(9, after: "2020-01-01T00:00:00Z").map { $0.prefix(10) } == [
                "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
            ])
        #expect(months.next(after: .distantPast)?.occurrence == -3)
        let endless = try schedule("R/PT1H/2026-05-31T00:00Z")
        #expect(endless.next(after: instant("1999-12-31T23:30:00Z"))?.due.rfc3339 == "2000-01-01T00:00:00Z")
        #expect(endless.next(after: instant("2026-05-31T00:00:00Z")) == nil)
    }

    @Test(arguments: ["R/P1D", "R//P1D"])
    func aMissingStartIsTheRegistration(text: String) throws {
        let bare = try schedule(text, zone: "Europe/Berlin")
        #expect(bare.needsAnchor && bare.next(after: .distantPast) == nil && bare.anchor == nil)
        let registration = instant("2026-03-28T11:22:33.456789Z")
        let anchored = bare.anchored(at: registration)
        #expect(anchored == bare && anchored.anchor == registration)
        #expect(anchored.next(after: registration - Instant.resolution) == Slot(due: registration, occurrence: 0))
        #expect(anchored.next(after: registration) == Slot(due: instant("2026-03-29T10:22:33.456789Z"), occurrence: 1))
    }

    @Test func aRegistrationInTheRepeatedHourStaysWhereItWas() throws {
        let registration = instant("2026-10-25T01:30:00Z")
        let anchored = try schedule("R/P1D", zone: "Europe/Berlin").anchored(at: registration)
        #expect(anchored.next(after: registration - Instant.resolution)?.due == registration)
        #expect(anchored.next(after: registration)?.due == instant("2026-10-26T01:30:00Z"))
    }

    @Test func aUnionHasOneSlotWhereItsPartsCoincide() throws {
        let both = try schedule("R/2026-03-01T00:00Z/PT2H", "R/2026-03-01T00:00Z/PT3H")
        let expected = [0, 2, 3, 4, 6, 8, 9, 10, 12].map { instant("2026-03-01T00:00:00Z") + .seconds($0 * 3600) }
        let start = instant("2026-02-28T23:00:00Z")
        #expect(both.instants(after: start, through: expected[8]) == expected)
        #expect(both.instantsBackwards(after: start, through: expected[8]) == expected)
        #expect(both.count(after: start, through: expected[8]) == 9)
    }

    @Test func equalitySaysWhetherTheRulesAreTheSame() throws {
        let one = try schedule("R/2026-03-01/P1D")
        #expect(try one == schedule("R/2026-03-01/P1D"))
        #expect(try one.hashValue == schedule("R/2026-03-01/P1D").hashValue)
        #expect(try one != schedule("R/2026-03-01/P2D"))
        #expect(try one != schedule("R/2026-03-01/P1D", zone: "Europe/Berlin"))
        #expect(try one != schedule("R/2026-03-01/P1D", gap: .skip))
    }

    @Test func chronosKeepsTheWallClockInItsZone() throws {
        let recurrence = try Recurrence(interval: "R/2026-03-01T02:00:00Z/P1D").keepingWallClock(in: Zone(named: "Europe/Berlin"))
        let schedule = try Schedule([recurrence])
        #expect(schedule.next(after: .epoch)?.due.rfc3339 == "2026-03-01T01:00:00Z")
        #expect(recurrence.text == "R/2026-03-01T02:00:00Z/P1D")
        #expect(try recurrence != Recurrence(interval: "R/2026-03-01T02:00:00Z/P1D"))
    }

    @Test func slotsEndWithTheYear9999() throws {
        let daily = try schedule("R/9999-12-30/P1D", zone: "America/New_York")
        #expect(daily.first(9, after: "9999-01-01T00:00:00Z") == ["9999-12-30T00:00:00-05:00", "9999-12-31T00:00:00-05:00"])
        #expect(try schedule("0 0 * * *").first(9, after: "9999-12-30T12:00:00Z") == ["9999-12-31T00:00:00Z"])
    }
}
