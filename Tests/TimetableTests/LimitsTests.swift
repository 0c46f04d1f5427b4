import Testing
import Timetable

@Suite struct LimitsTests {
    private func limited(_ texts: String..., zone: String = "Europe/Berlin", limits: Limits, delay: Duration = .zero) throws -> Schedule {
        let recurrences = try texts.map { $0.hasPrefix("R") ? try Recurrence(interval: $0) : try Recurrence(cron: $0) }
        return try Schedule(recurrences, zone: Zone(named: zone), limits: limits, delay: delay)
    }

    @Test func exceptedDaysHaveNoSlots() throws {
        let limits = try Limits(exclusions: ["SAT,SUN", "2026-12-24/2027-01-01", "--01-06"].map { try Exclusion(parsing: $0) })
        let daily = try limited("R/2026-01-01T09:00/P1D", limits: limits)
        let days = daily.slots(after: "2026-12-17T00:00:00Z", through: "2027-01-08T00:00:00Z").map { String($0.prefix(10)) }
        #expect(days == ["2026-12-17", "2026-12-18", "2026-12-21", "2026-12-22", "2026-12-23", "2027-01-04", "2027-01-05", "2027-01-07"])
        #expect(
            daily.excluded(after: instant("2027-01-04T12:00:00Z"), through: instant("2027-01-07T12:00:00Z"), atMost: 9).map(\.due) == [
                instant("2027-01-06T08:00:00Z")
            ])
        #expect(!daily.contains(instant("2026-12-25T08:00:00Z")) && daily.contains(instant("2026-12-23T08:00:00Z")))
        #expect(daily.previous(before: instant("2027-01-04T08:00:00Z"))?.due == instant("2026-12-23T08:00:00Z"))
    }

    /// 29 February on a Sunday, which the turn of 2100 keeps away for forty years.
    @Test func aDayThatIsLeftOnceInDecadesIsFound() throws {
        let others = try [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated().flatMap { month, length in
            try (1...length).map { try Exclusion(parsing: "--\(pad(month + 1))-\(pad($0))") }
        }
        let schedule = try limited("R/2026-03-01T12:00/P1D", limits: Limits(exclusions: others + [Exclusion(parsing: "MON-SAT")]))
        let days = schedule.first(5, after: "2050-01-01T00:00:00Z").map { String($0.prefix(10)) }
        #expect(days == ["2060-02-29", "2088-02-29", "2128-02-29", "2156-02-29", "2184-02-29"])
        #expect(schedule.previous(before: instant("2128-01-01T00:00:00Z"))?.due == instant("2088-02-29T11:00:00Z"))
    }

    /// Counted in questions to the recurrences, each of which looks at one day: a walk would need thousands.
    @Test(arguments: ["55 8 * * *", "0 8 * * *", "R/2026-01-01T20:00/P1D", "0 10 * * SAT", "R/2026-01-03T10:00/P1W"])
    func whatNeverComesIsSaidAtOnce(text: String) throws {
        let window = try DailyWindow(from: "09:00", until: "17:00", on: text.contains("10:00") || text.contains("SAT") ? "MON-FRI" : nil)
        let thousands = (0..<1_440).map { minute in
            try? DailyWindow(from: "\(pad(minute / 60)):\(pad(minute % 60)):30", until: "\(pad(minute / 60)):\(pad(minute % 60)):31")
        }.compactMap(\.self)
        for zone in ["UTC", "Europe/Berlin"] {
            for windows in [[window], thousands] {
                let never = try limited(text, zone: zone, limits: Limits(windows: windows))
                #expect(never.next(after: instant("2026-01-01T00:00:00Z")) == nil)
                #expect(never.previous(before: instant("2026-01-01T00:00:00Z")) == nil)
            }
        }
    }

    /// The times of day asked for are never inside, but where the clock is put forward some are moved there.
    @Test func whatOnlyAGapMovesIntoAWindowIsFound() throws {
        let window = try DailyWindow(from: "03:00", until: "04:00")
        for text in ["30 2 * * *", "R/2026-01-01T02:30/P1D"] {
            let schedule = try limited(text, limits: Limits(windows: [window]))
            let slots = schedule.first(3, after: "2026-01-01T00:00:00Z")
            #expect(slots.map { String($0.prefix(16)) } == ["2026-03-29T03:30", "2027-03-28T03:30", "2028-03-26T03:30"])
            #expect(schedule.previous(before: instant("2028-01-01T00:00:00Z"))?.due == instant("2027-03-28T01:30:00Z"))
            #expect(schedule.count(after: instant("2026-01-01T00:00:00Z"), through: instant("2028-12-31T00:00:00Z")) == 3)
        }
    }

    @Test func windowsThatOverlapOrTouchAreOne() throws {
        let windows = try [("22:00", "02:00"), ("01:00", "03:00"), ("03:00", "04:00"), ("23:00", "24:00")].map {
            try DailyWindow(from: $0.0, until: $0.1)
        }
        let hourly = try limited("0 * * * *", zone: "UTC", limits: Limits(windows: windows))
        let hours = hourly.slots(after: "2026-03-01T12:00:00Z", through: "2026-03-02T12:00:00Z").map { String($0.dropFirst(11).prefix(2)) }
        #expect(hours == ["22", "23", "00", "01", "02", "03"])
        #expect(hourly.count(after: instant("2026-03-01T12:00:00Z"), through: instant("2026-03-11T12:00:00Z")) == 60)
    }

    @Test func whatNeverComesIsNilWhereverOneAsks() throws {
        let never = try limited("0 20 * * *", limits: Limits(windows: [DailyWindow(from: "09:00", until: "17:00")]))
        for instant in [instant("2026-01-01T00:00:00Z"), .epoch, .distantPast, .distantFuture] {
            #expect(never.next(after: instant) == nil && never.previous(before: instant) == nil)
        }
        let ending = try limited(
            "0 10 * * *",
            limits: Limits(notAfter: Bound(instant("2026-01-03T12:00:00Z")), windows: [DailyWindow(from: "09:00", until: "17:00")]))
        #expect(ending.next(after: instant("2026-02-01T00:00:00Z")) == nil)
        #expect(ending.next(after: instant("2026-01-02T00:00:00Z"))?.due == instant("2026-01-02T09:00:00Z"))
        #expect(ending.next(after: instant("2026-01-03T10:00:00Z")) == nil)
        #expect(ending.previous(before: instant("2026-02-01T00:00:00Z"))?.due == instant("2026-01-03T09:00:00Z"))
    }

    @Test func whatTakesAnOccurrenceAwayIsTold() throws {
        let limits = try Limits(
            notBefore: Bound(instant("2026-03-03T00:00:00Z")), notAfter: Bound(instant("2026-03-06T12:00:00Z")),
            exclusions: [Exclusion(parsing: "2026-03-04")], windows: [DailyWindow(from: "09:00", until: "17:00")])
        let schedule = try Schedule(
            [Recurrence(cron: "0 8,10 * * *")], limits: limits, delay: .seconds(90))
        let (start, end) = (instant("2026-03-02T00:00:00Z"), instant("2026-03-07T00:00:00Z"))
        let told = schedule.excluded(after: start, through: end, atMost: 99).map { "\($0.due.rfc3339.dropFirst(8)) \($0.limit.rawValue)" }
        #expect(
            told == [
                "02T08:01:30Z notBefore", "02T10:01:30Z notBefore", "03T08:01:30Z between", "04T08:01:30Z except", "04T10:01:30Z except",
                "05T08:01:30Z between", "06T08:01:30Z between",
            ])
        #expect(schedule.excludedCount(after: start, through: end) == told.count)
        #expect(schedule.excluded(after: start, through: end, atMost: 2).count == 2)
        #expect(schedule.excluded(after: start, through: instant("2026-03-08T00:00:00Z"), atMost: 99).last?.limit == .notAfter)
        #expect(try Schedule([Recurrence(cron: "0 8 * * *")]).excludedCount(after: start, through: end) == 0)
    }

    @Test func windowsKeepSlotsInTheirHours() throws {
        let limits = try Limits(windows: [
            DailyWindow(from: "09:00", until: "11:00", on: "MON-FRI"), DailyWindow(from: "23:00", until: "01:00", on: "FRI"),
        ])
        let hourly = try limited("0 * * * *", limits: limits)
        let slots = hourly.slots(after: "2026-03-05T12:00:00Z", through: "2026-03-09T12:00:00Z").map { String($0.prefix(16)) }
        #expect(
            slots == [
                "2026-03-06T09:00", "2026-03-06T10:00", "2026-03-06T23:00", "2026-03-07T00:00", "2026-03-09T09:00", "2026-03-09T10:00",
            ])
    }

    @Test func aRepeatedHourIsInItsWindowBothTimes() throws {
        let limits = try Limits(windows: [DailyWindow(from: "02:00", until: "02:30")])
        let often = try limited("*/10 * * * *", limits: limits)
        #expect(
            often.slots(after: "2026-10-24T22:00:00Z", through: "2026-10-25T22:00:00Z") == [
                "2026-10-25T02:00:00+02:00", "2026-10-25T02:10:00+02:00", "2026-10-25T02:20:00+02:00", "2026-10-25T02:00:00+01:00",
                "2026-10-25T02:10:00+01:00", "2026-10-25T02:20:00+01:00",
            ])
        #expect(often.count(after: instant("2026-10-24T22:00:00Z"), through: instant("2026-10-25T22:00:00Z")) == 6)
    }

    @Test func boundsAreSlotsThemselves() throws {
        let zone = try Zone(named: "Europe/Berlin")
        let limits = try Limits(
            notBefore: Bound(parsing: "2026-03-02T09:00"),
            notAfter: Bound(parsing: "2026-03-04T08:00Z"))
        let daily = try limited("R/2026-01-01T09:00/P1D", limits: limits)
        #expect(daily.instants(after: .distantPast, through: .distantFuture).count == 3)
        #expect(daily.count(after: .distantPast, through: .distantFuture) == 3)
        #expect(daily.next(after: .distantPast) == Slot(due: instant("2026-03-02T08:00:00Z"), occurrence: 60))
        #expect(daily.previous(before: .distantFuture)?.due == instant("2026-03-04T08:00:00Z"))
    }

    @Test(arguments: [
        ("2026-03-04", "Europe/Berlin", "2026-03-03T23:00:00Z", "2026-03-04T22:59:59.999999Z"),
        ("2026063", "UTC", "2026-03-04T00:00:00Z", "2026-03-04T23:59:59.999999Z"),
        ("2026-W10-3", "UTC", "2026-03-04T00:00:00Z", "2026-03-04T23:59:59.999999Z"),
        ("2026-03-04[America/Tijuana]", "UTC", "2026-03-04T08:00:00Z", "2026-03-05T07:59:59.999999Z"),
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59.999999Z"),
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59.999999Z"),
        // The clocks of Beirut go from 24:00 to 01:00: the 29th has no midnight, and the 28th ends there.
        ("2026-03-28", "Asia/Beirut", "2026-03-27T22:00:00Z", "2026-03-28T21:59:59.999999Z"),
        ("2026-03-29", "Asia/Beirut", "2026-03-28T22:00:00Z", "2026-03-29T20:59:59.999999Z"),
        ("9999-12-31", "UTC", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
        ("2026-03-04T00:00", "UTC", "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z"),
        ("2026-03-04T24:00", "UTC", "2026-03-05T00:00:00Z", "2026-03-05T00:00:00Z"),
    ])
    func aLastDayIsWhole(text: String, zone: String, first: String, last: String) throws {
        let zone = try Zone(named: zone)
        #expect(try Bound(parsing: text).instant(in: zone) == instant(first))
        #expect(try Bound(parsing: text, isLast: true).instant(in: zone) == instant(last))
    }

    @Test func calendarsAreAFilterBesideTheOtherExceptions() throws {
        let zone = try Zone(named: "Europe/Berlin")
        let events = ["DTSTART:20260305", "DTSTART:20260306T090000\nDURATION:PT2H"].map { event in
            Array("BEGIN:VCALENDAR\nBEGIN:VEVENT\n\(event)\nEND:VEVENT\nEND:VCALENDAR".utf8)
        }
        let calendars = try events.map { Exclusion.calendar(try HolidayCalendar(parsing: $0, zone: zone)) }
        let limits = Limits(exclusions: try [Exclusion(parsing: "SAT,SUN")] + calendars)
        let often = try limited("0 8,9,10,11 * * *", limits: limits)
        let (start, end) = (instant("2026-03-05T00:00:00Z"), instant("2026-03-09T08:00:00Z"))
        let slots = ["2026-03-06T07:00:00Z", "2026-03-06T10:00:00Z", "2026-03-09T07:00:00Z", "2026-03-09T08:00:00Z"].map(instant)
        #expect(often.instants(after: start, through: end) == slots)
        #expect(often.instantsBackwards(after: start, through: end) == slots)
        #expect(often.count(after: start, through: end) == slots.count)
    }

    @Test func theHashTellsLimitsApart() throws {
        let zone = try Zone(named: "Europe/Berlin")
        func calendar(_ day: Int) throws -> Exclusion {
            .calendar(
                try HolidayCalendar(
                    parsing: Array("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:\(day)\nEND:VEVENT\nEND:VCALENDAR".utf8), zone: zone))
        }
        let all =
            try [
                Limits(notBefore: Bound(.epoch)), Limits(notAfter: Bound(.epoch)),
                Limits(windows: [DailyWindow(from: "09:00", until: "17:00")]),
                Limits(windows: [DailyWindow(from: "09:00", until: "17:00", on: "MON")]), Limits(exclusions: [calendar(20_261_224)]),
                Limits(exclusions: [calendar(20_261_225)]), Limits(),
            ] + ["SAT", "SUN", "--12-24", "2026-12-24", "2026-12-24/2026-12-25"].map { Limits(exclusions: [try Exclusion(parsing: $0)]) }
        #expect(Set(all.map(\.stableHash)).count == all.count)
        #expect(try Limits(exclusions: [calendar(20_261_224)]) == all[4])
        #expect(try Limits(exclusions: [Exclusion(parsing: "SAT")]).stableHash == 0xC8F127E4C3334FD7, "as ledgers hold it")
    }

    @Test func aDelayMovesSlotsAfterTheLimits() throws {
        let limits = try Limits(exclusions: [Exclusion(parsing: "SUN")])
        let daily = try limited("R/2026-01-01T23:30/P1D", zone: "UTC", limits: limits, delay: .seconds(3600))
        #expect(
            daily.slots(after: "2026-03-06T00:30:00Z", through: "2026-03-10T00:00:00Z") == ["2026-03-07T00:30:00Z", "2026-03-08T00:30:00Z"])
        #expect(daily.count(after: instant("2026-03-06T00:30:00Z"), through: instant("2026-03-10T00:00:00Z")) == 2)
        #expect(try daily != limited("R/2026-01-01T23:30/P1D", zone: "UTC", limits: limits))
    }

    @Test func theSpreadOfAJobIsStable() {
        #expect(Schedule.delay(spread: .seconds(600), seed: "backup") == .seconds(270))
        let delays = (0..<500).map { Schedule.delay(spread: .seconds(600), seed: "job-\($0)") }
        #expect(delays.allSatisfy { $0 >= .zero && $0 < .seconds(600) } && Set(delays).count > 250)
        #expect(Schedule.delay(spread: .zero, seed: "x") == .zero && Schedule.delay(spread: .seconds(-5), seed: "x") == .zero)
        #expect(Schedule.delay(spread: .milliseconds(5), seed: "x") < .milliseconds(5))
    }

    @Test func slotsThatNeverComeAreNotWaitedFor() throws {
        let never = try limited("R/2026-01-01T03:00/P1D", limits: Limits(windows: [DailyWindow(from: "09:00", until: "17:00")]))
        #expect(never.next(after: instant("2026-01-01T00:00:00Z")) == nil)
        let weekdays = try limited("* * * * *", limits: Limits(exclusions: [Exclusion(parsing: "SUN-SAT")]))
        #expect(weekdays.next(after: .epoch) == nil && weekdays.previous(before: instant("2026-01-01T00:00:00Z")) == nil)
    }

    /// It would walk thirty million slots to find that none is excluded.
    @Test func aYearOfSecondsIsLookedThroughForExcludedOnes() throws {
        let (start, end) = (instant("2026-01-01T00:00:00Z"), instant("2026-12-31T22:59:59Z"))
        let everySecond = try limited("* * * * * *", limits: Limits())
        #expect(everySecond.excluded(after: start, through: end, atMost: 5) == [])
        let silvester = try limited("* * * * * *", limits: Limits(exclusions: [Exclusion(parsing: "2026-12-31")]))
        let midnight = instant("2026-12-30T23:00:00Z")
        #expect(silvester.excluded(after: start, through: end, atMost: 2).map(\.due) == [midnight, midnight + .seconds(1)])
        let ending = try limited("* * * * * *", limits: Limits(notBefore: Bound(start + .seconds(3)), notAfter: Bound(end - .seconds(2))))
        #expect(
            ending.excluded(after: start, through: end, atMost: 9).map(\.due)
                == [start + .seconds(1), start + .seconds(2), end - .seconds(1), end])
    }

    /// Limits are a filter over the slots of the same schedule without them.
    @Test(arguments: 0..<60)
    func limitsAreAFilter(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 3_000_000)
        let zone = try Zone(named: #require(SchedulePropertyTests.zones.randomElement(using: &random)))
        let (from, until) = (Int.random(in: 0...23, using: &random), Int.random(in: 0...23, using: &random))
        let days = ["MON-FRI", "SAT", "SUN,WED", "*"].randomElement(using: &random) ?? "*"
        let excepted = ["TUE", "--03-29", "2026-03-28/2026-04-02", "2026-10-25"].shuffled(using: &random).prefix(
            Int.random(in: 0...3, using: &random))
        let windows = from == until ? [] : [try DailyWindow(from: "\(pad(from)):00", until: "\(pad(until)):15", on: days)]
        let limits = try Limits(exclusions: excepted.map { try Exclusion(parsing: $0) }, windows: windows)
        let recurrences = [
            try Recurrence(cron: "*/\(Int.random(in: 5...50, using: &random)) * * * *"), try Recurrence(interval: "R/2026-01-01T02:30/P1D"),
        ]
        let comment: Comment = "seed \(seed): \(zone) \(from)-\(until) \(days) \(excepted) \(recurrences[0].text)"
        let (start, end) = (
            instant("2026-03-20T00:00:00Z") + .seconds(seed % 2 * 18_144_000),
            instant("2026-04-08T00:00:00Z") + .seconds(seed % 2 * 18_144_000)
        )
        let expected = try Schedule(recurrences, zone: zone).instants(after: start, through: end).filter { slot in
            let local = zone.local(slot)
            let (date, time) = (String(local.prefix(10)), String(local.dropFirst(11).prefix(5)))
            let weekday = Self.weekday(date)
            let before = (weekday + 6) % 7
            let (first, last) = ("\(pad(from)):00", "\(pad(until)):15")
            let isIn =
                windows.isEmpty
                || (first < last
                    ? Self.means(days, weekday) && time >= first && time < last
                    : Self.means(days, weekday) && time >= first || Self.means(days, before) && time < last)
            return isIn
                && !excepted.contains {
                    $0 == "TUE" && weekday == 2 || $0 == "--03-29" && date.hasSuffix("-03-29") || $0 == date
                        || $0.contains("/") && date >= "2026-03-28" && date <= "2026-04-02"
                }
        }
        let schedule = try Schedule(recurrences, zone: zone, limits: limits)
        #expect(schedule.instants(after: start, through: end) == expected, comment)
        #expect(schedule.instantsBackwards(after: start, through: end) == expected, comment)
        #expect(schedule.count(after: start, through: end) == expected.count, comment)
    }

    private static func weekday(_ date: String) -> Int {
        let parts = date.split(separator: "-").compactMap { Int($0) }
        return Int((SlowDate(year: parts[0], month: parts[1], day: parts[2]).dayNumber + 4) % 7)
    }

    private static func means(_ days: String, _ weekday: Int) -> Bool {
        switch days {
        case "MON-FRI": (1...5).contains(weekday)
        case "SAT": weekday == 6
        case "SUN,WED": weekday == 0 || weekday == 3
        default: true
        }
    }

    @Test(arguments: [
        ("2026-02-30", 9, "01 to 28"), ("2026-12-24/2026-12-20", 12, "first"), ("2026-12-24x", 11, "remove"), ("--13-01", 3, "no month 13"),
        ("--02-30", 6, "no day 30 in month 2; its days go from 01 to 29"), ("12-25", 1, "write --12-25"),
        ("24.12.2026", 1, "a date is expected before `24.12.2026`; write for example 2026-03-01"), ("13-25", 1, "a date is expected"),
        ("2026-12-24/", 12, "a date is expected before the end of the text"), ("2026-12-24 ", 11, "remove the blank"),
        ("-12-25", 1, "--12-25"), ("MONDAY", 1, "SUN to SAT"), ("MON#1", 1, "whole weekdays"), ("", 1, "expected"),
        ("12-24", 1, "--12-24"),
    ])
    func exclusionsTellWhatIsWrong(text: String, column: Int, part: String) {
        let error = #expect(throws: ScheduleError.self) { try Exclusion(parsing: text) }
        #expect(error?.column == column && error?.message.contains(part) ?? false, "\(String(describing: error))")
    }

    @Test(arguments: [("24:00", 1), ("soon", 1), ("", 1), ("12-25", 1)])
    func boundsAreDates(text: String, column: Int) {
        let error = #expect(throws: ScheduleError.self) { try Bound(parsing: text, isLast: true) }
        #expect(error?.column == column && error?.message.hasPrefix("a date is expected before ") ?? false, "\(String(describing: error))")
        #expect(error?.message.contains("P1D") == false)
    }

    @Test(arguments: [
        ("9:00", "17:00", "*"), ("09:00", "25:00", "*"), ("09:00", "09:00", "*"), ("24:00", "09:00", "*"), ("09:00", "17:00x", "*"),
        ("09:00", "17:00", "5L"),
    ])
    func windowsTellWhatIsWrong(from: String, until: String, on: String) {
        #expect(throws: ScheduleError.self) { try DailyWindow(from: from, until: until, on: on) }
    }
}
