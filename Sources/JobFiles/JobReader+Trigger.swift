internal import Scheduling
internal import Timetable

/// What makes the job due: `schedule`, `cron`, `zone`, `dst`, `after` and `join`.
extension JobReader {
    mutating func readTrigger(of job: inout Job) {
        job.after = parents()
        job.join = fields.choice("join", Join.allCases)
        if job.join != nil { places.join = fields.placeOfValue("join") }
        if job.join != nil, job.after.isEmpty { findings.warning(fields.placeOfKey("join"), "`join` has no effect without `after`") }
        job.schedule = schedule(seed: job.name.text)
    }

    private mutating func schedule(seed: String) -> Schedule? {
        let zone = readZone()
        self.zone = zone ?? .utc
        let daylight = daylight()
        // With a wrong zone the rest is still looked through, so that all mistakes are told at once.
        let limits = limits(zone: zone ?? .utc)
        let delay = delay(seed: seed)
        var recurrences = recurrences("schedule", "a repeating interval such as R/2026-01-01T02:00/P1D") { text throws(ScheduleError) in
            try Recurrence(interval: text)
        }
        recurrences += self.recurrences("cron", "a cron line such as \"0 2 * * MON-FRI\"") { text throws(ScheduleError) in
            try Recurrence(cron: text, seed: seed)
        }
        if !fields.has("schedule"), !fields.has("cron") { warnOfLimitsWithoutSchedule() }
        guard !recurrences.isEmpty, let zone, let daylight else { return nil }
        let key = fields.has("schedule") ? "schedule" : "cron"
        places.schedule = fields.placeOfValue(key)
        do {
            return try Schedule(recurrences, zone: zone, daylight: daylight, limits: limits, delay: delay)
        } catch {
            findings.error(fields.placeOfValue(key), "`\(key)`: \(error.message)")
            return nil
        }
    }

    private mutating func recurrences(
        _ key: String, _ what: String, _ parse: (String) throws(ScheduleError) -> Recurrence
    ) -> [Recurrence] {
        guard let texts = fields.texts(key, what) else { return [] }
        if texts.isEmpty { findings.error(fields.placeOfValue(key), "`\(key)` is an empty list; write \(what), or take the key out") }
        var recurrences: [Recurrence] = []
        for text in texts {
            do throws(ScheduleError) {
                recurrences.append(try parse(text.value))
            } catch {
                findings.error(in: text.value, at: text.place, column: error.column, "`\(key)`: \(error.message)")
            }
        }
        return recurrences
    }

    /// UTC when there is no `zone`, nil when it is wrong.
    private mutating func readZone() -> Zone? {
        guard fields.has("zone") else {
            _ = fields.element("zone")
            return .utc
        }
        guard let name = fields.nonEmptyText("zone") else { return nil }
        do {
            return try Zone(named: name)
        } catch {
            findings.error(fields.placeOfValue("zone"), "`zone`: \(error.message)")
            return nil
        }
    }

    /// The defaults when there is no `dst`, nil when it is wrong.
    private mutating func daylight() -> DaylightRule? {
        let before = findings.errors
        let rule = fields.map("dst", known: ["gap", "fold"]) { fields in
            let gap = fields.choice("gap", [DaylightRule.Gap.shift, .skip])
            let fold = fields.choice("fold", [DaylightRule.Fold.first, .last, .both])
            return DaylightRule(gap: gap, fold: fold)
        }
        return findings.errors == before ? rule ?? DaylightRule() : nil
    }

    // MARK: Parents

    private mutating func parents() -> [Edge] {
        guard let element = fields.element("after") else { return [] }
        var edges: [Edge] = []
        for item in element.items {
            guard let edge = edge(item) else { continue }
            if places.parents.updateValue(edge.place, forKey: edge.value.parent) != nil {
                findings.error(item.place, "`\(edge.value.parent)` stands twice in `after`")
            } else {
                edges.append(edge.value)
            }
        }
        fields.record("after", .list(edges.map(Self.canonical)))
        return edges
    }

    private static func canonical(_ edge: Edge) -> CanonicalValue {
        edge.on == .success
            ? .text(edge.parent.text) : .map(["job": .text(edge.parent.text), "on": .text(edge.on.rawValue)])
    }

    /// An edge, and where its parent is named.
    private func edge(_ item: Element) -> Placed<Edge>? {
        switch item.content {
        case .text(let text): return parent(text, at: item.place).map { Placed(value: Edge(parent: $0), place: item.place) }
        case .map(let members):
            var edge = Fields(members, at: item.place, path: "after.", findings)
            edge.refuseKeys(besides: ["job", "on"], of: "`after`")
            let on = edge.choice("on", EdgeCondition.allCases)
            guard let text = edge.text("job") else {
                if !edge.has("job") { findings.error(item.place, "`after` needs the name of a job: { job: prices, on: done }") }
                return nil
            }
            let place = edge.placeOfValue("job")
            return parent(text, at: place).map { Placed(value: Edge(parent: $0, on: on ?? .success), place: place) }
        case .list, .null, .nothing:
            findings.error(item.place, "`after` must hold names of jobs or maps like { job: prices, on: done }, not \(item.kind)")
            return nil
        }
    }

    private func parent(_ text: String, at place: Place) -> JobName? {
        if let name = JobName(text) { return name }
        findings.error(place, "`\(text.shortened)` is no name of a job; it has \(JobFile.nameWording)")
        return nil
    }
}
