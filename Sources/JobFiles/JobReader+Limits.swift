internal import Timetable

/// What takes slots away from a schedule and moves them: `except`, `between`, `notBefore`, `notAfter` and `spread`.
extension JobReader {
    private static let limitKeys = ["dst", "except", "between", "notBefore", "notAfter", "spread"]

    private static let longestSpread = Duration.seconds(366 * 86_400)

    func warnOfLimitsWithoutSchedule() {
        for key in Self.limitKeys where fields.has(key) {
            findings.warning(fields.placeOfKey(key), "`\(key)` has no effect without `schedule` or `cron`")
        }
    }

    /// What could be read of the limits; what is wrong with them stands in the findings.
    /// - Parameter zone: The job's.
    mutating func limits(zone: Zone) -> Limits {
        let limits = Limits(
            notBefore: bound("notBefore"), notAfter: bound("notAfter", isLast: true),
            exclusions: exclusions(zone: zone), windows: windows())
        if let first = limits.notBefore, let last = limits.notAfter, last.instant(in: zone) < first.instant(in: zone) {
            findings.error(
                fields.placeOfValue("notAfter"), "`notAfter` lies before `notBefore`, which leaves no slot; write the later one here")
        }
        return limits
    }

    /// How much later than its schedule says the job is due.
    /// - Parameter seed: The job's name.
    mutating func delay(seed: String) -> Duration {
        guard let spread = fields.duration("spread") else { return .zero }
        if spread <= .zero {
            findings.error(fields.placeOfValue("spread"), "`spread` must be longer than nothing; take it out to move no slot")
        } else if spread > Self.longestSpread {
            findings.error(fields.placeOfValue("spread"), "`spread` must be 366 days at most; write for example PT10M")
        }
        return Schedule.delay(spread: spread, seed: seed)
    }

    private mutating func bound(_ key: String, isLast: Bool = false) -> Bound? {
        guard let text = fields.text(key) else { return nil }
        do {
            return try Bound(parsing: text, isLast: isLast)
        } catch {
            findings.error(in: text, at: fields.placeOfValue(key), column: error.column, "`\(key)`: \(error.message)")
            return nil
        }
    }

    // MARK: Between

    private mutating func windows() -> [DailyWindow] {
        guard let element = fields.element("between") else { return [] }
        if element.items.isEmpty {
            findings.error(element.place, "`between` is an empty list; write { from: \"09:00\", until: \"17:00\" }, or take the key out")
        }
        let read = element.items.compactMap(window)
        fields.record("between", .list(read.map(\.canonical)))
        return read.map(\.window)
    }

    private func window(_ item: Element) -> (window: DailyWindow, canonical: CanonicalValue)? {
        guard case .map(let members) = item.content else {
            findings.error(
                item.place, "`between` must be a map such as { from: \"09:00\", until: \"17:00\", on: MON-FRI }, not \(item.kind)")
            return nil
        }
        let before = findings.errors
        var window = Fields(members, at: item.place, path: "between.", findings)
        window.refuseKeys(besides: ["from", "until", "on"], of: "`between`")
        let from = part("from", of: &window, DailyWindow.time)
        let until = part("until", of: &window, DailyWindow.time)
        let days = weekdays(of: &window)
        for key in ["from", "until"] where !window.has(key) {
            findings.error(item.place, "`between.\(key)` is missing; write a time of day such as \"09:00\"")
        }
        guard let from, let until, findings.errors == before else { return nil }
        let place = window.placeOfValue((try? DailyWindow.time(parsing: from)) == 86_400 ? "from" : "until")
        do {
            return (try DailyWindow(from: from, until: until, on: days), .map(window.canonical))
        } catch {
            findings.error(place, "`between`: \(error.message)")
            return nil
        }
    }

    private func weekdays(of window: inout Fields) -> String? {
        if let element = window.element("on"), case .list(let items) = element.content {
            let days = items.compactMap(\.text).joined(separator: ",")
            let isGood = (try? DailyWindow.weekdays(parsing: days)) != nil
            // In quotes, for a comma would end the text within braces.
            findings.error(element.place, "`between.on` must be a text, not a list; write on: \"\(isGood ? days : "MON,TUE")\"")
            return nil
        }
        return part("on", of: &window, DailyWindow.weekdays)
    }

    /// The text of a key in a window, if `check` finds nothing wrong with it.
    private func part<Value>(_ key: String, of window: inout Fields, _ check: (String) throws(ScheduleError) -> Value) -> String? {
        guard let text = window.text(key) else { return nil }
        do {
            _ = try check(text)
            return text
        } catch {
            findings.error(in: text, at: window.placeOfValue(key), column: error.column, "`between.\(key)`: \(error.message)")
            return nil
        }
    }
}
