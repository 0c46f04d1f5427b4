/// A time zone of the system's tz database, or a fixed offset from UTC.
///
/// Two zones are equal iff they have the same name and the same offsets for all time. Copies share one table, which is read once per
/// process unless `rereadDatabase` finds that it changed.
package struct Zone: Hashable, Sendable {
    let rules: ZoneRules

    init(rules: ZoneRules) {
        self.rules = rules
    }

    /// Works on any machine, with or without a tz database.
    package static let utc = Zone(rules: ZoneRules(name: "UTC", offset: 0))

    /// `UTC`, `Europe/Berlin`, or `+02:00` for a fixed offset.
    ///
    /// For an alias, the zone that it stands for.
    package var name: String { rules.name }

    /// Finds a zone by its name in the tz database (the case counts), by a name of `zoneAliases`, or by an offset `±hh[:mm]`.
    ///
    /// `UTC`, `Z`, `GMT` and their forms under `Etc/` all are `Zone.utc`. The first use of a name reads a file; later ones do not.
    package init(named name: String) throws(ZoneError) {
        switch name {
        case "UTC", "Z", "GMT", "Etc/UTC", "Etc/GMT", "Zulu", "Etc/Zulu": self = .utc
        default:
            if let offset = Self.offset(name) {
                self.init(offset: offset)
            } else {
                self = try ZoneDatabase.system.zone(named: zoneAliases[name] ?? name)
            }
        }
    }

    /// A fixed offset in seconds east of UTC; zero is `Zone.utc`.
    init(offset: Int) {
        self = offset == 0 ? .utc : Zone(rules: ZoneRules(name: TimestampText.offset(offset), offset: Int64(offset)))
    }

    /// Seconds of `±hh[[:]mm]`; nil for anything else.
    private static func offset(_ text: String) -> Int? {
        guard text.utf8.count <= 6 else { return nil }
        var scanner = TextScanner(text)
        let isNegative = scanner.take("-")
        guard isNegative || scanner.take("+"), let hours = scanner.number(digits: 2), hours < 24 else { return nil }
        var minutes = 0
        if !scanner.isAtEnd {
            _ = scanner.take(":")
            guard let number = scanner.number(digits: 2), number < 60 else { return nil }
            minutes = number
        }
        guard scanner.isAtEnd else { return nil }
        return (hours * 3600 + minutes * 60) * (isNegative ? -1 : 1)
    }

    /// `+02:00` for `UTC+2`, `GMT+2:00`, `+2`; nil for what is no offset.
    static func offsetMeant(by name: String) -> String? {
        guard name.utf8.count <= 9 else { return nil }
        var scanner = TextScanner(name)
        if ["UTC", "GMT"].contains(name.uppercased().beginning(3)) { scanner.skip(3) }
        guard scanner.isAt("+") || scanner.isAt("-") else { return nil }
        var digits = scanner.bytes.dropFirst(scanner.position + 1).filter { $0 != UInt8(ascii: ":") }
        if digits.count % 2 == 1 { digits.insert(UInt8(ascii: "0"), at: 0) }
        return offset(scanner.text(scanner.position..<scanner.position + 1) + String(decoding: digits, as: UTF8.self)).map(
            TimestampText.offset)
    }

    /// Reads every zone that was ever asked for anew, for when the machine's tz database was updated.
    ///
    /// Zones and schedules made before keep their old rules. Made anew they have the new ones, and are no longer equal to the old.
    package static func rereadDatabase() -> ZoneDatabaseNews {
        ZoneDatabase.system.reread()
    }

    /// Where this machine's tz database is; nil when there is none.
    package static var databaseFolder: String? { ZoneDatabase.system.folder }

    /// Seconds east of UTC that the zone keeps at `instant`.
    package func offset(at instant: Instant) -> Int {
        Int(rules.span(at: instant.microseconds.floored(by: WallTime.second)).offset)
    }

    /// The local date and time after RFC 3339, `2026-03-29T03:30:00+02:00`; a fraction only when it is not zero.
    ///
    /// An offset with seconds, as history has them, is written with seconds: `-00:01:15`.
    package func local(_ instant: Instant) -> String {
        let offset = offset(at: instant)
        return TimestampText.timestamp(instant, offset: offset, designator: self == .utc ? "Z" : TimestampText.offset(offset))
    }

    /// The local calendar date, `2026-03-29`.
    package func date(_ instant: Instant) -> String {
        let seconds = instant.microseconds.floored(by: WallTime.second) + Int64(offset(at: instant))
        return TimestampText.date(CivilDate(dayNumber: Int(seconds.floored(by: 86_400))))
    }

    /// Whether the zone keeps one offset for all time, so that days are 24 hours.
    var isFixed: Bool { rules.isFixed }

    package static func == (left: Zone, right: Zone) -> Bool {
        left.rules === right.rules || left.rules.isSame(as: right.rules)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
    }
}

extension Zone: CustomStringConvertible {
    package var description: String { name }
}
