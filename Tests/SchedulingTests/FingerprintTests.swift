import Testing
import Timetable

@testable import Scheduling

/// The text by which a schedule is known again; ledgers hold it.
struct FingerprintTests {
    private func schedule(_ limits: Limits = Limits(), delay: Duration = .zero) throws -> Schedule {
        try Schedule([Recurrence(interval: "R/2026-01-01T02:00/P1D")], zone: Zone(named: "Europe/Berlin"), limits: limits, delay: delay)
    }

    /// A calendar of events of a second, so many from 10:00:00 on.
    private func calendar(events count: Int) throws -> Limits {
        let events = (0..<count).map { second in
            let time = 100_000 + second / 3600 * 10_000 + second / 60 % 60 * 100 + second % 60
            return "BEGIN:VEVENT\nDTSTART:20260101T\(time)\nEND:VEVENT\n"
        }
        let text = "BEGIN:VCALENDAR\n" + events.joined() + "END:VCALENDAR\n"
        return Limits(exclusions: [.calendar(try HolidayCalendar(parsing: Array(text.utf8), zone: .utc))])
    }

    @Test func aScheduleWithoutLimitsHasTheTextThatLedgersHold() throws {
        #expect(try schedule().fingerprint == "R/2026-01-01T02:00/P1D\nzone=Europe/Berlin\ngap=shift\nfold=first")
    }

    @Test func limitsAndDelaysAreToldApart() throws {
        let limits = try [
            Limits(), Limits(notBefore: Bound(.epoch)), Limits(notAfter: Bound(.epoch)),
            Limits(exclusions: [Exclusion(parsing: "SAT,SUN")]),
            Limits(exclusions: [Exclusion(parsing: "--12-25")]), Limits(windows: [DailyWindow(from: "09:00", until: "17:00")]),
            calendar(events: 9), calendar(events: 10),
        ]
        let delays: [Duration] = [.zero, .seconds(1), .microseconds(1)]
        let texts = try limits.flatMap { limits in try delays.map { try schedule(limits, delay: $0).fingerprint } }
        #expect(Set(texts).count == limits.count * delays.count)
    }

    /// What it is must not depend on the process: no seed of a hasher, no order of a set.
    @Test func theTextIsTheSameInEveryProcess() throws {
        let limits = try Limits(
            notAfter: Bound(Instant(seconds: 1_800_000_000)), exclusions: [Exclusion(parsing: "SAT,SUN")] + calendar(events: 9).exclusions)
        #expect(try schedule(limits, delay: .seconds(270)).fingerprint.hasSuffix("\nlimits=cf3f5ee3642f0f01\ndelay=270000000"))
    }

    @Test func aCalendarOfTenThousandExceptionsHasAShortText() throws {
        #expect(try schedule(calendar(events: 10_000)).fingerprint.utf8.count < 100)
    }
}
