extension Schedule {
    /// Whether some time of the schedule is read on the clock of a zone of that name.
    package func reads(zoneNamed name: String) -> Bool {
        let calendars = limits.exclusions.compactMap { exclusion -> HolidayCalendar? in
            if case .calendar(let calendar) = exclusion { calendar } else { nil }
        }
        return zones.contains { $0.name == name } || calendars.contains { $0.zones.contains { $0.name == name } }
    }

    /// Where `renewed`, the same schedule by other rules of its zones, stands when this one has come as far as its slot at `due`.
    ///
    /// That is `due` itself where it still is a slot, else the instant at which a clock by the new rules shows what one by the old rules
    /// showed at `due`. Slots of `renewed` up to there have had their turn, later ones have not: so no day is lost and none comes twice
    /// when a country changes its clocks at short notice.
    package func progress(through due: Instant, in renewed: Schedule) -> Instant {
        if renewed.contains(due) { return due }
        return renewed.zone.resolve(zone.wall(due - delay)).latest + delay
    }
}
