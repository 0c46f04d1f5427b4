extension Zone {
    /// The first instant after `instant` at which a clock of this zone shows a time of day.
    ///
    /// On a day on which the clock never shows it, it comes later by the gap; of two on one day, only the first counts.
    /// - Parameter minuteOfDay: Minutes after midnight as the clock shows them, so that 360 is 06:00 also on a day of 23 hours; 1440 is the
    ///   end of the day.
    package func next(minuteOfDay: Int, after instant: Instant) -> Instant {
        let time = Int64(minuteOfDay) * WallTime.minute
        let today = wall(instant).dayNumber
        // The day before may end after this one began, where a zone skipped or repeated one.
        for day in today - 2...today + 3 {
            let candidate = resolve(WallTime(dayNumber: day, microsecondOfDay: time)).earliest
            if candidate > instant { return candidate }
        }
        return .distantFuture
    }
}
