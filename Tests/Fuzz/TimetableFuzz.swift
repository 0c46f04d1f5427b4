// Compiled by scripts/fuzz together with Sources/Timetable, not by SwiftPM.

/// Whatever the bytes: no crash, no hang, and what the parsers accept keeps the promises of `Schedule`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTimetable(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    guard let data, size > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
    let text = String(decoding: bytes, as: UTF8.self)
    switch data[0] % 6 {
    case 0: exercise(try? Recurrence(interval: text))
    case 1: exercise(try? Recurrence(cron: text, seed: "s"))
    case 2: if let file = TimeZoneFile(bytes) { exercise(Zone(rules: ZoneRules(name: "fuzz", file: file))) }
    case 3: _ = try? Exclusion.exclusions(ofCalendar: bytes, zone: .utc)
    case 4:
        _ = PosixZoneRule(text)
        _ = Instant(rfc3339: text)
    default:
        _ = try? Exclusion(parsing: text)
        _ = try? DailyWindow(from: text, until: "12:00")
        _ = try? Period.elapsed(parsing: text)
    }
    return 0
}

private let rules = [DaylightRule(gap: .skip, fold: .both), DaylightRule(gap: .shift, fold: .last), DaylightRule()]
private let zone = (try? Zone(named: "Europe/Berlin")) ?? .utc

private func exercise(_ recurrence: Recurrence?) {
    guard let recurrence else { return }
    for rule in rules {
        guard let schedule = try? Schedule([recurrence], zone: zone, daylight: rule) else { return }
        _ = schedule.inWords
        check(schedule.anchored(at: Instant(seconds: 1_780_000_000)))
    }
}

private func exercise(_ zone: Zone) {
    for recurrence in [try? Recurrence(interval: "R/2026-03-01T02:30/P1D"), try? Recurrence(cron: "*/7 2,3 * * *")] {
        for rule in rules {
            if let recurrence, let schedule = try? Schedule([recurrence], zone: zone, daylight: rule) { check(schedule) }
        }
    }
}

private func check(_ schedule: Schedule) {
    for instant in [Instant.distantPast, .epoch, Instant(seconds: 1_780_000_000), .distantFuture] {
        if let next = schedule.next(after: instant)?.due {
            precondition(next > instant, "next after \(instant) is \(next)")
            precondition(schedule.contains(next), "the next slot is none")
            _ = schedule.clockChange(at: next)
        }
        if let previous = schedule.previous(before: instant)?.due {
            precondition(previous < instant, "previous before \(instant) is \(previous)")
        }
    }
    let count = schedule.count(after: Instant(seconds: 1_700_000_000), through: Instant(seconds: 1_800_000_000))
    precondition(count >= 0)
    _ = schedule.changedSlots(after: Instant(seconds: 1_770_000_000), through: Instant(seconds: 1_800_000_000), atMost: 5)
}
