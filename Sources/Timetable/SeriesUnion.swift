/// The slots of several series together; where they coincide there is one slot.
struct SeriesUnion: Sendable {
    let series: [Series]

    /// Strictly after.
    func next(after instant: Instant) -> Slot? {
        var next: Slot?
        for series in series {
            if let slot = series.next(after: instant), next.map({ slot.due < $0.due }) ?? true { next = slot }
        }
        return next
    }

    /// Strictly before.
    func previous(before instant: Instant) -> Slot? {
        var previous: Slot?
        for series in series {
            if let slot = series.previous(before: instant), previous.map({ slot.due > $0.due }) ?? true { previous = slot }
        }
        return previous
    }

    /// Slots in (`start`, `end`].
    ///
    /// Those that coincide are worked out for two uniform series, and else found by walking the slots of all series but the one with the
    /// most.
    func count(after start: Instant, through end: Instant) -> Int {
        guard series.count > 1 else { return series.first?.count(after: start, through: end) ?? 0 }
        if series.count == 2, case .uniform(let left) = series[0], case .uniform(let right) = series[1] {
            return left.count(after: start, through: end) + right.count(after: start, through: end)
                - left.coincidences(with: right, after: start, through: end)
        }
        let ranked = series.map { (series: $0, count: $0.count(after: start, through: end)) }.sorted { $0.count > $1.count }
        var total = ranked[0].count
        for (rank, sparser) in ranked.enumerated().dropFirst() {
            var cursor = start
            while let slot = sparser.series.next(after: cursor), slot.due <= end {
                if !ranked[..<rank].contains(where: { $0.series.slot(at: slot.due) != nil }) { total += 1 }
                cursor = slot.due
            }
        }
        return total
    }

    /// What a change of the clock did to the slot at `due`; nil when some series asks for this very instant.
    func clockChange(at due: Instant) -> ClockChange? {
        var change: ClockChange?
        for series in series where series.slot(at: due) != nil {
            guard let found = series.clockChange(at: due) else { return nil }
            change = change ?? found
        }
        return change
    }
}
