import Testing
import Timetable

/// catalogue 45: each kind of change of the clock, under all six rules, with the exact list of slots of an interval and a cron line.
@Suite struct ClockPolicyTests {
    struct Change: Sendable, CustomTestStringConvertible {
        let zone, interval, cron, start, end: String
        /// By the rule for gaps; both when the days hold no gap.
        var shift: [String]
        var skip: [String]
        /// Lists by the rule for folds, where the days hold one.
        var folds: [DaylightRule.Fold: [String]] = [:]

        var testDescription: String { "\(zone) \(cron) after \(start)" }

        /// Days with a gap.
        init(gap zone: String, _ interval: String, _ cron: String, _ start: String, _ end: String, shift: [String], skip: [String]) {
            (self.zone, self.interval, self.cron, self.start, self.end) = (zone, interval, cron, start, end)
            (self.shift, self.skip) = (shift, skip)
        }

        /// Days with a fold: slots before it, the two turns, and slots after it.
        init(
            fold zone: String, _ interval: String, _ cron: String, _ start: String, _ end: String, before: [String], first: String,
            last: String, after: [String]
        ) {
            self.init(gap: zone, interval, cron, start, end, shift: [], skip: [])
            folds = [.first: before + [first] + after, .last: before + [last] + after, .both: before + [first, last] + after]
        }
    }

    static let changes = [
        // Lord Howe changes by half an hour.
        Change(
            gap: "Australia/Lord_Howe", "R/2026-10-01T02:15/P1D", "15 2 * * *", "2026-10-02T12:00:00Z", "2026-10-05T00:00:00Z",
            shift: ["2026-10-03T02:15:00+10:30", "2026-10-04T02:45:00+11:00", "2026-10-05T02:15:00+11:00"],
            skip: ["2026-10-03T02:15:00+10:30", "2026-10-05T02:15:00+11:00"]),
        Change(
            fold: "Australia/Lord_Howe", "R/2026-04-01T01:45/P1D", "45 1 * * *", "2026-04-03T12:00:00Z", "2026-04-06T00:00:00Z",
            before: ["2026-04-04T01:45:00+11:00"], first: "2026-04-05T01:45:00+11:00", last: "2026-04-05T01:45:00+10:30",
            after: ["2026-04-06T01:45:00+10:30"]),
        // In Santiago the gap is the first hour of a day, and the fold the last.
        Change(
            gap: "America/Santiago", "R/2026-09-01T00:00/P1D", "0 0 * * *", "2026-09-05T00:00:00Z", "2026-09-07T12:00:00Z",
            shift: ["2026-09-05T00:00:00-04:00", "2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00"],
            skip: ["2026-09-05T00:00:00-04:00", "2026-09-07T00:00:00-03:00"]),
        Change(
            fold: "America/Santiago", "R/2026-04-01T23:30/P1D", "30 23 * * *", "2026-04-03T12:00:00Z", "2026-04-06T12:00:00Z",
            before: ["2026-04-03T23:30:00-03:00"], first: "2026-04-04T23:30:00-03:00", last: "2026-04-04T23:30:00-04:00",
            after: ["2026-04-05T23:30:00-04:00"]),
        // Samoa went without 30 December 2011, a Friday.
        Change(
            gap: "Pacific/Apia", "R/2011-12-28T09:00/P1D", "0 9 * * *", "2011-12-28T12:00:00Z", "2012-01-01T12:00:00Z",
            shift: [
                "2011-12-28T09:00:00-10:00", "2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00", "2012-01-01T09:00:00+14:00",
            ],
            skip: [
                "2011-12-28T09:00:00-10:00", "2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00", "2012-01-01T09:00:00+14:00",
            ]),
        Change(
            gap: "Pacific/Apia", "R/2011-12-23T09:00/P1W", "0 9 * * FRI", "2011-12-20T00:00:00Z", "2012-01-08T00:00:00Z",
            shift: ["2011-12-23T09:00:00-10:00", "2011-12-31T09:00:00+14:00", "2012-01-06T09:00:00+14:00"],
            skip: ["2011-12-23T09:00:00-10:00", "2012-01-06T09:00:00+14:00"]),
        // Dublin's standard time is the summer one; the winter is called daylight time.
        Change(
            gap: "Europe/Dublin", "R/2026-03-01T01:30/P1D", "30 1 * * *", "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z",
            shift: ["2026-03-28T01:30:00+00:00", "2026-03-29T02:30:00+01:00", "2026-03-30T01:30:00+01:00"],
            skip: ["2026-03-28T01:30:00+00:00", "2026-03-30T01:30:00+01:00"]),
        Change(
            fold: "Europe/Dublin", "R/2026-03-01T01:30/P1D", "30 1 * * *", "2026-10-23T12:00:00Z", "2026-10-26T12:00:00Z",
            before: ["2026-10-24T01:30:00+01:00"], first: "2026-10-25T01:30:00+01:00", last: "2026-10-25T01:30:00+00:00",
            after: ["2026-10-26T01:30:00+00:00"]),
        // Casablanca goes back for Ramadan and forward after it.
        Change(
            fold: "Africa/Casablanca", "R/2026-02-01T02:30/P1D", "30 2 * * *", "2026-02-13T12:00:00Z", "2026-02-16T12:00:00Z",
            before: ["2026-02-14T02:30:00+01:00"], first: "2026-02-15T02:30:00+01:00", last: "2026-02-15T02:30:00+00:00",
            after: ["2026-02-16T02:30:00+00:00"]),
        Change(
            gap: "Africa/Casablanca", "R/2026-02-01T02:30/P1D", "30 2 * * *", "2026-03-20T12:00:00Z", "2026-03-23T12:00:00Z",
            shift: ["2026-03-21T02:30:00+00:00", "2026-03-22T03:30:00+01:00", "2026-03-23T02:30:00+01:00"],
            skip: ["2026-03-21T02:30:00+00:00", "2026-03-23T02:30:00+01:00"]),
        // Changes for good: Pyongyang's half hour there and back, Caracas, Volgograd, and Istanbul, which kept the summer's offset.
        Change(
            fold: "Asia/Pyongyang", "R/2015-08-01T23:45/P1D", "45 23 * * *", "2015-08-12T15:00:00Z", "2015-08-15T20:00:00Z",
            before: ["2015-08-13T23:45:00+09:00"], first: "2015-08-14T23:45:00+09:00", last: "2015-08-14T23:45:00+08:30",
            after: ["2015-08-15T23:45:00+08:30"]),
        Change(
            gap: "Asia/Pyongyang", "R/2018-05-01T23:45/P1D", "45 23 * * *", "2018-05-03T00:00:00Z", "2018-05-06T00:00:00Z",
            shift: ["2018-05-03T23:45:00+08:30", "2018-05-05T00:15:00+09:00", "2018-05-05T23:45:00+09:00"],
            skip: ["2018-05-03T23:45:00+08:30", "2018-05-05T23:45:00+09:00"]),
        Change(
            gap: "America/Caracas", "R/2016-04-01T02:45/P1D", "45 2 * * *", "2016-04-30T00:00:00Z", "2016-05-02T12:00:00Z",
            shift: ["2016-04-30T02:45:00-04:30", "2016-05-01T03:15:00-04:00", "2016-05-02T02:45:00-04:00"],
            skip: ["2016-04-30T02:45:00-04:30", "2016-05-02T02:45:00-04:00"]),
        Change(
            fold: "Europe/Volgograd", "R/2014-10-01T01:30/P1D", "30 1 * * *", "2014-10-24T12:00:00Z", "2014-10-27T12:00:00Z",
            before: ["2014-10-25T01:30:00+04:00"], first: "2014-10-26T01:30:00+04:00", last: "2014-10-26T01:30:00+03:00",
            after: ["2014-10-27T01:30:00+03:00"]),
        Change(
            gap: "Europe/Istanbul", "R/2016-10-01T03:30/P1D", "30 3 * * *", "2016-10-29T00:00:00Z", "2016-10-31T12:00:00Z",
            shift: ["2016-10-29T03:30:00+03:00", "2016-10-30T03:30:00+03:00", "2016-10-31T03:30:00+03:00"],
            skip: ["2016-10-29T03:30:00+03:00", "2016-10-30T03:30:00+03:00", "2016-10-31T03:30:00+03:00"]),
        // Before 1970, by odd seconds, and a day that came twice, when Alaska was sold.
        Change(
            gap: "Europe/London", "R/1960-04-01T02:30/P1D", "30 2 * * *", "1960-04-09T00:00:00Z", "1960-04-11T12:00:00Z",
            shift: ["1960-04-09T02:30:00+00:00", "1960-04-10T03:30:00+01:00", "1960-04-11T02:30:00+01:00"],
            skip: ["1960-04-09T02:30:00+00:00", "1960-04-11T02:30:00+01:00"]),
        Change(
            fold: "Europe/London", "R/1960-04-01T02:30/P1D", "30 2 * * *", "1960-10-01T00:00:00Z", "1960-10-03T12:00:00Z",
            before: ["1960-10-01T02:30:00+01:00"], first: "1960-10-02T02:30:00+01:00", last: "1960-10-02T02:30:00+00:00",
            after: ["1960-10-03T02:30:00+00:00"]),
        Change(
            gap: "Africa/Monrovia", "R/1972-01-01T00:15/P1D", "15 0 * * *", "1972-01-06T00:00:00Z", "1972-01-08T12:00:00Z",
            shift: ["1972-01-06T00:15:00-00:44:30", "1972-01-07T00:59:30+00:00", "1972-01-08T00:15:00+00:00"],
            skip: ["1972-01-06T00:15:00-00:44:30", "1972-01-08T00:15:00+00:00"]),
        Change(
            fold: "America/Juneau", "R/1867-10-01T12:00/P1D", "0 12 * * *", "1867-10-17T12:00:00Z", "1867-10-20T22:00:00Z",
            before: ["1867-10-18T12:00:00+15:02:19"], first: "1867-10-19T12:00:00+15:02:19", last: "1867-10-19T12:00:00-08:57:41",
            after: ["1867-10-20T12:00:00-08:57:41"]),
    ]

    @Test(arguments: changes)
    func slotsAreExactUnderEveryRule(change: Change) throws {
        for gap in [DaylightRule.Gap.shift, .skip] {
            for fold in [DaylightRule.Fold.first, .last, .both] {
                let expected = change.folds[fold] ?? (gap == .shift ? change.shift : change.skip)
                for text in [change.interval, change.cron] {
                    let schedule = try schedule(text, zone: change.zone, gap: gap, fold: fold)
                    let (start, end) = (instant(change.start), instant(change.end))
                    #expect(schedule.slots(after: change.start, through: change.end) == expected, "\(text) \(gap) \(fold)")
                    #expect(schedule.instantsBackwards(after: start, through: end).map(schedule.zone.local) == expected, "\(text)")
                    #expect(schedule.count(after: start, through: end) == expected.count, "\(text) \(gap) \(fold)")
                }
            }
        }
    }
}
