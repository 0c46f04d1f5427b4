import Timetable

/// What a pool started in the last second, to start no more in any second than it may.
struct RecentStarts: Sendable {
    private let mostInASecond: Int
    /// The newest starts, as many as count, in a ring: behind `oldest` they go on to the end, and from the beginning on.
    private var newest: [Instant] = []
    private var oldest = 0

    init(mostInASecond: Int) { self.mostInASecond = mostInASecond }

    /// The first instant from `now` on at which one more may start.
    func next(from now: Instant) -> Instant {
        if mostInASecond == 0 { return .distantFuture }
        return newest.count < mostInASecond ? now : max(now, newest[oldest] + .seconds(1))
    }

    /// To be called in the order of the starts, and only when one may start.
    mutating func note(_ start: Instant) {
        guard newest.count == mostInASecond else { return newest.append(start) }
        newest[oldest] = start
        oldest = (oldest + 1) % mostInASecond
    }
}
