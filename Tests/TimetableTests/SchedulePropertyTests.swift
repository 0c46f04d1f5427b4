import Testing
import Timetable

/// catalogue 52: each seed is one random schedule, held against the slow oracle.
///
/// A failure prints the seed and the schedule.
@Suite struct SchedulePropertyTests {
    static let zones = [
        "UTC", "Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Santiago",
        "America/New_York", "America/St_Johns", "Asia/Beirut", "Antarctica/Troll", "Asia/Kathmandu", "Pacific/Kwajalein", "America/Godthab",
    ]
    static let gaps: [DaylightRule.Gap] = [.shift, .skip]
    static let folds: [DaylightRule.Fold] = [.first, .last, .both]

    @Test(arguments: 0..<120)
    func intervalsAgreeWithTheSlowOracle(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let zone = try Zone(named: #require(Self.zones.randomElement(using: &random)))
        let daylight = DaylightRule(
            gap: Self.gaps.randomElement(using: &random) ?? .shift, fold: Self.folds.randomElement(using: &random) ?? .first)
        let anchor = SlowDate(
            year: .random(in: 1990...2030, using: &random), month: .random(in: 1...12, using: &random),
            day: .random(in: 1...28, using: &random)
        )
        .adding(months: 0)
        let day = Bool.random(using: &random) ? SlowDate.length(anchor.month, anchor.year) : anchor.day
        let quarter = Int64.random(in: 0..<96, using: &random)
        let months = [0, 0, 1, 1, 2, 3, 12, 13].randomElement(using: &random) ?? 0
        let days = months == 0 ? Int.random(in: 1...9, using: &random) : [0, 0, 0, 1, 7].randomElement(using: &random) ?? 0
        let minutes = [0, 0, 0, 60, 90, 1500].randomElement(using: &random) ?? 0
        let count = Int.random(in: 1...2000, using: &random)
        let text =
            "R\(count)/\(anchor.year)-\(pad(anchor.month))-\(pad(day))T\(pad(Int(quarter / 4))):\(pad(Int(quarter % 4) * 15))"
            + "/P\(months)M\(days)DT\(minutes)M"
        let schedule = try Schedule([Recurrence(interval: text)], zone: zone, daylight: daylight)

        let start = Int64.random(in: 600_000_000...2_600_000_000, using: &random)
        let length = Int64.random(in: 1...(months == 0 ? 60 : 900), using: &random) * 86_400
        let oracle = SlowOracle(zone: zone, daylight: daylight)
        let expected = oracle.slots(
            anchor: SlowDate(year: anchor.year, month: anchor.month, day: day), secondOfDay: quarter * 900, months: months, days: days,
            elapsed: Int64(minutes * 60), count: count, after: start, through: start + length)
        try check(schedule, expected, start, start + length, "seed \(seed): \(text) \(zone) \(daylight)")
    }

    @Test(arguments: 0..<120)
    func cronAgreesWithTheSlowOracle(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 1_000_000)
        let zone = try Zone(named: #require(Self.zones.randomElement(using: &random)))
        let daylight = DaylightRule(
            gap: Self.gaps.randomElement(using: &random) ?? .shift, fold: Self.folds.randomElement(using: &random) ?? .first)
        let fields = RandomFields(&random)
        let schedule = try Schedule([Recurrence(cron: fields.text)], zone: zone, daylight: daylight)

        let firstDay = Int64.random(in: 7_000...30_000, using: &random)
        let days = Int64.random(in: 1...120, using: &random)
        let (start, end) = (firstDay * 86_400 - 1, (firstDay + days) * 86_400 + 4711)
        let rule = fields.hours.count == 24 ? DaylightRule(gap: .skip, fold: .both) : daylight
        let expected = fields.slots(SlowOracle(zone: zone, daylight: rule), after: start, through: end)
        try check(schedule, expected, start, end, "seed \(seed): \(fields.text) \(zone) \(daylight)")
    }

    /// Forwards, backwards, counted, and counted in two parts.
    private func check(_ schedule: Schedule, _ seconds: [Int64], _ start: Int64, _ end: Int64, _ comment: Comment) throws {
        let expected = seconds.map { Instant(seconds: $0) }
        let (start, end) = (Instant(seconds: start), Instant(seconds: end))
        #expect(schedule.instants(after: start, through: end) == expected, comment)
        #expect(schedule.instantsBackwards(after: start, through: end) == expected, comment)
        #expect(schedule.count(after: start, through: end) == expected.count, comment)
        for cut in [expected.first, expected.last, expected.dropFirst(expected.count / 2).first, start + .seconds(4711)].compactMap(\.self)
        {
            let parts = schedule.count(after: start, through: cut) + schedule.count(after: cut, through: max(cut, end))
            #expect(parts == schedule.count(after: start, through: max(cut, end)), comment)
            #expect(schedule.contains(cut) == (expected.contains(cut) || cut > end && schedule.contains(cut)), comment)
        }
    }

    /// Every slot is its anchor plus as many periods as its number says, however far out.
    @Test(arguments: 0..<60)
    func everySlotKnowsItsNumber(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 5_000_000)
        let zone = try Zone(named: #require(Self.zones.randomElement(using: &random)))
        let daylight = DaylightRule(gap: .shift, fold: Self.folds.randomElement(using: &random) ?? .first)
        let day = SlowDate(year: .random(in: 1990...2030, using: &random), month: 1, day: .random(in: 1...31, using: &random))
        let (months, days) = [(1, 0), (1, 3), (7, 0), (0, 1), (0, 10), (12, 0)].randomElement(using: &random) ?? (0, 1)
        let minutes = Int64([0, 0, 45].randomElement(using: &random) ?? 0)
        let text = "R/\(day.year)-01-\(pad(day.day))T02:30/P\(months)M\(days)DT\(minutes)M"
        let comment: Comment = "seed \(seed): \(text) \(zone) \(daylight)"
        let schedule = try Schedule([Recurrence(interval: text)], zone: zone, daylight: daylight)
        let oracle = SlowOracle(zone: zone, daylight: daylight)
        for _ in 0..<5 {
            let number = Int.random(in: 0...1000, using: &random)
            let wall = (day.adding(months: months * number).dayNumber + Int64(days * number)) * 86_400 + 9000
            let expected = oracle.instants(showing: wall).map { Instant(seconds: $0 + Int64(number) * minutes * 60) }
            for due in expected {
                // Where a shifted slot meets the next one, one slot bears one of their numbers.
                let found = schedule.next(after: due - Instant.resolution)
                #expect(found?.due == due && [Int64(number), Int64(number + 1)].contains(found?.occurrence), comment)
            }
        }
    }

    // catalogue 52
    @Test func theSlotOfNumberAThousandMillionIsFoundAtOnce() throws {
        let periods: [(text: String, microseconds: Int64)] = [("PT0.5S", 500_000), ("PT2S", 2_000_000), ("PT1M", 60_000_000)]
        for (text, microseconds) in periods {
            let schedule = try schedule("R/1970-01-01T00:00:00Z/\(text)")
            let due = Instant(microseconds: 1_000_000_000 * microseconds)
            #expect(schedule.next(after: due - Instant.resolution) == Slot(due: due, occurrence: 1_000_000_000))
            #expect(schedule.count(after: .epoch, through: due) == 1_000_000_000)
        }
    }

    /// catalogue 52, with limits: a range is its two parts, slot by slot.
    @Test(arguments: 0..<40)
    func aLimitedUnionIsItsPartsWithoutWhatIsTakenAway(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 6_000_000)
        let zone = try Zone(named: #require(Self.zones.randomElement(using: &random)))
        let recurrences = try [
            Recurrence(cron: "*/\(Int.random(in: 7...55, using: &random)) * * * *"), Recurrence(interval: "R/2026-01-01T02:30/P1D"),
            Recurrence(interval: "R/2026-01-01T00:00/PT\(Int.random(in: 40...400, using: &random))M"),
        ]
        let excepted = try ["SUN", "--03-29", "2026-03-28/2026-03-30", "2026-10-25"].shuffled(using: &random).prefix(2)
            .map { try Exclusion(parsing: $0) }
        let hour = Int.random(in: 0...22, using: &random)
        let window = try DailyWindow(from: "\(pad(hour)):00", until: "\(pad(hour + 1)):30")
        func made(_ recurrences: [Recurrence], _ limits: Limits) throws -> Schedule {
            try Schedule(recurrences, zone: zone, limits: limits)
        }
        let start = instant(["2026-03-20T00:00:00Z", "2026-10-18T00:00:00Z"].randomElement(using: &random) ?? "")
        let end = start + .seconds(15 * 86_400)
        func set(_ schedule: Schedule) -> Set<Instant> { Set(schedule.instants(after: start, through: end)) }
        let comment: Comment = "seed \(seed): \(zone) \(recurrences.map(\.text)) \(excepted) \(hour)"

        let all = try set(made(recurrences, Limits()))
        let inWindow = try set(made(recurrences, Limits(windows: [window])))
        let allowed = try set(made(recurrences, Limits(exclusions: excepted)))
        let limited = try made(recurrences, Limits(exclusions: excepted, windows: [window]))
        #expect(set(limited) == inWindow.intersection(allowed), comment)
        #expect(try all == recurrences.map { try set(made([$0], Limits())) }.reduce([]) { $0.union($1) }, comment)
        let taken = limited.excluded(after: start, through: end, atMost: .max)
        #expect(taken.map(\.due) == all.subtracting(set(limited)).sorted(), comment)

        let cut = start + .seconds(Int.random(in: 0...(15 * 86_400), using: &random))
        let parts = limited.instants(after: start, through: cut) + limited.instants(after: cut, through: end)
        #expect(parts == limited.instants(after: start, through: end), comment)
        #expect(limited.count(after: start, through: end) == parts.count, comment)
    }

    @Test(arguments: 0..<200)
    func twoUniformSeriesAreCountedAsTheyAreWalked(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 4_000_000)
        let texts = (0..<2).map { _ in
            let count = Bool.random(using: &random) ? "" : "\(Int.random(in: 0...300, using: &random))"
            let seconds = Int.random(in: 1...60, using: &random) * [1, 6, 10].randomElement(using: &random)!
            let start = "2026-01-01T00:0\(Int.random(in: 0...3, using: &random)):0\(Int.random(in: 0...9, using: &random))Z"
            return Int.random(in: 0...3, using: &random) == 0 ? "R\(count)/PT\(seconds)S/\(start)" : "R\(count)/\(start)/PT\(seconds)S"
        }
        let union = try Schedule(texts.map { try Recurrence(interval: $0) })
        let start = instant("2025-12-31T22:00:00Z") + .seconds(Int.random(in: 0...9000, using: &random))
        let end = start + .seconds(Int.random(in: 0...9000, using: &random))
        #expect(union.count(after: start, through: end) == union.instants(after: start, through: end).count, "seed \(seed): \(texts)")
    }

    @Test func twoSeriesOfSecondsAreCountedAtOnce() throws {
        let union = try schedule("R/1970-01-01T00:00:00Z/PT1S", "R/1970-01-01T00:00:00Z/PT1.5S")
        #expect(union.count(after: .epoch, through: Instant(seconds: 3_000_000_000)) == 4_000_000_000)
        let coprime = try schedule("R/0001-01-01T00:00:00.000001Z/PT86400.000001S", "R/1970-01-01T00:00:00Z/PT86399.999999S")
        #expect(coprime.count(after: .distantPast, through: .distantFuture) > 1_000_000)
    }

    @Test(arguments: 0..<60)
    func aUnionIsTheUnionOfTheSets(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 2_000_000)
        let texts = [
            "R/2026-01-01T00:00/PT\(Int.random(in: 20...90, using: &random))M", "R/2026-01-01T02:30/P1D",
            "\(Int.random(in: 0...3, using: &random))/20 * * * *",
            "30 2 * * *",
        ].shuffled(using: &random).prefix(Int.random(in: 2...4, using: &random))
        let zone = try Zone(named: "Europe/Berlin")
        let recurrences = try texts.map { $0.hasPrefix("R") ? try Recurrence(interval: $0) : try Recurrence(cron: $0) }
        let union = try Schedule(recurrences, zone: zone)
        let start = Instant(seconds: 1_774_000_000 + Int64.random(in: 0...1_000_000, using: &random))
        let end = start + .seconds(20 * 86_400)
        var expected: Set<Instant> = []
        for recurrence in recurrences { try expected.formUnion(Schedule([recurrence], zone: zone).instants(after: start, through: end)) }
        #expect(union.instants(after: start, through: end) == expected.sorted(), "seed \(seed): \(texts)")
        #expect(union.instantsBackwards(after: start, through: end) == expected.sorted(), "seed \(seed): \(texts)")
        #expect(union.count(after: start, through: end) == expected.count, "seed \(seed): \(texts)")
    }
}

func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

/// Random fields of a cron expression that know which numbers they mean.
private struct RandomFields {
    let text: String
    let minutes, hours, days, months, weekdays: [Int]
    let isEitherDay: Bool

    init(_ random: inout SeededGenerator) {
        func field(_ all: ClosedRange<Int>, _ random: inout SeededGenerator) -> (text: String, numbers: [Int]) {
            switch Int.random(in: 0...4, using: &random) {
            case 0, 1: return ("*", Array(all))
            case 2:
                let step = Int.random(in: 2...5, using: &random)
                return ("*/\(step)", Array(stride(from: all.lowerBound, through: all.upperBound, by: step)))
            case 3:
                let (one, two) = (Int.random(in: all, using: &random), Int.random(in: all, using: &random))
                return ("\(min(one, two))-\(max(one, two))", Array(min(one, two)...max(one, two)))
            default:
                let numbers = (0..<3).map { _ in Int.random(in: all, using: &random) }
                return (numbers.map { "\($0)" }.joined(separator: ","), Set(numbers).sorted())
            }
        }
        let minute = Int.random(in: 0...3, using: &random) * 15
        let hour = field(0...23, &random)
        let day = field(1...28, &random)
        let month = field(1...12, &random)
        let weekday = field(0...6, &random)
        text = "\(minute),45 \(hour.text) \(day.text) \(month.text) \(weekday.text)"
        (minutes, hours, months, weekdays) = (Set([minute, 45]).sorted(), hour.numbers, month.numbers, weekday.numbers)
        days =
            day.text == "*"
            ? Array(1...31) : day.text.hasPrefix("*") ? Array(stride(from: 1, through: 31, by: day.numbers[1] - 1)) : day.numbers
        isEitherDay = !day.text.hasPrefix("*") && !weekday.text.hasPrefix("*")
    }

    func slots(_ oracle: SlowOracle, after start: Int64, through end: Int64) -> [Int64] {
        var slots: Set<Int64> = []
        var date = SlowDate(year: 1970, month: 1, day: 1)
        var number: Int64 = 0
        while number * 86_400 < end + 200_000 {
            if number * 86_400 > start - 400_000, means(date, number) {
                for hour in hours {
                    for minute in minutes { slots.formUnion(oracle.instants(showing: number * 86_400 + Int64(hour * 3600 + minute * 60))) }
                }
            }
            number += 1
            date.day += 1
            if date.day > SlowDate.length(date.month, date.year) { (date.month, date.day) = (date.month + 1, 1) }
            if date.month == 13 { (date.year, date.month) = (date.year + 1, 1) }
        }
        return slots.filter { start < $0 && $0 <= end }.sorted()
    }

    private func means(_ date: SlowDate, _ number: Int64) -> Bool {
        let (day, weekday) = (days.contains(date.day), weekdays.contains(Int((number + 4) % 7)))
        return months.contains(date.month) && (isEitherDay ? day || weekday : day && weekday)
    }
}
