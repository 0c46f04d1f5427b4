@testable import Timetable

/// The parsers that scripts/fuzz throws bytes at, each with what must hold whatever the bytes.
///
/// scripts/fuzz compiles this file into the fuzzer, and CorpusTests runs it over the corpus.
enum FuzzedParser: String, CaseIterable, Sendable {
    /// Repeating intervals of ISO 8601.
    case interval
    case cron
    /// iCalendar files of holidays.
    case calendar
    /// TZif files.
    case zone
    /// The short texts beside a schedule: exclusions, windows, bounds, periods, instants of RFC 3339, and `TZ` rules of POSIX.
    case line

    /// What the bytes make the parser, or the schedules that come of them, break; empty is what is wanted.
    func brokenPromises(_ bytes: [UInt8]) -> [String] {
        var promises = Promises()
        switch self {
        case .interval: read(bytes, &promises) { text throws(ScheduleError) in try Recurrence(interval: text) }
        case .cron: read(bytes, &promises) { text throws(ScheduleError) in try Recurrence(cron: text, seed: "seed") }
        case .calendar: readCalendar(bytes, &promises)
        case .zone: readZone(bytes, &promises)
        case .line: readLine(bytes, &promises)
        }
        return promises.broken
    }

    private func read(_ bytes: [UInt8], _ promises: inout Promises, _ parse: (String) throws(ScheduleError) -> Recurrence) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let recurrence = promises.value(of: text, parse) else { return }
        promises.expect(recurrence.text.utf8.elementsEqual(text.utf8), "the text is not kept")
        let canonical = recurrence.canonicalText
        let again = promises.value(of: canonical, parse)
        promises.expect(
            again?.canonicalText == canonical, "the canonical text \(canonical) is read as \(again?.canonicalText ?? "nothing")")
        for daylight in Self.daylightRules {
            let made = promises.value(of: text) { _ throws(ScheduleError) in
                try Schedule([recurrence], zone: Self.berlin, daylight: daylight)
            }
            guard let made else { return }
            promises.expect(!made.inWords.isEmpty, "no words")
            promises.check(made.anchored(at: Instant(seconds: 1_780_000_000)), "\(daylight)")
        }
    }

    private func readCalendar(_ bytes: [UInt8], _ promises: inout Promises) {
        do {
            let calendar = try HolidayCalendar(parsing: bytes, zone: Self.berlin)
            let again = try? HolidayCalendar(parsing: Array(calendar.text.utf8), zone: Self.berlin)
            promises.expect(again == calendar && again?.text == calendar.text, "the reduced text says something else")
            check([.calendar(calendar)], &promises)
        } catch {
            promises.expect(error.line >= 1 && error.line <= bytes.count + 1, "line \(error.line) of the error")
            promises.expect(!error.message.isEmpty && error.message.utf8.count < 400, "message `\(error.message)`")
        }
    }

    /// A schedule from which they take slots away.
    private func check(_ exclusions: [Exclusion], windows: [DailyWindow] = [], _ promises: inout Promises) {
        let limits = Limits(exclusions: exclusions, windows: windows)
        // Of every second, so that it does not search a slot for years wherever some time is left.
        guard let recurrence = try? Recurrence(cron: "* * * * * *"),
            let schedule = try? Schedule([recurrence], zone: Self.berlin, limits: limits)
        else { return }
        promises.check(schedule, "limited")
    }

    private func readLine(_ bytes: [UInt8], _ promises: inout Promises) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let exclusion = promises.value(of: text, { text throws(ScheduleError) in try Exclusion(parsing: text) }) {
            check([exclusion], &promises)
        }
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        if words.count > 1, let window = try? DailyWindow(from: words[0], until: words[1], on: words.count > 2 ? words[2] : nil) {
            check([], windows: [window], &promises)
        }
        _ = promises.value(of: text) { text throws(ScheduleError) in try Bound(parsing: text).instant(in: Self.berlin) }
        if let period = promises.value(of: text, { text throws(ScheduleError) in try Period.elapsed(parsing: text) }) {
            promises.expect(period >= .zero, "a negative period")
        }
        if let instant = Instant(rfc3339: text), instant.rfc3339.utf8.first != UInt8(ascii: "-") {
            promises.expect(Instant(rfc3339: instant.rfc3339) == instant, "\(instant.rfc3339) is not read back")
        }
        readZone(Self.zoneFile(footer: bytes), &promises)
    }

    /// Schedules of each kind on the zone's clock.
    private func readZone(_ bytes: [UInt8], _ promises: inout Promises) {
        guard let file = TimeZoneFile(bytes), let rules = ZoneRules(name: "fuzz", file: file) else { return }
        let zone = Zone(rules: rules)
        let recurrences = [
            try? Recurrence(interval: "R/2026-03-01T02:30/P1D"), try? Recurrence(interval: "R/1999-12-31T23:59:59.5/P1MT1H"),
            try? Recurrence(cron: "*/7 2,3 * * *"), try? Recurrence(cron: "30 59 * * * *"),
        ]
        for recurrence in recurrences.compactMap(\.self) {
            for daylight in Self.daylightRules {
                guard let schedule = try? Schedule([recurrence], zone: zone, daylight: daylight) else { continue }
                promises.check(schedule, "\(recurrence.text) \(daylight)")
            }
        }
    }

    /// A TZif file of version 3 without a table, whose rule is `footer`.
    private static func zoneFile(footer: [UInt8]) -> [UInt8] {
        var block = Array("TZif3".utf8) + [UInt8](repeating: 0, count: 15)
        // Six counts of four bytes: one type, and four letters for its name.
        for count: UInt8 in [0, 0, 0, 0, 1, 4] { block += [0, 0, 0, count] }
        block += [UInt8](repeating: 0, count: 6)
        block += "UTC\0".utf8
        var file = block + block
        file += "\n".utf8
        file += footer
        file += "\n".utf8
        return file
    }

    private static let berlin = (try? Zone(named: "Europe/Berlin")) ?? .utc
    private static let daylightRules = [DaylightRule(gap: .skip, fold: .both), DaylightRule(gap: .shift, fold: .last), DaylightRule()]
}
