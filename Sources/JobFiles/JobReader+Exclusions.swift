internal import Timetable

/// Days and times without slots: `except`.
extension JobReader {
    /// What could be read of them; what is wrong stands in the findings.
    /// - Parameter zone: The job's.
    mutating func exclusions(zone: Zone) -> [Exclusion] {
        guard let element = fields.element("except") else { return [] }
        if element.items.isEmpty {
            findings.error(element.place, "`except` is an empty list; write days such as 2026-12-25 or SAT,SUN, or take the key out")
        }
        let read = element.items.compactMap { exclusion($0, zone: zone) }
        fields.record("except", .list(read.map(\.canonical)))
        return read.map(\.exclusion)
    }

    private func exclusion(_ item: Element, zone: Zone) -> (exclusion: Exclusion, canonical: CanonicalValue)? {
        switch item.content {
        case .map(let members): calendar(in: Fields(members, at: item.place, path: "except.", findings), zone: zone).map(Self.calendar)
        case .text(let text) where NamedCalendars.isCalendar(text): calendar(at: text, item.place, zone: zone).map(Self.calendar)
        case .text(let text) where NamedCalendars.isOtherFile(text):
            refused(item.place, "`except`: `\(text.shortened)` is no calendar; calendars are iCalendar files, whose names end in .ics")
        case .text(let text): days(text, at: item.place).map { ($0, .text(text)) }
        case .list, .null, .nothing:
            refused(item.place, "`except` must hold days such as 2026-12-25 or SAT,SUN, or the path of an .ics file, not \(item.kind)")
        }
    }

    /// A canonical text holds all that moves slots, and so the calendar itself instead of the path to it.
    private static func calendar(_ calendar: HolidayCalendar) -> (exclusion: Exclusion, canonical: CanonicalValue) {
        (.calendar(calendar), .map(["calendar": .text(calendar.text)]))
    }

    private func days(_ text: String, at place: Place) -> Exclusion? {
        do {
            return try Exclusion(parsing: text)
        } catch {
            findings.error(in: text, at: place, column: error.column, "`except`: \(error.message)")
            return nil
        }
    }

    private func calendar(at path: String, _ place: Place, zone: Zone) -> HolidayCalendar? {
        guard !path.contains("://") else {
            return refused(place, "`except`: calendars are not fetched; save it beside the job file and write its path")
        }
        do {
            return try calendars.calendar(at: path, zone: zone)
        } catch {
            return refused(place, "`except`: \(error.message)")
        }
    }

    private func calendar(in map: Fields, zone: Zone) -> HolidayCalendar? {
        var map = map
        map.refuseKeys(besides: ["calendar"], of: "`except`")
        guard let text = map.text("calendar") else {
            if !map.has("calendar") { findings.error(map.place, "`except.calendar` is missing; write the text of an iCalendar file there") }
            return nil
        }
        do {
            return try calendars.calendar(text: text, zone: zone)
        } catch {
            return refused(map.placeOfValue("calendar"), "`except.calendar`, line \(error.line) of its text: \(error.message)")
        }
    }

    private func refused<Value>(_ place: Place, _ message: String) -> Value? {
        findings.error(place, message)
        return nil
    }
}
