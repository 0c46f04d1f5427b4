// Compiled by Benchmarks/timetable/run together with Sources/Timetable, not by SwiftPM.
// Prints for each task and each of Rota and Foundation: task, peer, nanoseconds, allocations, answers.

import Foundation

/// The same instants as in peers.py, to the second, from 2026 to 2035; the first two lie before a gap and a fold of Berlin.
let probes = [1_774_699_200, 1_792_843_200] + (0..<1022).map { Int64(1_767_225_600 + $0 * 7_919_317 % 315_360_000) }
let later = probes.map { $0 + 4_000_000_000 }

@main struct Benchmark {
    static func main() throws {
        try rota()
        foundation()
    }
}

/// Whatever is measured ends up here, so that no loop is optimised away.
nonisolated(unsafe) private var sink: Int64 = 0

/// Runs `work` over all probes again and again, and prints the median of nine repetitions.
@inline(never)
private func measure(_ task: String, _ peer: String, answers: [Int64?] = [], _ work: (Int) -> Int64) {
    for index in 0..<256 { sink &+= work(index & 1023) }
    let clock = ContinuousClock()
    let first = clock.measure { for index in 0..<16 { sink &+= work(index & 1023) } }
    let rounds = max(16, min(1_000_000, Int(Duration.milliseconds(25) / max(first / 16, .nanoseconds(1)))))
    var nanoseconds: [Double] = []
    var allocations: UInt = 0
    for _ in 0..<9 {
        let before = rota_allocations()
        let elapsed = clock.measure { for index in 0..<rounds { sink &+= work(index & 1023) } }
        allocations = rota_allocations() - before
        nanoseconds.append(elapsed / .nanoseconds(1) / Double(rounds))
    }
    let median = nanoseconds.sorted()[4]
    let texts = answers.map { $0.map(String.init) ?? "none" }.joined(separator: ",")
    print(task, peer, median, Double(allocations) / Double(rounds), texts.isEmpty ? "-" : texts, separator: "\t")
}

// MARK: Rota

private func rota() throws {
    let interval = "R/2026-03-01T02:30:00+01:00/P1D"
    measure("parse an interval", "Rota") { _ in (try? Recurrence(interval: interval)).map { Int64($0.text.utf8.count) } ?? 0 }
    measure("parse a cron line", "Rota") { _ in (try? Recurrence(cron: "30 2 * * MON-FRI")).map { Int64($0.text.utf8.count) } ?? 0 }

    let berlin = try Zone(named: "Europe/Berlin")
    func made(_ texts: String..., limits: Limits = Limits()) throws -> Schedule {
        let recurrences = try texts.map { $0.hasPrefix("R") ? try Recurrence(interval: $0) : try Recurrence(cron: $0) }
        return try Schedule(recurrences, zone: berlin, limits: limits)
    }
    func next(_ task: String, _ schedule: Schedule, after seconds: [Int64] = probes) {
        let instants = seconds.map { Instant(seconds: $0) }
        let answers = instants.prefix(64).map { schedule.next(after: $0).map { $0.due.microseconds / 1_000_000 } }
        measure(task, "Rota", answers: answers) { schedule.next(after: instants[$0])?.due.microseconds ?? 0 }
    }
    try next("next, each hour", made("R/2026-03-01T02:30:00Z/PT1H"))
    try next("next, daily at an offset", made(interval))
    try next("next, daily in Berlin", made("R/2026-01-01T02:30/P1D"))
    try next("next, monthly on the 31st", made("R/2026-01-31T02:30/P1M"))
    try next("next, cron daily", made("30 2 * * *"))
    try next("next, cron MON-FRI", made("30 2 * * MON-FRI"))
    try next("next, cron FRI#2", made("30 2 * * FRI#2"))
    try next("next, cron L,15W", made("30 2 L,15W * *"))
    try next("next, cron 29 February, if SUN", made("30 2 29 2 */7"))
    try next("next, union of three", made("R/2026-01-01T02:30/P1D", "R/2026-01-31T09:00/P1M", "0 12 * * SUN"))
    let limits = try Limits(
        exclusions: [Exclusion(parsing: "SAT,SUN"), Exclusion(parsing: "--12-25")],
        windows: [DailyWindow(from: "01:00", until: "05:00")])
    try next("next, except and between", made("R/2026-01-01T02:30/P1D", limits: limits))
    let never = try Limits(windows: [DailyWindow(from: "09:00", until: "17:00")])
    try next("next, a window that never opens", made("R/2026-01-01T02:30/P1D", limits: never))
    try next("next, daily past 2100", made("R/2026-01-01T02:30/P1D"), after: later)

    let instants = probes.map { Instant(seconds: $0) }
    let daily = try made("R/2026-01-01T02:30/P1D")
    measure("previous, daily in Berlin", "Rota") { daily.previous(before: instants[$0])?.due.microseconds ?? 0 }
    let each = try made("R/1970-01-01T00:00:00Z/PT1S")
    measure("occurrence 2 000 000 000 + n", "Rota") { each.occurrence(2_000_000_000 + Int64($0))?.due.microseconds ?? 0 }
    let offset = try made(interval)
    let tenThousandth = [offset.occurrence(10_000).map { $0.due.microseconds / 1_000_000 }]
    measure("occurrence 10 000", "Rota", answers: tenThousandth) { offset.occurrence(10_000 - Int64($0 & 1))?.due.microseconds ?? 0 }

    func count(_ task: String, _ schedule: Schedule) {
        let year = Duration.seconds(365 * 86_400)
        measure(task, "Rota") { Int64(schedule.count(after: instants[$0], through: instants[$0] + year)) }
    }
    count("count a year, daily", daily)
    try count("count a year, each second", made("R/2020-01-01T00:00:00Z/PT1S"))
    try count("count a year, cron MON-FRI", made("30 2 * * MON-FRI"))
    try count("count a year, except and between", made("R/2026-01-01T02:30/P1D", limits: limits))
}

// MARK: Foundation

private func foundation() {
    let peer = "Foundation Calendar"
    let start = "2026-03-01T02:30:00+01:00"
    let style = Date.ISO8601FormatStyle()
    measure("parse an interval", "Foundation (start only)") { _ in
        (try? style.parse(start)).map { Int64($0.timeIntervalSince1970) } ?? 0
    }
    var calendar = Calendar(identifier: .gregorian)
    guard let zone = TimeZone(identifier: "Europe/Berlin") else { return }
    calendar.timeZone = zone
    func daily(after date: Date) -> Date? {
        calendar.nextDate(
            after: date, matching: DateComponents(hour: 2, minute: 30, second: 0), matchingPolicy: .nextTimePreservingSmallerComponents,
            repeatedTimePolicy: .first)
    }
    func weekdays(after date: Date) -> Date? {
        var found = daily(after: date)
        while let day = found, [1, 7].contains(calendar.component(.weekday, from: day)) { found = daily(after: day) }
        return found
    }
    func seconds(_ date: Date?) -> Int64? { date.map { Int64($0.timeIntervalSince1970) } }
    func next(_ task: String, after seconds_: [Int64] = probes, _ work: (Date) -> Date?) {
        let dates = seconds_.map { Date(timeIntervalSince1970: Double($0)) }
        measure(task, peer, answers: dates.prefix(64).map { seconds(work($0)) }) { seconds(work(dates[$0])) ?? 0 }
    }
    next("next, daily in Berlin", daily)
    next("next, cron daily", daily)
    next("next, cron MON-FRI", weekdays)
    next("next, daily past 2100", after: later, daily)

    let anchor = Date(timeIntervalSince1970: 1_769_823_000)  // 2026-01-31T02:30+01:00
    next("next, monthly on the 31st") { date in
        var months = max((calendar.dateComponents([.month], from: anchor, to: date).month ?? 0) - 1, 0)
        while let found = calendar.date(byAdding: .month, value: months, to: anchor) {
            if found > date { return found }
            months += 1
        }
        return nil
    }
    guard let fixed = TimeZone(secondsFromGMT: 3600) else { return }
    calendar.timeZone = fixed
    let first = Date(timeIntervalSince1970: 1_772_328_600)  // 2026-03-01T02:30+01:00
    let tenThousandth = seconds(calendar.date(byAdding: .day, value: 10_000, to: first))
    measure("occurrence 10 000", peer, answers: [tenThousandth]) {
        seconds(calendar.date(byAdding: .day, value: 10_000 - ($0 & 1), to: first)) ?? 0
    }
}
