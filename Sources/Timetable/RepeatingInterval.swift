/// A repeating interval of ISO 8601-1:2019, 5.6: a number of occurrences, and what lays them out.
///
/// Exactly what the text says.
package struct RepeatingInterval: Hashable, Sendable {
    /// What the text lays the occurrences out from.
    enum Layout: Hashable, Sendable {
        /// `R/start/period`: occurrence k is the start plus k periods.
        case from(WrittenTime, Period)
        /// `R/start/end`: as from the start, with the time between the two as the period; `column` is that of the end.
        case between(WrittenTime, WrittenTime, column: Int)
        /// `R/period/end`: occurrence −k is the end minus k periods, and the end itself is the last one.
        case upTo(Period, WrittenTime)
        /// `R/period` and `R//period`: as from a start, which the registration of the job provides.
        case fromRegistration(Period)
    }

    /// As the user wrote it.
    package let text: String
    /// How many occurrences there are in all; nil for no end.
    package let count: Int64?
    let layout: Layout
    /// The zone on whose wall its times stand, whatever its text says; nil when they stand where the text says.
    let wallZone: Zone?

    init(text: String, count: Int64?, layout: Layout, wallZone: Zone? = nil) {
        self.text = text
        self.count = count
        self.layout = layout
        self.wallZone = wallZone
    }

    var needsAnchor: Bool {
        if case .fromRegistration = layout { true } else { false }
    }

    /// The same times on the wall of `zone`, whatever zone or offset the text names: Chronos's `scheduleTimeZone`.
    func keepingWallClock(in zone: Zone) -> RepeatingInterval {
        let moved: Layout =
            switch layout {
            case .from(let start, let period): .from(start.keepingWallClock(in: zone), period)
            case .between(let start, let end, let column):
                .between(start.keepingWallClock(in: zone), end.keepingWallClock(in: zone), column: column)
            case .upTo(let period, let end): .upTo(period, end.keepingWallClock(in: zone))
            case .fromRegistration: layout
            }
        return RepeatingInterval(text: text, count: count, layout: moved, wallZone: layout == moved ? nil : zone)
    }
}
