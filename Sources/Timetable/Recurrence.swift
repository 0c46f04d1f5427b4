/// One line of a job's schedule.
package enum Recurrence: Hashable, Sendable {
    case interval(RepeatingInterval)
    case cron(CronExpression)

    /// Reads a repeating interval of ISO 8601, for example `R/2026-03-01T02:00/P1D`: see `RepeatingInterval` for the forms.
    package init(interval text: String) throws(ScheduleError) {
        self = .interval(try RepeatingInterval(parsing: text))
    }

    /// Reads a cron expression, for example `0 2 * * MON-FRI`: see `CronExpression` for the language.
    ///
    /// `seed` is what `H` is drawn from, usually the job's name: the same seed always gives the same times.
    package init(cron text: String, seed: String = "") throws(ScheduleError) {
        self = .cron(try CronExpression(parsing: text, seed: seed))
    }

    /// As the user wrote it.
    package var text: String {
        switch self {
        case .interval(let interval): interval.text
        case .cron(let expression): expression.text
        }
    }

    /// As the user wrote it, and the zone on whose wall clock it was put instead of its own.
    package var words: String {
        guard case .interval(let interval) = self, let zone = interval.wallZone else { return text }
        return text + " on the wall of " + zone.name
    }

    /// In one way of writing it, whatever form the text has: read again it means the same, and its canonical text is the same.
    ///
    /// Numbers that `H` drew are written out.
    package var canonicalText: String {
        switch self {
        case .interval(let interval): interval.canonicalText
        case .cron(let expression): expression.canonicalText
        }
    }

    /// The same recurrence on the wall clock of `zone`, whatever zone or offset its text names: Chronos's `scheduleTimeZone`.
    ///
    /// The text stays as it is. A cron expression names no zone and keeps to the schedule's.
    package func keepingWallClock(in zone: Zone) -> Recurrence {
        switch self {
        case .interval(let interval): .interval(interval.keepingWallClock(in: zone))
        case .cron: self
        }
    }
}
