/// A change of a zone's offset: the clock is put forward or back.
package struct ZoneChange: Hashable, Sendable {
    package let at: Instant
    /// Seconds east of UTC before and from then on.
    package let before: Int
    package let after: Int

    /// Whether local times are left out; else they are repeated.
    package var isGap: Bool { after > before }
}

extension Zone {
    /// The first change of the offset strictly after `instant`; nil when none comes by the year 9999.
    package func nextChange(after instant: Instant) -> ZoneChange? {
        var span = rules.span(at: instant.clampedToSlots.microseconds.floored(by: WallTime.second))
        while span.end <= Instant.lastSlot.microseconds / WallTime.second {
            let next = rules.span(at: span.end)
            if next.offset != span.offset {
                return ZoneChange(at: Instant(seconds: span.end), before: Int(span.offset), after: Int(next.offset))
            }
            span = next
        }
        return nil
    }
}

/// What a change of the clock does to a schedule.
package struct ChangedSlot: Hashable, Sendable {
    /// The slot; of a time that is left out, the instant to which it would have been shifted.
    package let due: Instant
    /// The local time that the schedule asks for, `2026-03-29T02:30:00`, also where the clock leaves it out.
    package let asked: String
    /// What happened to the slot; nil when the daylight rule leaves the time out, so that there is none.
    package let change: ClockChange?
}

extension Schedule {
    /// What the changes of the clock in (`start`, `end`] do to the schedule, ascending, `most` at most: slots that are shifted, doubled or
    /// chosen of two, and times that are left out. Limits are not looked at.
    ///
    /// Only the hours around each change are walked, and there only the recurrences that go by the wall clock.
    package func changedSlots(after start: Instant, through end: Instant, atMost most: Int) -> [ChangedSlot] {
        var found: [ChangedSlot] = []
        for change in zoneChanges(after: start, through: end) {
            guard found.count < most else { break }
            found += changedSlots(around: change, atMost: most - found.count)
        }
        return found
    }

    private func zoneChanges(after start: Instant, through end: Instant) -> [ZoneChange] {
        var changes: Set<ZoneChange> = []
        for zone in zones {
            var cursor = start
            while let change = zone.nextChange(after: cursor), change.at <= end {
                changes.insert(change)
                cursor = change.at
            }
        }
        return changes.sorted { $0.at < $1.at }
    }

    /// The zones on whose clocks its times are read: its own, and those that its texts name.
    package var zones: Set<Zone> {
        var zones: Set<Zone> = [zone]
        for case .interval(let interval) in recurrences {
            if let own = interval.zone { zones.insert(own) }
        }
        return zones
    }

    /// The zone whose clock tells its times best: its own, or the one that its texts name where nothing is read on UTC.
    package var localZone: Zone {
        let named = recurrences.map { recurrence -> Zone? in
            if case .interval(let interval) = recurrence { interval.zone } else { nil }
        }
        guard zone == .utc, let first = named.first, let first, named.allSatisfy({ $0 == first }) else { return zone }
        return first
    }

    private func changedSlots(around change: ZoneChange, atMost most: Int) -> [ChangedSlot] {
        let length = Duration.seconds((change.after - change.before).magnitude)
        let start = (change.isGap ? change.at : change.at - length) - Instant.resolution
        let end = change.at + length - Instant.resolution
        let shifting = change.isGap && daylight.gap == .skip ? unlimited(gap: .shift) : unlimited(gap: daylight.statedGap)
        let onTheWall = shifting.onTheWall
        var found: [ChangedSlot] = []
        var cursor = start
        while found.count < most, let slot = onTheWall.next(after: cursor), slot.due <= end {
            if let what = shifting.clockChange(at: slot.due) {
                let isLeftOut = daylight.gap == .skip && what.isShift
                // A time in a gap is what a clock would have shown that was not put forward.
                let offset = change.isGap || slot.due < change.at ? change.before : change.after
                let asked = TimestampText.timestamp(slot.due, offset: offset, designator: "")
                found.append(ChangedSlot(due: slot.due + delay, asked: asked, change: isLeftOut ? nil : what))
            }
            cursor = slot.due
        }
        return found
    }

    /// The same recurrences with another rule for gaps, and neither limits nor delay.
    private func unlimited(gap: DaylightRule.Gap?) -> Schedule {
        let plain = try? Schedule(recurrences, zone: zone, daylight: DaylightRule(gap: gap, fold: daylight.statedFold))
        guard let plain, let anchor else { return plain ?? self }
        return plain.anchored(at: anchor)
    }
}

extension ClockChange {
    fileprivate var isShift: Bool {
        if case .shifted = self { true } else { false }
    }
}

extension RepeatingInterval {
    /// The zone that the text names for the times it is laid out from.
    var zone: Zone? {
        switch layout {
        case .from(let time, _), .between(let time, _, _), .upTo(_, let time): time.zone
        case .fromRegistration: nil
        }
    }
}
