extension RepeatingInterval {
    /// The interval in one way of writing it, whatever form its text has: extended calendar dates, times to the second, every zone named,
    /// weeks as days.
    ///
    /// Read again it lays out the same occurrences, and its canonical text is the same.
    var canonicalText: String {
        let parts: [String] =
            switch layout {
            case .from(let start, let period): [start.canonicalText, period.canonicalText]
            case .between(let start, let end, _): [start.canonicalText, end.canonicalText]
            case .upTo(let period, let end): [period.canonicalText, end.canonicalText]
            case .fromRegistration(let period): [period.canonicalText]
            }
        return (["R" + (count.map(String.init) ?? "")] + parts).joined(separator: "/")
    }
}

extension WrittenTime {
    /// `2026-03-01T02:00:00`, with the zone that the text names: `Z`, `+01:00`, `[Europe/Berlin]` or `+01:00[Europe/Berlin]`.
    var canonicalText: String {
        guard let zone else { return Self.text(of: wall) }
        if zone == .utc { return Self.text(of: wall) + "Z" }
        if zone.isFixed, zone.name.hasPrefix("+") || zone.name.hasPrefix("-") { return Self.text(of: wall) + zone.name }
        return textBesideZone(zone) + "[\(zone.name)]"
    }

    /// An offset that is not that of the zone only tells which of two repeated times is meant; there it is none of them, and left out.
    private func textBesideZone(_ zone: Zone) -> String {
        guard let offset else { return Self.text(of: wall) }
        let instant = Instant(microseconds: wall.microseconds - Int64(offset) * WallTime.second)
        let resolution = zone.resolve(wall)
        guard instant == resolution.earliest || instant == resolution.latest else { return Self.text(of: wall) }
        if offset % 60 == 0 { return Self.text(of: wall) + TimestampText.offset(offset) }
        // An offset with seconds cannot be written; the instant in UTC tells as much.
        return instant >= .firstSlot ? Self.text(of: WallTime(microseconds: instant.microseconds)) + "Z" : Self.text(of: wall)
    }

    /// The midnight that ends the year 9999 is the 24:00 of its last day, for there is no year of five digits.
    private static func text(of wall: WallTime) -> String {
        guard wall.date.year > 9999 else {
            return TimestampText.timestamp(Instant(microseconds: wall.microseconds), offset: 0, designator: "")
        }
        return TimestampText.date(CivilDate(dayNumber: wall.dayNumber - 1)) + "T24:00:00"
    }
}

extension Period {
    /// `P1Y2M3DT4H5M6.5S`, without the parts that are zero; zero itself is `PT0S`.
    var canonicalText: String {
        var text = "P" + Self.part(months / 12, "Y") + Self.part(months % 12, "M") + Self.part(days, "D")
        let seconds = elapsed / WallTime.second
        let rest = elapsed % WallTime.minute
        if elapsed != 0 || isZero {
            text += "T" + Self.part(seconds / 3600, "H") + Self.part(seconds / 60 % 60, "M")
            if rest != 0 || isZero { text += Self.decimalSeconds(rest) + "S" }
        }
        return text
    }

    private static func part(_ number: Int64, _ unit: String) -> String { number == 0 ? "" : "\(number)\(unit)" }
}
