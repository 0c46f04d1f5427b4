/// A date and time as a schedule's text gives it: what the clock shows, and which clock.
struct WrittenTime: Hashable, Sendable {
    let wall: WallTime
    /// The zone of the text itself: its offset, or its suffix in brackets; nil means the job's zone.
    let zone: Zone?
    /// Seconds east of UTC of an offset that stands beside a zone: it tells which of two repeated hours is meant.
    let offset: Int?

    init(wall: WallTime, zone: Zone?, offset: Int? = nil) {
        self.wall = wall
        self.zone = zone
        self.offset = offset
    }

    /// The same time on the wall of `zone`, whatever the text says of zones.
    ///
    /// An offset in the text still tells the repeated hour.
    func keepingWallClock(in zone: Zone) -> WrittenTime {
        let written = offset ?? self.zone.flatMap { $0.isFixed ? $0.offset(at: .epoch) : nil }
        return WrittenTime(wall: wall, zone: zone, offset: written)
    }

    /// The instant, on the clock of `zone`.
    ///
    /// A time that comes twice follows the offset of the text, if it has one, else `fold`; one that never comes is shifted.
    func instant(in zone: Zone, fold: DaylightRule.Fold) -> Instant {
        guard case .twice(let first, let last) = zone.resolve(wall) else { return zone.resolve(wall).earliest }
        if let offset { return zone.offset(at: last) == offset ? last : first }
        return fold == .last ? last : first
    }
}
