/// The work of reading the events of a calendar file.
struct HolidayReader {
    private let zone: Zone
    private var open: [String] = []
    private var sawCalendar = false
    private var event: Event?
    private var exclusions: [Exclusion] = []
    /// Of each event what was read of it, without what it says beside.
    private var words: [String] = []
    /// The zones in which its times stand.
    private var zones: Set<Zone> = []
    private var timeWords: Set<String> = []
    private var lastLine = 1
    private var daysToTry = 20_000_000

    private struct Event {
        let line: HolidayLine
        var start: HolidayTime?
        var end: HolidayTime?
        var duration: Period?
        var rule: HolidayRule?
        var extra: [HolidayTime] = []
        var exceptedDays: Set<Int> = []
        var exceptedInstants: Set<Instant> = []
        var isCancelled = false
        var words: [String] = []

        func excepts(_ time: HolidayTime) -> Bool {
            exceptedDays.contains(time.day) || time.secondOfDay != nil && exceptedInstants.contains(time.instant)
        }
    }

    /// More would take too long to ask on every slot.
    private static let mostExclusions = 1_000_000

    init(zone: Zone) {
        self.zone = zone
    }

    mutating func read(_ line: HolidayLine) throws(HolidayFileError) {
        lastLine = line.number
        switch line.name {
        case "BEGIN":
            guard open.count < 16 else { throw line.error("the components are nested too deeply") }
            open.append(line.value.uppercased())
            if open == ["VCALENDAR"] { sawCalendar = true }
            if open.last == "VEVENT" { event = Event(line: line) }
        case "END":
            guard open.popLast() == line.value.uppercased() else {
                throw line.error("END:\(line.value.beginning(20)) has no BEGIN that it would end")
            }
            if line.value.uppercased() == "VEVENT" { try finishEvent() }
        default:
            if open.last == "VEVENT" { try readProperty(line) }
        }
    }

    /// What a whole calendar comes to.
    struct Reading {
        let exclusions: [Exclusion]
        /// The text reduced to what makes the exceptions.
        let text: String
        /// The zones in which its times stand.
        let zones: Set<Zone>
        /// Of each time that is excepted what the clock shows, and for how long.
        let timeWords: Set<String>
    }

    mutating func finished() throws(HolidayFileError) -> Reading {
        guard sawCalendar, open.isEmpty else {
            let message =
                sawCalendar
                ? "the file ends before END:\((open.last ?? "VCALENDAR").beginning(20))"
                : "this is no iCalendar file, which begins with BEGIN:VCALENDAR"
            throw HolidayFileError(line: lastLine, message: message)
        }
        // Events come in any order, and their order means nothing.
        let text = (["BEGIN:VCALENDAR"] + words.sorted() + ["END:VCALENDAR", ""]).joined(separator: "\n")
        return Reading(exclusions: exclusions, text: text, zones: zones, timeWords: timeWords)
    }

    private mutating func times(of line: HolidayLine) throws(HolidayFileError) -> [HolidayTime] {
        var times: [HolidayTime] = []
        for text in line.value.split(separator: ",") { times.append(try line.time(text, zone: zone)) }
        zones.formUnion(times.map(\.zone))
        return times
    }

    private mutating func readProperty(_ line: HolidayLine) throws(HolidayFileError) {
        switch line.name {
        case "DTSTART", "DTEND":
            let time = try line.time(line.value, zone: zone)
            zones.insert(time.zone)
            if line.name == "DTSTART" { event?.start = time } else { event?.end = time }
        case "DURATION":
            do { event?.duration = try Period(parsing: line.value) } catch { throw line.error(error.message) }
        case "RRULE": event?.rule = try HolidayRule(line, zone: zone)
        case "RDATE":
            let times = try times(of: line)
            event?.extra += times
        case "EXDATE":
            for time in try times(of: line) {
                if time.secondOfDay == nil { event?.exceptedDays.insert(time.day) } else { event?.exceptedInstants.insert(time.instant) }
            }
        case "STATUS":
            // Read here and not kept: of a cancelled event nothing is.
            event?.isCancelled = line.value.uppercased() == "CANCELLED"
            return
        default: return
        }
        event?.words.append(line.reduced)
    }

    private mutating func finishEvent() throws(HolidayFileError) {
        guard let event else { return }
        self.event = nil
        guard !event.isCancelled else { return }
        guard let start = event.start else { throw event.line.error("the event has no DTSTART") }
        var times = [start] + event.extra
        if let rule = event.rule {
            guard let days = rule.days(from: start, budget: &daysToTry) else {
                throw event.line.error("the rules of this file repeat too often; give them an UNTIL or a COUNT")
            }
            times += days.map { HolidayTime(day: $0, secondOfDay: start.secondOfDay, zone: start.zone) }
        }
        for time in Set(times) where !event.excepts(time) {
            exclusions.append(try exclusion(of: event, start: start, at: time))
        }
        guard exclusions.count <= Self.mostExclusions else {
            throw event.line.error("the file has more than \(Self.mostExclusions) exceptions; give its rules an end")
        }
        words.append((["BEGIN:VEVENT"] + event.words + ["END:VEVENT"]).joined(separator: "\n"))
    }

    private mutating func exclusion(of event: Event, start: HolidayTime, at time: HolidayTime) throws(HolidayFileError) -> Exclusion {
        guard let second = time.secondOfDay else {
            let length = event.end.map { $0.day - start.day } ?? Int(event.duration?.days ?? 1)
            guard length >= 0 else { throw event.line.error("the event ends before it starts") }
            return .days(time.day...(time.day + max(length, 1) - 1))
        }
        var length = event.duration.map { $0.averageMicroseconds } ?? 0
        if let end = event.end { length = end.instant.microseconds - start.instant.microseconds }
        guard length >= 0 else { throw event.line.error("the event ends before it starts") }
        timeWords.insert("\(time.day) \(second) \(time.zone.name) \(length)")
        let begin = time.instant.microseconds
        return .instants(Instant(microseconds: begin)..<Instant(microseconds: begin + max(length, 1)))
    }
}
