import Timetable

/// Priority with ageing: the order of the runs that wait for a pool.
///
/// Each step of priority is worth ten minutes of waiting, so that nobody waits for ever: a run of priority 0 goes before those of priority 9
/// that began to wait an hour and a half after it. Of two runs the order never changes while they wait, which is why it costs nothing.
extension Run {
    static let secondsPerPriority = 600

    /// Whoever has the earlier rank goes first. A retry waits from its not-before on, and a run that displaced others since the first of these.
    ///
    /// For a run that waits since 02:00: 00:30 with priority 9, 01:10 with 5, 02:00 with 0.
    func rank(priority: Int) -> Instant {
        max(waitingSince, notBefore ?? waitingSince) - .seconds(Self.secondsPerPriority * priority)
    }
}
