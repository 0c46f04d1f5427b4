/// A time of day outside of which a schedule has no slots: one entry of a job's `between:`.
///
/// It goes by the clock of the schedule's zone.
package struct DailyWindow: Hashable, Sendable {
    /// Seconds since midnight; included.
    let from: Int
    /// Seconds since midnight, up to 86 400; excluded.
    ///
    /// When it is before `from`, the window goes on over midnight.
    let until: Int
    /// The weekdays on which the window begins; bit 0 is Sunday.
    let weekdays: UInt8

    /// Reads `09:00` and `17:00`, to the second if need be, and weekdays as cron has them (`MON-FRI`); nil for every day.
    ///
    /// `24:00` is the end of the day, and an earlier `until` means the next day's. An error's column counts in the text that it is about;
    /// `time(parsing:)` and `weekdays(parsing:)` tell which one.
    package init(from: String, until: String, on weekdays: String? = nil) throws(ScheduleError) {
        self.from = try Self.time(parsing: from)
        self.until = try Self.time(parsing: until)
        guard self.from < 86_400 else {
            let days = try weekdays.map(Self.dayAfter).map { ", on: \"\($0)\"" } ?? ""
            throw ScheduleError(column: 1, message: "a window begins before the end of its day; write from: \"00:00\"\(days)")
        }
        guard self.from != self.until else {
            throw ScheduleError(
                column: 1,
                message: "a window from \(from.beginning(20)) until \(until.beginning(20)) is empty; leave it out for the whole day")
        }
        guard let weekdays else {
            self.weekdays = 0x7F
            return
        }
        self.weekdays = try Self.weekdays(parsing: weekdays)
    }

    /// Seconds since midnight.
    package static func time(parsing text: String) throws(ScheduleError) -> Int {
        var scanner = TextScanner(text)
        let time = try scanner.timeOfDay()
        guard scanner.isAtEnd, time % WallTime.second == 0 else { throw scanner.error("a time of day is expected, as 09:00 or 09:00:30") }
        return Int(time / WallTime.second)
    }

    /// Bit 0 is Sunday.
    package static func weekdays(parsing text: String) throws(ScheduleError) -> UInt8 {
        var scanner = TextScanner(text)
        let weekdays = try scanner.weekdays()
        guard scanner.isAtEnd else { throw scanner.error("nothing may follow the weekdays; remove \(scanner.found)") }
        return weekdays
    }

    /// The weekdays after those of a text, in the words of cron.
    private static func dayAfter(_ text: String) throws(ScheduleError) -> String {
        let days = try weekdays(parsing: text)
        let after = (0..<7).filter { days >> UInt8(($0 + 6) % 7) & 1 == 1 }
        return after.compactMap { CronField.dayOfWeek.name(of: $0) }.joined(separator: ",")
    }

    /// The seconds of a day of that weekday in which it is open: as it begins, and as it goes on from the day before.
    func seconds(ofWeekday weekday: Int) -> (goingOn: Range<Int>, beginning: Range<Int>) {
        let isOvernight = until < from
        return (
            isOvernight && begins(on: (weekday + 6) % 7) ? 0..<until : 0..<0,
            begins(on: weekday) ? from..<(isOvernight ? 86_400 : until) : 0..<0
        )
    }

    func isClosed(onWeekday weekday: Int) -> Bool {
        let seconds = seconds(ofWeekday: weekday)
        return seconds.goingOn.isEmpty && seconds.beginning.isEmpty
    }

    private func begins(on weekday: Int) -> Bool { weekdays >> UInt8(weekday) & 1 == 1 }
}
