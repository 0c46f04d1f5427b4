extension Schedule {
    /// Whether some time of the schedule is read on the clock of a zone of that name.
    package func reads(zoneNamed name: String) -> Bool { allZones.contains { $0.name == name } }

    /// The zones on whose clocks its times or those of its calendars are read.
    package var allZones: Set<Zone> {
        limits.exclusions.reduce(into: zones) { zones, exclusion in
            if case .calendar(let calendar) = exclusion { zones.formUnion(calendar.zones) }
        }
    }

    /// What becomes of a schedule's progress when `renewed`, the same schedule by other rules of its zones, takes its place.
    ///
    /// A time of day that has had its turn has had it, also where it is a later instant by the new rules; one that has not is owed, also where
    /// it has become an earlier one. So no day is lost and none comes twice when a country changes its clocks at short notice. Only where
    /// recurrences of one schedule fall apart, and others have slots before such a later instant, it comes again.
    /// - Parameter accountedUntil: Slots up to here have had their turn.
    /// - Returns: Slots of `renewed` up to there that have not, ascending; and up to where slots of `renewed` have had their turn with that.
    package func handOver(to renewed: Schedule, accountedUntil: Instant) -> (late: [Instant], accountedUntil: Instant) {
        let accounted = accountedUntil - delay
        let pairs = Array(zip(storage.slots.union.series, renewed.storage.slots.union.series))
        let progress = pairs.map { old, new in
            old.previous(before: accounted + Instant.resolution).map { old.counterpart(of: $0, in: new) } ?? accounted
        }
        var late: Set<Instant> = []
        for ((_, new), reached) in zip(pairs, progress) {
            var cursor = reached
            for _ in 0..<Self.mostLate {
                guard let slot = new.next(after: cursor), slot.due <= accounted else { break }
                if !contains(slot.due + delay), renewed.contains(slot.due + delay) { late.insert(slot.due + delay) }
                cursor = slot.due
            }
        }
        let furthest = progress.max() ?? accounted
        let isAlone = zip(pairs, progress).allSatisfy { pair, reached in
            pair.1.next(after: max(accounted, reached)).map { $0.due > furthest } ?? true
        }
        return (late.sorted(), max(accountedUntil, isAlone ? furthest + delay : accountedUntil))
    }

    private static let mostLate = 1_000
}

extension Series {
    /// Where the slot stands in `new`, the same series by other rules of its zone.
    ///
    /// A slot with a number is found by it. Of cron it is the same instant if that still is a slot, else when a clock by the new rules shows
    /// what one by the old rules showed.
    fileprivate func counterpart(of slot: Slot, in new: Series) -> Instant {
        if let number = slot.occurrence { return new.occurrence(number) ?? slot.due }
        guard case .cron(let before) = self, case .cron(let after) = new, new.slot(at: slot.due) == nil else { return slot.due }
        return after.zone.resolve(before.zone.wall(slot.due)).latest
    }
}
