import JobFiles
import Testing
import Timetable

/// What `rota validate` warns of when it looks at the calendar.
struct ScheduleReviewTests {
    /// 2026-11-22T00:00:00Z
    private let now = Instant(seconds: 1_795_305_600)

    private func warnings(_ text: String) -> [String] {
        let (definitions, problems) = JobFile.read(text: text + "\ncommand: x\n", file: "j.yaml")
        #expect(problems.isEmpty)
        return definitions.flatMap { $0.scheduleWarnings(at: now) }.map(\.description)
    }

    @Test func aTimeThatTheClockLeavesOutOrRepeatsIsWarnedOf() throws {
        let both = warnings("schedule: R/2026-03-01T02:30/P1D\nzone: Europe/Berlin")
        #expect(both.count == 2)
        #expect(both[0].hasPrefix("j.yaml:1:11: warning: the local time 2027-03-28T02:30:00 does not exist, its slot moves to"))
        #expect(both[0].contains("2027-03-28T03:30:00+02:00 (and 1 more within two years)"))
        #expect(both[1].contains("2027-10-31T02:30:00 comes twice, the first is its slot"))
        #expect(warnings("cron: '30 2 * * *'\nzone: Europe/Berlin\ndst: { gap: skip }").count == 1)
        #expect(warnings("cron: '30 2 * * *'\nzone: Europe/Berlin\ndst: { fold: last }").first?.contains("does not exist") == true)
        #expect(warnings("cron: '30 2 * * *'\nzone: Europe/Berlin\ndst: { gap: shift, fold: first }").isEmpty)
    }

    @Test(arguments: [
        "schedule: R/2026-03-01T02:30/P1D", "cron: '30 12 * * *'\nzone: Europe/Berlin", "schedule: R/PT1H\nzone: Europe/Berlin",
        "cron: '*/10 * * * *'\nzone: Europe/Berlin", "cron: '30 2 * * MON-SAT'\nzone: Europe/Berlin",
        "schedule: R0/PT1H\ndisabled: true", "schedule: R3/PT1H", "after: other", "cron: '*/5 * * * *'\ntimeout: PT5M",
        "cron: '*/5 * * * *'\ntimeout: PT1H\noverlap: allow",
    ])
    func whatIsMeantIsNotWarnedOf(text: String) {
        #expect(warnings(text).isEmpty)
    }

    @Test func slotsThatDoNotComeAreWarnedOf() {
        #expect(warnings("description: d\nschedule: R0/PT1H").map { $0.prefix(20) } == ["j.yaml:2:11: warning"])
        #expect(warnings("schedule: R0/PT1H")[0].contains("no slot at all"))
        let past = warnings("schedule: R3/2020-01-01T00:00Z/P1D\nzone: Europe/Berlin")
        #expect(past.count == 1 && past[0].contains("the last was at 2020-01-03T01:00:00+01:00"))
        #expect(warnings("name: c\nschedule: R1/2020-01-01T00:00:00Z/PT1M\nparents: null\nshell: true").count == 1)
    }

    @Test func slotsFasterThanTheTimeoutAreWarnedOf() {
        let hasty = warnings("cron: '0 9,10 * * *'\ntimeout: PT90M")
        #expect(hasty.count == 1 && hasty[0].contains("as little as 1 hour apart") && hasty[0].contains("1 hour and 30 minutes"))
    }
}
